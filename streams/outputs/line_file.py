"""An output of whole lines: if the disk fills up, the last line that fits is the end of the file."""

import hashlib
import os
import sys
from typing import BinaryIO, Protocol

from streams.outputs.output_files import STDOUT, OutputError, fault_of

_HELD_BYTES = 64 << 10
"""Bytes of lines that are written together. Chosen, not measured."""


class Lines(Protocol):
    """Receives whole lines."""

    def write(self, data: bytes, /) -> object:
        """Take one or more whole lines, with their ends."""

    def flush(self) -> None:
        """Write what was taken."""


class LineFile:
    """A file of lines. After a fault it takes no more: everything before the fault stays, in whole lines.

    Args:
        path: of the file; `-` is standard output.
        kept: count of bytes at the beginning of the file that stay; the rest is written anew. None: the file is new.

    Raises:
        OutputError: the file cannot be opened.
    """

    def __init__(self, path: str, kept: int | None = None) -> None:
        self.path = path
        self._held = bytearray()
        self._hash = hashlib.blake2b(digest_size=32)
        self.size = 0
        """Bytes written, all in whole lines."""
        self.failure: OutputError | None = None
        """Why nothing more is written."""
        self._regular = False
        try:
            self._file: BinaryIO = (
                sys.stdout.buffer
                if path == STDOUT
                else open(path, "wb" if kept is None else "r+b", buffering=0)
            )
            if kept is not None and path != STDOUT:
                while self.size < kept and (part := self._file.read(min(_HELD_BYTES, kept - self.size))):
                    self._note(part)
                self._file.truncate(self.size)
            self._regular = path != STDOUT and os.path.isfile(path)
        except OSError as error:
            raise fault_of(path, error) from error

    @property
    def digest(self) -> str:
        """BLAKE2b of the bytes written."""
        return self._hash.hexdigest()

    def write(self, data: bytes, /) -> None:
        """Take one or more whole lines, with their ends.

        Raises:
            OutputError: they cannot be written. Whole lines before the fault were.
            BrokenPipeError: the reader of the output has gone.
        """
        if self.failure is None:
            self._held += data
            if len(self._held) >= _HELD_BYTES:
                self.flush()

    def flush(self) -> None:
        """Write what was taken; raises as `write` does."""
        if not self._held or self.failure is not None:
            return
        data, self._held = bytes(self._held), bytearray()
        written = 0
        try:
            while written < len(data):
                written += self._file.write(data[written:]) or 0
            if self.path == STDOUT:
                self._file.flush()
        except BrokenPipeError:
            raise
        except OSError as error:
            self.failure = fault_of(self.path, error)
            self._note(data[: data.rfind(b"\n", 0, written) + 1])
            if self._regular:
                self._file.truncate(self.size)
            raise self.failure from error
        self._note(data)

    def sync(self) -> None:
        """Write what was taken, and wait until the disk has it."""
        self.flush()
        if self._regular and self.failure is None:
            os.fsync(self._file.fileno())

    def close(self) -> None:
        """Write what was taken, and close the file; raises as `write` does."""
        try:
            self.flush()
        finally:
            if self.path != STDOUT:
                self._file.close()

    def _note(self, data: bytes) -> None:
        self.size += len(data)
        self._hash.update(data)
