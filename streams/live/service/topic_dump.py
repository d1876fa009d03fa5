"""Topics to files that `lockstep replay` reads: one file a topic, one record a line."""

from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path

import msgspec
from aiokafka import AIOKafkaConsumer

from schemas.errors import UsageError
from schemas.service.topic import Encoding, Topic
from schemas.service.topics import TOPICS
from streams.live.broker.broker_check import FAULTS, broker_error, check_broker
from streams.live.broker.closing import stop_consumer
from streams.live.broker.connection import Connection, consumer_arguments
from streams.live.broker.metadata import partitions_of
from streams.live.exchange.value_lines import one_line
from streams.outputs.output_files import OutputError

_POLL_MS = 200


class Dumped(msgspec.Struct, frozen=True, kw_only=True):
    """The result for one topic."""

    path: str
    records: int


def topic_of(name: str) -> Topic:
    """The topic of a name without prefix.

    Raises:
        UsageError: there is none, or it holds no JSON.
    """
    known = {topic.name: topic for topic in TOPICS if topic.encoding is Encoding.JSON}
    if name not in known:
        raise UsageError(f"{name!r} cannot be dumped. Topics that can: {', '.join(known)}.")
    return known[name]


async def dump_topics(
    connection: Connection, prefix: str, topics: Sequence[Topic], out: Path
) -> list[Dumped]:
    """Write topics to files, each up to where it ends now.

    A topic that keeps the latest record of each key is written so, without deleted keys; these are held in memory.

    Raises:
        BrokerError: the brokers cannot be reached, or do not answer.
        OutputError: a file cannot be written.
    """
    await check_broker(connection)
    consumer = AIOKafkaConsumer(**consumer_arguments(connection, "dump"))
    try:
        out.mkdir(parents=True, exist_ok=True)
        async with AsyncExitStack() as stack:
            stack.push_async_callback(stop_consumer, consumer)
            await consumer.start()
            return [
                await _dump(consumer, topic, topic.full_name(prefix), out / f"{topic.name}.jsonl")
                for topic in topics
            ]
    except FAULTS as error:
        raise broker_error(error, connection, "reading topics") from error
    except OSError as error:
        raise OutputError(f"--out: {out} cannot be written: {error.strerror or error}.") from error


async def _dump(consumer: AIOKafkaConsumer, topic: Topic, name: str, path: Path) -> Dumped:
    partitions = await partitions_of(consumer, name)
    latest: dict[bytes, bytes] = {}
    records = 0
    with path.open("wb") as file:
        consumer.assign(partitions)
        if partitions:
            await consumer.seek_to_beginning(*partitions)
        ends = await consumer.end_offsets(partitions)
        left = {partition for partition, end in ends.items() if await consumer.position(partition) < end}
        while left:
            read = await consumer.getmany(*left, timeout_ms=_POLL_MS)
            for partition, found in read.items():
                for record in found:
                    if record.offset >= ends[partition]:
                        continue
                    if "compact" in topic.cleanup.value and record.key is not None:
                        latest.pop(record.key, None)
                        if record.value is not None:
                            latest[record.key] = record.value
                    elif record.value is not None:
                        file.write(one_line(record.value) + b"\n")
                        records += 1
            left = {part for part in left if await consumer.position(part) < ends[part]}
        file.writelines(one_line(value) + b"\n" for value in latest.values())
    return Dumped(path=str(path), records=records + len(latest))
