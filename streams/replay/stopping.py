"""Ends a run before its inputs do, in order: what was found so far is written, and the run says so.

The first Ctrl-C or SIGTERM asks for the end; the posts in hand are finished. A second one ends the program at once. An
output that cannot be written asks for the end, too: the others are still written.
"""

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from schemas.errors import LockstepError
from streams.outputs.line_file import LineFile
from streams.outputs.output_files import OutputError

SIGNALS = (signal.SIGINT, signal.SIGTERM)
_SAID = (
    b"\nlockstep: interrupted. The posts in hand are finished, and what was found so far is written. "
    b"A second Ctrl-C ends the program at once.\n"
)


class Interrupted(LockstepError):
    """A run ended early because a signal asked for it.

    Args:
        message: what the run did until then.
        number: of the signal. The exit status is 128 more, as shells count.
    """

    def __init__(self, message: str, number: int) -> None:
        super().__init__(message)
        self.status = 128 + number


class Stop:
    """Whether a run is to end early, and why."""

    def __init__(self) -> None:
        self.signal: int | None = None
        """The signal that asked for it."""
        self.failures: list[LockstepError] = []
        """Outputs that cannot be written."""
        self._deferred = False
        self._raised: BaseException | None = None
        """What a signal raised and nothing has answered yet."""

    @property
    def wanted(self) -> bool:
        """Whether the run is to end."""
        return self.signal is not None or bool(self.failures)

    def fail(self, failure: LockstepError) -> None:
        """End the run because of an output. One that fails again is named once."""
        if str(failure) not in map(str, self.failures):
            self.failures.append(failure)

    @contextmanager
    def lines(self, path: str, kept: int | None = None) -> Iterator[LineFile]:
        """An output of lines, closed at the end of the `with` block. What cannot be written then is a failure as well.

        Args:
            path: of the file.
            kept: count of bytes at its beginning that stay; None: the file is new.

        Raises:
            OutputError: it cannot be opened.
        """
        file = LineFile(path, kept)
        try:
            yield file
        finally:
            try:
                file.close()
            except OutputError as failure:
                self.fail(failure)

    @contextmanager
    def deferring(self) -> Iterator[None]:
        """In the `with` block a signal asks for the end; outside, nothing is to be written, and it ends the program."""
        before, self._deferred = self._deferred, True
        try:
            yield
        finally:
            self._deferred = before

    @contextmanager
    def at_once(self) -> Iterator[None]:
        """In the `with` block a signal is raised, as outside of `deferring`."""
        before, self._deferred = self._deferred, False
        try:
            with self._as_raised():
                yield
        finally:
            self._deferred = before

    @contextmanager
    def on_signals(self) -> Iterator["Stop"]:
        """Take the signals while the `with` block runs. Only the main thread can; in another, nothing changes."""
        if threading.current_thread() is not threading.main_thread():
            yield self
            return
        before = {number: signal.signal(number, self._take) for number in SIGNALS}
        for number in SIGNALS:
            # after Ctrl-C, polars would go on reading: a run that waits for standard input could not be interrupted
            signal.siginterrupt(number, True)
        try:
            with self._as_raised():
                yield self
        finally:
            for number, handler in before.items():
                # after an interruption only messages are left, and the status stays that of the signal
                signal.signal(number, handler if self.signal is None else _end_at_once)

    @contextmanager
    def _as_raised(self) -> Iterator[None]:
        """Let what a signal raised leave the `with` block as it was raised.

        It is raised wherever the program is. Compiled code turns it into faults of its own: numba into a SystemError,
        if it comes while a result is made.
        """
        try:
            yield
        except Exception:
            if self._raised is not None:
                raise self._raised from None
            raise
        finally:
            self._raised = None  # what goes wrong later is a fault of its own

    def _take(self, number: int, frame: FrameType | None) -> None:
        again, self.signal = self.signal is not None, number
        if not self._deferred or again:
            self._raised = KeyboardInterrupt() if number == signal.SIGINT else SystemExit(128 + number)
            raise self._raised
        if sys.stderr is not None:
            # a signal may come in the middle of a write of the same stream, which Python refuses to begin again
            os.write(2, _SAID)


def _end_at_once(number: int, frame: FrameType | None) -> None:
    """Takes a second signal once all outputs have been closed."""
    os._exit(128 + number)
