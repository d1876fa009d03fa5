"""`lockstep publish`: writes dumps to the public topics, as a platform would have sent them.

Reference data and follow events go first, then posts, each in the order of event time and under its key. A file can
note how far the broker has confirmed, so that an interrupted run goes on from there.
"""

import asyncio
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import chain, islice
from pathlib import Path

import msgspec
import numpy as np
import polars as pl
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import GroupAuthorizationFailedError

from schemas.errors import InputError
from schemas.service.topics import ACCOUNTS, FOLLOWS, POSTS, REGISTRY, SUPPRESSIONS, Topic
from streams.live.broker.closing import stop_consumer
from streams.live.broker.connection import Connection, consumer_arguments
from streams.live.broker.in_flight import InFlight
from streams.live.broker.outages import BrokerWatch
from streams.live.exchange.decoding import END_HEADER, UPTO_HEADER
from streams.live.exchange.lasting_producer import LastingProducer
from streams.live.publishing.notices import Notices
from streams.live.publishing.pace import Pace
from streams.live.publishing.post_encoding import encode_posts
from streams.ordering.ordered_posts import OrderedBatch, OrderedPosts
from streams.outputs.output_files import OutputError
from streams.reference_files.registry_file import read_registry
from streams.reference_files.suppressions import read_suppressions
from streams.sources.cells.times import rfc3339_seconds
from streams.sources.files.compressed import ByteInput

_PATIENCE_S = 10.0
"""Seconds that running workers have to read reference data. Chosen, not measured."""
_LOOK_EVERY_S = 0.1
"""Seconds between two checks whether they have. Chosen, not measured."""
_STEP = 2_000
"""Posts that are sent before the broker must confirm them."""
_LOOK_S = 0.2
"""Seconds of wall clock in one part when `speed` is given."""


@dataclass(frozen=True, slots=True)
class PublishOptions:
    """What to publish besides posts, and how fast."""

    registry: str | None = None
    suppressions: str | None = None
    accounts: str | None = None
    follows: str | None = None
    speed: float | None = None
    """Seconds of event time per second; None: as fast as the broker accepts."""
    end: bool = False
    """Report at the end that no more posts will come: the last evidence is then settled, as at the end of a replay."""
    resume: str | None = None
    """File that notes how far the run has come."""


