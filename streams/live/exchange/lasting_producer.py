"""A producer that outlasts outages: after a fault a new one takes its place.

A producer of aiokafka that had to give up a message refuses all that come after it, because their numbers no longer
follow. What was not confirmed has to be written again, and may then be there twice.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaTimeoutError

from streams.live.broker.broker_check import FAULTS
from streams.live.broker.closing import stop_producer
from streams.live.broker.connection import Connection, producer_arguments
from streams.live.broker.outages import BrokerWatch, passes

_AGAIN_S = 0.5
"""Seconds before a new attempt. Chosen, not measured."""


class LastingProducer:
    """Takes the place of an `AIOKafkaProducer`.

    Args:
        connection: to the brokers.
        client: what it is for.
        watch: knows whether the brokers can be reached.
        log: of the worker.
        options: more arguments of an `AIOKafkaProducer`.
    """

    def __init__(
        self, connection: Connection, client: str, watch: BrokerWatch, log: Any, **options: Any
    ) -> None:
        self._connection = connection
        self._client = client
        self._watch = watch
        self._log = log
        self._options = options
        self._renewing = asyncio.Lock()
        self._producer: AIOKafkaProducer | None = None

    async def start(self) -> None:
        """Connect to the brokers. If they are away, wait for them.

        Raises:
            aiokafka.errors.KafkaError: a fault that does not pass.
        """
        try:
            await self._connect()
        except FAULTS as error:
            if not passes(error):
                raise
            await self._renew(None)

    async def _connect(self) -> None:
        producer = AIOKafkaProducer(**producer_arguments(self._connection, self._client), **self._options)
        try:
            await producer.start()
        except BaseException:
            await stop_producer(producer)
            raise
        self._producer = producer

    async def stop(self, seconds: float = 1.0) -> None:
        """Close it once everything has been sent, or after `seconds`."""
        if self._producer is not None:
            await stop_producer(self._producer, seconds)

    async def send(self, *arguments: Any, **more: Any) -> "asyncio.Future[Any]":
        """As of `AIOKafkaProducer`, but it waits without end for room in the batch of a partition."""
        while True:
            try:
                sent: asyncio.Future[Any] = await self._now().send(*arguments, **more)
            except KafkaTimeoutError:
                continue  # the message was not taken
            return sent

    async def send_and_wait(self, *arguments: Any, **more: Any) -> Any:
        """As of `AIOKafkaProducer`."""
        return await (await self.send(*arguments, **more))

    async def partitions_for(self, topic: str) -> set[int]:
        """As of `AIOKafkaProducer`."""
        numbers: set[int] = await self._now().partitions_for(topic)
        return numbers

    async def insist(self, write: Callable[[], Awaitable[None]]) -> None:
        """Write something until the brokers have it.

        Args:
            write: sends it with this producer and waits for the brokers. It is called again after a fault that passes.

        Raises:
            aiokafka.errors.KafkaError: a fault that does not pass.
        """
        while True:
            used, outages = self._producer, self._watch.outages
            try:
                return await write()
            except FAULTS as error:
                if not passes(error):
                    raise
                await self._watch.until_reachable()
                if outages == self._watch.outages:
                    self._log.warning("written again", part=self._client, reason=type(error).__name__)
                await self._renew(used)

    async def _renew(self, used: AIOKafkaProducer | None) -> None:
        """Replace the producer that had a fault, unless that has been done already."""
        async with self._renewing:
            while self._producer is used:
                if used is not None:
                    await stop_producer(used, 0.1)
                await self._watch.until_reachable()
                await asyncio.sleep(_AGAIN_S)
                try:
                    await self._connect()
                except FAULTS as error:
                    if not passes(error):
                        raise

    def _now(self) -> AIOKafkaProducer:
        assert self._producer is not None  # noqa: S101 - for the type checker: `start` comes first
        return self._producer
