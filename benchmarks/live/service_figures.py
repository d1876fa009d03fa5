"""Figures about a running service: raw reading, lag, processor time and memory, latency of alerts."""

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
from streams.live.broker.metadata import partitions_of
from streams.outputs.dead_letter_log import DeadLetterLog
from streams.replay.replay import Replay
from streams.settings.settings import Settings
from tests.integration.live_service import Service, Watcher

_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")


async def raw_reading(service: Service) -> dict[str, Any]:
    """Read the posts of a backlog with aiokafka's `getmany` and do nothing else."""
    consumer = AIOKafkaConsumer(bootstrap_servers=service.bootstrap, max_partition_fetch_bytes=8 << 20)
    await consumer.start()
    try:
        ends = await _from_beginning(consumer, f"{service.prefix}posts.v1")
        began, cpu, count = time.perf_counter(), time.process_time(), 0
        while any([await consumer.position(tp) < end for tp, end in ends.items()]):
            for records in (await consumer.getmany(timeout_ms=200, max_records=10_000)).values():
                count += len(records)
        wall, spent = time.perf_counter() - began, time.process_time() - cpu
        return {"posts_per_s": round(count / wall), "seconds": round(wall, 2), "cpu_s": round(spent, 2)}
    finally:
        await consumer.stop()


class Sampler:
    """Samples a service every second until cancelled.

    Args:
        service: the service with the workers.
        ports: where the workers serve metrics.
    """

    def __init__(self, service: Service, ports: Sequence[int]) -> None:
        self._service = service
        self._ports = ports
        self._cpu: dict[int, float] = {}
        self._peak: dict[int, int] = {}
        self.begun: float | None = None
        """When the first post was on its topic, by `time.perf_counter`."""
        self.lags: list[int] = []
        """Records on the topic of posts that detection has not applied: on the topic, in the log of frames, or waiting
        for the watermark. Marks of event time from publishers are records too."""

    async def run(self) -> None:
        """Sample until cancelled."""
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
        """Processor seconds of all workers, and the largest peak memory of a worker, bytes."""
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
    """Latency of alerts, seconds: from when the broker had the posts that an alert waits for to when it had the alert.

    An alert is raised at a tick. Detection reaches a tick when every partition has a post as late as the tick and the
    lateness. The ticks come from a local replay of the same load.
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
        arrivals = [
            arrival
            for times in reached
            if due and (arrival := _first_arrival(times, due + lateness)) is not None
        ]
        if len(arrivals) == len(reached):
            waited.append(stamp - max(arrivals))
    if len(waited) < 2:
        return {"alerts_timed": len(waited)}
    cuts = quantiles(waited, n=100)
    return {
        "alerts_timed": len(waited),
        "latency_p50_s": round(cuts[49], 2),
        "latency_p99_s": round(cuts[98], 2),
    }


async def _reached(service: Service) -> list[list[tuple[float, float]]]:
    """For each partition, the event times that were the latest on arrival, with the times of arrival, in seconds."""
    latest: dict[int, list[tuple[float, float]]] = {}
    for partition, stamp, value in await _records(service, "posts.v1"):
        if value is None:
            continue
        text = json.loads(value)["created_at"]
        time_of = datetime.fromisoformat(text).astimezone(UTC).timestamp()
        times = latest.setdefault(partition, [])
        if not times or time_of > times[-1][0]:
            times.append((time_of, stamp))
    return list(latest.values())


def _first_arrival(times: list[tuple[float, float]], due: float) -> float | None:
    index = bisect_left(times, (due, 0.0))
    return times[index][1] if index < len(times) else None


async def _stamped(service: Service, topic: str) -> list[tuple[float, bytes]]:
    return [(stamp, value) for _, stamp, value in await _records(service, topic) if value is not None]


async def _records(service: Service, topic: str) -> list[tuple[int, float, bytes | None]]:
    """Partition, time of arrival and value of all records."""
    consumer = AIOKafkaConsumer(bootstrap_servers=service.bootstrap)
    await consumer.start()
    try:
        ends = await _from_beginning(consumer, f"{service.prefix}{topic}")
        values: list[tuple[int, float, bytes | None]] = []
        while any([await consumer.position(tp) < end for tp, end in ends.items()]):
            for records in (await consumer.getmany(timeout_ms=200)).values():
                values.extend(
                    (record.partition, record.timestamp / 1_000, record.value) for record in records
                )
        return values
    finally:
        await consumer.stop()


async def _from_beginning(consumer: AIOKafkaConsumer, topic: str) -> dict[TopicPartition, int]:
    """Assign all partitions of a topic, from their beginning; return the offset at the end of each."""
    partitions = await _partitions(consumer, topic)
    consumer.assign(partitions)
    await consumer.seek_to_beginning(*partitions)
    ends: dict[TopicPartition, int] = await consumer.end_offsets(partitions)
    return ends


async def _partitions(consumer: AIOKafkaConsumer, topic: str) -> list[TopicPartition]:
    await consumer._client.force_metadata_update()
    return await partitions_of(consumer, topic)
