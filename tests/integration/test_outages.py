"""The broker is away and comes back, or a worker gets a signal to end: what an operator sees, and that nothing is lost.

The broker stands still (SIGSTOP), is killed or is stopped, while the service is idle and while posts come. Long forms
try every combination, up to ten minutes: `make soak`.
"""

import asyncio
import gzip
import json
import os
import signal
import subprocess
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.client import AIOKafkaClient

from schemas.service.topics import POSTS
from streams.live.broker.connection import connection, producer_arguments
from streams.live.broker.topic_admin import create_topics
from streams.settings.kafka_settings import KafkaSettings
from tests.integration.conftest import BrokerFactory, ServiceFactory
from tests.integration.health_probe import HealthProbe, ask
from tests.integration.kafka_broker import Broker
from tests.integration.live_service import PROGRAM, Service, Watcher, Worker
from tests.integration.prometheus_server import firing, free_ports, prometheus
from tests.integration.worlds import World

pytestmark = pytest.mark.asyncio

NOTICED_S = 2.5
"""Seconds within which a worker notices an outage: it is not ready after 2 s without an answer."""
RETURNED_S = 30.0
"""Seconds within which the service works again once the broker is back."""
ENDED_S = 5.0
"""Seconds for SIGTERM to exit."""
HANDED_S = 5.0
"""Seconds for a handover; more where other programs keep the cores busy, see `allowed`."""
LOADS = ("idle", "20 a second", "all at once")
AWAY, BACK = "the broker cannot be reached", "the broker is back"


class Outage:
    """Takes the only node of a broker away, and brings it back."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker

    @property
    def _node(self) -> int:
        return int(self._broker.answer["nodes"][0]["id"])

    def begin(self, how: str) -> None:
        if how == "frozen":
            os.kill(self._broker.node_process_id(self._node), signal.SIGSTOP)
        elif how == "killed":
            self._broker.kill(self._node)
        else:
            self._broker.stop()

    def end(self, how: str) -> None:
        """On return it answers, or is about to."""
        if how == "frozen":
            os.kill(self._broker.node_process_id(self._node), signal.SIGCONT)
        else:
            self._broker.start()


def in_parts(world: World, folder: Path, count: int) -> list[Path]:
    """The posts of a world in files of equal size, one after another in event time."""
    with gzip.open(world.inputs[0], "rt") as file:
        lines = sorted(file, key=lambda line: json.loads(line)["created_at"])
    size = -(-len(lines) // count)
    paths = []
    for number, begin in enumerate(range(0, len(lines), size)):
        paths.append(folder / f"part-{number}.jsonl")
        paths[-1].write_text("".join(lines[begin : begin + size]))
    return paths


def publish(service: Service, posts: Path, *options: str) -> "subprocess.Popen[str]":
    """Publish in the background; what it says can be read."""
    return subprocess.Popen(
        [PROGRAM, "publish", str(posts), *options, "--no-progress", "--config", str(service.config)],
        stderr=subprocess.PIPE,
        text=True,
    )


def _noted(path: Path) -> int:
    """Posts that a publisher has noted as published."""
    return int(json.loads(path.read_text())["posts"]) if path.exists() else 0


async def until(condition: Callable[[], bool], limit_s: float, what: str) -> float:
    """Wait for something; give the seconds that it took."""
    begun = time.monotonic()
    while not condition():
        assert time.monotonic() - begun < limit_s, f"waited {limit_s:.0f} s for {what}"
        await asyncio.sleep(0.05)
    return time.monotonic() - begun


async def away(outage: Outage, how: str, seconds: float, probe: HealthProbe) -> float:
    """An outage; on return the workers are ready again. Gives the seconds that this took from the broker's return."""
    begun = time.monotonic()
    outage.begin(how)
    await until(lambda: time.monotonic() - begun >= seconds, seconds + 10, "the end of the outage")
    returned = time.monotonic()
    assert not probe.ready_between(begun + NOTICED_S, returned)
    await asyncio.to_thread(outage.end, how)
    # a broker that is started has answered by now, one that stood still goes on at once
    try:
        return await until(lambda: probe.all_ready, RETURNED_S, "all workers to be ready again")
    except AssertionError as error:
        error.add_note(str([probe.latest(port) for port in probe.ports]))
        raise


