"""`lockstep ingest` as it is run: a process that can be ended, and what it has written to the topics."""

import asyncio
import json
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from schemas.service.topics import FOLLOWS, POSTS
from streams.live.exchange.decoding import COLLECTOR_HEADER, END_HEADER
from tests.integration.live_service import LIMIT_S, PROGRAM, Service, Watcher, replayed


class Ingest:
    """One `lockstep ingest`, as a process that can be killed."""

    def __init__(self, service: Service, source: str, *options: str | Path) -> None:
        self.log = service.folder / f"ingest-{time.monotonic_ns()}.log"
        self.cursor = service.folder / "collector.cursor"
        with self.log.open("wb") as file:
            self.process = subprocess.Popen(
                [
                    PROGRAM,
                    "ingest",
                    source,
                    "--config",
                    str(service.config),
                    "--cursor-file",
                    str(self.cursor),
                ]
                + [str(option) for option in options],
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
            )

    def said(self) -> str:
        return self.log.read_text(errors="replace")

    async def ended(self, number: int | None = signal.SIGTERM) -> int:
        """End it with a signal; gives its exit status."""
        if number is not None:
            self.process.send_signal(number)
        return await asyncio.to_thread(self.process.wait, 60)


async def until(condition: Callable[[], Awaitable[bool]], ingest: Ingest, what: str) -> None:
    """Wait for something, as long as the collector runs."""
    limit = time.monotonic() + LIMIT_S
    while not await condition():
        assert ingest.process.poll() is None, ingest.said()
        assert time.monotonic() < limit, f"waited in vain for {what}: {ingest.said()[-3_000:]}"
        await asyncio.sleep(0.1)


async def post_ids(watcher: Watcher) -> Counter[str]:
    """How often each post is on the topic."""
    return Counter(json.loads(value)["post_id"] for value in await watcher.values(POSTS.name))


async def all_there(watcher: Watcher, ingest: Ingest, expected: set[str]) -> Counter[str]:
    async def enough() -> bool:
        return len(await post_ids(watcher)) >= len(expected)

    await until(enough, ingest, f"{len(expected)} posts")
    return await post_ids(watcher)


async def end(service: Service, collector: str) -> None:
    """Report for a collector that no more will come, so that the last evidence settles as in a replay."""
    async with AIOKafkaProducer(bootstrap_servers=service.bootstrap) as producer:
        for topic in (POSTS, FOLLOWS):
            name = service.prefix + topic.name
            for partition in await producer.partitions_for(name):
                headers = [(END_HEADER, b""), (COLLECTOR_HEADER, collector.encode())]
                await producer.send_and_wait(name, None, key=b"end", partition=partition, headers=headers)


async def agreed(
    service: Service, watcher: Watcher, collector: str, dump: Path, folder: Path, *options: str | Path
) -> None:
    """The alerts are those of a replay of the same records, and no post was late."""
    expected = await asyncio.to_thread(replayed, [dump, *options], folder)
    await end(service, collector)
    await watcher.until_done()
    assert service.stop() == [0], service.logs()
    assert not await watcher.values("late-posts.v1")
    raised = await watcher.alerts()
    assert raised.keys() == expected.keys()
    differing = [(raised[key], expected[key]) for key in raised if raised[key] != expected[key]]
    assert not differing, _first_difference(*map(json.loads, differing[0]))


def _first_difference(one: Any, other: Any, place: str = "") -> str:
    """Where two alerts differ, for the message of a failure."""
    if isinstance(one, dict) and isinstance(other, dict):
        for name in sorted(one.keys() | other.keys()):
            if one.get(name) != other.get(name):
                return _first_difference(one.get(name), other.get(name), f"{place}.{name}")
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for number, (first, second) in enumerate(zip(one, other, strict=True)):
            if first != second:
                return _first_difference(first, second, f"{place}[{number}]")
    return f"{place}: {one!r:.300} and not {other!r:.300}"


async def reported(service: Service) -> set[str]:
    """What collectors have reported on the topic of posts."""
    consumer = AIOKafkaConsumer(bootstrap_servers=service.bootstrap)
    await consumer.start()
    try:
        name = service.prefix + POSTS.name
        partitions = [TopicPartition(name, number) for number in range(POSTS.partitions)]
        consumer.assign(partitions)
        await consumer.seek_to_beginning(*partitions)
        ends = await consumer.end_offsets(partitions)
        found: set[str] = set()
        while any([await consumer.position(place) < end for place, end in ends.items()]):
            for records in (await consumer.getmany(timeout_ms=200)).values():
                found |= {name for record in records if record.value is None for name, _ in record.headers}
        return found
    finally:
        await consumer.stop()
