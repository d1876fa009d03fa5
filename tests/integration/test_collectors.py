"""Several collectors, wrong dates, added partitions, a follow graph: no post is late that a replay does not call late.

Each world is published in a way that once lost posts; the alerts are those of a replay of the same records.
"""

import asyncio
import gzip
import json
import time
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewPartitions

from schemas.service.topics import ACCOUNTS, FOLLOWS, POSTS
from streams.live.exchange.decoding import COLLECTOR_HEADER, END_HEADER
from tests.integration.conftest import ServiceFactory
from tests.integration.live_service import Service, Watcher, replayed
from tests.integration.worlds import World
from tests.streams.small_world import small_world

pytestmark = pytest.mark.asyncio

APART_S = 8.0
"""Seconds between the starts of two runs: more than the first one takes."""

Post = dict[str, Any]


def posts_of(world: World) -> list[Post]:
    return [json.loads(line) for line in gzip.open(world.inputs[0]).read().splitlines()]


def written(path: Path, posts: Iterable[Post]) -> Path:
    path.write_text("".join(f"{json.dumps(post)}\n" for post in posts))
    return path


def later(post: Post, **by: float) -> Post:
    """The post, dated later."""
    when = datetime.fromisoformat(post["created_at"]) + timedelta(**by)
    return {**post, "created_at": when.strftime("%Y-%m-%dT%H:%M:%SZ")}


def halves(posts: Iterable[Post]) -> tuple[list[Post], list[Post]]:
    """The posts of half of the accounts, and those of the others."""
    parts: tuple[list[Post], list[Post]] = ([], [])
    accounts: dict[str, int] = {}
    for post in posts:
        parts[accounts.setdefault(post["account_id"], len(accounts)) % 2].append(post)
    return parts


async def sent(service: Service, posts: Iterable[tuple[str, Post]], ends: Sequence[str] = ()) -> None:
    """Publish posts in this order, each by a collector; then the end of these collectors."""
    async with AIOKafkaProducer(bootstrap_servers=service.bootstrap, linger_ms=5) as producer:
        name = service.prefix + POSTS.name
        sending = []
        for collector, post in posts:
            key = f"{post['platform']}:{post['account_id']}".encode()
            headers = [(COLLECTOR_HEADER, collector.encode())] if collector else []
            sending.append(await producer.send(name, json.dumps(post).encode(), key=key, headers=headers))
        await asyncio.gather(*sending)
        for topic in (POSTS, FOLLOWS):
            for number in await producer.partitions_for(service.prefix + topic.name):
                for collector in ends:
                    headers = [(END_HEADER, b""), (COLLECTOR_HEADER, collector.encode())]
                    await producer.send_and_wait(
                        service.prefix + topic.name, None, key=b"end", partition=number, headers=headers
                    )


async def agreed(service: Service, watcher: Watcher, world: World, records: Path, folder: Path) -> None:
    """Everything is applied, nothing was late, and the alerts are those of a replay of the same records."""
    expected = replayed([records, *world.references, "--unordered"], folder)
    await watcher.until_done()
    letters = [json.loads(value) for value in await watcher.values("dead-letters.v1")]
    assert service.stop() == [0], service.logs()
    assert [letter for letter in letters if letter["reason"] == "late"] == []
    assert await watcher.values("late-posts.v1") == [], watcher.progress
    assert await watcher.alerts() == expected


async def references(service: Service, world: World, post: Post, folder: Path) -> None:
    """Publish reference data, and with them one post that comes again later."""
    service.lockstep("publish", written(folder / "one.jsonl", [post]), *world.references, "--no-progress")