def end(worker: Worker) -> float:
    """End a worker in order; give the seconds until it is gone."""
    begun = time.monotonic()
    worker.process.terminate()
    assert worker.process.wait(timeout=60) == 0, worker.text()
    return time.monotonic() - begun


def allowed(seconds: float) -> float:
    """A bound for what takes so long where each core has one program to run; in proportion where it has more."""
    return seconds * max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))


def owner_of(workers: dict[int, Worker]) -> int:
    """Port of the worker that runs detection."""
    (port,) = [port for port in workers if owns(port)]
    return port


def owns(port: int) -> bool:
    return any(
        line.startswith("lockstep_detection_owner") and line.endswith(" 1.0")
        for line in ask(port, "/metrics").text.splitlines()
    )


async def published_through(
    service: Service, posts: Path, load: str, outage: Outage, how: str, seconds: float, probe: HealthProbe
) -> float:
    """Publish posts while the broker is away, or after that if the load is "idle". Gives the seconds until ready."""
    if load == "idle":
        took = await away(outage, how, seconds, probe)
        service.lockstep("publish", str(posts), "--no-progress")
        return took
    noted = posts.with_suffix(".noted")
    steady = load == "20 a second"
    options = ["--speed", f"{speed_for(posts, 20.0):.1f}x"] if steady else []
    publisher = publish(service, posts, *options, "--resume", str(noted))
    await until((lambda: _noted(noted) > 0) if steady else noted.exists, 60, "publishing to begin")
    took = await away(outage, how, seconds, probe)
    _, said = await asyncio.to_thread(publisher.communicate)
    assert publisher.returncode == 0, said
    assert said.count("waits") == said.count("goes on") <= 1, said
    return took


def speed_for(posts: Path, per_second: float) -> float:
    """Seconds of event time per second at which so many posts come in a second."""
    times = [
        datetime.fromisoformat(json.loads(line)["created_at"]).timestamp()
        for line in posts.read_text().splitlines()
    ]
    return (times[-1] - times[0]) / (len(times) / per_second)


def said_each_way(service: Service, outages: int) -> None:
    for worker in service.workers:
        text = worker.text()
        assert (text.count(AWAY), text.count(BACK)) == (outages, outages), text
        assert "failed" not in text and "Traceback" not in text, text


async def test_given_outages_and_an_end_in_order_then_all_is_said_and_nothing_lost(
    service_of: ServiceFactory, broker_factory: BrokerFactory, troll_farm: World, tmp_path: Path
) -> None:
    broker = broker_factory()
    outage = Outage(broker)
    service = service_of(bootstrap=broker.bootstrap, worker_settings="batch_rows = 500", idle_after_s=600.0)
    first, second, third, fourth = in_parts(troll_farm, tmp_path, 4)
    ports = free_ports(2)
    workers = {port: service.start_worker("--web-port", str(port)) for port in ports}
    targets = {"lockstep": ports}
    with (
        HealthProbe(ports) as probe,
        prometheus(tmp_path / "prometheus", free_ports(1)[0], targets, hasty=True) as seen,
    ):
        await until(lambda: probe.all_ready, 90, "all workers to be ready")
        service.lockstep("publish", str(first), *troll_farm.references, "--no-progress")
        async with Watcher(service) as watcher:
            await watcher.until_done()

        # longer than the 40 s after which clients give up
        returned = [await published_through(service, second, "idle", outage, "frozen", 45.0, probe)]
        returned.append(await published_through(service, third, "all at once", outage, "killed", 12.0, probe))
        said_each_way(service, 2)
        for port in ports:
            for alert in ("LockstepBrokerUnreachable", "LockstepNotReady"):
                assert seen.fired(alert, instance=f"127.0.0.1:{port}")

        # the owner gets a signal to end while posts come
        noted = tmp_path / "fourth.noted"
        publisher = publish(service, fourth, "--end", "--resume", str(noted))
        await until(lambda: _noted(noted) > 0, 60, "posts to be published")
        ending = owner_of(workers)
        (other,) = set(ports) - {ending}
        ended = asyncio.create_task(asyncio.to_thread(end, workers[ending]))
        service.workers.remove(workers[ending])
        handed = await until(lambda: owns(other) and ask(other).status == 200, 120, "the handover")
        assert handed < allowed(HANDED_S), service.logs()
        assert await ended < ENDED_S
        seen.until([firing("LockstepWorkerDown", instance=f"127.0.0.1:{ending}")])

        await asyncio.to_thread(publisher.communicate)
        assert publisher.returncode == 0
        async with Watcher(service) as watcher:
            await watcher.until_done()
            assert end(service.workers.pop()) < ENDED_S
            assert await watcher.alerts() == troll_farm.alerts()
    print(f"seconds until ready: {returned}; handover {handed:.1f}, SIGTERM to exit {ended.result():.1f}")


