"""Unpacks gzip, zstd, bzip2 and xz, and refuses what is none of them and no text."""

import bz2
import lzma
from collections.abc import Callable, Iterator
from typing import NoReturn

import zstandard
from isal import igzip_lib

from schemas.errors import FormatError, InputError
from streams.sources.files.archives import PARQUET, ZIP

# Decoders get little data at a time: what a call decodes before it meets corrupted data is lost, and 4 bytes of zstd
# may unpack to 128 KiB, without a way to set a limit.
_GZIP_FEED = 16 << 10
_ZSTD_FEED = 4 << 10

_GZIP = b"\x1f\x8b"
_ZSTD = b"\x28\xb5\x2f\xfd"
_BZIP2 = b"BZh"
_XZ = b"\xfd7zXZ\x00"
_LONGEST_WINDOW = 1 << 31
"""Bytes that zstd may look back, as archives of forums need it. The data say how much; usually it is 8 MiB at most."""
_FOREIGN = {
    ZIP: (
        "a zip archive in a pipe",
        "give the file itself, or pipe what is in it: unzip -p FILE | lockstep replay -",
    ),
    b"PK\x05\x06": ("a zip archive without files", "check that its export has finished"),
    PARQUET: ("a Parquet file in a pipe", "give the file itself"),
    b"7z\xbc\xaf\x27\x1c": ("a 7z archive", "unpack it first"),
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1": ("an old spreadsheet (.xls)", "save it as CSV in UTF-8"),
    b"SQLite format 3\x00": ("an SQLite database", "export the table of posts as CSV"),
}


def unwrapped(name: str, pieces: Iterator[bytes], limit: int) -> Iterator[tuple[int, bytes]]:
    """Yield decompressed bytes, each time with the number of bytes of the input that they took so far.

    Args:
        name: of the input, for errors.
        pieces: the input; its first bytes show the compression.
        limit: of decompressed bytes at a time.

    Raises:
        FormatError: it is something that is not read.
        InputError: it is corrupted, or ends early.
    """
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
    elif head.startswith(_BZIP2):
        yield from _by_member(name, "bzip2", counted, limit, bz2.BZ2Decompressor)
    elif head.startswith(_XZ):
        yield from _by_member(name, "xz", counted, limit, lzma.LZMADecompressor)
    else:
        yield from _portions(counted, limit)


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


def _gzip(name: str, pieces: _Counted, limit: int) -> Iterator[tuple[int, bytes]]:
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
                yield reached, out
    if not member.eof:
        _ends_early(name, "gzip", pieces.total, written)


def _zstd(name: str, pieces: _Counted) -> Iterator[tuple[int, bytes]]:
    """Unpack one zstd frame after the other; skippable frames have no content."""
    written = 0
    decompressor = zstandard.ZstdDecompressor(max_window_size=_LONGEST_WINDOW)
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
                yield reached, out
    if not frame.eof:
        _ends_early(name, "zstd", pieces.total, written)


def _by_member(
    name: str,
    kind: str,
    pieces: _Counted,
    limit: int,
    open_member: Callable[[], bz2.BZ2Decompressor | lzma.LZMADecompressor],
) -> Iterator[tuple[int, bytes]]:
    """Unpack one member after the other, as `cat` and parallel compressors make them."""
    written = 0
    member = open_member()
    for reached, fed in _portions(pieces, _GZIP_FEED):
        data = fed
        while data or not (member.eof or member.needs_input):
            if member.eof:
                data = data.lstrip(b"\x00")  # padding between members
                if not data:
                    break
                member = open_member()
            try:
                out = member.decompress(data, limit)
            except (OSError, lzma.LZMAError, EOFError) as error:
                _corrupted(name, kind, reached, written, error)
            data = member.unused_data if member.eof else b""
            written += len(out)
            if out:
                yield reached, out
    if not member.eof:
        _ends_early(name, kind, pieces.total, written)


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
