"""Objects that remember as plain data, and plain data back into objects.

The walk follows the attributes of a live object, so an attribute that is added to a class is saved without being named
anywhere. A class that can be walked names in `not_state` which of its attributes are no state: what was given to its
constructor, and what is drawn from that alone. Data never name a class or an attribute: what can stand where is known
from the live object that is filled and, where that does not show it (containers, and what is None at first), from
the annotation in the body of the class. Whatever the walk cannot carry is an error when it is saved, not when it
is needed.

| live | form |
|---|---|
| None, bool, int, float, str, bytes, polars frame | itself |
| numpy array; numpy scalar | a copy; an array of no dimensions |
| enumeration; msgspec struct | its value; its MessagePack |
| list, tuple, deque; set | a list; an ascending list |
| dict | a dict if all keys are str, else a list of (key, value); the order is kept |
| named tuple, dataclass, object with `not_state` | a dict by attribute |
| an object or array that was met before | `{SAME_AS: its path}` |
"""

import dataclasses
import functools
import types
from collections import deque
from collections.abc import Iterable, Mapping
from enum import Enum
from typing import Annotated, Any, TypeAlias, Union, get_args, get_origin, get_type_hints

import msgspec
import numpy as np
import polars as pl

from schemas.errors import InputError

Form: TypeAlias = Any
"""Nested dict and list of None, bool, int, float, str, bytes, numpy arrays and polars frames."""

SAME_AS = "same as"
"""Key of a reference; no attribute has a space in its name."""

_PLAIN = (bool, int, float, str, bytes)


class StateError(InputError):
    """A saved state is damaged, or was not saved from what it is to be restored to."""


def form_of(live: object) -> Form:
    """Everything that an object remembers; shares no memory with it that either could change.

    Args:
        live: of a class with `not_state`.

    Raises:
        StateError: an attribute cannot be saved. It is a mistake in the class, and is the same for every state.
    """
    return _Saving().object(live, "")


def fill(live: object, form: Form) -> None:
    """Let an object that was built with the same settings remember what another did.

    Args:
        live: as it was built; unchanged if an error is raised.
        form: as `form_of` gave it, from any source; it is copied.

    Raises:
        StateError: names, types, dtypes or dimensions do not fit.
    """
    restoring = _Restoring()
    restoring.object(live, form, "")
    for thing, name, value in restoring.changes:
        setattr(thing, name, value)


class _Saving:
    """One walk over live objects."""

    def __init__(self) -> None:
        self._met: dict[int, str] = {}

    def object(self, live: object, path: str) -> Form:
        """The form of an object with `not_state`."""
        if id(live) in self._met:
            return {SAME_AS: self._met[id(live)]}
        self._met[id(live)] = path
        hints = _hints(type(live))
        saved = {}
        for name in _state_of(live):
            value = getattr(live, name)
            if name not in hints and not _shows_its_form(value):
                raise StateError(f"{type(live).__name__}.{name}: annotate it in the body of the class")
            saved[name] = self.value(value, _below(path, name))
        return saved

    def value(self, value: object, path: str) -> Form:
        """The form of anything."""
        if value is None or type(value) in _PLAIN:
            return value
        if isinstance(value, np.ndarray):
            if value.dtype.hasobject or not value.ndim:
                raise StateError(
                    f"{path}: an array of {value.dtype} and {value.ndim} dimensions cannot be saved"
                )
            if id(value) in self._met:
                return {SAME_AS: self._met[id(value)]}
            self._met[id(value)] = path
            return np.array(value, order="C")
        if isinstance(value, np.generic):
            return np.array(value)
        if isinstance(value, pl.DataFrame):
            return value.clone()
        if isinstance(value, Enum):
            return value.value
        if isinstance(value, msgspec.Struct):
            return msgspec.msgpack.encode(value)
        if _is_named_tuple(type(value)) or dataclasses.is_dataclass(value):
            return {
                name: self.value(getattr(value, name), _below(path, name)) for name in _fields(type(value))
            }
        if isinstance(value, list | tuple | deque):
            if all(type(item) in _PLAIN for item in value):
                return list(value)
            return [self.value(item, _below(path, at)) for at, item in enumerate(value)]
        if isinstance(value, set):
            return sorted(value)
        if isinstance(value, dict):
            return self._of_dict(value, path)
        if hasattr(value, "not_state"):
            return self.object(value, path)
        raise StateError(f"{path}: a {type(value).__name__} cannot be saved")

    def _of_dict(self, value: Mapping[Any, object], path: str) -> Form:
        items = ((key, self.value(item, _below(path, at))) for at, (key, item) in enumerate(value.items()))
        if all(type(key) is str for key in value):
            return dict(items)
        return [[self.value(key, path), item] for key, item in items]


