"""Whether a worker that said ready was: what topics, groups and the broker's process say of the same time.

None of it comes from the worker's own health.
"""

import asyncio
import http.client
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from benchmarks.chaos.faults import Fault
from benchmarks.chaos.prober import Probe
from schemas.service.topics import POSTS

NOTICE_S = 3.0
"""Seconds that a worker may take to notice that no broker answers: it is not ready after 2 s without an answer."""
SETTLED_S = 6.0
"""Seconds after a fault in which a worker may still be busy with it. Chosen, not measured."""
PROGRESS_S = 8.0
"""Seconds within which a worker that runs detection and is ready has to report progress while posts come. Chosen, not
measured."""
READS_S = 12.0
"""Seconds within which ingest commits something if all workers are ready and posts wait. Chosen, not measured."""
_LOOK_EVERY_S = 1.0


@dataclass
class CommitWatch:
    """Looks once a second how far the group of ingest has committed.

    Args:
        bootstrap: of the brokers.
        prefix: of the topics.
    """

    bootstrap: str
    prefix: str
    seen: list[tuple[float, int, int]] = field(default_factory=list)
    """Time, posts committed, posts on the topic."""

    async def run(self) -> None:
        """Work until cancelled; looks in vain during an outage."""
        while True:
            consumer = AIOKafkaConsumer(bootstrap_servers=self.bootstrap, request_timeout_ms=5_000)
            admin = AIOKafkaAdminClient(bootstrap_servers=self.bootstrap, request_timeout_ms=5_000)
            try:
                await consumer.start()
                await admin.start()
                while True:
                    await self._look(consumer, admin)
                    await asyncio.sleep(_LOOK_EVERY_S)
            except (KafkaError, OSError, TimeoutError):
                await asyncio.sleep(_LOOK_EVERY_S)
            finally:
                await consumer.stop()
                await admin.close()

    async def _look(self, consumer: AIOKafkaConsumer, admin: AIOKafkaAdminClient) -> None:
        name = self.prefix + POSTS.name
        at = time.time()
        (described,) = await admin.describe_topics([name])
        partitions = [TopicPartition(name, partition["partition"]) for partition in described["partitions"]]
        ends = await consumer.end_offsets(partitions)
        committed = await admin.list_consumer_group_offsets(f"{self.prefix}ingest")
        reached = sum(max(0, committed[tp].offset) for tp in partitions if tp in committed)
        self.seen.append((at, reached, sum(ends.values())))


def false_ready(
    probes: Sequence[Probe],
    faults: Sequence[Fault],
    progress: Sequence[bytes],
    commits: Sequence[tuple[float, int, int]],
    until: float,
) -> list[str]:
    """Every answer that said ready and was not true, in words.

    Args:
        probes: all answers, with their times.
        faults: that were made.
        progress: records of the topic of progress.
        commits: as of `CommitWatch`.
        until: when the last post was sent, seconds since 1970 UTC.
    """
    ready = [probe for probe in probes if probe.ready == http.client.OK and probe.at < until]
    return [
        *_in_outages(ready, faults),
        *_without_progress(ready, faults, progress, until),
        *_unread(probes, commits),
    ]


def _in_outages(ready: Sequence[Probe], faults: Sequence[Fault]) -> list[str]:
    return [
        f"worker {probe.process} said ready {probe.at - fault.begin:.0f} s into an outage ({fault.kind})"
        for fault in faults
        if fault.is_outage
        for probe in ready
        if fault.begin + NOTICE_S < probe.at < fault.end
    ]


def _without_progress(
    ready: Sequence[Probe], faults: Sequence[Fault], progress: Sequence[bytes], until: float
) -> list[str]:
    """Owners that said ready, went on undisturbed, and reported nothing."""
    reports: dict[int, list[float]] = {}
    for value in progress:
        record = json.loads(value)
        process = int(record["worker_id"].split("-")[-2])
        reports.setdefault(process, []).append(datetime.fromisoformat(record["at"]).timestamp())
    disturbed = [(fault.begin - 1, fault.end + SETTLED_S) for fault in faults]
    return [
        f"worker {probe.process} said ready and ran detection, and reported no progress for {PROGRESS_S:.0f} s"
        for probe in ready
        if probe.owner
        and probe.at + PROGRESS_S < until
        and not any(probe.at < end and probe.at + PROGRESS_S > begin for begin, end in disturbed)
        and not any(probe.at <= at <= probe.at + PROGRESS_S for at in reports.get(probe.process, ()))
    ]


def _unread(probes: Sequence[Probe], commits: Sequence[tuple[float, int, int]]) -> list[str]:
    """Times in which all workers said ready, posts waited, and nothing was committed."""
    found = []
    begin = 0
    for at in range(1, len(commits)):
        if commits[at][1] != commits[at - 1][1] or commits[at][1] >= commits[at][2]:
            begin = at
        elif commits[at][0] - commits[begin][0] >= READS_S:
            during = [probe for probe in probes if commits[begin][0] <= probe.at <= commits[at][0]]
            if during and all(probe.ready == http.client.OK for probe in during):
                found.append(
                    f"all workers said ready, and {commits[at][2] - commits[at][1]} posts waited unread"
                )
            begin = at
    return found
