"""Workers die, stop, come and go, and the broker restarts: the alerts stay what they are.

What is killed when follows from what the service says of itself and from a seed. `LOCKSTEP_KILLS` asks for more kills
than the few of the usual run.
"""

import asyncio
import os
import random
import signal

import pytest

from tests.integration.conftest import BrokerFactory, ServiceFactory
from tests.integration.live_service import Service, Watcher, Worker
from tests.integration.worlds import World, published

pytestmark = pytest.mark.asyncio

KILLS = int(os.environ.get("LOCKSTEP_KILLS", "3"))
PACE_S = 8.0
"""Seconds of publishing for each kill: the next owner takes over while more comes in."""
SMALL = "batch_rows = 150\npoll_ms = 20\nsnapshot_every_s = 2.0"
"""Many frames, so that there is much to be interrupted in."""


async def owner_of(service: Service, watcher: Watcher) -> Worker:
    """The worker that detection runs on."""
    found = await watcher.until(lambda p: service.owner(p["worker_id"]) is not None, "an owner")
    owner = service.owner(found["worker_id"])
    assert owner is not None
    return owner


async def test_given_workers_that_are_killed_at_any_time_then_no_alert_is_lost_changed_or_invented(
    service_of: ServiceFactory, diaspora_press: World
) -> None:
    service = service_of(worker_settings=SMALL)
    world = diaspora_press
    expected = world.alerts()
    rng = random.Random(KILLS)  # noqa: S311 - repeatable, not secret
    service.start_worker()
    service.start_worker()
    speed = world.days * 86_400 / (KILLS * PACE_S)
    publisher = service.publish_at(world.inputs[0], speed, *world.references)
    async with Watcher(service) as watcher:
        for kill in range(KILLS):
            least = watcher.progress["frame_offset"] + rng.randint(1, 12)
            await watcher.until(lambda p, least=least: p["frame_offset"] >= least, "more frames")
            owner = await owner_of(service, watcher)
            # detection and its ingest, or only the ingest of another
            victim = owner if kill % 3 else next(w for w in service.workers if w is not owner)
            service.kill(victim)
            service.start_worker()
        assert publisher.poll() is None, "all was published before the last kill"
        assert await asyncio.to_thread(publisher.wait) == 0
        await watcher.until_done()
        assert service.stop() == [0, 0], service.logs()
        assert await watcher.alerts() == expected


async def test_given_a_worker_that_stands_still_past_its_session_then_another_takes_over_and_nothing_changes(
    service_of: ServiceFactory, troll_farm: World
) -> None:
    service = service_of(worker_settings=SMALL)
    expected = published(service, troll_farm)
    service.start_worker()
    service.start_worker()
    async with Watcher(service) as watcher:
        await watcher.until(lambda p: p["frame_offset"] >= 10, "frames")
        stopped = await owner_of(service, watcher)
        stopped.process.send_signal(signal.SIGSTOP)
        await watcher.until(lambda p: f"-{stopped.pid}-" not in p["worker_id"], "another owner")
        # it goes on as if nothing had been, until it hears otherwise
        stopped.process.send_signal(signal.SIGCONT)
        await watcher.until_done()
        service.stop()
        assert await watcher.alerts() == expected


@pytest.mark.long
async def test_given_workers_that_come_and_go_all_the_time_then_nothing_changes(
    service_of: ServiceFactory, troll_farm: World
) -> None:
    service = service_of(worker_settings=SMALL)
    expected = published(service, troll_farm)
    service.start_worker()
    async with Watcher(service) as watcher:
        for _ in range(3):
            guest = service.start_worker()
            await watcher.until(lambda p, w=guest: "worker started" in w.text(), "a guest")
            guest.process.terminate()
            service.workers.remove(guest)
            assert guest.process.wait(timeout=60) == 0, guest.text()
        await watcher.until_done()
        assert service.stop() == [0], service.logs()
        assert await watcher.alerts() == expected


@pytest.mark.long
async def test_given_a_broker_that_restarts_then_nothing_changes(
    service_of: ServiceFactory, broker_factory: BrokerFactory, troll_farm: World
) -> None:
    broker = broker_factory()
    service = service_of(bootstrap=broker.bootstrap, worker_settings=SMALL)
    expected = published(service, troll_farm)
    service.start_worker()
    async with Watcher(service) as watcher:
        await watcher.until(lambda p: p["frame_offset"] >= 10, "frames")
        broker.stop()
        broker.start()
        await watcher.until_done()
        assert service.stop() == [0], service.logs()
        assert await watcher.alerts() == expected
