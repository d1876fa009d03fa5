"""Brings the bytes of an input to UTF-8 with line feeds, which is all that the readers of records know."""

import codecs
import re
from collections.abc import Iterator

from streams.sources.files.compressed import Block

_WIDE = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_LOOKED_AT = 64
_MOST_ZEROS = 8
"""In UTF-16 every other byte of a Latin letter is zero. With more zeros at even or at odd places among the first 64
bytes, an input without a byte order mark is UTF-16."""


def wide_encoding(head: bytes) -> str | None:
    """The encoding of an input whose characters take two bytes or four; None for any other."""
    for mark, encoding in _WIDE:
        if head.startswith(mark):
            return encoding
    if head[:_LOOKED_AT:2].count(0) > _MOST_ZEROS:
        return "utf-16-be"
    return "utf-16-le" if head[1:_LOOKED_AT:2].count(0) > _MOST_ZEROS else None


def has_lone_returns(head: bytes) -> bool:
    """Whether lines end with a carriage return alone, as on the first Macs and from some spreadsheets."""
    return b"\r" in head and b"\n" not in head


_SEPARATOR_LINE = re.compile(rb"\"?sep=[^\r\n]\"?\r?\n", re.IGNORECASE)
"""The line by which spreadsheets announce the separator of a CSV. It is no record; the header shows the separator."""


def _begun(data: bytes) -> bytes:
    """The beginning of an input without what comes before its text."""
    data = data.removeprefix(codecs.BOM_UTF8)
    line = _SEPARATOR_LINE.match(data)
    return data[line.end() :] if line else data


def whole_text(data: bytes) -> str:
    """A whole input as text, with line feeds and without what comes before its text.

    Raises:
        UnicodeDecodeError: it is not in UTF-8, UTF-16 or UTF-32.
    """
    if (wide := wide_encoding(data)) is not None:
        data = data.decode(wide).encode()
    data = _begun(data)
    return (data.replace(b"\r", b"\n") if has_lone_returns(data) else data).decode()


class Readable:
    """Changes the bytes of one input, if need be. What cannot be decoded becomes U+FFFD.

    Args:
        head: the first bytes of the input.
        encoding: of the input; None: UTF-8, or UTF-16 or UTF-32 where the first bytes show it.
    """

    def __init__(self, head: bytes, encoding: str | None) -> None:
        self.encoding = encoding or wide_encoding(head)
        self.head = head
        if self.encoding is not None:
            self.head = codecs.getincrementaldecoder(self.encoding)("replace").decode(head).encode()
        self.head = _begun(self.head)
        self._returns = has_lone_returns(self.head)
        if self._returns:
            self.head = self.head.replace(b"\r", b"\n")

    def blocks(self, blocks: Iterator[Block]) -> Iterator[Block]:
        """The same blocks in UTF-8, without a byte order mark, with line feeds."""
        if self.encoding is not None:
            blocks = _recoded(blocks, self.encoding)
        blocks = _without_mark(blocks)
        return _with_feeds(blocks) if self._returns else blocks


def _recoded(blocks: Iterator[Block], encoding: str) -> Iterator[Block]:
    decoder = codecs.getincrementaldecoder(encoding)("replace")
    reached = 0
    for block in blocks:
        reached = block.bytes_read
        yield Block(decoder.decode(block.data).encode(), reached)
    if rest := decoder.decode(b"", final=True):
        yield Block(rest.encode(), reached)


def _without_mark(blocks: Iterator[Block]) -> Iterator[Block]:
    """Remove the byte order mark that some spreadsheets write before UTF-8."""
    first = True
    for block in blocks:
        yield Block(_begun(block.data), block.bytes_read) if first else block
        first = first and not block.data


def _with_feeds(blocks: Iterator[Block]) -> Iterator[Block]:
    for block in blocks:
        yield Block(block.data.replace(b"\r", b"\n"), block.bytes_read)
