"""A long run of the live service: load, kills, and what became of it.

    python -m benchmarks.soak [--minutes M] [--rate POSTS_PER_S] [--kill-every S] [--json OUT.json]

Two workers share the work while one of them is killed again and again, the owner of detection and the other in turn,
and started anew. At the end everything published has to be applied, and the alerts have to be those of a local replay
of the same posts.
"""

import argparse
import asyncio
import json
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.live_figures import Sampler
from benchmarks.workload import Load, generate
from tests.integration.kafka_broker import Broker
from tests.integration.live_service import Service, Watcher, replayed

_DAYS = 7


async def soaked(arguments: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """Run it; what became of it."""
    posts = int(arguments.rate * arguments.minutes * 60)
    load = folder / "load.jsonl.gz"
    generate(Load(posts, seed=arguments.seed, days=_DAYS), load)
    expected = replayed([load], folder)
    broker = Broker(folder / "kafka", "--heap=1g").start()
    try:
        service = Service(
            folder / "service", broker.bootstrap, "soak.", worker_settings="snapshot_every_s = 30.0"
        )
        service.lockstep("topics", "create")
        speed = _DAYS * 86_400 / (arguments.minutes * 60)
        publisher = service.publish_at(load, speed)
        service.start_worker()
        service.start_worker()
        async with Watcher(service) as watcher:
            sampler = Sampler(service, watcher)
            sampling = asyncio.create_task(sampler.run())
            rng = random.Random(arguments.seed)  # noqa: S311 - repeatable, not secret
            kills = await _kill_on(service, watcher, publisher, arguments.kill_every, rng)
            await watcher.until_done()
            sampling.cancel()
            found = await watcher.alerts()
            letters = len(await watcher.values("dead-letters.v1"))
        statuses = service.stop()
    finally:
        broker.discard()
    memory = sampler.memory
    return {
        "posts": posts,
        "posts_per_s": arguments.rate,
        "minutes": arguments.minutes,
        "kills": kills,
        "alerts": len(found),
        "alerts_lost": len(expected.keys() - found.keys()),
        "alerts_invented": len(found.keys() - expected.keys()),
        "alerts_changed": sum(found[key] != expected[key] for key in found.keys() & expected.keys()),
        "dead_letters": letters,
        "lag_posts_max": max(sampler.lags, default=0),
        "memory_mb_by_quarter": [round(part / 1e6) for part in _quarters(memory)],
        "statuses": statuses,
    }


async def _kill_on(
    service: Service,
    watcher: Watcher,
    publisher: "subprocess.Popen[bytes]",
    every_s: float,
    rng: random.Random,
) -> int:
    """Kill a worker now and then until all is published; how many were."""
    kills = 0
    last = time.perf_counter()
    while publisher.poll() is None:
        await watcher.look()
        if time.perf_counter() - last >= every_s * rng.uniform(0.5, 1.5):
            last = time.perf_counter()
            owner = service.owner(watcher.progress["worker_id"])
            others = [worker for worker in service.workers if worker is not owner]
            victim = owner if kills % 2 == 0 and owner is not None else rng.choice(others or service.workers)
            service.kill(victim)
            service.start_worker()
            kills += 1
    if publisher.returncode:
        raise RuntimeError("publishing failed")
    return kills


def _quarters(values: Sequence[int]) -> list[int]:
    """The largest of each quarter."""
    size = max(1, len(values) // 4)
    return [max(values[begin : begin + size]) for begin in range(0, 4 * size, size) if values[begin:]]


def main(argv: Sequence[str] | None = None) -> int:
    """Run the program; 1 if anything was lost, changed or invented."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=15)
    parser.add_argument("--rate", type=float, default=2_000, help="posts a second")
    parser.add_argument("--kill-every", type=float, default=45, help="seconds between kills, about")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", type=Path, help="write the figures here")
    arguments = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as folder:
        figures = asyncio.run(soaked(arguments, Path(folder)))
    print(json.dumps(figures, indent=1))
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    bad = figures["alerts_lost"] + figures["alerts_invented"] + figures["alerts_changed"]
    return 1 if bad or any(figures["statuses"]) else 0


if __name__ == "__main__":
    sys.exit(main())
