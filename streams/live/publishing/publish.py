"""`lockstep publish`: writes dumps to the public topics, as a platform would have sent them.

Reference data and follow events go first, then posts, each in the order of event time and under its key. A file can
note how far the broker has confirmed, so that an interrupted run goes on from there.
"""

import asyncio
import json
import secrets
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path

import msgspec
import numpy as np
import polars as pl
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import GroupAuthorizationFailedError

from schemas.errors import InputError
from schemas.service.topic import Topic
from schemas.service.topics import ACCOUNTS, FOLLOWS, POSTS, REGISTRY, REVIEWS, SUPPRESSIONS
from streams.live.broker.closing import stop_consumer
from streams.live.broker.connection import Connection, consumer_arguments
from streams.live.broker.in_flight import InFlight
from streams.live.broker.outages import BrokerWatch
from streams.live.exchange.decoding import COLLECTOR_HEADER, END_HEADER, LEAVE_HEADER, UPTO_HEADER
from streams.live.exchange.lasting_producer import LastingProducer
from streams.live.exchange.post_encoding import encode_posts
from streams.live.publishing.collector import ReachedTime, checked_collector
from streams.live.publishing.notices import Notices
from streams.live.publishing.pace import Pace
from streams.live.publishing.reference_lines import follow_lines, profile_lines
from streams.ordering.ordered_batch import OrderedBatch
from streams.ordering.ordered_posts import OrderedPosts
from streams.outputs.output_files import OutputError
from streams.privacy.records import PseudonymRecords
from streams.reference_files.registry_file import read_registry
from streams.reference_files.reviews_file import read_reviews
from streams.reference_files.suppressions import read_suppressions

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
    reviews: str | None = None
    accounts: str | None = None
    follows: str | None = None
    speed: float | None = None
    """Seconds of event time per second; None: as fast as the broker accepts."""
    end: bool = False
    """Report at the end that no more posts will come: the last evidence is then settled, as at the end of a replay."""
    resume: str | None = None
    """File that notes how far the run has come."""
    delete_entities: tuple[str, ...] = ()
    """Ids of registry entities to delete."""
    erased: frozenset[str] = frozenset()
    """Accounts to erase, as `platform:account_id`."""
    delete_rules: tuple[str, ...] = ()
    collector: str | None = None
    """Name under which it publishes; None: one of its own."""


