"""Plain data back into live objects: the reverse of `detectors.state.state_forms`.

The data never choose a class or an attribute. Each object is filled in place, attribute by attribute. A value must have
the type, dtype and dimensions of the value it replaces, or of the annotation in its class. So references to the object
stay valid, and data from elsewhere cannot bring in anything else. Everything is checked before anything is changed.
"""

import types
from collections import deque
from collections.abc import Mapping
from enum import Enum
from typing import Annotated, Any, Union, get_args, get_origin

import msgspec
import numpy as np
import polars as pl

from detectors.state.state_forms import (
    PLAIN,
    SAME_AS,
    Form,
    StateError,
    below,
    fields_of,
    has_parts,
    hints_of,
    is_named_tuple,
    state_of,
)

Array = np.ndarray[Any, np.dtype[Any]]


def fill(live: Any, form: Form) -> None:
    """Fill an object with the memory of another one that was built with the same settings.

    Args:
        live: newly built. If an error is raised, it is unchanged.
        form: the result of `detectors.state.state_forms.form_of`. It need not be trusted, and is copied.

    Raises:
        StateError: names, types, dtypes or dimensions do not fit.
    """
    filling = _Filling()
    filling.note(live, form, "")
    for thing, name, value in filling.changes:
        setattr(thing, name, value)


class _Filling:
    """One walk over live objects and their saved forms, side by side."""

    def __init__(self) -> None:
        self._by_path: dict[str, object] = {}
        self._paths: dict[int, str] = {}
        self.changes: list[tuple[object, str, object]] = []
        """Object, attribute and new value, of everything that will be set."""

    def note(self, live: Any, form: Form, path: str) -> None:
        """Check the form of an object, and record how to fill it."""
        first = self._paths.setdefault(id(live), path)
        if first != path:
            _expect(type(form) is dict and form == {SAME_AS: first}, path, f"the same as {first}")
            return
        self._by_path[path] = live
        self._note(live, form, path, {name: getattr(live, name) for name in state_of(live)})

    def _note(self, live: Any, form: Form, path: str, values: Mapping[str, object]) -> None:
        hints = hints_of(live.__class__)
        _expect_names(form, values, path)
        for name, value in values.items():
            item_path = below(path, name)
            if hasattr(value, "not_state"):
                self.note(value, form[name], item_path)
            elif has_parts(value):
                _expect(
                    type(form[name]) is list and len(form[name]) == len(value),
                    item_path,
                    f"{len(value)} parts",
                )
                for index, part in enumerate(value):
                    self.note(part, form[name][index], below(item_path, index))
            elif name in hints:
                self.changes.append((live, name, self._typed(hints[name], form[name], item_path)))
            else:
                self.changes.append((live, name, self._like(value, form[name], item_path)))

    def _like(self, live: Any, form: Form, path: str) -> object:
        """A value of the same type as the live one."""
        if isinstance(live, np.ndarray):
            array = self._array(form, live.dtype, path)
            differing = sum(one != other for one, other in zip(live.shape, array.shape, strict=False))
            # tables grow along one dimension, so the saved one may be longer there
            _expect(
                array.ndim == live.ndim and differing <= 1, path, f"the dimensions {live.shape}, one longer"
            )
            return array
        if isinstance(live, pl.DataFrame):
            return _frame(form, live.schema, path)
        if is_named_tuple(type(live)):
            names = fields_of(live.__class__)
            _expect_names(form, names, path)
            return type(live)(**{n: self._like(getattr(live, n), form[n], below(path, n)) for n in names})
        return _scalar(type(live.item()) if isinstance(live, np.generic) else type(live), form, path)

    def _typed(self, hint: Any, form: Form, path: str) -> Any:
        """A value of an annotated type."""
        origin, inside = get_origin(hint), get_args(hint)
        if origin in (Union, types.UnionType):
            (present,) = (option for option in inside if option is not type(None))
            return None if form is None else self._typed(present, form, path)
        if origin is Annotated:
            return _frame(form, inside[1], path)
        if origin is np.ndarray:
            return self._array(form, np.dtype(get_args(inside[1])[0]), path)
        if origin is dict:
            return self._dict(inside[0], inside[1], form, path)
        if origin in (list, deque, set, tuple):
            _expect(type(form) is list, path, "a list")
            each = inside[:1] if origin is not tuple or inside[-1] is ... else inside
            each = each * len(form) if len(each) == 1 else each
            _expect(len(each) == len(form), path, f"{len(each)} items")
            if all(of in PLAIN or of is ... for of in inside):
                _expect(all(map(_is_of, form, each)), path, f"a list of {inside[0].__name__}")
                return origin(form)
            pairs = enumerate(zip(each, form, strict=True))
            return origin([self._typed(of, item, below(path, index)) for index, (of, item) in pairs])
        return self._instance(hint, form, path)

    def _instance(self, of: Any, form: Form, path: str) -> Any:
        """A value of a class."""
        if of in PLAIN:
            return _scalar(of, form, path)
        if of is pl.DataFrame:
            return _frame(form, None, path)
        if issubclass(of, Enum):
            _expect(type(form) in PLAIN and form in {one.value for one in of}, path, f"a {of.__name__}")
            return of(form)
        if issubclass(of, msgspec.Struct):
            _expect(type(form) is bytes, path, "bytes")
            try:
                return msgspec.msgpack.decode(form, type=of)
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
                raise _unfit(path, f"a {of.__name__}") from error
        if hasattr(of, "not_state"):
            return self._made(of, form, path)
        names, hints = fields_of(of), hints_of(of)
        _expect_names(form, names, path)
        return of(**{name: self._typed(hints[name], form[name], below(path, name)) for name in names})

    def _made(self, of: Any, form: Form, path: str) -> object:
        """A new object, if its class is annotated in full; or one that occurred earlier in the walk."""
        if _is_reference(form):
            earlier = self._by_path.get(form[SAME_AS])
            _expect(type(earlier) is of, path, f"a {of.__name__} that occurred earlier")
            return earlier
        hints = hints_of(of)
        _expect(bool(hints), path, f"a {of.__name__} that occurred earlier")
        made: object = of.__new__(of)
        self._by_path[path] = made
        self._note(made, form, path, dict.fromkeys(hints))
        return made

    def _dict(self, key: Any, value: Any, form: Form, path: str) -> dict[Any, Any]:
        pairs = list(form.items()) if type(form) is dict else form
        _expect(type(pairs) is list and all(map(_is_pair, pairs)), path, "keys and values")
        made = {
            self._typed(key, name, path): self._typed(value, item, below(path, index))
            for index, (name, item) in enumerate(pairs)
        }
        _expect(len(made) == len(pairs), path, "each key once")
        return made

    def _array(self, form: Form, dtype: "np.dtype[Any]", path: str) -> Array:
        if _is_reference(form):
            earlier = self._by_path.get(form[SAME_AS])
            if isinstance(earlier, np.ndarray) and earlier.dtype == dtype:
                return earlier
            raise _unfit(path, f"an array of {dtype} that occurred earlier")
        fits = isinstance(form, np.ndarray) and form.ndim > 0 and form.dtype == dtype
        _expect(fits, path, f"an array of {dtype}")
        array = np.array(form, dtype, order="C")
        self._by_path[path] = array
        return array


