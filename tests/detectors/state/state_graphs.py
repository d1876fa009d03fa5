"""What two object graphs differ in, found without the walk under test; and runs that are cut and go on elsewhere."""

import dataclasses
import types
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import msgspec
import numpy as np
import polars as pl

from detectors.config import DetectionConfig
from detectors.followers.follow_edges import FollowEvents
from detectors.pipeline import Pipeline
from detectors.reference.reference_data import ReferenceData
from detectors.state.capture import State, capture, reference_data_of, restore

PURE_CACHES = {"_domain_of"}
"""Attributes that may differ: what they hold would be worked out again, the same."""
_NOT_COMPARED = (types.FunctionType, types.MethodType, types.ModuleType, type)

Batch = tuple[pl.DataFrame, int]
"""Posts, and the event time before which no more will come."""
Passed = Callable[[State], State]


def differences(one: Any, other: Any) -> list[str]:
    """Paths at which two objects differ in anything; every attribute is looked at, state or not."""
    return list(_differences(one, other, "", {}))


def _differences(one: Any, other: Any, path: str, met: dict[int, int]) -> Iterator[str]:
    if isinstance(one, _NOT_COMPARED) or path.rpartition("/")[2] in PURE_CACHES:
        return
    if type(one) is not type(other):
        yield f"{path}: {type(one)} and {type(other)}"
        return
    parts = _parts(one)
    if isinstance(one, np.ndarray) or (parts is not None and not isinstance(one, tuple)):
        # what was one object has to be one again, or a change would reach only some of those that refer to it
        known = id(one) in met
        if met.setdefault(id(one), id(other)) != id(other):
            yield f"{path}: not the same object as before"
        if known:
            return
    if isinstance(one, np.ndarray):
        alike = (one.dtype, one.shape) == (other.dtype, other.shape)
        frozen = one.flags.writeable and not other.flags.writeable
        if not alike or frozen or one.tobytes() != other.tobytes():
            yield path
    elif isinstance(one, pl.DataFrame):
        if one.schema != other.schema or not one.equals(other):
            yield path
    elif isinstance(one, pl.Series):
        if one.dtype != other.dtype or not one.equals(other):
            yield path
    elif parts is None:
        if one != other and repr(one) != repr(other):  # nan is not equal to itself
            yield f"{path}: {one!r} and {other!r}"
    else:
        theirs = _parts(other) or []
        if [name for name, _ in parts] != [name for name, _ in theirs]:
            yield f"{path}: {len(parts)} and {len(theirs)} parts, or others, or in another order"
            return
        for (name, mine), (_, their) in zip(parts, theirs, strict=True):
            yield from _differences(mine, their, f"{path}/{name}", met)


def _parts(thing: Any) -> list[tuple[str, Any]] | None:
    """What an object is made of, by name; None if it is whole."""
    if isinstance(thing, np.ndarray | pl.DataFrame | pl.Series):
        return None
    if isinstance(thing, dict | types.MappingProxyType):
        return [(repr(key), value) for key, value in thing.items()]
    if isinstance(thing, set | frozenset):
        return [(repr(item), item) for item in sorted(thing)]
    if isinstance(thing, list | tuple | deque):
        return [(str(at), item) for at, item in enumerate(thing)]
    if isinstance(thing, msgspec.Struct):
        return [(name, getattr(thing, name)) for name in thing.__struct_fields__]
    if dataclasses.is_dataclass(thing):
        return [(field.name, getattr(thing, field.name)) for field in dataclasses.fields(thing)]
    if type(thing).__module__.partition(".")[0] == "detectors" and hasattr(thing, "__dict__"):
        return sorted(vars(thing).items())
    return None


@dataclasses.dataclass(frozen=True)
class Run:
    """What a pipeline is given."""

    batches: Sequence[Batch]
    config: DetectionConfig = dataclasses.field(default_factory=DetectionConfig)
    context: ReferenceData = dataclasses.field(default_factory=ReferenceData)
    follows: FollowEvents | None = None

    def begun(self) -> Pipeline:
        """A pipeline at the beginning."""
        pipeline = Pipeline(self.config, reference_data=self.context)
        if self.follows is not None:
            pipeline.add_follow_events(self.follows)
        return pipeline

    def alerts(self, cuts: Iterable[int] = (), passed: Passed = lambda state: state) -> list[bytes]:
        """The alerts as JSON; before the batches of `cuts` another pipeline takes over.

        The first one goes on for some batches, so that anything the two shared would show.
        """
        pipeline = self.begun()
        alerts = []
        for at, (posts, until) in enumerate(self.batches):
            if at in set(cuts):
                state = capture(pipeline)
                for later, time in self.batches[at : at + 2]:
                    list(pipeline.process(later, time))
                state = passed(state)
                pipeline = Pipeline(self.config, reference_data=reference_data_of(state))
                restore(pipeline, state)
            alerts += pipeline.process(posts, until)
        alerts += pipeline.end()
        return [msgspec.json.encode(alert) for alert in alerts]


def batches(posts: pl.DataFrame, rows: int) -> list[Batch]:
    """About `rows` posts at a time, never parting those of one second, and the time of the next post."""
    at = posts["created_at"].to_numpy()
    made = []
    begin = 0
    while begin < len(at):
        end = int(np.searchsorted(at, at[min(begin + rows, len(at)) - 1], side="right"))
        made.append((posts[begin:end], int(at[end]) if end < len(at) else int(at[-1]) + 1))
        begin = end
    return made
