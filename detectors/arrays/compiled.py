"""The decorators that compile kernels."""

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba
from numba.core import types

from detectors.arrays.kernel_cache import KernelCache

F = TypeVar("F", bound=Callable[..., object])


def compiled(function: F) -> F:
    """Compile `function` with numba on first use, keep the machine code on disk, release the GIL.

    Overflow of unsigned integers wraps, as hashing needs; floating point is strict (no `fastmath`),
    since results must be equal to the bit on every machine of one architecture.
    """
    return _kept(function)


def compiled_without_references(function: F) -> F:
    """As `compiled`, for functions that make no arrays: no references to the arrays that they take are counted.

    A reference is counted with an atomic operation, for every array of every tuple, at each call. That was a seventh of
    the time of the test of pairs (measured).
    """
    return _kept(function, _nrt=False)


def _kept(function: F, **options: bool) -> F:
    """A kernel that releases the GIL and keeps its machine code on disk."""
    dispatcher = _dispatcher(function, nogil=True, **options)
    dispatcher._cache = KernelCache(function)  # as `cache=True` does
    return cast(F, dispatcher)


def _dispatcher(function: Callable[..., object], **options: Any) -> Any:
    """What numba makes of a function."""
    # no entry for callers in C, of which there are none: a twentieth of the time to compile (measured)
    options |= {"error_model": "numpy", "no_cfunc_wrapper": True}
    dispatcher = numba.njit(**options)(function)
    _take_constants_as_values(dispatcher)
    return dispatcher


def _take_constants_as_values(dispatcher: Any) -> None:
    """Let a constant argument in a kernel that calls this one be of the type of its value.

    Else numba compiles the function for that constant, and once more for values of the type.
    """
    template = dispatcher.get_call_template
    of_values: Callable[[Any], Any] = types.unliteral

    def template_of_values(args: tuple[Any, ...], named: dict[str, Any]) -> Any:
        return template(tuple(map(of_values, args)), {name: of_values(arg) for name, arg in named.items()})

    dispatcher.get_call_template = template_of_values


def inlined(function: F) -> F:
    """As `compiled`, for functions that only kernels call: their code is copied into the kernel.

    numba counts references for every array that such a function takes, also for arrays inside a named tuple. In a
    kernel's inner loop pass few arrays, or single records of structured arrays, which are not counted. (Measured in
    co-sharing: tuples of 10 arrays made the kernel 1.5 to 1.7 times as slow.)
    """
    return cast(F, numba.njit(inline="always", error_model="numpy")(function))


def inlined_number(function: F) -> F:
    """As `inlined`, for functions that take and return numbers alone: machine code is copied, not source.

    numba compiles such a function once for all kernels that a process compiles. That pays for those that are called in
    many places: a twelfth of the time for all kernels (measured). There are no references to count, so the kernels are
    as fast.
    """
    return cast(F, _dispatcher(function, forceinline=True))
