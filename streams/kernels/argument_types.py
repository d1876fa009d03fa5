"""Types of the arguments of kernels as plain values, and back.

numba compiles a kernel once for each combination of types. Arrays that were read from a saved state, say, cannot be
written, which makes them another type than arrays of one's own.
"""

import importlib
from collections.abc import Sequence
from typing import Any

import numpy as np
from numba.core import types
from numba.np import numpy_support

from schemas.errors import LockstepError

Plain = str | list[Any]
"""A type: the name of a scalar type, or a list that begins with the sort of the type."""


class UnknownType(LockstepError):
    """A type that no kernel of Lockstep takes from Python."""


def plain_type(of: Any) -> Plain:
    """A type of numba as a plain value.

    Raises:
        UnknownType: it is none of those that kernels take.
    """
    if isinstance(of, types.Array):
        dtype = np.lib.format.dtype_to_descr(numpy_support.as_dtype(of.dtype))
        return ["array", dtype, of.ndim, of.layout, of.mutable, of.aligned]
    if isinstance(of, types.Record):
        return ["record", np.lib.format.dtype_to_descr(numpy_support.as_dtype(of))]
    if isinstance(of, types.NamedTuple | types.NamedUniTuple):
        return ["named", of.instance_class.__module__, of.instance_class.__qualname__, *map(plain_type, of)]
    if isinstance(of, types.Tuple | types.UniTuple):
        return ["tuple", *map(plain_type, of)]
    scalar = str(of)
    if scalar in _SCALARS:
        return scalar
    raise UnknownType(f"{of} is a type that no kernel takes.")


def numba_type(of: Plain) -> Any:
    """The type of numba that a plain value stands for.

    Raises:
        UnknownType: it stands for none, or names a class that is not there.
    """
    if isinstance(of, str):
        if of not in _SCALARS:
            raise UnknownType(f"{of} is a type that no kernel takes.")
        return _SCALARS[of]
    sort, *parts = of
    if sort == "array":
        descr, ndim, layout, mutable, aligned = parts
        dtype = numpy_support.from_dtype(np.dtype(_fields(descr)))
        return types.Array(dtype, ndim, layout, readonly=not mutable, aligned=aligned)
    if sort == "record":
        return numpy_support.from_dtype(np.dtype(_fields(parts[0])))
    if sort == "named":
        module, name, *members = parts
        try:
            made = getattr(importlib.import_module(module), name)
        except (ImportError, AttributeError) as error:
            raise UnknownType(f"{module}.{name} is not there.") from error
        return _tuple([numba_type(member) for member in members], made)
    if sort == "tuple":
        return _tuple([numba_type(member) for member in parts])
    raise UnknownType(f"{sort} is a sort of type that no kernel takes.")


def _tuple(members: list[Any], named: Any = None) -> Any:
    return types.BaseTuple.from_types(members, named)  # type: ignore[no-untyped-call] # numba is without types


def _fields(descr: Any) -> Any:
    """What numpy reads as a dtype: JSON has lists where numpy wants tuples."""
    if isinstance(descr, str):
        return descr
    return [_field(*field) for field in descr]


def _field(name: str, descr: Any, shape: Sequence[int] = ()) -> tuple[Any, ...]:
    return (name, _fields(descr), tuple(shape)) if shape else (name, _fields(descr))


_SCALARS = {
    str(scalar): scalar
    for scalar in (
        types.boolean, types.uint8, types.int8, types.uint16, types.int16, types.uint32, types.int32, types.uint64,
        types.int64, types.float32, types.float64, types.unicode_type, types.none,
    )
}  # fmt: skip
