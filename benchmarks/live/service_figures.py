"""Figures about a running service: what is read raw, how far it is behind, what it costs, how late alerts are."""

import asyncio
import json
import os
import time
from bisect import bisect_left
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from statistics import quantiles
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition

from benchmarks.live.worker_metrics import posts_applied
from streams.outputs.dead_letter_log import DeadLetterLog
from streams.replay.replay import Replay
from streams.settings.settings import Settings
from tests.integration.live_service import Service, Watcher

_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")


async def raw_reading(service: Service) -> dict[str, Any]:
    """Read the posts of a backlog with aiokafka's `getmany`, and do nothing with them."""
    consumer = AIOKafkaConsumer(bootstrap_servers=service.bootstrap, max_partition_fetch_bytes=8 << 20)
    await consumer.start()
    try:
        partitions = await _partitions(consumer, f"{service.prefix}posts.v1")
        consumer.assign(partitions)
        await consumer.seek_to_beginning(*partitions)
        ends = await consumer.end_offsets(partitions)
        began, cpu, count = time.perf_counter(), time.process_time(), 0
        while any([await consumer.position(tp) < end for tp, end in ends.items()]):
            for records in (await consumer.getmany(timeout_ms=200, max_records=10_000)).values():
                count += len(records)
        wall, spent = time.perf_counter() - began, time.process_time() - cpu
        return {"posts_per_s": round(count / wall), "seconds": round(wall, 2), "cpu_s": round(spent, 2)}
    finally:
        await consumer.stop()


class Sampler:
    """Looks at a service every second until cancelled.

    Args:
        service: whose workers are looked at.
        ports: where they serve their metrics.
    """

    def __init__(self, service: Service, ports: Sequence[int]) -> None:
        self._service = service
        self._ports = ports
        self._cpu: dict[int, float] = {}
        self._peak: dict[int, int] = {}
        self.begun: float | None = None
        """When the topic of posts had something, by `time.perf_counter`."""
        self.lags: list[int] = []
        """Records on the topic of posts that detection has not applied, wherever they are: on the topic, in the log of
        frames, or waiting for the watermark. What publishers say about event time is counted among them."""

    async def run(self) -> None:
        """Sample."""
        consumer = AIOKafkaConsumer(bootstrap_servers=self._service.bootstrap)
        await consumer.start()
        try:
            partitions = await _partitions(consumer, f"{self._service.prefix}posts.v1")
            while True:
                ends = await consumer.end_offsets(partitions)
                if not any(ends.values()):
                    await asyncio.sleep(0.05)
                    continue
                self.begun = self.begun or time.perf_counter()
                applied = await asyncio.to_thread(posts_applied, self._ports)
                self.lags.append(max(0, sum(ends.values()) - applied))
                for worker in self._service.workers:
                    self._look(worker.pid)
                await asyncio.sleep(1.0)
        finally:
            await consumer.stop()

    def usage(self) -> tuple[float, int]:
        """Processor seconds of all workers, and the largest peak of memory of one, bytes."""
        for worker in self._service.workers:
            self._look(worker.pid)
        return sum(self._cpu.values()), max(self._peak.values(), default=0)

    def _look(self, pid: int) -> None:
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
            resident = int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE
        except OSError:
            return
        self._cpu[pid] = (int(fields[11]) + int(fields[12])) / _TICKS
        self._peak[pid] = max(resident, self._peak.get(pid, 0))


async def latencies(service: Service, watcher: Watcher, load: Path) -> dict[str, Any]:
    """How long after the broker had what an alert had to wait for it was on its topic, seconds.

    An alert is raised at a tick, which is reached when a post of the tick's time and the lateness has come in every
    partition. The ticks are those of a local replay of the same load.
    """
    settings = Settings()
    lateness = settings.detection.time.lateness_s
    run = Replay([str(load)], settings, DeadLetterLog(None, settings.input))
    tick_of: dict[tuple[str, int], float] = {}
    for alert in run.run():
        if run.progress.tick is not None:
            tick_of[alert.alert_id, alert.revision] = run.progress.tick.timestamp()
    reached = await _reached(service)
    waited = []
    for stamp, value in await _stamped(service, "alerts.v1"):
        alert = json.loads(value)
        due = tick_of.get((alert["alert_id"], alert["revision"]))
        came = [at for times in reached if due and (at := _first_at(times, due + lateness)) is not None]
        if len(came) == len(reached):
            waited.append(stamp - max(came))
    if len(waited) < 2:
        return {"alerts_timed": len(waited)}
    cuts = quantiles(waited, n=100)
    return {
        "alerts_timed": len(waited),
        "latency_p50_s": round(cuts[49], 2),
        "latency_p99_s": round(cuts[98], 2),
    }


async def _reached(service: Service) -> list[list[tuple[float, float]]]:
    """Of each partition: event times that were the latest when they came, with when that was; both in seconds."""
    found: dict[int, list[tuple[float, float]]] = {}
    for partition, stamp, value in await _records(service, "posts.v1"):
        if value is None:
            continue
        text = json.loads(value)["created_at"]
        time_of = datetime.fromisoformat(text).astimezone(UTC).timestamp()
        times = found.setdefault(partition, [])
        if not times or time_of > times[-1][0]:
            times.append((time_of, stamp))
    return list(found.values())


def _first_at(times: list[tuple[float, float]], due: float) -> float | None:
    at = bisect_left(times, (due, 0.0))
    return times[at][1] if at < len(times) else None


async def _stamped(service: Service, topic: str) -> list[tuple[float, bytes]]:
    return [(stamp, value) for _, stamp, value in await _records(service, topic) if value is not None]


async def _records(service: Service, topic: str) -> list[tuple[int, float, bytes | None]]:
    """Partition, time of arrival and value of all records."""
    consumer = AIOKafkaConsumer(bootstrap_servers=service.bootstrap)
    await consumer.start()
    try:
        partitions = await _partitions(consumer, f"{service.prefix}{topic}")
        consumer.assign(partitions)
        await consumer.seek_to_beginning(*partitions)
        ends = await consumer.end_offsets(partitions)
        found = []
        while any([await consumer.position(tp) < end for tp, end in ends.items()]):
            for records in (await consumer.getmany(timeout_ms=200)).values():
                found.extend((r.partition, r.timestamp / 1_000, r.value) for r in records)
        return found
    finally:
        await consumer.stop()


async def _partitions(consumer: AIOKafkaConsumer, topic: str) -> list[TopicPartition]:
    await consumer._client.force_metadata_update()
    metadata = await consumer._client.fetch_all_metadata()
    return [TopicPartition(topic, number) for number in metadata.partitions_for_topic(topic)]
