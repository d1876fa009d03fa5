"""The decorators that compile a kernel, and the types of its scalars, in one place."""

from collections.abc import Callable
from typing import TypeVar, cast

import numba

F = TypeVar("F", bound=Callable[..., object])


def compiled(function: F) -> F:
    """Compile `function` with numba on first use, keep the machine code on disk, release the GIL.

    Overflow of unsigned integers wraps, as hashing needs; floating point is strict (no `fastmath`),
    since results must be equal to the bit on every machine of one architecture.
    """
    return cast(F, numba.njit(cache=True, nogil=True, error_model="numpy")(function))


def inlined(function: F) -> F:
    """As `compiled`, for small functions that are called from kernels only."""
    return cast(F, numba.njit(inline="always", error_model="numpy")(function))
