"""The decorators that compile kernels."""

from collections.abc import Callable
from typing import TypeVar, cast

import numba

from detectors.arrays.kernel_cache import KernelCache

F = TypeVar("F", bound=Callable[..., object])


def compiled(function: F) -> F:
    """Compile `function` with numba on first use, keep the machine code on disk, release the GIL.

    Overflow of unsigned integers wraps, as hashing needs; floating point is strict (no `fastmath`),
    since results must be equal to the bit on every machine of one architecture.
    """
    dispatcher = numba.njit(nogil=True, error_model="numpy")(function)
    dispatcher._cache = KernelCache(function)  # type: ignore[attr-defined] # as `cache=True` does, in numba's words
    return cast(F, dispatcher)


def inlined(function: F) -> F:
    """As `compiled`, for functions that only kernels call: their code is copied into the kernel.

    numba counts references for every array that such a function takes, also for arrays inside a named tuple. In a
    kernel's inner loop pass few arrays, or single records of structured arrays, which are not counted. (Measured in
    co-sharing: tuples of 10 arrays made the kernel 1.5 to 1.7 times as slow.)
    """
    return cast(F, numba.njit(inline="always", error_model="numpy")(function))
