"""Reads the bytes of an input: plain, gzip or zstd, a file or a pipe.

The first bytes show the compression, not the name. Blocks have a limit however well the data are compressed, so a small
file that unpacks to gigabytes takes no extra memory.
"""

import io
import os
import stat
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, NoReturn

import zstandard
from isal import igzip_lib

from schemas.errors import FormatError, InputError

BLOCK_SIZE = 2 << 20
"""About how many decompressed bytes a block has. Measured: 1 to 2 MiB is fastest. Smaller blocks cost more planning,
larger ones do not fit the processor's cache."""

_READ_SIZE = 256 << 10
# Decoders get little data at a time: what a call decodes before it meets corrupted data is lost, and 4 bytes of zstd
# may unpack to 128 KiB, without a way to set a limit.
_GZIP_FEED = 16 << 10
_ZSTD_FEED = 4 << 10

_GZIP = b"\x1f\x8b"
_ZSTD = b"\x28\xb5\x2f\xfd"
_FOREIGN = {
    b"PK\x03\x04": ("a zip archive", "unzip it first, or pipe it: unzip -p FILE | lockstep replay -"),
    b"BZh": ("bzip2 data", "pipe it: bzcat FILE | lockstep replay -"),
    b"\xfd7zXZ\x00": ("xz data", "pipe it: xzcat FILE | lockstep replay -"),
    b"7z\xbc\xaf\x27\x1c": ("a 7z archive", "unpack it first"),
    b"PAR1": ("a Parquet file", "convert it to CSV or JSONL"),
    b"SQLite format 3\x00": ("an SQLite database", "export the table of posts as CSV"),
}


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

    def peek(self, length: int) -> bytes:
        """Return up to `length` decompressed bytes from the beginning, without consuming them.

        If a fault follows some readable bytes, `blocks` reports it later, so that those bytes are used first.

        Raises:
            InputError: nothing at all can be read.
        """
        if self._pipe is None:
            with self._faults(), open(self.path, "rb") as raw:
                return self._first(_unwrapped(self.name, _pieces(raw), length), length)
        pieces = _pieces(self._pipe)
        taken = bytearray()
        while len(taken) < length and (piece := next(pieces, b"")):
            taken += piece
        self._peeked = [bytes(taken)]
        return self._first(_unwrapped(self.name, iter(self._peeked), length), length)

    def blocks(self, block_size: int = BLOCK_SIZE) -> Iterator[Block]:
        """Yield the input's bytes in blocks of about `block_size`; the last one is shorter.

        Raises:
            InputError: the data end early or are corrupted. The blocks before hold all that could be read.
        """
        with self._faults():
            raw = self._pipe if self._pipe is not None else open(self.path, "rb")
            try:
                yield from _gathered(
                    _unwrapped(self.name, _pieces(raw, self._peeked), block_size), block_size
                )
            finally:
                if self.path != "-":
                    raw.close()

    def _first(self, unwrapped: Iterator[Block], length: int) -> bytes:
        taken = bytearray()
        try:
            for block in unwrapped:
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


def _unwrapped(name: str, pieces: Iterator[bytes], limit: int) -> Iterator[Block]:
    head = b""
    while len(head) < 16 and (piece := next(pieces, b"")):
        head += piece
    for magic, (what, remedy) in _FOREIGN.items():
        if head.startswith(magic):
            raise FormatError(
                f"{name}: is {what}, which is not read directly. {remedy[0].upper()}{remedy[1:]}"
            )
    counted = _Counted(head, pieces)
    if head.startswith(_GZIP):
        yield from _gzip(name, counted, limit)
    elif _starts_zstd_frame(head):
        yield from _zstd(name, counted)
    else:
        for reached, part in _portions(counted, limit):
            yield Block(part, reached)


class _Counted:
    """Pieces of the compressed input, with the number of bytes so far."""

    def __init__(self, head: bytes, rest: Iterator[bytes]) -> None:
        self.total = 0
        self._head = head
        self._rest = rest

    def __iter__(self) -> Iterator[bytes]:
        if self._head:
            self.total += len(self._head)
            yield self._head
        for piece in self._rest:
            self.total += len(piece)
            yield piece


def _gzip(name: str, pieces: _Counted, limit: int) -> Iterator[Block]:
    """Unpack one gzip member after the other, as `cat a.gz b.gz` makes them."""
    written = 0
    member = igzip_lib.IgzipDecompressor(flag=igzip_lib.DECOMP_GZIP)
    for reached, fed in _portions(pieces, _GZIP_FEED):
        data = fed
        while data or not (member.eof or member.needs_input):
            if member.eof:
                # Some archives pad the end of members with zeros.
                data = data.lstrip(b"\x00")
                if not data:
                    break
                member = igzip_lib.IgzipDecompressor(flag=igzip_lib.DECOMP_GZIP)
            try:
                out = member.decompress(data, limit)
            except igzip_lib.IsalError as error:  # type: ignore[misc]  # its stub lacks the class's base
                _corrupted(name, "gzip", reached, written, error)
            data = member.unused_data if member.eof else b""
            written += len(out)
            if out:
                yield Block(out, reached)
    if not member.eof:
        _ends_early(name, "gzip", pieces.total, written)


def _zstd(name: str, pieces: _Counted) -> Iterator[Block]:
    """Unpack one zstd frame after the other; skippable frames have no content."""
    written = 0
    decompressor = zstandard.ZstdDecompressor()
    frame = decompressor.decompressobj()
    for reached, fed in _portions(pieces, _ZSTD_FEED):
        data = fed
        while data:
            if frame.eof:
                frame = decompressor.decompressobj()
            try:
                out = frame.decompress(data)
            except zstandard.ZstdError as error:
                _corrupted(name, "zstd", reached, written, error)
            data = frame.unused_data if frame.eof else b""
            written += len(out)
            if out:
                yield Block(out, reached)
    if not frame.eof:
        _ends_early(name, "zstd", pieces.total, written)


def _portions(pieces: _Counted, size: int) -> Iterator[tuple[int, bytes]]:
    """Yield slices of at most `size` bytes, each with its end in the input, bytes."""
    for piece in pieces:
        before = pieces.total - len(piece)
        for start in range(0, len(piece), size):
            fed = piece[start : start + size]
            yield before + start + len(fed), fed


def _starts_zstd_frame(head: bytes) -> bool:
    # Parallel compressors put skippable frames (184D2A50 to 184D2A5F, little-endian) before the data.
    return head.startswith(_ZSTD) or (head[1:4] == b"\x2a\x4d\x18" and 0x50 <= head[0] <= 0x5F)


def _ends_early(name: str, kind: str, read: int, written: int) -> NoReturn:
    raise InputError(
        f"{name}: the {kind} data end early, after {read:,} bytes ({written:,} decompressed). What could be "
        "read was used. The file is incomplete: fetch or copy it again."
    )


def _corrupted(name: str, kind: str, read: int, written: int, error: Exception) -> NoReturn:
    raise InputError(
        f"{name}: the {kind} data are corrupted within the first {read:,} bytes, after {written:,} "
        f"decompressed bytes ({error}). What came before was used. Fetch or copy the file again."
    ) from error
