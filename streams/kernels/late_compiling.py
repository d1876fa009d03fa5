"""Tells of kernels that are compiled while a run waits for them, because the list of kernels lacks them."""

import time
from collections.abc import Callable
from typing import Any

from numba.core import event


def tell_of_late_compiling(tell: Callable[[str, float], None]) -> None:
    """Call `tell` with the name of each kernel that this process compiles from now on, and the seconds it took."""
    event.register("numba:compile", _Late(tell))  # type: ignore[no-untyped-call] # numba is without types


class _Late(event.Listener):
    """Hears of everything that numba compiles. What kernels call is compiled with them, and only the kernel counts."""

    def __init__(self, tell: Callable[[str, float], None]) -> None:
        self._tell = tell
        self._begun: list[float] = []

    def on_start(self, event: Any) -> None:
        self._begun.append(time.monotonic())

    def on_end(self, event: Any) -> None:
        begun = self._begun.pop()
        if not self._begun:
            function = event.data["dispatcher"].py_func
            self._tell(f"{function.__module__}.{function.__name__}", time.monotonic() - begun)
