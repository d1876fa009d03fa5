"""Verdicts in a file: one review event a line, only ever added to. `lockstep replay --reviews` reads it as it is."""

import fcntl
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

import msgspec

from detectors.reference.network_review import NetworkReview
from schemas.checks.decoding_faults import DECODING_ERRORS, decoding_fault
from schemas.errors import InputError
from schemas.reviews import ReviewEvent
from streams.desk.verdicts.crossing import unseen
from streams.desk.verdicts.verdict import VerdictError

_PATIENCE_S = 5.0
"""Seconds to wait for another program that writes to the file; it takes milliseconds. Chosen, not measured."""
_AGAIN_S = 0.01
_decoder = msgspec.json.Decoder(ReviewEvent)


def beside(alerts: str) -> Path:
    """The file of reviews that belongs to a file of alerts: `alerts.reviews.jsonl` beside `alerts.jsonl.gz`."""
    path = Path(alerts)
    name = path.name
    while Path(name).suffix in {".gz", ".zst", ".bz2", ".xz", ".zip", ".jsonl", ".json"}:
        name = Path(name).stem
    return path.with_name(f"{name}.reviews.jsonl")


class ReviewFile:
    """A file of reviews that several programs may write to at once.

    Args:
        path: need not exist.
        on_event: called with each event of the file, those of other programs among them.
        say: called with what a person should know.
    """

    def __init__(
        self,
        path: Path,
        on_event: Callable[[ReviewEvent], object],
        say: Callable[[str], None] = lambda line: None,
    ) -> None:
        self.path = path
        self._on_event = on_event
        self._say = say
        self._read = 0
        """Bytes of the file that have been read."""
        self._lines = 0
        self._reviews: dict[str, NetworkReview] = {}

    def open(self) -> None:
        """Read what is there, and make sure that it can be added to.

        Raises:
            InputError: a line is no review event, or the file cannot be read or written.
        """
        try:
            with self._locked() as file:
                self._mend(file)
                self._take_new(file)
        except OSError as error:
            raise InputError(
                f"{self.path}: verdicts cannot be kept here: {error.strerror or error}. Name another file with "
                "--reviews."
            ) from error
        except VerdictError as error:
            raise InputError(str(error)) from error

    def catch_up(self) -> None:
        """Read what other programs have added.

        Raises:
            InputError: they added what is no review event.
        """
        try:
            if self.path.stat().st_size <= self._read:
                return
            with self.path.open("rb") as file:
                self._take_new(file)
        except OSError as error:
            raise InputError(f"{self.path}: cannot be read: {error.strerror or error}.") from error

    async def record(
        self, events: Sequence[ReviewEvent], seen: Mapping[str, str | None] | None
    ) -> list[ReviewEvent]:
        """As `streams.desk.verdicts.crossing.VerdictLog`. It returns when the disk has the events."""
        return self.record_now(events, seen)

    def record_now(
        self, events: Sequence[ReviewEvent], seen: Mapping[str, str | None] | None
    ) -> list[ReviewEvent]:
        """As `record`, for programs without an event loop."""
        try:
            with self._locked() as file:
                self._mend(file)
                self._take_new(file)
                fresh = [event for event in events if not self._knows(event)]
                crossed = [] if seen is None else unseen(self._reviews, fresh, seen)
                if crossed or not fresh:
                    return crossed
                end = file.seek(0, os.SEEK_END)
                try:
                    _append(file, b"".join(msgspec.json.encode(event) + b"\n" for event in fresh))
                    os.fsync(file.fileno())
                except OSError:
                    file.truncate(end)  # a full disk leaves no half of a line
                    raise
                self._take_new(file)
        except OSError as error:
            raise VerdictError(
                f"Nothing was recorded: {self.path} cannot be written: {error.strerror or error}."
            ) from error
        except InputError as error:
            raise VerdictError(f"Nothing was recorded: {error}") from error
        return []

    def _knows(self, event: ReviewEvent) -> bool:
        review = self._reviews.get(event.network_id)
        return review is not None and any(one.event_id == event.event_id for one in review.events)

    @contextmanager
    def _locked(self) -> Iterator[BinaryIO]:
        """The file, which no other program writes to meanwhile."""
        is_new = not self.path.exists()
        with self.path.open("ab+", buffering=0) as file:
            until = time.monotonic() + _PATIENCE_S
            while True:
                try:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    if time.monotonic() > until:
                        raise VerdictError(
                            f"Nothing was recorded: another program holds {self.path} and does not let go of it."
                        ) from None
                    time.sleep(_AGAIN_S)
            if is_new:
                folder = os.open(self.path.parent, os.O_RDONLY)
                try:
                    os.fsync(folder)  # the name of a new file lasts, too
                finally:
                    os.close(folder)
            yield cast(BinaryIO, file)  # closing it lets go of the lock

    def _mend(self, file: BinaryIO) -> None:
        """Cut off a last line that was not written to its end. Its reviewer was never shown that it is recorded."""
        end = file.seek(0, os.SEEK_END)
        if not end:
            return
        file.seek(end - 1)
        if file.read(1) == b"\n":
            return
        file.seek(self._read)
        rest = file.read(end - self._read)
        begin = self._read + rest.rfind(b"\n") + 1
        torn = rest[rest.rfind(b"\n") + 1 :]
        try:
            _decoder.decode(torn)
        except DECODING_ERRORS:
            kept = self.path.with_name(self.path.name + ".torn")
            with kept.open("ab") as aside:
                aside.write(torn + b"\n")
            file.truncate(begin)
            self._say(f"{self.path}: the last line was not whole. It is now in {kept}.")
        else:
            file.seek(0, os.SEEK_END)
            _append(file, b"\n")  # somebody's editor leaves out the last line end

    def _take_new(self, file: BinaryIO) -> None:
        """Take in the whole lines behind what was read before."""
        if file.seek(0, os.SEEK_END) < self._read:
            raise InputError(f"{self.path}: has become shorter. Start again to read it anew.")
        file.seek(self._read)
        *lines, _ = file.read().split(b"\n")
        for line in lines:
            if line.strip():
                try:
                    event = _decoder.decode(line)
                except DECODING_ERRORS as error:
                    raise InputError(
                        f"{self.path}: line {self._lines + 1} is no review: {decoding_fault(error)}."
                    ) from error
                self._reviews.setdefault(event.network_id, NetworkReview()).take(event)
                self._on_event(event)
            self._lines += 1
            self._read += len(line) + 1


def _append(file: BinaryIO, data: bytes) -> None:
    """Write all of it. Without a buffer, nothing is left that a later close would write after all."""
    left = memoryview(data)
    while left:
        left = left[file.write(left) :]
