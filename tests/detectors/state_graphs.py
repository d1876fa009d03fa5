"""What two object graphs differ in, found without the walk under test; and runs that are cut and go on elsewhere."""

import dataclasses
import types
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import msgspec
import numpy as np
import polars as pl

from detectors.config import DetectionConfig
from detectors.context import Context
from detectors.follow_edges import FollowEvents
from detectors.pipeline import Pipeline
from detectors.state import State, capture, context_of, restore

PURE_CACHES = {"_domain_of"}
"""Attributes that may differ: what they hold would be worked out again, the same."""
_NOT_COMPARED = (types.FunctionType, types.MethodType, types.ModuleType, type)

Batch = tuple[pl.DataFrame, int]
"""Posts, and the event time before which no more will come."""
Pass = Callable[[State], State]


def differences(one: Any, other: Any, path: str = "") -> Iterator[str]:
    """Paths at which two objects differ in anything; every attribute is looked at, state or not."""
    yield from _differences(one, other, path, {})


def _differences(one: Any, other: Any, path: str, met: dict[int, int]) -> Iterator[str]:
    if isinstance(one, _NOT_COMPARED) or path.rpartition("/")[2] in PURE_CACHES:
        return
    if type(one) is not type(other):
        yield f"{path}: {type(one)} and {type(other)}"
        return
    if isinstance(one, np.ndarray):
        if one.dtype != other.dtype or one.shape != other.shape or one.tobytes() != other.tobytes():
            yield path
        if not other.flags.c_contiguous and one.flags.c_contiguous:
            yield f"{path}: not contiguous"
        if one.flags.writeable and not other.flags.writeable:
            yield f"{path}: read-only"
        return
    if isinstance(one, pl.DataFrame | pl.Series):
        if not one.equals(other) or one.to_frame().schema != other.to_frame().schema if isinstance(
            one, pl.Series
        ) else not one.equals(other) or one.schema != other.schema:
            yield path
        return
    parts = _parts(one)
    if parts is None:
        if one != other and not (one != one and other != other):
            yield f"{path}: {one!r} and {other!r}"
        return
    if not isinstance(one, tuple | frozenset):
        # what was one object has to be one again, or a change would reach only some of those that refer to it
        if met.setdefault(id(one), id(other)) != id(other):
            yield f"{path}: no longer the same object as before"
        if path in {"", "/"} or id(one) in _open:
            pass
    others = _parts(other)
    assert others is not None
    if [name for name, _ in parts] != [name for name, _ in others]:
        yield f"{path}: {[name for name, _ in parts][:9]} and {[name for name, _ in others][:9]}"
        return
    key = id(one)
    if key in _open:
        return
    _open.add(key)
    try:
        for (name, mine), (_, theirs) in zip(parts, others, strict=True):
            yield from _differences(mine, theirs, f"{path}/{name}", met)
    finally:
        _open.discard(key)
