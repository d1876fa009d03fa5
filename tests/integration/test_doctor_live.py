"""`lockstep doctor --live` on a real broker: what is well, and what is not and how to mend it."""

import asyncio
import json
import os
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from schemas.service.progress import Progress
from schemas.service.topics import DEFAULT_PREFIX, PROGRESS, TOPICS
from streams.doctor.broker import reached, rights, seen_topics, topics
from streams.doctor.finding import Finding, Status
from streams.doctor.rights import SeenRights
from streams.live.broker.connection import connection
from streams.live.broker.topic_admin import create_topics
from streams.settings.kafka_settings import KafkaSettings
from tests.integration.conftest import ServiceFactory
from tests.integration.live_service import LIMIT_S, PROGRAM, Service, Watcher
from tests.integration.test_security import SETUP, give, rights_of_the_page, way
from tests.integration.worlds import World

pytestmark = pytest.mark.asyncio


async def examined(service: Service, *more: str) -> tuple[int, dict[str, Any]]:
    """Exit status and findings by their name."""
    environment = {k: v for k, v in os.environ.items() if k != "LOCKSTEP_KAFKA"}
    process = await asyncio.create_subprocess_exec(
        PROGRAM, "doctor", "--live", "--json", "--config", service.config, *more,
        env=environment, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, _ = await asyncio.wait_for(process.communicate(), LIMIT_S)
    assert process.returncode is not None
    return process.returncode, {check["check"]: check for check in json.loads(out)["checks"]}


async def made(kafka: str, *new: NewTopic) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
    await admin.start()
    try:
        answer = await admin.create_topics(list(new))
        assert [error[1] for error in answer.topic_errors] == [0] * len(new)
    finally:
        await admin.close()


async def test_given_a_service_that_has_worked_then_all_is_well(
    service_of: ServiceFactory, troll_farm: World, unused_tcp_port: int
) -> None:
    service = service_of(worker_settings=f"snapshot_every_s = 1.0\nweb_port = {unused_tcp_port}")
    status, checks = await examined(service)
    assert status == 0
    assert checks["saved state"]["found"].startswith("none yet")
    assert checks["clocks"]["found"].startswith("not known")

    service.lockstep("publish", *troll_farm.inputs, *troll_farm.references, "--end", "--no-progress")
    worker = service.start_worker()
    async with Watcher(service) as watcher:
        await watcher.until_done()
        status, checks = await examined(service)
        assert (status, {name: check["status"] for name, check in checks.items() if check["status"] != "ok"}) == (
            0, {}
        )  # fmt: skip
        assert checks["brokers"]["found"] == f"1 at {service.bootstrap}"
        assert checks["topics"]["found"] == f"{len(TOPICS)}, all as they should be"
        assert f"-{worker.pid}-" in checks["clocks"]["found"]
        assert "the worker is ready" in checks["metrics"]["found"]
        assert service.stop() == [0], service.logs()

    # doctor says what another configuration of detection would do to the state
    service.config.write_text(service.config.read_text() + "\n[gate]\nmin_members = 4\n")
    status, checks = await examined(service)
    assert status == 0
    assert checks["saved state"]["status"] == "warn"
    assert "under other settings of detection" in checks["saved state"]["found"]
    assert checks["metrics"]["status"] == "warn"


async def test_given_topics_that_are_absent_or_wrong_then_that_is_reported(
    kafka: str, topic_prefix: str
) -> None:
    way_there = connection(KafkaSettings(bootstrap_servers=kafka, topic_prefix=topic_prefix))
    seen = await seen_topics(way_there)
    assert seen == {}
    found = await topics(way_there, {})
    assert found.status is Status.FAIL
    assert f"{topic_prefix}frames.v1" in found.found
    assert "lockstep topics create" in found.mend

    await made(kafka, NewTopic(f"{topic_prefix}frames.v1", 2, 1), NewTopic(f"{topic_prefix}alerts.v1", 3, 1))
    await create_topics(way_there, topic_prefix)
    seen = await seen_topics(way_there)
    assert not isinstance(seen, Finding)
    found = await topics(way_there, seen)
    assert found.status is Status.FAIL
    assert f"{topic_prefix}frames.v1 has 2 partitions" in found.found

    seen["frames.v1"] = SeenRights(1, seen["frames.v1"].rights)
    found = await topics(way_there, seen)
    assert found.status is Status.WARN
    assert f"{topic_prefix}alerts.v1 (partitions 3 for 12" in found.found


async def test_given_fewer_brokers_than_copies_then_that_is_reported(kafka: str) -> None:
    found = await reached(connection(KafkaSettings(bootstrap_servers=kafka, replication_factor=7)))
    assert found.status is Status.WARN
    assert "fewer than kafka.replication_factor, 7" in found.found


@pytest.mark.parametrize(
    ("ahead_s", "words"),
    [(90.0, "90 s ahead of"), pytest.param(-90.0, "90 s behind", marks=pytest.mark.long)],
)
async def test_given_a_worker_whose_clock_is_wrong_then_that_is_reported(
    service_of: ServiceFactory, ahead_s: float, words: str
) -> None:
    service = service_of()
    producer = AIOKafkaProducer(bootstrap_servers=service.bootstrap)
    await producer.start()
    try:
        for _ in range(3):
            at = datetime.fromtimestamp(time.time() + ahead_s, UTC)
            progress = Progress(worker_id="host-1-a", frame_offset=0, held_rows=0, at=at)
            await producer.send_and_wait(
                PROGRESS.full_name(service.prefix), msgspec.json.encode(progress), key=b"k"
            )
    finally:
        await producer.stop()
    status, checks = await examined(service)
    assert status == 0
    assert checks["clocks"]["status"] == "warn"
    assert words in checks["clocks"]["found"]


async def test_given_credentials_of_each_role_then_what_they_lack_for_a_worker_is_reported(
    broker_factory: Callable[..., Any], tmp_path: Path
) -> None:
    users = ("lockstep-worker", "lockstep-collector", "stranger", SETUP)
    broker = await asyncio.to_thread(broker_factory, sasl_tls=True, acls=True, users=users)
    admin = way(broker, "admin")
    await create_topics(admin, DEFAULT_PREFIX)
    await give(admin, rights_of_the_page(tmp_path))

    worker = way(broker, "lockstep-worker")
    seen = await seen_topics(worker)
    assert not isinstance(seen, Finding)
    assert (await rights(worker, seen)).status is Status.OK
    # a worker may not look at the settings of topics, which is no fault
    found = await topics(worker, seen)
    assert found.status is Status.OK
    assert "not for these credentials to see" in found.found

    collector = way(broker, "lockstep-collector")
    seen = await seen_topics(collector)
    assert not isinstance(seen, Finding)
    assert set(seen) == {"posts.v1", "accounts.v1", "follows.v1", "dead-letters.v1"}
    found = await rights(collector, seen)
    assert found.status is Status.FAIL
    assert f"read {DEFAULT_PREFIX}posts.v1" in found.found
    assert f"read the group {DEFAULT_PREFIX}ingest" in found.found
    assert "docs/operations/security.md" in found.mend

    stranger = way(broker, "stranger")
    assert await seen_topics(stranger) == {}
    assert (await topics(stranger, {})).status is Status.FAIL

    wrong = way(broker, "nobody")
    found = await reached(wrong)
    assert found.status is Status.FAIL
    assert "does not let user nobody in" in found.found
