"""All checks of the live service."""

import asyncio
import os
from collections.abc import Awaitable, Callable
from pathlib import Path

from schemas.errors import UsageError
from schemas.service.topics import PROGRESS, SNAPSHOTS
from streams.doctor import broker, service
from streams.doctor.finding import Finding, Status
from streams.doctor.rights import Right
from streams.doctor.scrape import scrape
from streams.live.broker.broker_check import FAULTS
from streams.live.broker.connection import connection
from streams.settings.settings import Settings, WorkerSettings


def live(settings: Settings) -> list[Finding]:
    """Check brokers, topics, rights, clocks, the saved state, and the worker's folder and metrics."""
    findings = asyncio.run(_on_brokers(settings))
    return [*findings, worker_folder(settings.worker), scrape(settings.worker)]


def worker_folder(settings: WorkerSettings) -> Finding:
    """Whether a worker can write its few files."""
    check, folder = "worker's folder", Path(settings.data_dir).absolute()
    standing = next(place for place in (folder, *folder.parents) if place.exists())
    if not standing.is_dir() or not os.access(standing, os.W_OK | os.X_OK):
        return Finding(
            check=check,
            status=Status.FAIL,
            found=f"{folder} cannot be written.",
            mend="Set worker.data_dir to another folder. A worker can lose what is in it.",
        )
    return Finding(check=check, status=Status.OK, found=str(folder))


async def _on_brokers(settings: Settings) -> list[Finding]:
    try:
        way = connection(settings.kafka)
    except UsageError as error:
        return [
            Finding(
                check="brokers",
                status=Status.FAIL,
                found=str(error),
                mend="An example is in docs/operations/security.md.",
            )
        ]
    findings = [await broker.reached(way)]
    if findings[0].status is Status.FAIL:
        return findings  # all other checks would fail for the same reason
    seen = await broker.seen_topics(way)
    if isinstance(seen, Finding):
        return [*findings, seen]
    findings += [await broker.topics(way, seen), await broker.rights(way, seen)]
    for check, topic, asking in (
        ("clocks", PROGRESS, lambda: service.clocks(way)),
        ("saved state", SNAPSHOTS, lambda: service.state(way, settings.detection)),
    ):
        if topic.name in seen and seen[topic.name].may(Right.READ):  # else another check says so
            findings.append(await _checked(check, asking))
    return findings


async def _checked(check: str, asking: Callable[[], Awaitable[Finding]]) -> Finding:
    try:
        return await asking()
    except FAULTS as error:
        return Finding(
            check=check,
            status=Status.WARN,
            found=f"The broker did not answer: {type(error).__name__}: {error}.",
            mend="Check that every broker can be reached from here.",
        )
