"""Reads from the progress topic where detection is."""

import asyncio
from typing import Any

import msgspec
from aiokafka import AIOKafkaConsumer, TopicPartition

from schemas.service.progress import Progress
from schemas.service.topics import PROGRESS
from streams.live.broker.closing import stop_consumer
from streams.live.broker.connection import Connection, consumer_arguments
from streams.live.broker.outages import BrokerWatch
from streams.live.broker.sessions import Sessions

_decoder = msgspec.json.Decoder(Progress)
_POLL_MS = 200


class ProgressReader:
    """Holds the latest progress.

    Args:
        connection: to the brokers.
        watch: knows whether the brokers can be reached.
        log: of the worker.
    """

    def __init__(self, connection: Connection, watch: BrokerWatch, log: Any) -> None:
        self._connection = connection
        self._watch = watch
        self._log = log
        self.ready = asyncio.Event()
        """Set once everything that was there at the start has been read."""
        self.latest: Progress | None = None
        """None: no progress has been written yet."""
        self._next: int | None = None
        """Offset of the record that comes next; None: none has been read."""

    async def run(self) -> None:
        """Read until cancelled, through outages."""
        await Sessions("progress reader", self._watch, self._log).run(self._session)

    async def _session(self) -> None:
        consumer = AIOKafkaConsumer(**consumer_arguments(self._connection, "progress"))
        try:
            await consumer.start()
            partition = TopicPartition(PROGRESS.full_name(self._connection.settings.topic_prefix), 0)
            consumer.assign([partition])
            if self._next is None:
                await consumer.seek_to_beginning(partition)
            else:
                consumer.seek(partition, self._next)
            end = (await consumer.end_offsets([partition]))[partition]
            while True:
                if await consumer.position(partition) >= end:
                    self.ready.set()
                for records in (await consumer.getmany(timeout_ms=_POLL_MS)).values():
                    for record in records:
                        self._take(record.value)
                        self._next = record.offset + 1
        finally:
            await stop_consumer(consumer)

    def _take(self, value: bytes | None) -> None:
        try:
            self.latest = _decoder.decode(value or b"")
        except (msgspec.DecodeError, ValueError, RecursionError):
            return  # written by another version or another program; the next record will do
