"""Server-sent events: names and data out of chunks of bytes, as the HTML standard defines them."""

from collections.abc import AsyncIterable, AsyncIterator
from typing import NamedTuple

_LINE_LIMIT = 2 << 20
"""Bytes of the longest line. A longer one is cut, so that its event becomes a dead letter. Chosen, not measured."""


class ServerEvent(NamedTuple):
    """One event, or a comment: servers send one from time to time to show that they are there."""

    name: str
    """Empty for a comment."""
    data: bytes


async def server_events(chunks: AsyncIterable[bytes]) -> AsyncIterator[ServerEvent]:
    """Read events. What comes after the last blank line belongs to an event that is not whole, and is left out."""
    name, data = "", list[bytes]()
    async for line in _lines(chunks):
        if not line:
            if data:
                yield ServerEvent(name or "message", b"\n".join(data))
            name, data = "", []
        elif line.startswith(b":"):
            yield ServerEvent("", line[1:])
        else:
            field, _, value = line.partition(b":")
            value = value.removeprefix(b" ")
            if field == b"event":
                name = value.decode("utf-8", "replace")
            elif field == b"data":
                data.append(value)


async def _lines(chunks: AsyncIterable[bytes]) -> AsyncIterator[bytes]:
    """Whole lines; one ends with a line feed, maybe with a carriage return before it."""
    rest = bytearray()
    cut = False
    async for chunk in chunks:
        *whole, last = chunk.split(b"\n")
        for part in whole:
            line = bytes(rest + part) if rest else part
            rest.clear()
            yield (line[:_LINE_LIMIT] if cut else line).removesuffix(b"\r")
            cut = False
        room = _LINE_LIMIT - len(rest)
        cut = cut or len(last) > room
        rest += last[:room]