class _Restoring:
    """One walk over live objects beside saved ones; nothing is changed before all of it has been found to fit."""

    def __init__(self) -> None:
        self._found: dict[str, object] = {}
        self._paths: dict[int, str] = {}
        self.changes: list[tuple[object, str, object]] = []

    def object(self, live: object, form: Form, path: str) -> object:
        """Take down how an object is to be filled."""
        before = self._paths.setdefault(id(live), path)
        if before != path:
            _expect(form == {SAME_AS: before}, path, f"the same as {before}")
            return live
        self._found[path] = live
        self._fill(live, form, path, {name: getattr(live, name) for name in _state_of(live)})
        return live

    def _fill(self, live: object, form: Form, path: str, values: Mapping[str, object]) -> None:
        hints = _hints(type(live))
        _expect(type(form) is dict and form.keys() == values.keys(), path, f"exactly {', '.join(values)}")
        for name, value in values.items():
            there = _below(path, name)
            if hasattr(value, "not_state"):
                self.object(value, form[name], there)
            elif name in hints:
                self.changes.append((live, name, self._as(hints[name], form[name], there)))
            else:
                self.changes.append((live, name, self._like(value, form[name], there)))

    def _like(self, live: object, form: Form, path: str) -> object:
        """A value of the form that the live one shows."""
        if isinstance(live, np.ndarray):
            array = self._array(form, live.dtype, path)
            differing = sum(one != other for one, other in zip(live.shape, array.shape, strict=False))
            # tables grow along one dimension
            _expect(
                array.ndim == live.ndim and differing <= 1, path, f"the shape {live.shape}, or one longer"
            )
            return array
        if isinstance(live, pl.DataFrame):
            return _frame(form, live.schema, path)
        if _is_named_tuple(type(live)):
            names = _fields(type(live))
            _expect(type(form) is dict and form.keys() == set(names), path, f"exactly {', '.join(names)}")
            return type(live)(**{n: self._like(getattr(live, n), form[n], _below(path, n)) for n in names})
        if isinstance(live, np.generic):
            return _scalar(type(live.item()), form, path)
        return _scalar(type(live), form, path)

    def _as(self, hint: Any, form: Form, path: str) -> Any:
        """A value of the type that an annotation names."""
        origin, arguments = get_origin(hint), get_args(hint)
        if origin in (Union, types.UnionType):
            if form is None and type(None) in arguments:
                return None
            rest = [argument for argument in arguments if argument is not type(None)]
            _expect(len(rest) == 1, path, "one type or None")
            return self._as(rest[0], form, path)
        if origin is Annotated:
            return _frame(form, arguments[1], path)
        if origin is np.ndarray:
            return self._array(form, np.dtype(get_args(arguments[1])[0]), path)
        if origin in (list, deque, set):
            return origin(self._items(arguments[0], _listed(form, path), path))
        if origin is tuple:
            items = _listed(form, path)
            each = arguments[:1] * len(items) if arguments[-1] is ... else arguments
            _expect(len(each) == len(items), path, f"{len(each)} items")
            return tuple(
                self._as(of, item, _below(path, at))
                for at, (of, item) in enumerate(zip(each, items, strict=True))
            )
        if origin is dict:
            return self._dict(*arguments, form, path)
        return self._instance(hint, form, path)

    def _instance(self, of: Any, form: Form, path: str) -> Any:
        if of in _PLAIN:
            return _scalar(of, form, path)
        if of is pl.DataFrame:
            return _frame(form, None, path)
        if issubclass(of, Enum):
            try:
                return of(form)
            except ValueError:
                raise _unfit(path, f"a {of.__name__}") from None
        if issubclass(of, msgspec.Struct):
            _expect(type(form) is bytes, path, "bytes")
            try:
                return msgspec.msgpack.decode(form, type=of)
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
                raise _unfit(path, f"a {of.__name__}") from None
        if hasattr(of, "not_state"):
            return self._made(of, form, path)
        names = _fields(of)
        hints = _hints(of)
        _expect(type(form) is dict and form.keys() == set(names), path, f"exactly {', '.join(names)}")
        return of(**{name: self._as(hints[name], form[name], _below(path, name)) for name in names})

    def _made(self, of: type, form: Form, path: str) -> object:
        """An object that is not there at first; all of its attributes are annotated."""
        if _is_reference(form):
            found = self._found.get(form[SAME_AS])
            _expect(type(found) is of, path, f"a {of.__name__} met before")
            return found
        made: object = of.__new__(of)
        self._found[path] = made
        hints = {name: hint for name, hint in _hints(of).items() if name != "not_state"}
        self._fill(made, form, path, dict.fromkeys(hints))
        return made

    def _items(self, of: Any, items: list[Form], path: str) -> Iterable[Any]:
        if of in _PLAIN:
            _expect(all(type(item) is of for item in items), path, f"a list of {of.__name__}")
            return items
        return [self._as(of, item, _below(path, at)) for at, item in enumerate(items)]

    def _dict(self, key: Any, value: Any, form: Form, path: str) -> dict[Any, Any]:
        if key is str:
            _expect(type(form) is dict, path, "a dict")
            _expect(all(type(name) is str for name in form), path, "names")
            pairs = list(form.items())
        else:
            pairs = _listed(form, path)
            _expect(all(type(pair) is list and len(pair) == 2 for pair in pairs), path, "pairs")
        made = {
            self._as(key, name, path): self._as(value, item, _below(path, at))
            for at, (name, item) in enumerate(pairs)
        }
        _expect(len(made) == len(pairs), path, "each key once")
        return made

    def _array(self, form: Form, dtype: "np.dtype[Any]", path: str) -> "np.ndarray[Any, Any]":
        if _is_reference(form):
            form = self._found.get(form[SAME_AS])
            _expect(
                isinstance(form, np.ndarray) and form.dtype == dtype, path, f"an array of {dtype} met before"
            )
            return form  # type: ignore[no-any-return]
        _expect(
            isinstance(form, np.ndarray) and form.ndim > 0 and form.dtype == dtype,
            path,
            f"an array of {dtype}",
        )
        array = np.array(form, dtype, order="C")
        self._found[path] = array
        return array