class Publisher:
    """Publishes one run.

    Args:
        connection: to the brokers.
        options: what to publish, and how fast.
        on_posts: called with the count of posts that the broker has.
        say: called with what the user should know: that publishing waits for the brokers, and that it goes on.
        pseudonyms: puts pseudonyms into reference data and follow events; None: names stay.
    """

    def __init__(
        self,
        connection: Connection,
        options: PublishOptions,
        on_posts: Callable[[int], None] = lambda posts: None,
        say: Callable[[str], None] = lambda line: None,
        pseudonyms: PseudonymRecords | None = None,
    ) -> None:
        self._connection = connection
        self._pseudonyms = pseudonyms
        self._options = options
        self._on_posts = on_posts
        self._say = say
        self._collector = checked_collector(options.collector or f"publish-{secrets.token_hex(4)}")
        self._prefix = connection.settings.topic_prefix
        self.published = 0
        """Count of posts that the broker has, including those of an earlier run."""
        self.records: dict[str, int] = {}
        """Count of other records that the broker has, deletions among them, by topic without prefix."""

    async def run(self, posts: OrderedPosts | None) -> None:
        """Publish everything.

        Args:
            posts: None: only reference data, follow events and deletions.

        Raises:
            InputError: an input cannot be read.
            OutputError: the file that notes how far it has come cannot be written.
            aiokafka.errors.KafkaError: the broker refused a message.
        """
        skip = 0
        if posts is not None:
            self.published = skip = self._begun(posts)
            self._note(posts)  # before anything is published: a file that cannot be written shows at once
        self._headers = [(COLLECTOR_HEADER, self._collector.encode())]
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
            if posts is not None:
                await self._posts(posts, skip)
            if posts is not None or self._options.follows is not None:
                # without an end, nothing waits for what this run will not write
                await self._producer.insist(
                    partial(self._report, END_HEADER if self._options.end else LEAVE_HEADER)
                )
            self._watch.confirm()
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
            collector = str(noted.get("collector", self._collector))
        except (OSError, ValueError, KeyError, TypeError, OverflowError, RecursionError) as error:
            raise InputError(
                f"{path}: is not a note of an earlier run. Remove it to start from the beginning."
            ) from error
        if inputs != list(posts.inputs):
            raise InputError(f"{path}: was noted for other inputs. Name another file, or remove it.")
        self._collector = checked_collector(self._options.collector or collector)
        return count

    def _note(self, posts: OrderedPosts) -> None:
        if self._options.resume is None:
            return
        path = Path(self._options.resume)
        fresh = path.with_name(path.name + ".new")
        try:
            fresh.write_text(
                json.dumps(
                    {"inputs": list(posts.inputs), "posts": self.published, "collector": self._collector}
                ),
                encoding="utf-8",
            )
            fresh.replace(path)
        except OSError as error:
            raise OutputError(f"--resume: {path} cannot be written: {error.strerror or error}.") from error

    async def _references(self) -> None:
        """Publish reference data and follow events; what is deleted goes first, since others may take its accounts."""
        options = self._options
        for topic, ids in ((REGISTRY, options.delete_entities), (SUPPRESSIONS, options.delete_rules)):
            await self._send(topic, [(name, None) for name in ids])
        if options.registry is not None:
            known = read_registry(options.registry)
            names = self._pseudonyms
            # parents first, so that what a worker has read so far never lacks one
            order = sorted(range(len(known)), key=lambda number: len(known.path(number)))
            entities = [known.entities[number] for number in order]
            entities = entities if names is None else names.registry(entities)
            await self._send(
                REGISTRY, ((entity.entity_id, msgspec.json.encode(entity)) for entity in entities)
            )
        if options.suppressions is not None:
            rules = read_suppressions(options.suppressions)
            if self._pseudonyms is not None:
                rules = [self._pseudonyms.rule(rule) for rule in rules]
            await self._send(SUPPRESSIONS, ((rule.rule_id, msgspec.json.encode(rule)) for rule in rules))
        if options.reviews is not None:
            events = read_reviews(options.reviews)
            if self._pseudonyms is not None:
                events = [self._pseudonyms.review(event) for event in events]
            await self._send(REVIEWS, ((event.network_id, msgspec.json.encode(event)) for event in events))
        if options.accounts is not None:
            await self._send(ACCOUNTS, profile_lines(options.accounts, self._pseudonyms))
        # after profiles: what comes later under a key stands
        await self._send(ACCOUNTS, [(account, None) for account in sorted(options.erased)])
        if options.follows is not None:
            await self._send(FOLLOWS, follow_lines(options.follows, self._pseudonyms))

    async def _until_read(self) -> None:
        """Wait until running workers have read the reference data, so that they apply to the first posts.

        Workers that start later read reference data first. If no worker is running, this does not wait.
        """
        published = [
            topic for topic in (REGISTRY, SUPPRESSIONS, REVIEWS, ACCOUNTS) if topic.name in self.records
        ]
        if not published:
            return
        arguments = consumer_arguments(self._connection, "publish")
        consumer = AIOKafkaConsumer(**arguments, group_id=f"{self._prefix}ingest")
        try:
            await consumer.start()
            partitions = [
                TopicPartition(topic.full_name(self._prefix), number)
                for topic in published
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
        reached = ReachedTime()
        for part, count in parts_of(posts.batches(), skip, None if speed is None else speed * _LOOK_S):
            if speed is not None:
                first = int(part["timestamp"][0])
                clock = clock or Pace(first, speed)
                await clock.wait(first)
            await self._producer.insist(partial(self._send_part, topic, part, reached.after(part)))
            self.published = count
            self._note(posts)
            self._on_posts(count)

    async def _send_part(self, topic: str, part: pl.DataFrame, upto: int) -> None:
        """Send posts, then report the event time that is reached with them; 0: none yet."""
        in_flight = InFlight()
        for key, value, timestamp in part.iter_rows():
            await in_flight.add(
                self._producer.send(
                    topic, value.encode(), key=key.encode(), timestamp_ms=timestamp, headers=self._headers
                )
            )
        await in_flight.settled()
        if upto:
            await self._report(UPTO_HEADER, str(upto).encode())

    async def _send(self, topic: Topic, records: Iterable[tuple[str, bytes | None]]) -> None:
        name = topic.full_name(self._prefix)
        remaining = iter(records)
        while some := list(islice(remaining, _STEP)):

            async def send(some: list[tuple[str, bytes | None]] = some) -> None:
                in_flight = InFlight()
                for key, value in some:
                    await in_flight.add(
                        self._producer.send(name, value, key=key.encode(), headers=self._headers)
                    )
                await in_flight.settled()

            await self._producer.insist(send)
            self.records[topic.name] = self.records.get(topic.name, 0) + len(some)

    async def _report(self, header: str, value: bytes = b"") -> None:
        """Write a record without a value to every partition that carries event time.

        With how far event time has come, partitions with few posts hold nothing up.
        """
        in_flight = InFlight()
        for topic in (POSTS, FOLLOWS):
            name = topic.full_name(self._prefix)
            for partition in sorted(await self._producer.partitions_for(name)):
                await in_flight.add(
                    self._producer.send(
                        name,
                        None,
                        key=header.encode(),
                        partition=partition,
                        headers=[(header, value), *self._headers],
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
        records = encode_posts(batch.rows[max(0, skip - count) :])
        count += len(batch.rows) - len(records)
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
