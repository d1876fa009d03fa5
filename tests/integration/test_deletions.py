"""Posts that are deleted stop counting on Kafka as in a replay."""

import json
from pathlib import Path

import pytest

from tests.integration.conftest import ServiceFactory
from tests.integration.live_service import Watcher, replayed
from tests.streams.live.detection.log_worlds import deleting

pytestmark = pytest.mark.asyncio


async def test_given_posts_and_reports_of_deletions_when_two_workers_read_them_then_the_alerts_are_those_of_a_replay(
    service_of: ServiceFactory, tmp_path: Path
) -> None:
    posts = tmp_path / "posts.jsonl"
    posts.write_bytes(b"".join(line + b"\n" for line in deleting().posts))
    service = service_of()
    expected = replayed([posts, "--config", service.config], tmp_path)

    service.lockstep("publish", posts, "--end", "--no-progress")
    for _ in range(2):
        service.start_worker()
    async with Watcher(service) as watcher:
        await watcher.until_done()
        assert service.stop() == [0, 0], service.logs()
        alerts = await watcher.alerts()
        topic = [json.loads(value) for value in await watcher.values("posts.v1")]
        letters = [json.loads(value) for value in await watcher.values("dead-letters.v1")]

    assert sum(bool(record.get("deleted")) for record in topic) > 60
    assert any(json.loads(text)["lifecycle"] == "resolved" for text in expected.values())
    assert alerts == expected
    # the publisher sets aside what comes after its deletion, so nothing of it is on a topic
    assert letters == []
