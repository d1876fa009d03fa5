"""Reads the audit log of reviews for the metrics.

Nothing in detection depends on it: what reviewers mute and allow reaches detection by way of ingest, like all else.
"""

import asyncio
from typing import Any

import msgspec
from aiokafka import AIOKafkaConsumer, ConsumerRecord

from detectors.reference.review_cases import ReviewCases
from schemas.reviews import ReviewEvent
from schemas.service.topics import REVIEWS
from streams.live.broker.broker_check import FAULTS
from streams.live.broker.closing import stop_consumer
from streams.live.broker.connection import Connection, consumer_arguments
from streams.live.broker.metadata import partitions_of
from streams.live.broker.outages import BrokerWatch
from streams.live.telemetry.telemetry import Telemetry

_POLL_MS = 1_000
_AGAIN_S = 10.0
"""Seconds before reviews are read again after a fault. Chosen, not measured."""

_decoder = msgspec.json.Decoder(ReviewEvent)


class ReviewWatch:
    """Reads reviews on one worker. Each worker reads all of them: people write them by hand, so they are few.

    Args:
        connection: to the brokers.
        telemetry: of the worker.
        log: of the worker.
        watch: knows whether the brokers can be reached.
    """

    def __init__(self, connection: Connection, telemetry: Telemetry, log: Any, watch: BrokerWatch) -> None:
        self._connection = connection
        self._telemetry = telemetry
        self._log = log
        self._watch = watch

    async def run(self) -> None:
        """Work until cancelled. After a fault, which is logged, all reviews are read again."""
        while True:
            await self._watch.until_reachable()
            try:
                await self._follow()
            except FAULTS as error:
                self._log.warning("reviews cannot be read", error=type(error).__name__)
            await asyncio.sleep(_AGAIN_S)

    async def _follow(self) -> None:
        cases = ReviewCases()
        topic = REVIEWS.full_name(self._connection.settings.topic_prefix)
        consumer = AIOKafkaConsumer(**consumer_arguments(self._connection, "reviews"))
        try:
            await consumer.start()
            partitions = await partitions_of(consumer, topic)
            if not partitions:
                return
            consumer.assign(partitions)
            await consumer.seek_to_beginning(*partitions)
            while True:
                for records in (await consumer.getmany(timeout_ms=_POLL_MS)).values():
                    for record in records:
                        self._take(cases, record)
                self._telemetry.show_reviews(cases)
        finally:
            await stop_consumer(consumer)

    def _take(self, cases: ReviewCases, record: ConsumerRecord) -> None:
        try:
            cases.take(_decoder.decode(record.value or b""))
        except (msgspec.DecodeError, ValueError, RecursionError):
            self._log.warning(
                "a record on the topic of reviews is not a review event",
                partition=record.partition,
                offset=record.offset,
            )
