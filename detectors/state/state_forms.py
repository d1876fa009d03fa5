"""Objects with a memory, as plain data.

The walk follows the attributes of a live object, so a new attribute of a class is saved without being listed anywhere.
A class lists in `not_state` the attributes that are no state: arguments of its constructor, and values derived from
those alone. The live value shows which type belongs where. Where it does not (containers, and values that are None at
first), an annotation in the body of the class does. If the walk cannot save something, saving fails; it does not wait
until the state is needed.

| live | form |
|---|---|
| None, bool, int, float, str, bytes, polars frame | itself |
| numpy array; numpy scalar | a copy; an array of no dimensions |
| enumeration; msgspec struct | its value; its MessagePack |
| list, tuple, deque; set | a list; an ascending list |
| tuple of objects with `not_state` | a list; its objects are filled in place |
| dict | a dict if all keys are str, else a list of (key, value); the order is kept |
| named tuple, dataclass, object with `not_state` | a dict by attribute |
| an object or array that occurred earlier in the walk | `{SAME_AS: its path}` |

`detectors.state.state_filling` is the reverse.
"""

import dataclasses
import functools
from collections import deque
from collections.abc import Mapping
from enum import Enum
from typing import Any, TypeAlias, TypeGuard, get_type_hints

import msgspec
import numpy as np
import polars as pl

from schemas.errors import InputError

Form: TypeAlias = Any
"""Nested dict and list of None, bool, int, float, str, bytes, numpy arrays and polars frames."""

SAME_AS = "same as"
"""Key of a reference; no attribute has a space in its name."""

PLAIN = (bool, int, float, str, bytes)
"""Types that are their own form."""


class StateError(InputError):
    """A saved state is damaged, or does not fit the object that it is restored to."""


def form_of(live: Any) -> Form:
    """Copy everything that an object remembers. Later changes of the object do not change the copy.

    Arrays are copied at memory speed. Frames are shared, since polars never changes their columns in place.

    Args:
        live: of a class with `not_state`.

    Raises:
        StateError: an attribute cannot be saved. This is a mistake in the class, not in the data.
    """
    return _Saving().saved(live, "")


class _Saving:
    """One walk over live objects."""

    def __init__(self) -> None:
        self._path_of: dict[int, str] = {}

    def saved(self, live: Any, path: str) -> Form:
        """The form of an object with `not_state`."""
        if id(live) in self._path_of:
            return {SAME_AS: self._path_of[id(live)]}
        self._path_of[id(live)] = path
        hints = hints_of(live.__class__)
        form = {}
        for name in state_of(live):
            value = getattr(live, name)
            if name not in hints and not _shows_its_form(value):
                raise StateError(f"{type(live).__name__}.{name}: annotate it in the body of the class")
            form[name] = self._value(value, below(path, name))
        return form

    def _value(self, value: Any, path: str) -> Form:
        if value is None or type(value) in PLAIN:
            return value
        if isinstance(value, np.ndarray):
            return self._array(value, path)
        if isinstance(value, np.generic):
            return np.array(value)
        if isinstance(value, pl.DataFrame):
            return value.clone()
        if isinstance(value, Enum):
            return value.value
        if isinstance(value, msgspec.Struct):
            return msgspec.msgpack.encode(value)
        if is_named_tuple(type(value)) or dataclasses.is_dataclass(value):
            return {
                name: self._value(getattr(value, name), below(path, name))
                for name in fields_of(value.__class__)
            }
        if isinstance(value, list | tuple | deque):
            if all(type(item) in PLAIN for item in value):
                return list(value)
            return [self._value(item, below(path, index)) for index, item in enumerate(value)]
        if isinstance(value, set) and all(type(item) in PLAIN for item in value):
            return sorted(value)
        if isinstance(value, dict):
            items = [
                (key, self._value(item, below(path, index)))
                for index, (key, item) in enumerate(value.items())
            ]
            if all(type(key) is str for key in value):
                return dict(items)
            return [[self._value(key, path), item] for key, item in items]
        if hasattr(value, "not_state"):
            return self.saved(value, path)
        raise StateError(f"{path}: a {type(value).__name__} cannot be saved")

    def _array(self, value: "np.ndarray[Any, np.dtype[Any]]", path: str) -> Form:
        if value.dtype.hasobject or not value.ndim:
            raise StateError(f"{path}: an array of {value.dtype} in {value.ndim} dimensions cannot be saved")
        if id(value) in self._path_of:
            return {SAME_AS: self._path_of[id(value)]}
        self._path_of[id(value)] = path
        return np.array(value, order="C")


def _shows_its_form(value: object) -> bool:
    """Whether a value shows the type that its replacements must have."""
    if isinstance(value, tuple) and (is_named_tuple(type(value)) or has_parts(value)):
        return all(_shows_its_form(field) for field in value)
    return (
        type(value) in PLAIN
        or isinstance(value, np.ndarray | np.generic | pl.DataFrame)
        or hasattr(value, "not_state")
    )


def has_parts(value: object) -> TypeGuard[tuple[Any, ...]]:
    """Whether a value is a tuple of objects with `not_state`, such as the parts of a stage; their number is fixed."""
    return type(value) is tuple and len(value) > 0 and all(hasattr(part, "not_state") for part in value)


def state_of(live: Any) -> list[str]:
    """The attributes of an object that are state, in the order of their assignment."""
    not_state: frozenset[str] = live.not_state
    if missing := not_state - vars(live).keys():
        raise StateError(
            f"{type(live).__name__}.not_state lists attributes that do not exist: {', '.join(sorted(missing))}"
        )
    return [name for name in vars(live) if name not in not_state]


@functools.cache
def hints_of(of: Any) -> Mapping[str, Any]:
    """The annotated types in the body of a class, by attribute."""
    hints = get_type_hints(of, include_extras=True)
    return {name: hint for name, hint in hints.items() if name != "not_state"}


def is_named_tuple(of: type) -> bool:
    """Whether a type is a named tuple."""
    return issubclass(of, tuple) and hasattr(of, "_fields")


@functools.cache
def fields_of(of: Any) -> tuple[str, ...]:
    """The fields of a named tuple or a dataclass."""
    return tuple(of._fields) if is_named_tuple(of) else tuple(field.name for field in dataclasses.fields(of))


def below(path: str, name: object) -> str:
    """The path of an attribute or item of the object at `path`."""
    return f"{path}/{name}" if path else str(name)