async def test_given_a_broker_that_is_stopped_in_order_then_a_producer_asks_for_it_a_few_times_a_second(
    broker_factory: BrokerFactory, topic_prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    broker = broker_factory()
    kafka = connection(KafkaSettings(bootstrap_servers=broker.bootstrap, topic_prefix=topic_prefix), {})
    await create_topics(kafka, topic_prefix)
    asked = []
    update = AIOKafkaClient._metadata_update

    async def noted(*arguments: object) -> bool:
        asked.append(time.monotonic())
        return bool(await update(*arguments))

    monkeypatch.setattr(AIOKafkaClient, "_metadata_update", noted)
    async with AIOKafkaProducer(**producer_arguments(kafka, "test")) as producer:
        stopping = asyncio.create_task(asyncio.to_thread(broker.stop))
        while not stopping.done():
            last = await producer.send(topic_prefix + POSTS.name, b"sent while it stops")
            await asyncio.sleep(0.02)
        begun = time.monotonic()
        await asyncio.sleep(3.0)  # of the outage
        questions = sum(at > begun for at in asked)
        await asyncio.to_thread(broker.start)
        async with asyncio.timeout(RETURNED_S):
            await last
    assert questions <= 20, "thousands, if it does not pause"


@pytest.mark.long
@pytest.mark.parametrize(
    ("how", "longest"), [("frozen", "idle"), ("killed", "20 a second"), ("stopped", "all at once")]
)
async def test_given_outages_of_every_length_and_load_then_nothing_is_lost(
    service_of: ServiceFactory,
    broker_factory: BrokerFactory,
    troll_farm: World,
    tmp_path: Path,
    how: str,
    longest: str,
) -> None:
    plan = [(load, seconds) for load in LOADS for seconds in (10.0, 60.0)] + [(longest, 600.0)]
    broker = broker_factory()
    outage = Outage(broker)
    service = service_of(bootstrap=broker.bootstrap, worker_settings="batch_rows = 500", idle_after_s=3_600.0)
    first, *parts, last = in_parts(troll_farm, tmp_path, len(plan) + 2)
    ports = free_ports(2)
    for port in ports:
        service.start_worker("--web-port", str(port))
    with HealthProbe(ports) as probe:
        await until(lambda: probe.all_ready, 90, "all workers to be ready")
        service.lockstep("publish", str(first), *troll_farm.references, "--no-progress")
        returned = {}
        for number, ((load, seconds), posts) in enumerate(zip(plan, parts, strict=True), 1):
            returned[load, seconds] = await published_through(
                service, posts, load, outage, how, seconds, probe
            )
            said_each_way(service, number)
        print(f"{how}: seconds until ready: {returned}")
        service.lockstep("publish", str(last), "--end", "--no-progress")
        async with Watcher(service) as watcher:
            await watcher.until_done()
            assert service.stop() == [0, 0], service.logs()
            assert await watcher.alerts() == troll_farm.alerts()
