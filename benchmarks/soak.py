"""A long run of the live service: load, kills, and what became of it.

    python -m benchmarks.soak [--minutes M] [--accounts N] [--days D] [--kill-every S] [--report FILE.md]

A simulated world is published at a steady multiple of its time. Two workers share the work while one of them is killed
again and again, the owner of detection and the other in turn, and started anew; a Prometheus with the project's rules
looks on. At the end everything published has to be applied, and the alerts have to be those of a local replay of the
same files. --report writes a page with what Prometheus saw, and pictures of the dashboards' panels beside it.
"""

import argparse
import asyncio
import gzip
import json
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from pathlib import Path

from benchmarks.panel_pictures import Pictures, Span
from benchmarks.soak_figures import Seen, seen
from benchmarks.soak_report import write_report
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
"""Everything is forgotten after a week, so that the state is full after a quarter of four weeks; what grows from then
on would grow for ever."""
_PREFIX = "soak."
_RUN = "soak"


@dataclass(slots=True)
class Soak:
    """What became of it."""

    posts: int = 0
    minutes: float = 0.0
    """That publishing took."""
    kills: list[float] = field(default_factory=list)
    """When, seconds since 1970 UTC."""
    alerts: int = 0
    lost: int = 0
    invented: int = 0
    changed: int = 0
    dead_letters: int = 0
    statuses: list[int] = field(default_factory=list)
    """Of the workers that were ended in order."""
    prometheus: Seen | None = None

    @property
    def is_well(self) -> bool:
        """Nothing was lost, invented or changed, and workers ended as they should."""
        return not (self.lost or self.invented or self.changed or any(self.statuses))


async def soaked(arguments: argparse.Namespace, folder: Path) -> Soak:
    """Run it."""
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
        ending.callback(service.discard)  # nothing is left running, whatever fails
        return await _run(arguments, service, world, web, source, expected)


async def _run(
    arguments: argparse.Namespace,
    service: Service,
    world: World,
    web: Sequence[int],
    source: Prometheus,
    expected: dict[tuple[str, int], str],
) -> Soak:
    """Load, kills and the reckoning."""
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
        found = await watcher.alerts()
        soak.dead_letters = len(await watcher.values("dead-letters.v1"))
    await asyncio.sleep(3)  # Prometheus looks once more
    span = Span(begin, time.time(), soak.kills)
    soak.alerts = len(found)
    soak.lost = len(expected.keys() - found.keys())
    soak.invented = len(found.keys() - expected.keys())
    soak.changed = sum(found[key] != expected[key] for key in found.keys() & expected.keys())
    soak.prometheus = seen(source, _PREFIX, span)
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
    """Kill a worker now and then until all is published; when each was killed."""
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


def main(argv: Sequence[str] | None = None) -> int:
    """Run the program; 1 if anything was lost, changed or invented."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=20)
    parser.add_argument("--accounts", type=int, default=40_000)
    parser.add_argument("--days", type=int, default=28)
    parser.add_argument("--kill-every", type=float, default=50, help="seconds between kills, about")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", type=Path, help="write the figures here")
    parser.add_argument("--report", type=Path, help="write a page about it here, and pictures beside it")
    arguments = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as folder:
        soak = asyncio.run(soaked(arguments, Path(folder)))
    text = json.dumps({**asdict(soak), "kills": len(soak.kills)}, indent=1)
    print(text)
    if arguments.json:
        arguments.json.write_text(text + "\n", encoding="utf-8")
    return 0 if soak.is_well else 1


if __name__ == "__main__":
    sys.exit(main())
