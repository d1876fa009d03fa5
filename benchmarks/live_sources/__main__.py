"""An hour of Bluesky's traffic, many times as fast, through a server that misbehaves, onto a real broker.

    python -m benchmarks.live_sources [--seconds 3600] [--speed 50] [--likes] [--json OUT.json]

Midway the collector is killed, and another goes on. Server, collector and broker share the cores of this machine.
"""

import argparse
import asyncio
import json
import multiprocessing
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from benchmarks.live_sources.events import EventLog, traffic
from benchmarks.live_sources.jetstream_server import GARBAGE, Fault, JetstreamServer
from schemas.service.topics import FOLLOWS, POSTS
from tests.integration.kafka_broker import Broker
from tests.integration.live_service import PROGRAM, Service, Watcher

_BEGIN_S = 1_750_000_000
_BREAKS = ("drop", "close", "cut", "noise", "stall")
_TICKS = os.sysconf("SC_CLK_TCK")
_WAIT_S = 240.0
"""Seconds that the end is waited for, beyond those that the traffic takes."""


class IngestProcess:
    """One `lockstep ingest jetstream`, measured."""

    def __init__(self, service: Service, url: str, options: Sequence[str], log: Path) -> None:
        with log.open("ab") as file:
            self._process = subprocess.Popen(
                [
                    PROGRAM, "ingest", "jetstream", "--config", str(service.config), "--url", url,
                    "--stall-after", "2", *options,
                ],
                stdout=file,
                stderr=file,
            )  # fmt: skip

    @property
    def running(self) -> bool:
        """Whether it has not ended."""
        return self._process.poll() is None

    def memory_mb(self) -> float:
        """What it holds in memory now, MB."""
        pages = int(Path(f"/proc/{self._process.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 1e6

    def cpu_s(self) -> float:
        """Seconds of processor time so far."""
        values = Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(values[11]) + int(values[12])) / _TICKS

    def end(self, number: int) -> int:
        """End it with a signal; gives its exit status."""
        self._process.send_signal(number)
        return self._process.wait(timeout=60)


def _serve(log: EventLog, faults: list[list[Fault]], speed: float, pipe: Connection) -> None:
    """Serve in a process of its own, and say at the end what was sent."""

    async def run() -> None:
        server = JetstreamServer(log, faults, speed=speed)
        async with server.running() as url:
            pipe.send(url)
            while not pipe.poll():
                await asyncio.sleep(0.1)
        pipe.send({"connections": len(server.requests), "garbage": server.sent_garbage})

    asyncio.run(run())


def _faults(messages: int) -> list[list[Fault]]:
    """Connections that break in turn, each after a twelfth of the traffic, with repeats and garbage before."""
    share = messages // 12
    return [
        [(share // 4, "garbage"), (share // 2, "repeat"), (share, _BREAKS[number % len(_BREAKS)])]
        for number in range(9)
    ]


async def measured(arguments: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """Run the traffic through the server, and compare what is on the topics with what was sent."""
    log = EventLog.written(traffic(_BEGIN_S, arguments.seconds), folder / "events")
    kinds = Counter(log.names[code] for code in log.codes.tolist())
    options = ["--collections", "app.bsky.feed.*", "--collections", "app.bsky.graph.follow"]
    options = options if arguments.likes else []
    here, there = multiprocessing.get_context("fork").Pipe()
    broker = Broker(folder / "kafka", "--heap=1g").start()
    messages = len(log) if arguments.likes else len(log) - kinds["app.bsky.feed.like"]
    serving = multiprocessing.get_context("fork").Process(
        target=_serve, args=(log, _faults(messages), arguments.speed, there)
    )
    serving.start()
    url = here.recv()
    service = Service(folder / "service", broker.bootstrap, "bench-live.")
    service.lockstep("topics", "create")
    ingest_log = folder / "ingest.log"
    expected = _expected(log)
    collector = IngestProcess(service, url, options, ingest_log)
    samples: list[dict[str, float]] = []
    cpu_s, begun, killed_at = 0.0, time.monotonic(), 0.0
    try:
        async with Watcher(service) as watcher:
            while True:
                await asyncio.sleep(1.0)
                now = time.monotonic() - begun
                there_now = await _count(watcher)
                samples.append(
                    {"s": round(now, 1), "mb": round(collector.memory_mb(), 1), "posts": there_now}
                )
                if not killed_at and there_now >= expected["posts"] / 2:
                    cpu_s += collector.cpu_s()
                    collector.end(signal.SIGKILL)
                    killed_at = now
                    collector = IngestProcess(service, url, options, ingest_log)
                if there_now >= expected["posts"] + expected["deletions"] and killed_at:
                    counts = await _ids(watcher)
                    if len(counts) >= expected["posts"]:
                        break
                if not collector.running or now > arguments.seconds / arguments.speed + _WAIT_S:
                    raise RuntimeError(f"not all posts came:\n{ingest_log.read_text()[-3_000:]}")
            cpu_s += collector.cpu_s()
            status = collector.end(signal.SIGTERM)
            follows = {value for value in await watcher.values(FOLLOWS.name)}
            letters = len(await watcher.values("dead-letters.v1"))
        here.send("end")
        sent = here.recv()
    finally:
        serving.terminate()
        broker.discard()
    print(ingest_log.read_text()[-1_500:], file=sys.stderr)
    return {
        "cores": os.cpu_count(),
        "speed": arguments.speed,
        "events": len(log),
        "messages": messages,
        "seconds": samples[-1]["s"],
        "messages_per_s": round(messages / samples[-1]["s"]),
        "collector_cpu_s": round(cpu_s, 1),
        "posts_sent": expected["posts"],
        "posts_missing": len(expected["ids"] - counts.keys()),
        "posts_unknown": len(counts.keys() - expected["ids"]),
        "posts_twice_after_kill": sum(counts.values()) - len(counts),
        "follows_sent": expected["follows"],
        "follows_on_topic": len(follows),
        "dead_letters": letters,
        "garbage_sent": sent["garbage"],
        "garbage_kinds": len(GARBAGE),
        "connections": sent["connections"],
        "killed_after_s": round(killed_at, 1),
        "exit_status": status,
        "memory_mb": samples,
    }


def _expected(log: EventLog) -> dict[str, Any]:
    ids: set[str] = set()
    follows = deletions = 0
    for number in range(len(log)):
        name = log.names[log.codes[number]]
        if name == "app.bsky.graph.follow":
            follows += 1
        elif name in ("app.bsky.feed.post", "app.bsky.feed.repost"):
            event = json.loads(log.line(number))
            if event["commit"]["operation"] == "create":
                ids.add(f"at://{event['did']}/{name}/{event['commit']['rkey']}")
            else:
                deletions += 1
    return {"ids": ids, "posts": len(ids), "follows": follows, "deletions": deletions}


async def _count(watcher: Watcher) -> int:
    """Records on the topic of posts, reports among them."""
    return await watcher.ends(POSTS.name)


async def _ids(watcher: Watcher) -> Counter[str]:
    """How often each post is on the topic; deletions are no posts."""
    records = map(json.loads, await watcher.values(POSTS.name))
    return Counter(record["post_id"] for record in records if not record.get("deleted"))


def main(argv: Sequence[str] | None = None) -> int:
    """Run the program."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.live_sources", description=__doc__)
    parser.add_argument("--seconds", type=int, default=3_600, help="event time of the traffic")
    parser.add_argument("--speed", type=float, default=50.0, help="how many times as fast")
    parser.add_argument("--likes", action="store_true", help="ask for likes, too: twice the messages")
    parser.add_argument("--json", type=Path, help="write the figures here")
    arguments = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as folder:
        figures = asyncio.run(measured(arguments, Path(folder)))
    every = max(1, len(figures["memory_mb"]) // 20)
    print(json.dumps({**figures, "memory_mb": figures["memory_mb"][::every]}, indent=1))
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    whole = not (figures["posts_missing"] or figures["posts_unknown"])
    return 0 if whole and figures["exit_status"] == 0 else 1


if __name__ == "__main__":
    sys.exit(main())
