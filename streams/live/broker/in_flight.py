"""Messages that were sent and are not confirmed yet: a bounded number. The first fault of any is raised."""

import asyncio
from collections.abc import Awaitable

_MOST = 5_000
"""Messages sent before waiting for the broker. Chosen, not measured."""


class InFlight:
    """Sent messages that the broker has not confirmed yet."""

    def __init__(self) -> None:
        self._futures: list[asyncio.Future[object]] = []

    async def add(self, sending: Awaitable["asyncio.Future[object]"]) -> None:
        """Send one more. Waits when there are many."""
        self._futures.append(await sending)
        if len(self._futures) >= _MOST:
            await self.settled()

    async def settled(self) -> None:
        """Wait until the broker has all of them.

        Raises:
            aiokafka.errors.KafkaError: it refused one.
        """
        futures, self._futures = self._futures, []
        for found in await asyncio.gather(*futures, return_exceptions=True):
            if isinstance(found, BaseException):
                raise found
