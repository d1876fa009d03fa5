"""Reads from the progress topic where detection is."""

import asyncio

import msgspec
from aiokafka import AIOKafkaConsumer, TopicPartition

from schemas.service.progress import Progress
from schemas.service.topics import PROGRESS
from streams.live.broker.connection import Connection, consumer_arguments

_decoder = msgspec.json.Decoder(Progress)
_POLL_MS = 200


class ProgressReader:
    """Holds the latest progress.

    Args:
        connection: to the brokers.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.latest: Progress | None = None
        """None: no progress has been written yet."""

    async def run(self, ready: asyncio.Event) -> None:
        """Read until cancelled. `ready` is set once everything that was there at the start has been read."""
        consumer = AIOKafkaConsumer(**consumer_arguments(self._connection, "progress"))
        await consumer.start()
        try:
            partition = TopicPartition(PROGRESS.full_name(self._connection.settings.topic_prefix), 0)
            consumer.assign([partition])
            await consumer.seek_to_beginning(partition)
            end = (await consumer.end_offsets([partition]))[partition]
            while True:
                if await consumer.position(partition) >= end:
                    ready.set()
                for records in (await consumer.getmany(timeout_ms=_POLL_MS)).values():
                    for record in records:
                        self._take(record.value)
        finally:
            await consumer.stop()

    def _take(self, value: bytes | None) -> None:
        try:
            self.latest = _decoder.decode(value or b"")
        except (msgspec.DecodeError, ValueError, RecursionError):
            return  # written by another version or another program; the next record will do
