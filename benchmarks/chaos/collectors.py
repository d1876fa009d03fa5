"""Two collectors that publish as collectors of one's own would: with a Kafka client, half of the accounts each.

What cannot be written during an outage is written again, so a record may come twice. Midway the follow graph is loaded,
partitions are added, and the registry is updated, always before the same post.
"""

import asyncio
import json
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewPartitions
from aiokafka.errors import KafkaError

from benchmarks.chaos.world import ChaosWorld, Row
from schemas.service.topics import ACCOUNTS, FOLLOWS, POSTS, REGISTRY
from streams.live.exchange.decoding import COLLECTOR_HEADER, END_HEADER

_NAMES = ("stream", "poller")
_TOGETHER = 400
"""Records that are in flight together. Chosen, not measured."""
_MORE_PARTITIONS = 6
_FOLLOWS_AT, _PARTITIONS_AT, _UPDATE_AT = 0.4, 0.55, 0.7
"""Shares of the posts after which each thing happens. The follow events are dated later than those posts."""

Record = tuple[str, bytes | None, bytes, list[tuple[str, bytes]], int | None]
"""Topic without prefix, value, key, headers, and partition if it matters."""


@dataclass
class Collectors:
    """Publishes a world.

    Args:
        bootstrap: of the brokers.
        prefix: of the topics.
        world: what to publish.
    """

    bootstrap: str
    prefix: str
    world: ChaosWorld
    sent: int = 0
    """Count of posts that the broker has."""
    repeated: int = 0
    """Count of records that had to be written again."""
    happened: dict[str, float] = field(default_factory=dict)
    """What happened midway, and when, seconds since 1970 UTC."""
    longest_wait_s: float = 0.0
    """Longest time that a write took, outages included."""

    async def run(self) -> None:
        """Publish everything, to the end."""
        self._producer = AIOKafkaProducer(
            bootstrap_servers=self.bootstrap, acks="all", linger_ms=5, metadata_max_age_ms=5_000
        )
        await self._producer.start()
        try:
            await self._references()
            await self._posts()
            await self._end((POSTS.name, FOLLOWS.name), _NAMES)
        finally:
            await self._producer.stop()

    async def _references(self) -> None:
        await self._write(
            (REGISTRY.name, _json(row), row["entity_id"].encode(), [], None) for row in self.world.registry
        )
        await self._write(
            (ACCOUNTS.name, _json(row), f"{row['platform']}:{row['account_id']}".encode(), [], None)
            for row in self.world.accounts
        )

    async def _posts(self) -> None:
        posts, due = self.world.posts, self.world.due
        steps = {
            round(len(posts) * share): step
            for share, step in (
                (_FOLLOWS_AT, self._load_follows), (_PARTITIONS_AT, self._add_partitions), (_UPDATE_AT, self._update),
            )
        }  # fmt: skip
        begun = time.monotonic()
        at = 0
        while at < len(posts):
            if step := steps.pop(at, None):
                await step()
                self.happened[step.__name__.strip("_")] = time.time()
            now = time.monotonic() - begun
            upto = at
            while (
                upto < len(posts)
                and due[upto] <= now
                and upto - at < _TOGETHER
                and (upto == at or upto not in steps)
            ):
                upto += 1
            if upto == at:
                await asyncio.sleep(min(0.05, due[at] - now))
                continue
            await self._write(map(self._post, posts[at:upto]))
            self.sent += upto - at
            at = upto

    def _post(self, post: Row) -> Record:
        account = f"{post['platform']}:{post['account_id']}"
        collector = _NAMES[sum(account.encode()) % 2].encode()
        return POSTS.name, _json(post), account.encode(), [(COLLECTOR_HEADER, collector)], None

    async def _load_follows(self) -> None:
        headers = [(COLLECTOR_HEADER, b"graph")]
        await self._write(
            (
                FOLLOWS.name,
                _json(event),
                f"{event['platform']}:{event['followee_id']}".encode(),
                headers,
                None,
            )
            for event in self.world.follows
        )
        await self._end((FOLLOWS.name,), ("graph",))

    async def _add_partitions(self) -> None:
        name = self.prefix + POSTS.name
        while True:
            admin = AIOKafkaAdminClient(bootstrap_servers=self.bootstrap)
            try:
                await admin.start()
                (described,) = await admin.describe_topics([name])
                wanted = POSTS.partitions + _MORE_PARTITIONS
                if len(described["partitions"]) < wanted:
                    await admin.create_partitions({name: NewPartitions(wanted)})
                return
            except (KafkaError, OSError, TimeoutError):
                await asyncio.sleep(1)  # an outage; what was asked for may have been done
            finally:
                await admin.close()

    async def _update(self) -> None:
        update = self.world.update
        await self._write([(REGISTRY.name, _json(update), update["entity_id"].encode(), [], None)])

    async def _end(self, topics: Sequence[str], collectors: Sequence[str]) -> None:
        """Say in each partition that a collector sends no more."""
        for topic in topics:
            await self._producer.client.force_metadata_update()
            partitions = sorted(await self._producer.partitions_for(self.prefix + topic))
            for collector in collectors:
                headers = [(END_HEADER, b""), (COLLECTOR_HEADER, collector.encode())]
                await self._write((topic, None, b"end", headers, number) for number in partitions)

    async def _write(self, records: Iterable[Record]) -> None:
        """Write records in order; on return the broker has them all."""
        waiting = list(records)
        for begin in range(0, len(waiting), _TOGETHER):
            part = waiting[begin : begin + _TOGETHER]
            begun = time.monotonic()
            while part:
                results = await asyncio.gather(*map(self._send, part), return_exceptions=True)
                failed = []
                for record, result in zip(part, results, strict=True):
                    if isinstance(result, BaseException):
                        if not isinstance(result, KafkaError | OSError | TimeoutError):
                            raise result
                        failed.append(record)
                self.repeated += len(failed)
                part = failed
                if failed:
                    await asyncio.sleep(0.5)
            self.longest_wait_s = max(self.longest_wait_s, time.monotonic() - begun)

    async def _send(self, record: Record) -> None:
        topic, value, key, headers, partition = record
        await self._producer.send_and_wait(
            self.prefix + topic, value, key=key, headers=headers, partition=partition
        )


def _json(row: Row) -> bytes:
    return json.dumps(row).encode()
