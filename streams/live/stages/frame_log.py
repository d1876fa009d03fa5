"""Frames of the log between two offsets, and where detection is after one."""

import math
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

from schemas.service.progress import Progress
from streams.live.broker.closing import stop_consumer
from streams.live.broker.connection import Connection, consumer_arguments
from streams.live.detection.detection import Detection

Headers = Mapping[str, bytes]
"""Headers of a record, by name."""
_POLL_MS = 500
_FETCH_WAIT_MS = 20
"""Milliseconds that a broker may wait for records. It has those that are asked for, and the first fetch, which is made
before any are, would hold up the others for half a second (measured)."""


async def frames_between(
    connection: Connection, partition: TopicPartition, begin: int, end: int
) -> AsyncIterator[ConsumerRecord]:
    """Yield the records with offsets from `begin` up to and without `end`, or the first one after a gap.

    Raises:
        aiokafka.errors.KafkaError: the brokers cannot be reached.
    """
    if begin >= end:
        return
    consumer = AIOKafkaConsumer(**consumer_arguments(connection, "catch-up", _FETCH_WAIT_MS))
    try:
        await consumer.start()
        consumer.assign([partition])
        first = (await consumer.beginning_offsets([partition]))[partition]
        consumer.seek(partition, max(first, begin))
        while await consumer.position(partition) < end:
            for records in (await consumer.getmany(timeout_ms=_POLL_MS)).values():
                for record in records:
                    if record.offset < end:
                        yield record
    finally:
        await stop_consumer(consumer)


async def end_of(connection: Connection, partition: TopicPartition) -> int:
    """Offset that the next record of a partition gets.

    Raises:
        aiokafka.errors.KafkaError: the brokers cannot be reached.
    """
    consumer = AIOKafkaConsumer(**consumer_arguments(connection, "end", _FETCH_WAIT_MS))
    try:
        await consumer.start()
        return int((await consumer.end_offsets([partition]))[partition])
    finally:
        await stop_consumer(consumer)


def taken_at(record: ConsumerRecord) -> float:
    """When the broker took a record, seconds since 1970 UTC; minus infinity: not known."""
    return float(record.timestamp) / 1_000 if record.timestamp > 0 else -math.inf


def progress_of(detection: Detection, worker_id: str, offset: int) -> Progress:
    """Where detection is once it has applied the frame at an offset."""
    return Progress(
        worker_id=worker_id,
        frame_offset=offset,
        watermark=_instant(detection.event_time),
        least_latest=_instant(detection.times.least),
        latest=_instant(detection.latest_post),
        held_rows=len(detection.held_posts),
        settling=detection.settling,
        holding=detection.times.holding,
        at=datetime.now(UTC),
    )


def _instant(time: float | None) -> datetime | None:
    return None if time is None or abs(time) == float("inf") else datetime.fromtimestamp(int(time), UTC)
