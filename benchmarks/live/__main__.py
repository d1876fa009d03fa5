"""The live service on a real broker: raw reading, backlog, a sustained rate, latency, state, takeover.

    python -m benchmarks.live [--posts N] [--rate POSTS_PER_S] [--parts PART...] [--apart] [--json OUT.json]

Broker, publisher and workers share the cores of this machine. Compare only figures of one run.
"""

import argparse
import asyncio
import json
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.live.service_figures import Sampler, latencies, raw_reading
from benchmarks.live.worker_metrics import seconds_by_stage, until_ready
from benchmarks.workload.load import Load, generate
from tests.integration.kafka_broker import Broker
from tests.integration.live_service import Service, Watcher
from tests.integration.prometheus_server import free_ports

_LOAD_DAYS = 7
_PARTS = ("drain", "sustained", "rebuild")


async def drain(service: Service, workers: int, posts: int) -> dict[str, Any]:
    """Start workers on a backlog; return how fast they work it off, with and without their start."""
    started = time.perf_counter()
    ports = _start(service, workers)
    async with Watcher(service) as watcher:
        await watcher.until(lambda p: p["frame_offset"] >= 0, "the first frame")
        first = time.perf_counter()
        sampler = Sampler(service, ports)
        sampling = asyncio.create_task(sampler.run())
        await watcher.until_done()
        ended = time.perf_counter()
        sampling.cancel()
        alerts = len(await watcher.alerts())
    cpu, peak = sampler.usage()
    stages = seconds_by_stage(ports)
    statuses = service.stop()
    return {
        "workers": workers,
        "posts_per_s": round(posts / (ended - first)),
        "seconds": round(ended - first, 1),
        "seconds_with_start": round(ended - started, 1),
        "worker_cpu_s": round(cpu, 1),
        "peak_mb": round(peak / 1e6),
        "alerts": alerts,
        "statuses": statuses,
        "seconds_by_stage": stages,
    }


def _start(service: Service, workers: int) -> list[int]:
    """Start workers; return the ports where they serve metrics."""
    ports = free_ports(workers)
    for port in ports:
        service.start_worker("--web-port", str(port))
    return ports


async def sustained(service: Service, load: Path, rate: float, posts: int) -> dict[str, Any]:
    """Publish at a steady multiple of event time; return how far the service is behind, and how late alerts are."""
    speed = _LOAD_DAYS * 86_400 * rate / posts
    ports = _start(service, 1)
    async with Watcher(service) as watcher:
        await asyncio.to_thread(until_ready, ports)
        publisher = service.publish_at(load, speed)
        sampler = Sampler(service, ports)
        sampling = asyncio.create_task(sampler.run())
        while publisher.poll() is None:
            await asyncio.sleep(0.1)
        published = time.perf_counter()
        await watcher.until_done()
        ended = time.perf_counter()
        sampling.cancel()
        late = await latencies(service, watcher, load)
    cpu, peak = sampler.usage()
    service.stop()
    lags = sampler.lags
    return {
        "posts_per_s": round(posts / (published - (sampler.begun or 0.0))),
        "behind_at_end_s": round(ended - published, 1),
        "lag_posts_first_half_max": max(lags[: len(lags) // 2], default=0),
        "lag_posts_second_half_max": max(lags[len(lags) // 2 :], default=0),
        "worker_cpu_s": round(cpu, 1),
        "peak_mb": round(peak / 1e6),
        **late,
    }


async def rebuild(service: Service) -> dict[str, Any]:
    """Kill the worker that runs detection; return how long another takes to rebuild its state."""
    service.start_worker()
    service.start_worker()
    async with Watcher(service) as watcher:
        found = await watcher.until(lambda p: p["frame_offset"] >= 60, "frames")
        owner = service.owner(found["worker_id"])
        if owner is None:
            raise RuntimeError("detection runs on none of the workers")
        killed = time.perf_counter()
        service.kill(owner)
        await watcher.until(lambda p: p["worker_id"] != found["worker_id"], "another owner")
        taken = time.perf_counter() - killed
        await watcher.until_done()
    service.stop()
    log = [json.loads(line) for line in service.logs().splitlines() if line.startswith("{")]
    return {
        "seconds_to_next_owner": round(taken, 1),
        "rebuilds": [
            {"frames": line["frames"], "seconds": line["seconds"]}
            for line in log
            if line.get("event") == "state rebuilt"
        ],
        "snapshots": [
            {"mb": round(line["bytes"] / 1e6, 1), "seconds": line["seconds"]}
            for line in log
            if line.get("event") == "snapshot written"
        ],
    }


async def measured(arguments: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """Measure all parts, one after the other."""
    load = folder / "load.jsonl.gz"
    generate(Load(arguments.posts, seed=arguments.seed, days=_LOAD_DAYS), load)
    broker = Broker(folder / "kafka", "--heap=1g").start()
    figures: dict[str, Any] = {"cores": os.cpu_count(), "posts": arguments.posts}
    try:

        def service(name: str, settings: str = "") -> Service:
            settings += "\nsynchrony_agents = true" * arguments.apart
            made = Service(folder / name, broker.bootstrap, f"bench-{name}.", worker_settings=settings)
            made.lockstep("topics", "create")
            return made

        if "drain" in arguments.parts:
            drained: list[dict[str, Any]] = []
            for workers in (1, 2):
                backlog = service(f"drain-{workers}")
                backlog.lockstep("publish", load, "--end", "--no-progress")
                if not drained:
                    figures["raw_getmany"] = await raw_reading(backlog)
                drained.append(await drain(backlog, workers, arguments.posts))
            figures["drain"] = drained
        if "sustained" in arguments.parts:
            figures["sustained"] = await sustained(service("live"), load, arguments.rate, arguments.posts)
        if "rebuild" in arguments.parts:
            interrupted = service("kill", "snapshot_every_s = 10.0")
            interrupted.lockstep("publish", load, "--end", "--no-progress")
            figures["rebuild"] = await rebuild(interrupted)
    finally:
        broker.discard()
    return figures


def main(argv: Sequence[str] | None = None) -> int:
    """Run the program."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.live", description=__doc__)
    parser.add_argument("--posts", type=int, default=1_000_000)
    parser.add_argument("--rate", type=float, default=16_000, help="posts a second of the sustained part")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--parts", nargs="+", choices=_PARTS, default=_PARTS, help="what to measure")
    parser.add_argument("--apart", action="store_true", help="co-sharing in agents of its own")
    parser.add_argument("--json", type=Path, help="write the figures here")
    arguments = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as folder:
        figures = asyncio.run(measured(arguments, Path(folder)))
    print(json.dumps(figures, indent=1))
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