def _state_of(live: object) -> list[str]:
    not_state: frozenset[str] = live.not_state  # type: ignore[attr-defined]
    if gone := not_state - vars(live).keys():
        raise StateError(f"{type(live).__name__}.not_state names what it does not have: {', '.join(gone)}")
    return [name for name in vars(live) if name not in not_state]


def _shows_its_form(value: object) -> bool:
    """Whether a value says of what type others in its place have to be."""
    if _is_named_tuple(type(value)):
        return all(_shows_its_form(field) for field in value)  # type: ignore[attr-defined]
    return (
        type(value) in _PLAIN
        or isinstance(value, np.ndarray | np.generic | pl.DataFrame)
        or hasattr(value, "not_state")
    )


@functools.cache
def _hints(of: type) -> dict[str, Any]:
    hints = get_type_hints(of, include_extras=True)
    return {name: hint for name, hint in hints.items() if name != "not_state"}


def _is_named_tuple(of: type) -> bool:
    return issubclass(of, tuple) and hasattr(of, "_fields")


def _fields(of: Any) -> tuple[str, ...]:
    return of._fields if _is_named_tuple(of) else tuple(field.name for field in dataclasses.fields(of))


def _below(path: str, name: object) -> str:
    return f"{path}/{name}" if path else str(name)


def _is_reference(form: Form) -> bool:
    return type(form) is dict and form.keys() == {SAME_AS} and type(form[SAME_AS]) is str


def _listed(form: Form, path: str) -> list[Form]:
    _expect(type(form) is list, path, "a list")
    return form  # type: ignore[no-any-return]


def _scalar(of: type, form: Form, path: str) -> Any:
    if isinstance(form, np.ndarray) and not form.ndim and not form.dtype.hasobject:
        _expect(type(form.item()) is of, path, f"a {of.__name__}")
        return form[()]
    _expect(type(form) is of, path, f"a {of.__name__}")
    return form


def _frame(form: Form, schema: Mapping[str, Any] | None, path: str) -> pl.DataFrame:
    _expect(isinstance(form, pl.DataFrame), path, "a frame")
    if schema is not None:
        _expect(form.schema == pl.Schema(schema), path, f"a frame of {pl.Schema(schema)}")
    return form.clone()  # type: ignore[no-any-return]


def _expect(holds: bool, path: str, wanted: str) -> None:
    if not holds:
        raise _unfit(path, wanted)


def _unfit(path: str, wanted: str) -> StateError:
    return StateError(f"the saved state does not fit at {path or 'its top'}: wanted {wanted}")
