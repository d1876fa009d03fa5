"""A broker in memory that keeps what is sent, and workers that read from it."""

import asyncio
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiokafka import TopicPartition
from aiokafka.errors import TopicAuthorizationFailedError

from streams.live.broker.connection import Connection
from streams.live.publishing import publish
from streams.live.publishing.publish import Publisher, PublishOptions
from streams.ordering.ordered_posts import OrderedPosts
from streams.outputs.dead_letter_log import DeadLetterLog
from streams.settings.kafka_settings import KafkaSettings
from streams.settings.settings import Settings

PARTITIONS = 3
STEP = publish._STEP


@dataclass(frozen=True)
class Sent:
    topic: str
    key: str
    value: bytes | None
    partition: int | None
    headers: tuple[tuple[str, bytes], ...]
    timestamp: int | None


@dataclass
class Broker:
    """A producer that keeps what it is given, and may fail for good at some message."""

    fails_at: int | None = None
    sent: list[Sent] = field(default_factory=list)
    running: bool = False

    def __call__(self, **_: Any) -> "Broker":
        return self

    async def start(self) -> None:
        self.running = True

    async def stop(self) -> None:
        self.running = False

    async def partitions_for(self, topic: str) -> set[int]:
        return set(range(PARTITIONS))

    async def send(
        self,
        topic: str,
        value: bytes | None,
        *,
        key: bytes,
        partition: int | None = None,
        headers: list[tuple[str, bytes]] | None = None,
        timestamp_ms: int | None = None,
    ) -> "asyncio.Future[object]":
        done: asyncio.Future[object] = asyncio.get_running_loop().create_future()
        if self.fails_at is not None and len(self.sent) >= self.fails_at:
            done.set_exception(TopicAuthorizationFailedError(topic))
        else:
            self.sent.append(Sent(topic, key.decode(), value, partition, tuple(headers or ()), timestamp_ms))
            done.set_result(None)
        return done

    def of(self, topic: str) -> list[Sent]:
        """Messages with a value."""
        return [one for one in self.sent if one.topic == topic and one.value is not None]

    def ids(self) -> list[str]:
        return [json.loads(one.value or b"")["post_id"] for one in self.of("lockstep.posts.v1")]


@dataclass
class Workers:
    """A consumer of their group, by which one sees how far they are."""

    broker: Broker
    behind: int | None = None
    """How often they are still behind when they are looked at; None: none is running."""
    sent_before: int = -1
    """Messages on the topics when they were looked at last."""

    def __call__(self, **_: Any) -> "Workers":
        return self

    async def start(self) -> None: ...

    async def stop(self) -> None: ...

    def _count(self, partition: TopicPartition) -> int:
        return (
            sum(one.topic == partition.topic for one in self.broker.sent) if partition.partition == 0 else 0
        )

    async def end_offsets(self, partitions: list[TopicPartition]) -> dict[TopicPartition, int]:
        return {partition: self._count(partition) for partition in partitions}

    async def committed(self, partition: TopicPartition) -> int | None:
        self.sent_before = len(self.broker.sent)
        if self.behind is None or not self._count(partition):
            return None
        self.behind -= 1
        return self._count(partition) - (self.behind >= 0)


def posts_of(*paths: Path) -> OrderedPosts:
    settings = Settings()
    return OrderedPosts([str(path) for path in paths], settings, DeadLetterLog(None, settings.input))


def published(broker: Broker, path: Path, **options: Any) -> Publisher:
    publisher = Publisher(Connection(KafkaSettings(), None, None, None), PublishOptions(**options))
    asyncio.run(publisher.run(posts_of(path)))
    assert not broker.running
    return publisher