class Publisher:
    """Publishes one run.

    Args:
        connection: to the brokers.
        options: what to publish, and how fast.
        on_posts: called with the count of posts that the broker has.
        say: called with what the user should know: that publishing waits for the brokers, and that it goes on.
    """

    def __init__(
        self,
        connection: Connection,
        options: PublishOptions,
        on_posts: Callable[[int], None] = lambda posts: None,
        say: Callable[[str], None] = lambda line: None,
    ) -> None:
        self._connection = connection
        self._options = options
        self._on_posts = on_posts
        self._say = say
        self._prefix = connection.settings.topic_prefix
        self.published = 0
        """Count of posts that the broker has, including those of an earlier run."""

    async def run(self, posts: OrderedPosts) -> None:
        """Publish everything.

        Raises:
            InputError: an input cannot be read.
            OutputError: the file that notes how far it has come cannot be written.
            aiokafka.errors.KafkaError: the broker refused a message.
        """
        self.published = skip = self._begun(posts)
        self._note(posts)  # before anything is published: a file that cannot be written shows at once
        notices = Notices(self._say)
        self._watch = BrokerWatch(self._connection, notices)
        self._producer = LastingProducer(
            self._connection, "publish", self._watch, notices, linger_ms=5, max_batch_size=256 << 10
        )
        watching = asyncio.create_task(self._watch.run())
        try:
            await self._producer.start()
            if not skip:
                await self._references()
                await self._producer.insist(self._until_read)
            await self._posts(posts, skip)
            if self._options.end:
                await self._end()
        finally:
            watching.cancel()
            await self._producer.stop()

    def _begun(self, posts: OrderedPosts) -> int:
        """Count of posts that an earlier run has published."""
        path = self._options.resume
        if path is None or not Path(path).exists():
            return 0
        try:
            noted = json.loads(Path(path).read_text(encoding="utf-8"))
            inputs, count = noted["inputs"], max(0, int(noted["posts"]))
        except (OSError, ValueError, KeyError, TypeError, OverflowError, RecursionError) as error:
            raise InputError(
                f"{path}: is not a note of an earlier run. Remove it to start from the beginning."
            ) from error
        if inputs != list(posts.inputs):
            raise InputError(f"{path}: was noted for other inputs. Name another file, or remove it.")
        return count

    def _note(self, posts: OrderedPosts) -> None:
        if self._options.resume is None:
            return
        path = Path(self._options.resume)
        fresh = path.with_name(path.name + ".new")
        try:
            fresh.write_text(
                json.dumps({"inputs": list(posts.inputs), "posts": self.published}), encoding="utf-8"
            )
            fresh.replace(path)
        except OSError as error:
            raise OutputError(f"--resume: {path} cannot be written: {error.strerror or error}.") from error

    async def _references(self) -> None:
        options = self._options
        if options.registry is not None:
            known = read_registry(options.registry)
            # parents first, so that what a worker has read so far never lacks one
            order = sorted(range(len(known)), key=lambda number: len(known.path(number)))
            entities = [known.entities[number] for number in order]
            await self._send(
                REGISTRY, ((entity.entity_id, msgspec.json.encode(entity)) for entity in entities)
            )
        if options.suppressions is not None:
            rules = read_suppressions(options.suppressions)
            await self._send(SUPPRESSIONS, ((rule.rule_id, msgspec.json.encode(rule)) for rule in rules))
        if options.accounts is not None:
            await self._send(ACCOUNTS, _profile_lines(options.accounts))
        if options.follows is not None:
            await self._send(FOLLOWS, _follow_lines(options.follows))

    async def _until_read(self) -> None:
        """Wait until running workers have read the reference data, so that they apply to the first posts.

        Workers that start later read reference data first. If no worker is running, this does not wait.
        """
        arguments = consumer_arguments(self._connection, "publish")
        consumer = AIOKafkaConsumer(**arguments, group_id=f"{self._prefix}ingest")
        try:
            await consumer.start()
            partitions = [
                TopicPartition(topic.full_name(self._prefix), number)
                for topic in (REGISTRY, SUPPRESSIONS, ACCOUNTS)
                for number in await self._producer.partitions_for(topic.full_name(self._prefix))
            ]
            ends = await consumer.end_offsets(partitions)
            waited = 0.0
            while waited < _PATIENCE_S:
                read = {partition: await consumer.committed(partition) for partition in partitions}
                if all(offset is None for offset in read.values()):
                    return
                if all((read[partition] or 0) >= end for partition, end in ends.items()):
                    return
                await asyncio.sleep(_LOOK_EVERY_S)
                waited += _LOOK_EVERY_S
        except GroupAuthorizationFailedError:
            return  # credentials for writing posts need not allow to see how far workers are
        finally:
            await stop_consumer(consumer)

    async def _posts(self, posts: OrderedPosts, skip: int) -> None:
        topic = POSTS.full_name(self._prefix)
        speed = self._options.speed
        clock: Pace | None = None
        for part, count in parts_of(posts.batches(), skip, None if speed is None else speed * _LOOK_S):
            if speed is not None:
                first = int(part["timestamp"][0])
                clock = clock or Pace(first, speed)
                await clock.wait(first)
            await self._producer.insist(partial(self._send_part, topic, part))
            self.published = count
            self._note(posts)
            self._on_posts(count)

    async def _send_part(self, topic: str, part: pl.DataFrame) -> None:
        in_flight = InFlight()
        for key, value, timestamp in part.iter_rows():
            await in_flight.add(
                self._producer.send(topic, value.encode(), key=key.encode(), timestamp_ms=timestamp)
            )
        await in_flight.settled()
        await self._write_time(int(part["timestamp"][-1]) // 1_000)

    async def _send(self, topic: Topic, records: Iterable[tuple[str, bytes]]) -> None:
        name = topic.full_name(self._prefix)
        remaining = iter(records)
        while some := list(islice(remaining, _STEP)):

            async def send(some: list[tuple[str, bytes]] = some) -> None:
                in_flight = InFlight()
                for key, value in some:
                    await in_flight.add(self._producer.send(name, value, key=key.encode()))
                await in_flight.settled()

            await self._producer.insist(send)

    async def _write_time(self, upto: int) -> None:
        """Write to every partition how far event time has come, so that partitions with few posts hold nothing up."""
        await self._write_everywhere(UPTO_HEADER, str(upto).encode())

    async def _end(self) -> None:
        await self._producer.insist(lambda: self._write_everywhere(END_HEADER, b""))

    async def _write_everywhere(self, header: str, value: bytes) -> None:
        """Write a record without a value to every partition that carries event time."""
        in_flight = InFlight()
        for topic in (POSTS, FOLLOWS):
            name = topic.full_name(self._prefix)
            for partition in sorted(await self._producer.partitions_for(name)):
                await in_flight.add(
                    self._producer.send(
                        name, None, key=header.encode(), partition=partition, headers=[(header, value)]
                    )
                )
        await in_flight.settled()


def parts_of(
    batches: Iterable[OrderedBatch], skip: int, most_s: float | None = None
) -> Iterator[tuple[pl.DataFrame, int]]:
    """Parts of posts, as they are published.

    Args:
        batches: posts in event order.
        skip: count of posts at the beginning that have been published before.
        most_s: limit of the event time in one part, seconds; None: no limit.

    Yields:
        Records as `encode_posts` gives them, and the count of posts up to the end of the part.
    """
    count = 0
    for batch in batches:
        records = encode_posts(batch.posts[max(0, skip - count) :])
        count += len(batch.posts) - len(records)
        times = records["timestamp"].to_numpy()
        begin = 0
        while begin < len(records):
            end = begin + _STEP
            if most_s is not None:
                end = min(end, int(np.searchsorted(times, times[begin] + most_s * 1_000, side="right")))
            part = records[begin:end]
            begin += len(part)
            count += len(part)
            yield part, count


def _profile_lines(path: str) -> Iterator[tuple[str, bytes]]:
    """Lines of a file and their keys. A line that is no profile is published as it is, and the worker rejects it."""
    for lines, text in _lines(path):
        keys = _field(text, "platform") + ":" + _field(text, "account_id")
        yield from zip(keys.to_list(), lines.to_list(), strict=True)


def _follow_lines(path: str) -> Iterator[tuple[str, bytes]]:
    """Follow events in the order of time, because workers wait until each partition has passed a tick.

    They are held in memory, about 400 bytes for each event.
    """
    parts = [
        pl.DataFrame(
            {
                "at": rfc3339_seconds(_field(text, "at")),
                "key": _field(text, "platform") + ":" + _field(text, "followee_id"),
                "line": lines,
            }
        )
        for lines, text in _lines(path)
    ]
    if parts:
        events = pl.concat(parts).sort("at", maintain_order=True)
        yield from events.select("key", "line").iter_rows()


def _lines(path: str) -> Iterator[tuple[pl.Series, pl.Series]]:
    """The lines of a file of JSON objects in batches, as bytes and as text; the text is empty if it is not UTF-8.

    Blank lines are left out.

    Raises:
        InputError: the file cannot be read, or does not hold JSON objects.
    """
    stream = ByteInput(path)
    rest = b""
    first = True
    for block in chain(stream.blocks(), [None]):
        data = rest + (block.data if block is not None else b"\n")
        whole, _, rest = data.rpartition(b"\n")
        lines = pl.Series("line", whole.split(b"\n"), dtype=pl.Binary)
        text = _text(lines).str.strip_chars()
        not_blank = text.is_null() | (text.str.len_bytes() > 0)
        lines, text = lines.filter(not_blank), text.filter(not_blank).fill_null("")
        if first and len(text) and not text[0].startswith("{"):
            raise InputError(f"{stream.name}: publishing takes JSON objects, one on each line.")
        if len(text):
            first = False
            yield lines, text


def _text(lines: pl.Series) -> pl.Series:
    """Bytes as text; null where they are not UTF-8."""
    try:
        return lines.cast(pl.String)
    except pl.exceptions.PolarsError:
        whole = [line if line.decode("utf-8", "ignore").encode() == line else None for line in lines]
        return pl.Series(lines.name, whole, dtype=pl.Binary).cast(pl.String)


def _field(lines: pl.Series, name: str) -> pl.Series:
    """A field of each line; empty if it is absent."""
    return lines.str.json_path_match(f"$.{name}").fill_null("")
