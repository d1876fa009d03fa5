"""Publishes a world to the live service, kills workers, and compares the alerts with those of a backtest."""

import argparse
import asyncio
import gzip
import random
import subprocess
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from benchmarks.soak.outcome import Soak
from benchmarks.soak.panel_pictures import Pictures, TimeSpan
from benchmarks.soak.prometheus_figures import figures_of
from benchmarks.soak.report import write_report
from deploy.grafana.dashboards import DASHBOARDS
from tests.integration.kafka_broker import Broker
from tests.integration.live_service import Service, Watcher, Worker, replayed
from tests.integration.prometheus_server import Prometheus, free_ports, prometheus, served
from tests.integration.worlds import World, simulated

_WINDOWS = """[evidence]
keep_days = 7
singleton_days = 7
[rhythm]
window_days = 7
[time]
resolve_days = 7
"""
"""Detection forgets everything after a week, so its state is full after a quarter of four weeks. What grows after that
would grow for ever."""
_PREFIX = "soak."
_RUN = "soak"


async def soaked(arguments: argparse.Namespace, folder: Path) -> Soak:
    """Run the service under load and kills; return the figures."""
    world = simulated("diaspora-press", folder / "world", arguments.accounts, arguments.days, arguments.seed)
    figures = folder / f"{_RUN}.prom"
    config = folder / "detection.toml"
    config.write_text(_WINDOWS)
    labels = folder / "world" / "labels.csv"
    options = [*world.inputs, *world.references, "--labels", labels, "--config", config]
    expected = replayed([*options, "--metrics", figures], folder, "backtest")
    *web, port, files = free_ports(4)
    targets = {"lockstep": web, "node": [files]}
    with ExitStack() as ending:
        broker = Broker(folder / "kafka", "--heap=1g").start()
        ending.callback(broker.discard)
        service = Service(
            folder / "service",
            broker.bootstrap,
            _PREFIX,
            worker_settings="snapshot_every_s = 30.0",
            detection_settings=_WINDOWS,
        )
        service.lockstep("topics", "create")
        ending.enter_context(served(figures.read_bytes(), files))
        source = ending.enter_context(prometheus(folder / "prometheus", port, targets))
        ending.callback(service.discard)  # stop everything, whatever fails
        return await _run(arguments, service, world, web, source, expected)


async def _run(
    arguments: argparse.Namespace,
    service: Service,
    world: World,
    web: Sequence[int],
    source: Prometheus,
    expected: dict[tuple[str, int], str],
) -> Soak:
    """Publish, kill workers, and compare the alerts."""
    with gzip.open(world.inputs[0]) as file:
        soak = Soak(posts=sum(1 for _ in file))
    ports = {number: service.start_worker("--web-port", str(number)) for number in web}
    source.until([f'lockstep_worker_ready{{instance="127.0.0.1:{number}"}} == 1' for number in web])
    begin = time.time()
    speed = arguments.days * 86_400 / (arguments.minutes * 60)
    publisher = service.publish_at(world.inputs[0], speed, *world.references)
    async with Watcher(service) as watcher:
        rng = random.Random(arguments.seed)  # noqa: S311 - repeatable, not secret
        soak.kills = await _kill_on(service, ports, watcher, publisher, arguments.kill_every, rng)
        soak.minutes = round((time.time() - begin) / 60, 1)
        await watcher.until_done()
        alerts = await watcher.alerts()
        soak.dead_letters = len(await watcher.values("dead-letters.v1"))
    await asyncio.sleep(3)  # let Prometheus scrape once more
    span = TimeSpan(begin, time.time(), soak.kills)
    soak.alerts = len(alerts)
    soak.lost = len(expected.keys() - alerts.keys())
    soak.invented = len(alerts.keys() - expected.keys())
    soak.changed = sum(alerts[key] != expected[key] for key in alerts.keys() & expected.keys())
    soak.prometheus = figures_of(source, _PREFIX, span)
    if arguments.report:
        length = f"{span.end - span.begin:.0f}s"
        values = {"prefix": _PREFIX, "run": _RUN, "__rate_interval": "15s", "__range": length}
        pictures = Pictures(
            source, span, values, f"a soak of {soak.minutes:.0f} minutes; kills are grey lines"
        )
        write_report(arguments.report, soak, arguments, pictures, DASHBOARDS)
    soak.statuses = service.stop()
    return soak


async def _kill_on(
    service: Service,
    ports: dict[int, Worker],
    watcher: Watcher,
    publisher: "subprocess.Popen[bytes]",
    every_s: float,
    rng: random.Random,
) -> list[float]:
    """Kill a worker now and then until everything is published; return the times of the kills."""
    kills: list[float] = []
    due = time.perf_counter() + every_s
    while publisher.poll() is None:
        await watcher.look()
        if time.perf_counter() >= due:
            due = time.perf_counter() + every_s * rng.uniform(0.5, 1.5)
            owner = service.owner(watcher.progress["worker_id"])
            others = [number for number, worker in ports.items() if worker is not owner]
            owners = [number for number in ports if number not in others]
            number = rng.choice((owners if len(kills) % 2 == 0 else others) or list(ports))
            service.kill(ports[number])
            kills.append(time.time())
            ports[number] = service.start_worker("--web-port", str(number))
    if publisher.returncode:
        raise RuntimeError("publishing failed")
    return kills
