"""What the service raises on Kafka is what a replay of the same events raises, alert for alert."""

import asyncio
import gzip
import json
import os
import random
import zlib
from datetime import datetime
from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer

from schemas.service.topics import ENGAGEMENT, FOLLOWERS, POSTS, SYNCHRONY
from streams.live.exchange.decoding import END_HEADER
from tests.integration.conftest import ServiceFactory
from tests.integration.live_service import Service, Watcher, replayed
from tests.integration.worlds import World, german

pytestmark = pytest.mark.asyncio


async def raised(service: Service, workers: int) -> dict[tuple[str, int], str]:
    """The alerts after all that was published, by so many workers."""
    while len(service.workers) < workers:
        service.start_worker()
    async with Watcher(service) as watcher:
        await watcher.until_done()
        assert service.stop() == [0] * workers, service.logs()
        assert not await watcher.values("dead-letters.v1")
        frames = [value for value in await watcher.values("frames.v1") if b"post_key" in value]
        assert frames
        assert all(b"share_kinds" in value for value in frames)  # what ingest has read, detection need not
        return await watcher.alerts()


@pytest.mark.long
async def test_given_the_german_set_when_two_workers_read_it_then_the_alerts_are_those_of_a_replay(
    service_of: ServiceFactory, tmp_path: Path
) -> None:
    world = german()
    service = service_of(world)
    expected = replayed([*world.inputs, "--config", service.config], tmp_path)
    service.lockstep("publish", *world.inputs, "--end", "--no-progress")

    assert await raised(service, workers=2) == expected


@pytest.mark.skipif(not os.environ.get("LOCKSTEP_DATA"), reason="make soak DATA=DIR names the folder")
async def test_given_a_month_of_real_data_then_the_alerts_are_those_of_a_replay(
    service_of: ServiceFactory, tmp_path: Path
) -> None:
    posts = Path(os.environ["LOCKSTEP_DATA"]) / "ira_2016_10.posts.jsonl.gz"
    service = service_of()
    expected = replayed([posts], tmp_path)
    service.lockstep("publish", posts, "--end", "--no-progress")

    assert await raised(service, workers=2) == expected


async def test_given_four_workers_and_small_batches_then_the_alerts_are_those_of_a_replay(
    service_of: ServiceFactory, troll_farm: World
) -> None:
    service = service_of(worker_settings="batch_rows = 331\npoll_ms = 20")
    expected = troll_farm.alerts()
    service.lockstep("publish", *troll_farm.inputs, *troll_farm.references, "--end", "--no-progress")

    assert await raised(service, workers=4) == expected
    assert await signals_of(service) == troll_farm.signals()


async def signals_of(service: Service) -> list[tuple[str, str]]:
    """The records on the topics of signals, as `World.signals`."""
    found = []
    async with Watcher(service) as watcher:
        for topic in (ENGAGEMENT, FOLLOWERS, SYNCHRONY):
            records = [json.loads(value) for value in await watcher.values(topic.name)]
            assert records, f"{topic.name} is empty"
            found += [(topic.name, json.dumps(record, sort_keys=True)) for record in records]
    return sorted(found)


async def test_given_posts_out_of_order_from_several_producers_then_the_alerts_are_those_of_a_replay(
    service_of: ServiceFactory, diaspora_press: World, tmp_path: Path
) -> None:
    # three days in two seconds: what is a moment without a message here would be hours
    service = service_of(idle_after_s=60.0)
    expected = diaspora_press.alerts()
    # reference data and follow events by the program; its one post comes again below, and counts once
    one = tmp_path / "one.jsonl"
    lines = gzip.open(diaspora_press.inputs[0]).read().splitlines()
    one.write_bytes(lines[0] + b"\n")
    service.lockstep("publish", one, *diaspora_press.references, "--no-progress")
    service.start_worker()

    await publish_shuffled(service, lines[1:])

    assert await raised(service, workers=1) == expected


async def publish_shuffled(service: Service, lines: list[bytes], producers: int = 3, seed: int = 5) -> None:
    """Publish posts up to 50 s of event time out of order, through several producers at a time; then the end."""
    rng = random.Random(seed)  # noqa: S311 - repeatable, not secret
    posts = [json.loads(line) for line in lines]
    times = [datetime.fromisoformat(post["created_at"]).timestamp() + rng.uniform(0, 50) for post in posts]
    order = sorted(range(len(lines)), key=times.__getitem__)
    senders = [AIOKafkaProducer(bootstrap_servers=service.bootstrap, linger_ms=5) for _ in range(producers)]
    for sender in senders:
        await sender.start()
    sent = []
    for at in order:
        key = f"{posts[at]['platform']}:{posts[at]['account_id']}".encode()
        # one producer a partition: several at this pace would be hours of event time apart in it
        number = zlib.crc32(key) % POSTS.partitions
        sender = senders[number % producers]
        sent.append(await sender.send(f"{service.prefix}posts.v1", lines[at], key=key, partition=number))
    await asyncio.gather(*sent)
    for topic in ("posts.v1", "follows.v1"):
        name = f"{service.prefix}{topic}"
        for partition in await senders[0].partitions_for(name):
            await senders[0].send_and_wait(
                name, None, key=b"end", partition=partition, headers=[(END_HEADER, b"")]
            )
    for sender in senders:
        await sender.stop()
