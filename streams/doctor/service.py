"""What a service left on its topics: the clocks of its workers, and the saved state."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from aiokafka import AIOKafkaConsumer, TopicPartition

from detectors.config import DetectionConfig
from schemas.service.progress import Progress
from schemas.service.topic import Topic
from schemas.service.topics import PROGRESS, SNAPSHOTS
from streams.doctor.finding import Finding, Status
from streams.live.broker.broker_check import PATIENCE_S
from streams.live.broker.connection import Connection, consumer_arguments
from streams.live.state.snapshots import Manifest
from streams.reports.durations import duration
from streams.version import VERSION

MOST_SKEW_S = 5.0
"""Seconds by which the clock of a worker may differ from the broker's."""
_REPORTS = 50
"""Reports of progress that are read, from the end."""
_CHUNKS = 3
"""Records of snapshots that are read, from the end. A snapshot ends with its manifest; other records are large."""
_PATIENCE_MS = 2_000
_MB = 1e6


async def clocks(connection: Connection) -> Finding:
    """How far the clock of the latest worker that ran detection was from the broker's.

    Each report of progress holds the worker's time, and the broker adds its own on arrival. The transfer takes a
    moment, so the smallest difference of several reports is the closest.
    """
    check = "clocks"
    skews: list[float] = []
    worker = ""
    for record in await _latest(connection, PROGRESS, _REPORTS):
        try:
            report = msgspec.json.decode(record.value or b"", type=Progress)
        except msgspec.DecodeError:
            continue
        if report.worker_id != worker:
            worker, skews = report.worker_id, []
        skews.append(record.timestamp / 1_000 - report.at.timestamp())
    if not skews:
        return Finding(
            check=check, status=Status.OK, found="not known until a worker has reported how far detection is"
        )
    ahead = -min(skews)
    if abs(ahead) > MOST_SKEW_S:
        way = "ahead of" if ahead > 0 else "behind"
        return Finding(
            check=check,
            status=Status.WARN,
            found=f"The clock of worker {worker} was {abs(ahead):,.0f} s {way} the broker's.",
            mend="Set both by a time server. Both decide whether a post comes from the future (worker.max_ahead_s).",
        )
    return Finding(
        check=check,
        status=Status.OK,
        found=f"worker {worker} within {max(abs(ahead), 0.1):.1f} s of the broker",
    )


async def state(connection: Connection, config: DetectionConfig) -> Finding:
    """Whether the newest snapshot can be used with these settings."""
    check = "saved state"
    records = await _latest(connection, SNAPSHOTS, _CHUNKS)
    manifests = [m for record in records if (m := _manifest(record)) is not None]
    if not records:
        return Finding(
            check=check,
            status=Status.OK,
            found="none yet; a worker writes the first some minutes after its start",
        )
    if not manifests:
        return Finding(check=check, status=Status.OK, found="a worker is writing the first")
    newest = max(manifests, key=lambda manifest: manifest.frame_offset)
    found = (
        f"{newest.bytes / _MB:,.1f} MB after frame {newest.frame_offset:,}, written {_age(newest.written_at)} by "
        f"version {newest.code_version}"
    )
    if newest.settings != config.digest:
        return Finding(
            check=check,
            status=Status.WARN,
            found=f"{found}, under other settings of detection. It will not be used.",
            mend="Detection will rebuild its state from the log, which goes less far back: docs/operations/upgrade.md.",
        )
    if newest.code_version != VERSION:
        return Finding(
            check=check,
            status=Status.OK,
            found=f"{found}; this is version {VERSION}: its changelog says whether it can read that state",
        )
    return Finding(check=check, status=Status.OK, found=found)


async def _latest(connection: Connection, topic: Topic, count: int) -> Sequence[Any]:
    """The last records of the only partition of a topic, in order."""
    consumer = AIOKafkaConsumer(
        **consumer_arguments(connection, "doctor"), request_timeout_ms=int(PATIENCE_S * 1_000)
    )
    await consumer.start()
    try:
        partition = TopicPartition(topic.full_name(connection.settings.topic_prefix), 0)
        consumer.assign([partition])
        begin = (await consumer.beginning_offsets([partition]))[partition]
        end = (await consumer.end_offsets([partition]))[partition]
        consumer.seek(partition, max(begin, end - count))
        found: list[Any] = []
        while await consumer.position(partition) < end:
            answer = await consumer.getmany(timeout_ms=_PATIENCE_MS)
            if not answer:
                break
            for records in answer.values():
                found.extend(records)
        return found
    finally:
        await consumer.stop()


def _manifest(record: Any) -> Manifest | None:
    if not (record.key or b"").endswith(b"/manifest"):
        return None
    try:
        return msgspec.json.decode(record.value or b"", type=Manifest)
    except msgspec.DecodeError:
        return None


def _age(written_at: str) -> str:
    try:
        age = datetime.now(UTC) - datetime.fromisoformat(written_at)
    except (ValueError, TypeError):
        return "at an unknown time"
    return f"{duration(max(age, timedelta()))} ago"