def _is_of(item: Form, of: type) -> bool:
    return type(item) is of


def _is_pair(item: Form) -> bool:
    return isinstance(item, list | tuple) and len(item) == 2


def _is_reference(form: Form) -> bool:
    return type(form) is dict and form.keys() == {SAME_AS} and type(form[SAME_AS]) is str


def _scalar(of: type, form: Form, path: str) -> Any:
    if isinstance(form, np.ndarray) and not form.ndim:
        _expect(type(form.item()) is of, path, f"a {of.__name__}")
        return form[()]
    _expect(type(form) is of, path, f"a {of.__name__}")
    return form


def _frame(form: Form, schema: Mapping[str, Any] | None, path: str) -> pl.DataFrame:
    if not isinstance(form, pl.DataFrame):
        raise _unfit(path, "a frame")
    if schema is not None:
        _expect(form.schema == pl.Schema(schema), path, f"a frame of {', '.join(schema)}")
    return form.clone()


def _expect_names(form: Form, names: Mapping[str, object] | tuple[str, ...], path: str) -> None:
    _expect(type(form) is dict and form.keys() == set(names), path, f"exactly {', '.join(names)}")


def _expect(holds: bool, path: str, wanted: str) -> None:
    if not holds:
        raise _unfit(path, wanted)


def _unfit(path: str, wanted: str) -> StateError:
    return StateError(f"the saved state does not fit at {path or 'its top'}: wanted {wanted}")