async def test_given_a_collector_whose_clock_is_ahead_and_a_wrong_date_then_nothing_is_late(
    service_of: ServiceFactory, diaspora_press: World, tmp_path: Path
) -> None:
    service = service_of()
    posts = posts_of(diaspora_press)
    await references(service, diaspora_press, posts[0], tmp_path)
    ahead, right = halves(posts)
    by_id = {post["post_id"]: later(post, seconds=120) for post in ahead[1:]}
    records = [
        ("ahead", by_id[post["post_id"]]) if post["post_id"] in by_id else ("right", post) for post in posts
    ]
    wrong = later({**right[len(right) // 2], "post_id": "wrong"}, days=30)
    records.insert(len(records) // 2, ("right", wrong))
    service.start_worker()

    async with Watcher(service) as watcher:
        await sent(service, records, ["ahead", "right"])
        path = written(tmp_path / "records.jsonl", (post for _, post in records))
        await agreed(service, watcher, diaspora_press, path, tmp_path)


@pytest.mark.long
async def test_given_two_runs_of_publish_that_start_apart_then_nothing_is_late(
    service_of: ServiceFactory, diaspora_press: World, tmp_path: Path
) -> None:
    service = service_of(settle_s=20.0)
    one, other = (
        written(tmp_path / f"{number}.jsonl", posts)
        for number, posts in enumerate(halves(posts_of(diaspora_press)))
    )
    service.start_worker()

    async with Watcher(service) as watcher:
        first = service.publish_at(one, 1e9, *diaspora_press.references)
        begun = time.monotonic()
        while time.monotonic() < begun + APART_S:
            await watcher.look()
        second = service.publish_at(other, 1e9)
        assert [first.wait(), second.wait()] == [0, 0]
        await agreed(service, watcher, diaspora_press, Path(diaspora_press.inputs[0]), tmp_path)


async def test_given_partitions_that_are_added_then_they_are_found_within_seconds_and_nothing_is_late(
    service_of: ServiceFactory, diaspora_press: World, tmp_path: Path
) -> None:
    service = service_of(settle_s=15.0)
    posts = posts_of(diaspora_press)
    middle = len(posts) // 2
    first, rest = (
        written(tmp_path / name, part)
        for name, part in (("a.jsonl", posts[:middle]), ("b.jsonl", posts[middle:]))
    )
    service.start_worker()

    async with Watcher(service) as watcher:
        service.lockstep("publish", first, *diaspora_press.references, "--no-progress")
        await watcher.until(lambda p: p["held_rows"] > 0, "posts")
        admin = AIOKafkaAdminClient(bootstrap_servers=service.bootstrap)
        await admin.start()
        topics = {service.prefix + topic.name: NewPartitions(24) for topic in (POSTS, FOLLOWS, ACCOUNTS)}
        await admin.create_partitions(topics)
        await admin.close()
        service.lockstep("publish", rest, "--end", "--no-progress")
        await agreed(service, watcher, diaspora_press, Path(diaspora_press.inputs[0]), tmp_path)
    assert "partitions added" in service.logs()


async def test_given_a_follow_graph_that_is_loaded_first_then_posts_are_judged_within_seconds(
    service_of: ServiceFactory, diaspora_press: World, tmp_path: Path
) -> None:
    service = service_of()
    posts = posts_of(diaspora_press)
    graph = tmp_path / "follows.jsonl"
    lines = gzip.open(diaspora_press.references[3]).read().decode().splitlines()
    event = json.loads(lines[0])
    # it was read off after the posts were written
    at = later(posts[-1], days=300)["created_at"]
    more = (
        {**event, "follower_id": f"f{number}", "followee_id": f"e{number % 5_000}", "at": at}
        for number in range(100_000)
    )
    graph.write_text("\n".join([*lines, *map(json.dumps, more)]) + "\n")
    world = World(diaspora_press.inputs, [*diaspora_press.references[:2], "--follows", str(graph)])
    service.start_worker()

    async with Watcher(service) as watcher:
        service.lockstep(
            "publish", written(tmp_path / "one.jsonl", posts[:1]), *world.references, "--no-progress"
        )
        await watcher.until_done()
        # 40 posts a second
        pace = (
            datetime.fromisoformat(posts[600]["created_at"]) - datetime.fromisoformat(posts[0]["created_at"])
        ) / 15
        slow = service.publish_at(
            written(tmp_path / "slow.jsonl", posts[:600]), pace.total_seconds(), end=False
        )
        await watcher.until(lambda p: p["held_rows"] > 1, "posts")
        begun = time.monotonic()
        await watcher.until(lambda p: "watermark" in p, "the first judgement")
        took = time.monotonic() - begun
        assert slow.poll() is None, "all was published before anything was judged"
        # a rule that counts rows that wait would take as many posts as follow events: the better part of an hour
        assert took < 45.0
        assert await asyncio.to_thread(slow.wait) == 0
        service.lockstep("publish", written(tmp_path / "rest.jsonl", posts[600:]), "--end", "--no-progress")
        await agreed(service, watcher, world, Path(world.inputs[0]), tmp_path)


async def test_given_posts_that_come_too_late_then_they_are_kept_whole_and_a_replay_finds_what_was_missed(
    service_of: ServiceFactory, tmp_path: Path
) -> None:
    service = service_of(settle_s=1.0)
    posts = small_world()
    behind = [post for post in posts if post["account_id"].startswith("together")]
    others = [post for post in posts if post not in behind]
    everything = replayed([written(tmp_path / "posts.jsonl", posts)], tmp_path)
    service.start_worker()

    async with Watcher(service) as watcher:
        service.lockstep("publish", written(tmp_path / "others.jsonl", others), "--end", "--no-progress")
        await watcher.until(lambda p: "watermark" in p and not p.get("settling"), "the end of the others")
        await watcher.until_done()
        late = written(tmp_path / "behind.jsonl", behind)
        service.lockstep("publish", late, "--collector", "behind", "--no-progress")
        await watcher.until_done()
        kept = [json.loads(value) for value in await watcher.values("late-posts.v1")]
        letters = [json.loads(value) for value in await watcher.values("dead-letters.v1")]
        assert service.stop() == [0], service.logs()
        assert await watcher.alerts() != everything

    assert sorted(post["post_id"] for post in kept) == sorted(post["post_id"] for post in behind)
    assert {letter["reason"] for letter in letters} == {"late"}
    assert service.logs().count("posts came too late") == 1
    out = tmp_path / "dump"
    said = service.lockstep("topics", "dump", "posts.v1", "late-posts.v1", "--out", out)
    assert f"{len(behind):,} records in {out}/late-posts.v1.jsonl" in said
    files = [out / f"{topic}.jsonl" for topic in ("posts.v1", "late-posts.v1")]
    assert replayed([*files, "--unordered"], tmp_path) == everything
    assert (
        replayed([written(tmp_path / "all.jsonl", [*others, *kept]), "--unordered"], tmp_path) == everything
    )
