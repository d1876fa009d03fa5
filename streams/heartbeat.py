"""Signs of life: a command that says nothing for some seconds says on standard error that it still runs, and at what.

One for the whole process, since loading the program is the first thing that takes long. It is held while something else
shows how far it is (`streams.ordering.progress_bar`, the compiler of kernels), so that nothing is said twice.
"""

import os
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

EVERY_S = 4.0
"""Seconds of silence before a line. Chosen, not measured: nobody should wait five without a sign."""
FIRST_S = 2.0
"""Seconds before the first line: Python itself takes one or two to start on a busy machine. Chosen."""
_LOOK_S = 0.2
"""Seconds between two looks while something else is to speak."""
_FINITE = frozenset(
    "backtest calibrate compile desk doctor export inspect replay review simulate why".split()
)
"""Commands that end, and may take long; a desk until it serves. The others run until they are stopped, or are quick."""
_STANDARD_ERROR = 2


class Heartbeat:
    """Speaks for a command while nothing else does."""

    def __init__(self) -> None:
        self._task = ""
        self._begun = self._spoken = time.monotonic()
        self._held = 0
        self._ended = threading.Event()
        self._ended.set()

    def begin_for(self, arguments: Sequence[str]) -> None:
        """Speak for a command, except one with `--no-progress` or one that runs until it is stopped.

        Args:
            arguments: of the command line.
        """
        if arguments and arguments[0] in _FINITE and "--no-progress" not in arguments:
            self.begin(f"lockstep {arguments[0]}")

    def begin(self, task: str) -> None:
        """Speak from now on.

        Args:
            task: what is done, in a few words: `loading`.
        """
        self._task, self._begun = task, time.monotonic()
        self._spoken = self._begun - max(EVERY_S - FIRST_S, 0.0)
        if self._ended.is_set():
            self._ended = threading.Event()
            threading.Thread(target=self._beat, args=(self._ended,), name="heartbeat", daemon=True).start()

    def doing(self, task: str) -> None:
        """Something else is done from now on."""
        self._task = task

    @contextmanager
    def held(self) -> Iterator[None]:
        """Something else speaks meanwhile, and says with `spoke` when it does."""
        self._held += 1
        try:
            yield
        finally:
            self._held -= 1

    def spoke(self) -> None:
        """Something else has just said something."""
        self._spoken = time.monotonic()

    @property
    def silent_s(self) -> float:
        """Seconds since something was said; 0 if nothing is to be said."""
        return 0.0 if self._ended.is_set() else time.monotonic() - self._spoken

    def end(self) -> None:
        """Be silent from now on."""
        self._ended.set()

    def _beat(self, ended: threading.Event) -> None:
        while not ended.wait(max(_LOOK_S, EVERY_S - self.silent_s)):
            now = time.monotonic()
            if now - self._spoken >= EVERY_S and not self._held:
                self._spoken = now
                line = f"{self._task}: {now - self._begun:.0f} s\n"
                try:
                    # no lock of a stream is waited for: another thread may hold it
                    os.write(_STANDARD_ERROR, line.encode())
                except OSError:
                    return


heartbeat = Heartbeat()
"""That of the process."""
