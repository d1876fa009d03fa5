"""Writes the list of kernels anew, after a change of a kernel's arguments: python -m tests.kernel_recording.

It compiles all of them in a folder of its own, to see which are used and how long they take: two to four minutes.
"""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from numba.core import event

import streams.kernels
from streams.kernels.argument_types import Plain, UnknownType, numba_type, plain_type
from streams.kernels.kernel_list import list_text

_INSIDE = "LOCKSTEP_RECORDS_KERNELS"
FILE = Path(streams.kernels.__file__).with_name("kernels.json")


Compiled = tuple[bool, float, str, str, tuple[Any, ...]]
"""Whether another kernel calls it, seconds, module, name, and types of arguments."""


class Recording(event.Listener):  # type: ignore[misc] # numba has no types
    """Every kernel of ours that is compiled: seconds, and whether another kernel calls it."""

    def __init__(self) -> None:
        self._begun: list[float] = []
        self.kernels: list[Compiled] = []

    def on_start(self, event: Any) -> None:
        self._begun.append(time.monotonic())

    def on_end(self, event: Any) -> None:
        seconds = time.monotonic() - self._begun.pop()
        dispatcher, arguments = event.data["dispatcher"], event.data["args"]
        function = dispatcher.py_func
        kept = hasattr(dispatcher._cache, "cache_path") and dispatcher._cache.cache_path
        if kept and function.__module__.startswith(("detectors.", "streams.")):
            called = bool(self._begun)
            self.kernels.append((called, seconds, function.__module__, function.__name__, arguments))


def listed(kernels: list[Compiled]) -> list[tuple[str, str, list[Plain]]]:
    """Those with plain types: first those that others call, then the longest."""
    found = []
    inner = [kernel for kernel in kernels if kernel[0]]
    outer = [kernel for kernel in kernels if not kernel[0]]
    for _, _, module, name, arguments in inner + sorted(outer, key=lambda kernel: -kernel[1]):
        try:
            plain = [plain_type(argument) for argument in arguments]
        except UnknownType:
            continue  # a literal in another kernel, which compiles it
        assert tuple(map(numba_type, plain)) == arguments, (module, name)
        found.append((module, name, plain))
    return found


def main() -> None:
    if _INSIDE not in os.environ:
        with tempfile.TemporaryDirectory() as folder:
            environment = {**os.environ, "NUMBA_CACHE_DIR": folder, _INSIDE: "1"}
            sys.exit(
                subprocess.run([sys.executable, "-m", __spec__.name], env=environment, check=False).returncode
            )
    recording = Recording()
    event.register("numba:compile", recording)
    from streams.replay import detecting
    from tests.kernel_runs import use_all_kernels

    detecting.compile_kernels = lambda say, **only: []  # nothing is to be compiled ahead
    in_replays: list[Compiled] = []
    use_all_kernels(after_first_replays=lambda: in_replays.extend(recording.kernels))
    first = listed(in_replays)
    kernels = first + listed(recording.kernels[len(in_replays) :])
    FILE.write_text(list_text(kernels, len(first)))
    print(f"{len(kernels)} kernels in {FILE.name}, {sum(k[1] for k in recording.kernels if not k[0]):.0f} s")


if __name__ == "__main__":
    main()
