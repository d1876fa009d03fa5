"""Follows the alerts, networks and reviews of the live service, and keeps a board up to date with them."""

import asyncio
from collections.abc import Callable
from typing import Any

import msgspec
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

from schemas.alerts import Alert
from schemas.checks.decoding_faults import DECODING_ERRORS
from schemas.networks import NetworkSnapshot
from schemas.reviews import ReviewEvent
from schemas.service.topic import Topic
from schemas.service.topics import ALERTS_LATEST, NETWORKS, REVIEWS
from streams.desk.cases.board import Board
from streams.live.broker.broker_check import FAULTS
from streams.live.broker.closing import stop_consumer
from streams.live.broker.connection import Connection, consumer_arguments
from streams.live.broker.metadata import partitions_of
from streams.live.broker.outages import BrokerWatch

_POLL_MS = 200
_AGAIN_S = 2.0
"""Seconds before topics are read again after a fault. Chosen, not measured."""
_AT_ONCE = 50
"""Records that are decoded before pages get their turn: about 10 ms. Chosen, not measured."""
_TOPICS = (REVIEWS, ALERTS_LATEST, NETWORKS)
"""`networks.v1` has the ties and all evidence. Credentials that may not read it see shorter cases."""


class TopicFollower:
    """Reads all three topics from their beginning, then whatever comes.

    Args:
        connection: to the brokers.
        board: is kept up to date.
        watch: knows whether the brokers can be reached.
        say: called with what a person should know.
    """

    def __init__(
        self, connection: Connection, board: Board, watch: BrokerWatch, say: Callable[[str], None]
    ) -> None:
        self._connection = connection
        self._board = board
        self._watch = watch
        self._say = say
        self._decoders: dict[str, tuple[Topic, msgspec.json.Decoder[Any]]] = {
            topic.full_name(connection.settings.topic_prefix): (topic, msgspec.json.Decoder(record))
            for topic, record in zip(_TOPICS, (ReviewEvent, Alert, NetworkSnapshot), strict=True)
        }
        self._positions: dict[TopicPartition, int] = {}
        self.caught_up = asyncio.Event()
        """Set when all that was there at the start has been read."""
        self.unreadable = 0
        """Records that were no alert, network or review."""

    async def run(self) -> None:
        """Work until cancelled. After a fault it goes on where it was."""
        while True:
            await self._watch.until_reachable()
            try:
                await self._follow()
            except FAULTS as error:
                self._say(f"Kafka: alerts and reviews cannot be read: {type(error).__name__}. Trying again.")
            await asyncio.sleep(_AGAIN_S)

    async def _follow(self) -> None:
        consumer = AIOKafkaConsumer(**consumer_arguments(self._connection, "desk"))
        try:
            await consumer.start()
            partitions = [part for name in self._decoders for part in await partitions_of(consumer, name)]
            if not partitions:
                return
            consumer.assign(partitions)
            await consumer.seek_to_beginning(*partitions)
            for partition in partitions:
                if partition in self._positions:
                    consumer.seek(partition, self._positions[partition])
            ends = await consumer.end_offsets(partitions)
            while True:
                for partition, records in (await consumer.getmany(timeout_ms=_POLL_MS)).items():
                    for begin in range(0, len(records), _AT_ONCE):
                        for record in records[begin : begin + _AT_ONCE]:
                            self._take(record)
                        await asyncio.sleep(0)
                    self._positions[partition] = records[-1].offset + 1
                    await self._board.announce()
                if not self.caught_up.is_set():
                    reached = [await consumer.position(part) >= end for part, end in ends.items()]
                    if all(reached):
                        self.caught_up.set()
        finally:
            await stop_consumer(consumer)

    def _take(self, record: ConsumerRecord) -> None:
        topic, decoder = self._decoders[record.topic]
        if record.value is None:
            if topic is ALERTS_LATEST and record.key is not None:
                self._board.drop(record.key.decode("utf-8", "replace"))
            return
        try:
            value = decoder.decode(record.value)
        except DECODING_ERRORS:
            self.unreadable += 1
            if self.unreadable == 1:
                self._say(
                    f"{record.topic}/{record.partition}: the record at offset {record.offset} cannot be read and is "
                    "left out; further ones are counted on the desk."
                )
            return
        if topic is REVIEWS:
            self._board.take_review(value)
        elif topic is ALERTS_LATEST:
            self._board.take_alert(value, record.value)
        elif not value.successor_ids:
            self._board.take_network(value, record.value)
