"""What does not belong on a topic is set aside with its place and the reason; what does is found all the same."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer

from tests.integration.conftest import ServiceFactory
from tests.integration.live_service import Service, Watcher, replayed
from tests.integration.worlds import World
from tests.streams.small_world import small_world

pytestmark = pytest.mark.asyncio

TOMORROW = (datetime.now(UTC) + timedelta(hours=20)).strftime("%Y-%m-%dT%H:%M:%SZ")
GOOD = {"post_id": "g", "platform": "x", "account_id": "g", "created_at": "2023-02-14T00:00:00Z"}
POSTS = {
    b"no json at all": "malformed",
    b'{"post_id": "cut off': "malformed",
    b"\xff\xfe\x00": "not_utf8",
    b"": "malformed",
    b"[1, 2, 3]": "malformed",
    b'{"post_id": {"a": 1}, "platform": "x", "account_id": "1", "created_at": "2023-02-14T00:00:00Z"}': "malformed",
    b'{"platform": "x", "account_id": "1", "created_at": "2023-02-14T00:00:00Z"}': "missing_field",
    json.dumps({**GOOD, "created_at": "once upon a time"}).encode(): "bad_time",
    json.dumps({**GOOD, "created_at": TOMORROW}).encode(): "bad_time",
    json.dumps({**GOOD, "text": "x" * (1 << 20)}).encode(): "oversized",
    b"[" * 50_000: "malformed",
}
OTHERS = {
    "follows.v1": (b'{"platform": "x", "follower_id": "1", "followee_id": "1", "action": "follow", '
                   b'"at": "2023-02-14T00:00:00Z"}', "malformed"),
    "accounts.v1": (b'{"platform": "x", "account_id": "1"}', "missing_field"),
    "registry.v1": (b'{"entity_id": "e", "name": "E", "kind": "no such kind"}', "malformed"),
    "suppressions.v1": (b'{"rule_id": "r"}', "malformed"),
    "reviews.v1": (b'{"event_id": "e"}', "malformed"),
}  # fmt: skip


async def test_given_messages_that_are_none_then_each_is_a_dead_letter_and_the_alerts_are_as_without(
    service_of: ServiceFactory, tmp_path: Path
) -> None:
    service = service_of()
    world = tmp_path / "posts.jsonl"
    world.write_text("".join(json.dumps(post) + "\n" for post in small_world()))
    expected = replayed([world], tmp_path)
    await send(service, [("posts.v1", value) for value in POSTS])
    await send(service, [(topic, value) for topic, (value, _) in OTHERS.items()])
    service.lockstep("publish", world, "--end", "--no-progress")
    service.start_worker()

    async with Watcher(service) as watcher:
        await watcher.until_done()
        assert service.stop() == [0], service.logs()
        letters = [json.loads(value) for value in await watcher.values("dead-letters.v1")]
        found = await watcher.alerts()

    assert found == expected
    reasons = sorted(letter["reason"] for letter in letters)
    assert reasons == sorted([*POSTS.values(), *(reason for _, reason in OTHERS.values())])
    assert all(letter["source"].split("/")[0] in {"posts.v1", *OTHERS} for letter in letters)
    assert len({(letter["source"], letter["position"]) for letter in letters}) == len(letters)
    assert all(letter["detail"] and ("raw" in letter or not letter.get("raw_bytes")) for letter in letters)


async def test_given_partitions_that_stay_empty_then_they_hold_nothing_up(
    service_of: ServiceFactory, tmp_path: Path
) -> None:
    # all posts in one partition, no end, and nothing in any other
    service = service_of(idle_after_s=1.0)
    await send(service, [("posts.v1", json.dumps(post).encode()) for post in small_world()], partition=5)
    service.start_worker()

    async with Watcher(service) as watcher:
        latest = max(post["created_at"] for post in small_world())
        await watcher.until(lambda p: p.get("watermark", "") > latest, "the watermark to pass all posts")
        assert service.stop() == [0], service.logs()
        found = [json.loads(value) for value in await watcher.values("alerts.v1")]

    assert {a["account_id"] for alert in found for a in alert["members"]} >= {"x:together0", "x:together1"}


async def test_given_records_that_are_no_frames_or_are_skipped_then_detection_goes_on_and_says_so(
    service_of: ServiceFactory, tmp_path: Path
) -> None:
    service = service_of(worker_settings="skip_frames = [1]")
    world = tmp_path / "posts.jsonl"
    world.write_text("".join(json.dumps(post) + "\n" for post in small_world()))
    expected = replayed([world], tmp_path)
    await send(service, [("frames.v1", b"no frame"), ("frames.v1", b"nor this")])
    service.lockstep("publish", world, "--end", "--no-progress")
    service.start_worker()

    async with Watcher(service) as watcher:
        await watcher.until_done()
        assert service.stop() == [0], service.logs()
        assert await watcher.alerts() == expected
    said = service.logs()
    assert "left out: no frame" in said
    assert "left out, because worker.skip_frames names it" in said


@pytest.mark.long
async def test_given_more_workers_than_partitions_then_the_spare_ones_wait_and_leave_in_order(
    service_of: ServiceFactory, troll_farm: World
) -> None:
    service = service_of()
    expected = troll_farm.alerts()
    service.lockstep("publish", *troll_farm.inputs, *troll_farm.references, "--end", "--no-progress")
    for _ in range(3):  # the one partition of frames is with one of them
        service.start_worker()

    async with Watcher(service) as watcher:
        await watcher.until_done()
        assert service.stop() == [0, 0, 0], service.logs()
        assert await watcher.alerts() == expected
    assert sum("state rebuilt" in path.read_text() for path in service.folder.glob("worker-*.log")) == 1


async def send(service: Service, messages: list[tuple[str, bytes]], partition: int | None = None) -> None:
    producer = AIOKafkaProducer(
        # compressed, a record comes through that is larger than any may be
        bootstrap_servers=service.bootstrap,
        max_request_size=4 << 20,
        compression_type="gzip",
    )
    await producer.start()
    for topic, value in messages:
        key: Any = b"k" if topic != "registry.v1" else b"e"
        await producer.send_and_wait(f"{service.prefix}{topic}", value, key=key, partition=partition)
    await producer.stop()
