"""Reads the bytes of an input: plain, gzip, zstd, bzip2, xz, zip or Parquet, a file or a pipe.

The first bytes show the compression, not the name. Blocks have a limit however well the data are compressed, so a small
file that unpacks to gigabytes takes no extra memory.
"""

import io
import os
import stat
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from schemas.errors import FormatError, InputError
from streams.sources.files.archives import PARQUET, ZIP, ZipMembers, parquet_text
from streams.sources.files.decoders import unwrapped

BLOCK_SIZE = 2 << 20
"""About how many decompressed bytes a block has. Measured: 1 to 2 MiB is fastest. Smaller blocks cost more planning,
larger ones do not fit the processor's cache."""

_READ_SIZE = 256 << 10


@dataclass(frozen=True, slots=True)
class Block:
    """Decompressed bytes, and how far into the input they reach."""

    data: bytes
    bytes_read: int
    """Bytes of the (compressed) input consumed so far, this block included."""


class ByteInput:
    """One input, read once as decompressed blocks; `-` is standard input.

    A regular file is opened for reading and closed at its end. A pipe is opened at once; `blocks` returns again what
    `peek` has read from it, since a pipe cannot be read twice.

    Raises:
        InputError: the input is missing, a directory, or may not be read.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self.name = "standard input" if path == "-" else path
        self.size: int | None = None
        self._pipe: BinaryIO | None = None
        self._peeked: list[bytes] = []
        if path == "-":
            # not the buffered reader: its lock, held by a thread that waits, would keep the program from ending
            self._pipe = getattr(sys.stdin.buffer, "raw", sys.stdin.buffer)
            return
        with self._faults():
            mode = os.stat(path)
            if stat.S_ISDIR(mode.st_mode):
                raise InputError(
                    f"{path}: is a directory. Give its files, for example {path.rstrip('/')}/*.gz"
                )
            if stat.S_ISREG(mode.st_mode):
                self.size = mode.st_size
                with open(path, "rb"):  # report a file without read permission now, not midway
                    pass
            else:
                self._pipe = open(path, "rb")

    def whole(self, most_bytes: int, noun: str) -> bytearray:
        """All decompressed bytes.

        Args:
            most_bytes: most of them that are read.
            noun: what the input should be, with its article; a larger one cannot be it.

        Raises:
            InputError: it cannot be read, or is larger.
        """
        data = bytearray()
        for block in self.blocks():
            data += block.data
            if len(data) > most_bytes:
                raise InputError(
                    f"{self.name}: is larger than {most_bytes >> 20} MiB, so it cannot be {noun}."
                )
        return data

    def peek(self, length: int) -> bytes:
        """Return up to `length` decompressed bytes from the beginning, without consuming them.

        If a fault follows some readable bytes, `blocks` reports it later, so that those bytes are used first.

        Raises:
            InputError: nothing at all can be read.
        """
        if self._pipe is None:
            with self._faults(), open(self.path, "rb") as raw:
                return self._first(self._decoded(raw, length), length)
        pieces = _pieces(self._pipe)
        taken = bytearray()
        while len(taken) < length and (piece := next(pieces, b"")):
            taken += piece
        self._peeked = [bytes(taken)]
        return self._first(_blocks(unwrapped(self.name, iter(self._peeked), length)), length)

    def blocks(self, block_size: int = BLOCK_SIZE) -> Iterator[Block]:
        """Yield the input's bytes in blocks of about `block_size`; the last one is shorter.

        Raises:
            InputError: the data end early or are corrupted. The blocks before hold all that could be read.
        """
        with self._faults():
            raw = self._pipe if self._pipe is not None else open(self.path, "rb")
            try:
                yield from _gathered(self._decoded(raw, block_size), block_size)
            finally:
                if self.path != "-":
                    raw.close()

    def _decoded(self, raw: BinaryIO, limit: int) -> Iterator[Block]:
        """The bytes inside archives and compressed data."""
        if self.size is not None:
            magic = raw.read(4)
            raw.seek(0)
            if magic == ZIP:
                for number, (name, pieces, reached) in enumerate(ZipMembers(self.path, self.name).parts()):
                    if number:
                        yield Block(b"\n", reached)
                    for _, data in unwrapped(name, pieces, limit):
                        yield Block(data, reached)
                return
            if magic == PARQUET:
                for data, share in parquet_text(self.path, self.name):
                    yield Block(data, int(share * self.size))
                return
        yield from _blocks(unwrapped(self.name, _pieces(raw, self._peeked), limit))

    def _first(self, blocks: Iterator[Block], length: int) -> bytes:
        taken = bytearray()
        try:
            for block in blocks:
                taken += block.data
                if len(taken) >= length:
                    break
        except FormatError:
            raise
        except InputError:
            if not taken:
                raise
        return bytes(taken[:length])

    def _faults(self) -> "_Faults":
        return _Faults(self.name)


class _Faults:
    """Turns errors of the operating system into errors that name the input."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __enter__(self) -> None:
        return None

    def __exit__(self, _type: object, error: BaseException | None, _trace: object) -> None:
        match error:
            case FileNotFoundError():
                raise InputError(f"{self._name}: no such file. Check the path.") from error
            case PermissionError():
                raise InputError(f"{self._name}: may not be read. Check the file's permissions.") from error
            case OSError():
                raise InputError(f"{self._name}: cannot be read: {error.strerror or error}.") from error


def _pieces(raw: BinaryIO, peeked: list[bytes] | None = None) -> Iterator[bytes]:
    if peeked:
        yield from peeked
        peeked.clear()
    read = raw.read1 if isinstance(raw, io.BufferedReader) else raw.read
    while piece := read(_READ_SIZE):
        yield piece


def _blocks(parts: Iterator[tuple[int, bytes]]) -> Iterator[Block]:
    for reached, data in parts:
        yield Block(data, reached)


def _gathered(blocks: Iterator[Block], block_size: int) -> Iterator[Block]:
    """Join small blocks up to the wanted size; at a fault, yield what is pending before raising it."""
    pending: list[bytes] = []
    length = bytes_read = 0
    fault: InputError | None = None
    try:
        for block in blocks:
            pending.append(block.data)
            length += len(block.data)
            bytes_read = block.bytes_read
            if length >= block_size:
                yield Block(b"".join(pending), bytes_read)
                pending, length = [], 0
    except InputError as error:
        fault = error
    if pending:
        yield Block(b"".join(pending), bytes_read)
    if fault is not None:
        raise fault
