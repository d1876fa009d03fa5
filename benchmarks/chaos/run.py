"""One run: a broker, two workers, a Prometheus, two collectors, a prober, and what goes wrong."""

import argparse
import asyncio
import json
import random
import time
from contextlib import ExitStack, suppress
from pathlib import Path

from benchmarks.chaos.collectors import Collectors
from benchmarks.chaos.faults import Faults
from benchmarks.chaos.outcome import Chaos
from benchmarks.chaos.prober import Probe, Prober
from benchmarks.chaos.truth import CommitWatch, false_ready
from benchmarks.chaos.workers import ForgivingWatcher, replaced
from benchmarks.chaos.world import ChaosWorld, made
from tests.integration.kafka_broker import Broker
from tests.integration.live_service import Service, Watcher, Worker
from tests.integration.prometheus_server import Prometheus, free_ports, prometheus

_PREFIX = "chaos."
_START_LIMIT_S = 240.0


async def chaotic(arguments: argparse.Namespace, folder: Path) -> Chaos:
    """Run everything; give the figures."""
    world = made(folder / "world", arguments.seconds, arguments.rate, arguments.seed)
    *web, port = free_ports(3)
    with ExitStack() as ending:
        broker = Broker(folder / "kafka", "--heap=512m").start()
        ending.callback(broker.discard)
        service = Service(
            folder / "service", broker.bootstrap, _PREFIX, worker_settings="snapshot_every_s = 20.0"
        )
        ending.callback(service.discard)
        service.lockstep("topics", "create")
        source = ending.enter_context(prometheus(folder / "prometheus", port, {"lockstep": web}))
        ports = {number: service.start_worker("--web-port", str(number)) for number in web}
        prober = Prober(lambda: {number: worker.pid for number, worker in ports.items()})
        ending.callback(prober.stop)
        prober.start()
        try:
            return await _run(arguments, world, service, broker, ports, prober, source)
        finally:
            if arguments.logs:
                arguments.logs.write_text(service.logs(), encoding="utf-8")


async def _run(
    arguments: argparse.Namespace,
    world: ChaosWorld,
    service: Service,
    broker: Broker,
    ports: dict[int, Worker],
    prober: Prober,
    source: Prometheus,
) -> Chaos:
    """Publish while things go wrong, and compare."""
    since = time.time()
    while not prober.all_ready(time.time() - 3):
        if time.time() - since > _START_LIMIT_S:
            raise RuntimeError(f"the workers do not become ready\n{service.logs()}")
        await asyncio.sleep(0.2)
    begin = time.time()
    rng = random.Random(arguments.seed)  # noqa: S311 - repeatable, not secret
    collectors = Collectors(broker.bootstrap, _PREFIX, world)
    commits = CommitWatch(broker.bootstrap, _PREFIX)
    going = asyncio.Event()
    going.set()
    ended: list[str] = []
    faults = Faults(service, broker, ports, prober, arguments.outages, arguments.every, rng, ended)
    async with ForgivingWatcher(service) as watcher:
        replacing = asyncio.create_task(replaced(service, ports, ended))
        looking = asyncio.create_task(_look(watcher, going))
        watching = asyncio.create_task(commits.run())
        wrong = asyncio.create_task(faults.run(watcher, going))
        try:
            publishing = asyncio.create_task(collectors.run())
            # a fault of this program ends the run at once
            await asyncio.wait({publishing, wrong, replacing}, return_when=asyncio.FIRST_COMPLETED)
            if not publishing.done():
                publishing.cancel()
                await asyncio.gather(wrong, replacing)
            await publishing
            until = time.time()
            going.clear()
            await wrong  # the last fault ends
            await looking
            applied = time.time()
            await watcher.until_done()
        finally:
            for task in (looking, wrong, watching, replacing):
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task
        chaos = Chaos(
            minutes=round((until - begin) / 60, 1),
            posts=collectors.sent,
            faults=faults.done,
            happened={name: at - begin for name, at in collectors.happened.items()},
            ended_by_themselves=ended,
            done_after_s=round(time.time() - max(until, applied), 1),
        )
        await _compare(chaos, watcher, world)
        progress = await watcher.values("progress.v1")
    probes = list(prober.probes)
    chaos.probes = len(probes)
    chaos.not_live = _not_live(probes, chaos)
    chaos.false_ready = false_ready(probes, chaos.faults, progress, commits.seen, until)
    chaos.late_kernels = service.logs().count("a kernel was compiled late")
    chaos.rules_pending = _seconds(source, "pending", begin)
    chaos.rules_fired = _seconds(source, "firing", begin)
    prober.stop()
    chaos.statuses = service.stop()
    return chaos


async def _look(watcher: Watcher, going: asyncio.Event) -> None:
    """Keep the latest progress at hand."""
    while going.is_set():
        await watcher.look()


async def _compare(chaos: Chaos, watcher: Watcher, world: ChaosWorld) -> None:
    alerts, expected = await watcher.alerts(), world.expected
    chaos.alerts = len(alerts)
    chaos.lost = len(expected.keys() - alerts.keys())
    chaos.invented = len(alerts.keys() - expected.keys())
    changed = sorted(key for key in alerts.keys() & expected.keys() if alerts[key] != expected[key])
    chaos.changed = len(changed)
    chaos.differences = [
        f"{key}: {line}"
        for key in changed
        for line in _differing(json.loads(expected[key]), json.loads(alerts[key]))
    ]
    for value in await watcher.values("dead-letters.v1"):
        reason = json.loads(value)["reason"]
        chaos.late += reason == "late"
        chaos.duplicates += reason == "duplicate"
        chaos.other_dead_letters += reason not in ("late", "duplicate")


def _differing(expected: dict[str, object], found: dict[str, object]) -> list[str]:
    """Each field of an alert that differs, with both values."""
    return [
        f"{name}: expected {expected.get(name)!r}, found {found.get(name)!r}"
        for name in sorted(expected.keys() | found.keys())
        if expected.get(name) != found.get(name)
    ]


def _not_live(probes: list[Probe], chaos: Chaos) -> int:
    """Probes that failed though the worker had been started for a while and was not being ended."""
    first: dict[int, float] = {}
    count = 0
    for probe in probes:
        if probe.live == 200:
            first.setdefault(probe.process, probe.at)
        elif probe.process in first and not any(
            fault.begin - 1 <= probe.at <= fault.end + 1 for fault in chaos.faults if not fault.is_outage
        ):
            count += 1
    return count


def _seconds(source: Prometheus, state: str, begin: float) -> dict[str, int]:
    """Seconds that each alert rule was in a state."""
    seconds: dict[str, int] = {}
    for one in source.series(f'ALERTS{{alertstate="{state}"}}', begin, time.time(), 1.0):
        name = one["metric"]["alertname"]
        seconds[name] = seconds.get(name, 0) + len(one["values"])
    return seconds
