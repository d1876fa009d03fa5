"""Accounts that are erased on a running service, and on one that has not read a post yet."""

import asyncio
import json
from pathlib import Path

import pytest

from tests.integration.conftest import ServiceFactory
from tests.integration.live_service import Service, Watcher, replayed
from tests.streams.live.detection.log_worlds import small
from tests.streams.small_world import TOGETHER

pytestmark = pytest.mark.asyncio
ERASED = f"x:{TOGETHER[0]}"


def erased_file(folder: Path) -> Path:
    path = folder / "erased.txt"
    path.write_text(ERASED + "\n")
    return path


async def named(watcher: Watcher) -> bool:
    return any(ERASED in value.decode() for value in await watcher.values("alerts.v1"))


async def publish(service: Service, *arguments: str | Path) -> None:
    await asyncio.to_thread(service.lockstep, "publish", *arguments, "--no-progress")


async def test_given_an_account_that_is_erased_while_workers_run_then_no_later_alert_names_it(
    service_of: ServiceFactory, tmp_path: Path
) -> None:
    lines = small().posts
    first, second = tmp_path / "first.jsonl", tmp_path / "second.jsonl"
    service = service_of(worker_settings="snapshot_every_s = 1.0\nbatch_rows = 50")
    for _ in range(2):
        service.start_worker()
    async with Watcher(service) as watcher:
        first.write_bytes(b"".join(line + b"\n" for line in lines[: len(lines) * 2 // 3]))
        await publish(service, first)
        await watcher.until_done()
        assert await named(watcher)
        before = set(await watcher.alerts())

        await publish(service, "--erased", erased_file(tmp_path))
        await watcher.until_done()
        # who takes over goes on from a state without the account, or reads the tombstone again
        service.kill(next(w for w in service.workers if service.owner(watcher.progress["worker_id"]) is w))
        second.write_bytes(b"".join(line + b"\n" for line in lines[len(lines) * 2 // 3 :]))
        await publish(service, second, "--end")
        await watcher.until_done()

        alerts = await watcher.alerts()
        assert service.stop() == [0], service.logs()
    # the next owner may write alerts once more that were written before
    later = [alert for key, alert in alerts.items() if key not in before]
    assert [alert for alert in later if ERASED in alert] == []
    members = [{member["account_id"] for member in json.loads(alert)["members"]} for alert in later]
    assert {f"x:{name}" for name in TOGETHER[1:]} in members


async def test_given_a_tombstone_before_the_posts_then_the_alerts_are_those_of_a_replay_without_the_account(
    service_of: ServiceFactory, tmp_path: Path
) -> None:
    posts, erased = tmp_path / "posts.jsonl", erased_file(tmp_path)
    posts.write_bytes(b"".join(line + b"\n" for line in small().posts))
    service = service_of()
    expected = replayed([posts, "--erased", erased, "--config", service.config], tmp_path)
    service.start_worker()

    async with Watcher(service) as watcher:
        await publish(service, "--erased", erased)
        await watcher.until_done()
        await publish(service, posts, "--end")  # all posts, those of the account as well
        await watcher.until_done()
        assert await watcher.alerts() == expected
        assert service.stop() == [0], service.logs()
    assert not any(ERASED in text for text in expected.values())
