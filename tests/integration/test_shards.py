"""Co-sharing in agents of its own: workers share its shards out, and the alerts are those of a replay."""

import asyncio
import json
import signal
from pathlib import Path

import pytest

from schemas.service.topics import CO_SHARES, SHARD_STATE, SHARES
from tests.integration.conftest import BrokerFactory, ServiceFactory
from tests.integration.live_service import Watcher, Worker
from tests.integration.worlds import World, in_parts, published

pytestmark = pytest.mark.asyncio

_WAITING = "shards of co-sharing do not answer; workers with the stage synchrony must run"
APART = "batch_rows = 150\npoll_ms = 20\nsnapshot_every_s = 2.0\nsynchrony_agents = true"


def lines(worker: Worker, event: str) -> list[dict[str, object]]:
    """What a worker has logged under a name."""
    found = (json.loads(line) for line in worker.text().splitlines() if line.startswith("{"))
    return [line for line in found if line.get("event") == event]


@pytest.mark.long
async def test_given_one_worker_then_its_shards_change_no_alert(
    service_of: ServiceFactory, troll_farm: World
) -> None:
    service = service_of(worker_settings=APART)
    expected = published(service, troll_farm)
    service.start_worker()
    async with Watcher(service) as watcher:
        await watcher.until_done()
        assert service.stop() == [0], service.logs()
        assert await watcher.alerts() == expected
        assert await watcher.values(SHARES.name)
        assert await watcher.values(CO_SHARES.name)


async def test_given_stages_on_workers_of_their_own_that_are_killed_then_nothing_changes(
    service_of: ServiceFactory, diaspora_press: World
) -> None:
    service = service_of(worker_settings=APART)
    world = diaspora_press
    expected = world.alerts()
    service.start_worker("--stages", "ingest")
    roles = ["networks", "networks", "synchrony", "ingest,synchrony"]
    workers = {number: service.start_worker("--stages", role) for number, role in enumerate(roles)}
    speed = world.days * 86_400 / (len(roles) * 6.0)
    publisher = service.publish_at(world.inputs[0], speed, *world.references)
    async with Watcher(service) as watcher:
        for number, role in enumerate(roles):
            least = watcher.progress["frame_offset"] + 4
            await watcher.until(lambda p, least=least: p["frame_offset"] >= least, "more frames")
            service.kill(workers[number])
            workers[number] = service.start_worker("--stages", role)
        assert await asyncio.to_thread(publisher.wait) == 0
        await watcher.until_done()
        held = [{line["shard"] for line in lines(worker, "shard is current")} for worker in service.workers]
        assert set().union(*held) == {0, 1, 2, 3}
        assert not held[0], "a worker without the stage synchrony gets no shard"
        assert set(service.stop()) == {0}, service.logs()
        assert await watcher.alerts() == expected


@pytest.mark.long
async def test_given_shards_without_a_worker_then_it_is_said_and_the_next_worker_goes_on(
    service_of: ServiceFactory, troll_farm: World
) -> None:
    service = service_of(worker_settings=APART)
    expected = published(service, troll_farm)
    alone = service.start_worker("--stages", "ingest,networks")
    async with Watcher(service) as watcher:
        await watcher.until(lambda _: bool(lines(alone, _WAITING)), "a line that names the shards")
        assert lines(alone, _WAITING)[0]["shards"] == [0, 1, 2, 3]
        service.start_worker("--stages", "synchrony")
        await watcher.until_done()
        assert service.stop() == [0, 0], service.logs()
        assert await watcher.alerts() == expected


@pytest.mark.long
async def test_given_a_worker_with_shards_that_stands_still_past_its_session_then_nothing_changes(
    service_of: ServiceFactory, troll_farm: World
) -> None:
    service = service_of(worker_settings=APART)
    expected = published(service, troll_farm)
    still = service.start_worker("--stages", "synchrony")
    service.start_worker()
    async with Watcher(service) as watcher:
        await watcher.until(lambda p: p["frame_offset"] >= 6, "frames")
        still.process.send_signal(signal.SIGSTOP)
        least = watcher.progress["frame_offset"] + 6
        await watcher.until(lambda p: p["frame_offset"] >= least, "frames without it")
        still.process.send_signal(signal.SIGCONT)
        await watcher.until_done()
        service.stop()
        assert await watcher.alerts() == expected


async def test_given_workers_that_come_and_go_then_shards_move_and_nothing_changes(
    service_of: ServiceFactory, troll_farm: World
) -> None:
    service = service_of(worker_settings=APART)
    expected = troll_farm.alerts()
    service.start_worker()
    publisher = service.publish_at(
        troll_farm.inputs[0], troll_farm.days * 86_400 / 10.0, *troll_farm.references
    )
    async with Watcher(service) as watcher:
        for _ in range(3):
            guest = service.start_worker()
            await watcher.until(lambda _, guest=guest: bool(lines(guest, "shard is current")), "a shard")
            guest.process.terminate()
            service.workers.remove(guest)
            assert guest.process.wait(timeout=60) == 0, guest.text()
        assert await asyncio.to_thread(publisher.wait) == 0
        await watcher.until_done()
        assert service.stop() == [0], service.logs()
        assert await watcher.alerts() == expected


@pytest.mark.long
async def test_given_a_broker_that_restarts_then_the_shards_go_on(
    service_of: ServiceFactory, broker_factory: BrokerFactory, troll_farm: World
) -> None:
    broker = broker_factory()
    service = service_of(bootstrap=broker.bootstrap, worker_settings=APART)
    expected = published(service, troll_farm)
    service.start_worker("--stages", "ingest,networks")
    service.start_worker("--stages", "synchrony")
    async with Watcher(service) as watcher:
        await watcher.until(lambda p: p["frame_offset"] >= 10, "frames")
        broker.stop()
        broker.start()
        await watcher.until_done()
        assert service.stop() == [0, 0], service.logs()
        assert await watcher.alerts() == expected


@pytest.mark.long
async def test_given_shards_that_have_lost_their_past_then_detection_begins_anew_and_finds_the_same(
    service_of: ServiceFactory, troll_farm: World, tmp_path: Path
) -> None:
    service = service_of(worker_settings=APART, idle_after_s=3.0)
    expected = troll_farm.alerts()
    thirds = in_parts(troll_farm, tmp_path, 3)
    worker = service.start_worker()
    async with Watcher(service) as watcher:
        service.lockstep("publish", thirds[0], *troll_farm.references, "--no-progress")
        await watcher.until(
            lambda _: {line["shard"] for line in lines(worker, "shard saved")} == set(range(4)),
            "all shards in snapshots",
        )
        applied = watcher.progress["frame_offset"]
        service.lockstep("publish", thirds[1], "--no-progress")
        await watcher.until_saved(applied + 1)
        worker.process.terminate()
        assert worker.process.wait(timeout=60) == 0
        service.workers.clear()
        await watcher.delete_topics(SHARES.name, SHARD_STATE.name)
        service.lockstep("topics", "create")
        after = service.start_worker()
        service.lockstep("publish", thirds[2], "--end", "--no-progress")
        await watcher.until_done()
        assert lines(after, "the shards cannot go on; the state is built from all frames")
        assert service.stop() == [0], service.logs()
        assert await watcher.alerts() == expected
