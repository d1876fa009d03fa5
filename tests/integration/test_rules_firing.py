"""The rules about work that nobody does fire on a real Prometheus, and are quiet again when it is done."""

import json
from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer

from tests.integration.conftest import ServiceFactory
from tests.integration.live_service import Service, Watcher
from tests.integration.prometheus_server import firing, free_ports, prometheus
from tests.integration.worlds import World, published
from tests.streams.small_world import START, post

pytestmark = pytest.mark.asyncio


async def _one_post(service: Service) -> None:
    """On one partition; the others say nothing."""
    value = json.dumps(post(1, "alone", START, "https://news.example/1")).encode()
    async with AIOKafkaProducer(bootstrap_servers=service.bootstrap) as producer:
        await producer.send_and_wait(f"{service.prefix}posts.v1", value, key=b"x:alone")


async def test_given_work_that_nobody_does_then_the_rules_say_so_until_somebody_does(
    service_of: ServiceFactory, tmp_path: Path
) -> None:
    service = service_of(idle_after_s=600.0)  # as long as partitions that say nothing hold event time back
    prefix = service.prefix
    ports = free_ports(3)
    with prometheus(tmp_path / "prometheus", ports[0], {"lockstep": ports[1:]}, hasty=True) as seen:
        service.start_worker("--web-port", str(ports[1]), "--stages", "networks")
        seen.until(
            [firing(alert, prefix=prefix) for alert in ("LockstepAssignmentEmpty", "LockstepIngestGone")]
        )
        await _one_post(service)

        service.start_worker("--web-port", str(ports[2]), "--stages", "ingest")
        seen.until([firing("LockstepWatermarkAbsent", prefix=prefix)])
        # the rule about event time ends minutes later, when the silent partitions count as empty
        read = ("LockstepAssignmentEmpty", "LockstepIngestGone")
        seen.until([f"absent({firing(alert, prefix=prefix)})" for alert in read])
    assert service.stop() == [0, 0], service.logs()


@pytest.mark.long
async def test_given_a_state_that_cannot_be_built_then_a_rule_says_so_until_it_is(
    service_of: ServiceFactory, troll_farm: World, tmp_path: Path
) -> None:
    service = service_of(worker_settings="batch_rows = 150\nsynchrony_agents = true")
    expected = published(service, troll_farm)
    whole = service.start_worker()
    ports = free_ports(3)
    with prometheus(tmp_path / "prometheus", ports[0], {"lockstep": ports[1:]}, hasty=True) as seen:
        async with Watcher(service) as watcher:
            await watcher.until(lambda progress: progress["frame_offset"] >= 100, "frames to be applied")
            service.kill(whole)
            # there is no snapshot yet, and without shards of co-sharing no frame can be applied anew
            service.start_worker("--web-port", str(ports[1]), "--stages", "ingest,networks")
            rule = firing("LockstepStateNotBuilt", prefix=service.prefix)
            seen.until([rule])
            service.start_worker("--web-port", str(ports[2]), "--stages", "synchrony")
            seen.until([f"absent({rule})"])
            await watcher.until_done()
            assert service.stop() == [0, 0], service.logs()
            assert await watcher.alerts() == expected
