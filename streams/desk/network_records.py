"""The records of one network on the topics of the live service, for a verdict from the command line."""

from collections.abc import AsyncIterator

import msgspec
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.partitioner import DefaultPartitioner

from schemas.checks.decoding_faults import DECODING_ERRORS
from schemas.reviews import ReviewEvent
from schemas.service.topic import Topic
from schemas.service.topics import ALERTS_LATEST, REVIEWS
from streams.desk.alert_reading import AlertHead
from streams.live.broker.closing import stop_consumer, stop_producer
from streams.live.broker.connection import Connection, consumer_arguments, producer_arguments
from streams.live.broker.metadata import partitions_of

_POLL_MS = 200


async def latest_head(connection: Connection, network_id: str) -> AlertHead | None:
    """The latest alert of a network; None: there is none, or the network is no more.

    Raises:
        aiokafka.errors.KafkaError: a fault of the brokers.
    """
    decoder = msgspec.json.Decoder(AlertHead)
    latest: AlertHead | None = None
    async for value in _values(connection, ALERTS_LATEST, network_id, ours=True):
        if value is None:
            latest = None
            continue
        try:
            latest = decoder.decode(value)
        except DECODING_ERRORS:
            continue
    return latest


async def reviews_of(connection: Connection, network_id: str) -> list[ReviewEvent]:
    """The review events of a network, in the order in which they were written.

    Raises:
        aiokafka.errors.KafkaError: a fault of the brokers.
    """
    decoder = msgspec.json.Decoder(ReviewEvent)
    events = []
    async for value in _values(connection, REVIEWS, network_id, ours=False):
        try:
            events.append(decoder.decode(value or b""))
        except DECODING_ERRORS:
            continue  # workers count it as a dead letter
    return events


async def write_review(connection: Connection, event: ReviewEvent) -> None:
    """Write a review event; returns when all replicas in sync have it.

    Raises:
        aiokafka.errors.KafkaError: a fault of the brokers.
    """
    producer = AIOKafkaProducer(**producer_arguments(connection, "review"))
    try:
        await producer.start()
        await producer.send_and_wait(
            REVIEWS.full_name(connection.settings.topic_prefix),
            msgspec.json.encode(event),
            key=event.network_id.encode(),
        )
    finally:
        await stop_producer(producer)


async def _values(
    connection: Connection, topic: Topic, key: str, *, ours: bool
) -> AsyncIterator[bytes | None]:
    """The values of a key on a topic, up to where it ends now.

    Args:
        connection: to the brokers.
        topic: it is read from its beginning.
        key: of the messages.
        ours: whether workers alone write the topic. They all choose the partition of a key in the same way, so one
            partition is enough; other programs may choose differently.
    """
    consumer = AIOKafkaConsumer(**consumer_arguments(connection, "review"))
    try:
        await consumer.start()
        partitions = await partitions_of(consumer, topic.full_name(connection.settings.topic_prefix))
        if not partitions:
            return
        wanted = key.encode()
        numbers = sorted(partition.partition for partition in partitions)
        if ours:
            partitions = [TopicPartition(partitions[0].topic, DefaultPartitioner()(wanted, numbers, numbers))]
        consumer.assign(partitions)
        await consumer.seek_to_beginning(*partitions)
        ends = await consumer.end_offsets(partitions)
        while any([await consumer.position(one) < end for one, end in ends.items()]):
            for records in (await consumer.getmany(timeout_ms=_POLL_MS)).values():
                for record in records:
                    if record.key == wanted:
                        yield record.value
    finally:
        await stop_consumer(consumer)
