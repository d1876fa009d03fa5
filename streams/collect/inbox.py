"""Messages that have come and are not written yet: few enough that memory stays small.

When the inbox is full, reading waits, and the connection slows the source down.
"""

import asyncio

from streams.collect.source import Message

_MOST = 20_000
"""Messages held. Chosen, not measured: a few seconds of all posts of Bluesky at several times its usual rate."""
_MOST_BYTES = 32 << 20
"""Bytes of all messages held. Chosen, not measured."""
_GATHER_S = 0.1
"""Seconds to wait for more messages once there is one: larger batches cost less each. Chosen, not measured."""


class Inbox:
    """A bounded queue of messages."""

    def __init__(self, most: int = _MOST, most_bytes: int = _MOST_BYTES) -> None:
        self._most, self._most_bytes = most, most_bytes
        self._held: list[Message] = []
        self._bytes = 0
        self._taken = 0
        self._some = asyncio.Event()
        self._room = asyncio.Event()
        self._empty = asyncio.Event()
        self._room.set()
        self._empty.set()

    def __len__(self) -> int:
        """Messages held, those that are being written included."""
        return len(self._held) + self._taken

    async def put(self, message: Message) -> None:
        """Add a message; waits while the inbox is full."""
        if not self._room.is_set():
            await self._room.wait()
        self._held.append(message)
        self._bytes += len(message.data)
        self._empty.clear()
        self._some.set()
        if len(self._held) >= self._most or self._bytes >= self._most_bytes:
            self._room.clear()

    async def take(self, most: int) -> list[Message]:
        """The next messages, at least one and at most `most`. `done` has to be called when they are written."""
        await self._some.wait()
        if len(self._held) < most:
            await asyncio.sleep(_GATHER_S)
        batch, self._held = self._held[:most], self._held[most:]
        self._taken = len(batch)
        self._bytes -= sum(len(message.data) for message in batch)
        if not self._held:
            self._some.clear()
        if len(self._held) < self._most and self._bytes < self._most_bytes:
            self._room.set()
        return batch

    def done(self) -> None:
        """What was taken is written."""
        self._taken = 0
        if not self._held:
            self._empty.set()

    async def drained(self) -> None:
        """Wait until everything that has come is written."""
        await self._empty.wait()
