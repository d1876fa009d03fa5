"""Machine code of kernels on disk: when it is stale, and what a process loads with it.

The cache is numba's: one index file a kernel, keyed by processor, types of the arguments and the content of the source.
Two things differ (docs/decisions/0022-kernel-cache.md):

- A kernel holds machine code of functions that it calls, and values of constants, also those of other files. If any of
  these changes, the kernel is compiled anew. numba looks at the kernel's own file only.
- To load a kernel, numba loads everything that it can compile, among that parts of scipy: 0.3 CPU seconds in each
  process (measured). Here it is loaded when something has to be compiled.
"""

import enum
import hashlib
import linecache
from collections.abc import Callable
from typing import Any

import numpy as np
from numba.core.caching import CompileResultCacheImpl, FunctionCache
from numba.core.dispatcher import Dispatcher
from numba.core.environment import Environment
from numba.core.runtime.nrt import rtsys

_NEUTRAL = "numba.core.environment"
"""A module that is loaded in any case."""

_stamps: dict[str, bytes] = {}
"""By module: what the machine code of its kernels depends on."""


def module_stamp(function: Callable[..., object]) -> bytes:
    """A hash of the source of this function's module, and of what its kernels take from other modules.

    It is computed at the first kernel of a module, when all imports of the module are done.
    """
    module = function.__module__
    if module not in _stamps:
        content = hashlib.sha256("".join(linecache.getlines(function.__code__.co_filename)).encode())
        for name, value in sorted(function.__globals__.items()):
            # names of Python's own, as __file__, say where the module is, and not what it does
            if not name.startswith("__"):
                content.update(f"{name}={_described(value, module)}\n".encode())
        _stamps[module] = content.digest()
    return _stamps[module]


def _described(value: object, module: str) -> str:
    """What a kernel takes of a global value; empty for functions of this module and for what no kernel can use."""
    if isinstance(value, Dispatcher):
        function = value.py_func
        return "" if function.__module__ == module else module_stamp(function).hex()
    if isinstance(value, tuple):
        return repr([_described(item, module) for item in value])
    if isinstance(value, np.ndarray) and not value.dtype.hasobject:
        return f"{value.dtype.descr} {value.shape} {hashlib.sha256(value.tobytes()).hexdigest()}"
    if isinstance(value, np.dtype):
        return repr(value)
    if isinstance(value, type) and issubclass(value, enum.Enum):
        return repr([(member.name, member.value) for member in value])
    if isinstance(value, int | float | str | np.generic):
        return repr(value)
    return ""


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
        self._cache_file._source_stamp = module_stamp(function)

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """The compiled kernel for these types of arguments; None if it is not on disk."""
        # the runtime that counts references is all that a compiled kernel needs
        rtsys.initialize(target_context)
        with self._guard_against_spurious_io_errors():
            try:
                return self._load_overload(sig, target_context)  # type: ignore[no-untyped-call] # numba is without types
            except (AttributeError, ImportError):
                # written by another version, in which a record of arguments had another name or place
                self._cache_file.flush()  # type: ignore[no-untyped-call]
                return None
