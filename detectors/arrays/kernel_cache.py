"""Machine code of kernels on disk, and what a process loads with it.

The cache is numba's: one index file a kernel, keyed by processor, types of the arguments and the content of the source.
But to load a kernel, numba loads everything that it can compile, among that parts of scipy: 0.3 CPU seconds in each
process (measured). Here it is loaded when something has to be compiled.
"""

from collections.abc import Callable
from typing import Any

from numba.core.caching import CompileResultCacheImpl, FunctionCache
from numba.core.environment import Environment
from numba.core.runtime.nrt import rtsys

_NEUTRAL = "numba.core.environment"
"""A module that is loaded in any case."""


class _Contents(CompileResultCacheImpl):
    def reduce(self, cres: Any) -> Any:
        """What is written to disk of a compiled kernel.

        For each function of numba's that the kernel calls, numba writes the name of its module, and loads that module
        with the kernel. Only code that works on Python objects needs the module, and kernels have none.
        """
        *rest, environments = cres._reduce()
        return (*rest, tuple(_without_module(environment) for environment in environments))


def _without_module(environment: Environment) -> Environment:
    if not environment.globals["__name__"].startswith("numba."):
        return environment
    changed = Environment({"__name__": _NEUTRAL})
    changed.consts[:] = environment.consts
    changed.env_name = environment.env_name
    return changed


class KernelCache(FunctionCache):
    """The cache of one kernel, in the folder that numba chooses: NUMBA_CACHE_DIR, or beside the source."""

    _impl_class = _Contents

    def __init__(self, function: Callable[..., object]) -> None:
        """The cache of this function."""
        super().__init__(function)  # type: ignore[no-untyped-call] # numba is without types

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """The compiled kernel for these types of arguments; None if it is not on disk."""
        # the runtime that counts references is all that a compiled kernel needs
        rtsys.initialize(target_context)
        with self._guard_against_spurious_io_errors():
            return self._load_overload(sig, target_context)  # type: ignore[no-untyped-call] # numba is without types
