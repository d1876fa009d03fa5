"""The file that keeps how far a collector has come: written whole or not at all, and only of what the broker has.

A file rather than a topic: a collector need not read Kafka, the file can be looked at, copied and reset, and losing it
costs no more than the posts since the last start.
"""

import fcntl
import os
from pathlib import Path

import msgspec

from schemas.checks.decoding_faults import DECODING_ERRORS
from schemas.errors import InputError, UsageError
from streams.collect.source import Position
from streams.outputs.output_files import OutputError


class _Kept(msgspec.Struct, frozen=True, kw_only=True):
    """What the file holds, as JSON."""

    source: str
    """What the position is a place in."""
    position: Position


class CursorFile:
    """The cursor of one collector. While it is open, no other process can use the same file.

    Args:
        path: of the file; its folder is made.
        source: what positions are places in. A position in something else is refused.

    Raises:
        UsageError: another collector uses the file.
        InputError: it is no such file, or it is about another source.
        OutputError: it cannot be written.
    """

    def __init__(self, path: str, source: str) -> None:
        self._path = Path(path)
        self._source = source
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._lock = self._path.with_name(self._path.name + ".lock").open("w")
        except OSError as error:
            raise OutputError(
                f"--cursor-file: {path} cannot be written: {error.strerror or error}."
            ) from error
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            self._lock.close()
            raise UsageError(
                f"--cursor-file: {path} is in use by another collector. Give each a file and a name of its own."
            ) from error
        try:
            self.position = self._load()
            """Where the source goes on; None: from now on."""
        except InputError:
            self.close()
            raise

    def save(self, position: Position) -> None:
        """Keep a position; on return it survives a crash of the machine.

        Raises:
            OutputError: the file cannot be written.
        """
        self.position = position
        fresh = self._path.with_name(self._path.name + ".new")
        try:
            with fresh.open("wb") as file:
                file.write(msgspec.json.encode(_Kept(source=self._source, position=position)) + b"\n")
                file.flush()
                os.fsync(file.fileno())
            fresh.replace(self._path)
            folder = os.open(self._path.parent, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)
        except OSError as error:
            raise OutputError(
                f"--cursor-file: {self._path} cannot be written: {error.strerror or error}."
            ) from error

    def close(self) -> None:
        """Let others use the file."""
        self._lock.close()

    def _load(self) -> Position | None:
        try:
            raw = self._path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise InputError(
                f"--cursor-file: {self._path} cannot be read: {error.strerror or error}."
            ) from error
        try:
            kept = msgspec.json.decode(raw, type=_Kept)
        except DECODING_ERRORS as error:
            raise InputError(
                f"--cursor-file: {self._path} holds no cursor. Remove it to begin with what comes from now on."
            ) from error
        if kept.source != self._source:
            raise InputError(
                f"--cursor-file: {self._path} is about {kept.source}, and this is {self._source}. Name another file."
            )
        return kept.position
