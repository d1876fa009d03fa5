"""The Faust app of a worker: an ingest service, an agent of detection and one of co-sharing.

Kafka distributes the public partitions over the ingest services of all workers. It gives the one partition of frames
to the agent of one worker; the others stand by, ready to take over. If co-sharing has agents of its own, Kafka shares
its partitions out among all workers that run it.
"""

import math
import socket
from pathlib import Path
from typing import Any

import faust
from mode import Service

from schemas.service.topics import FRAMES, SHARES
from streams.live.broker.connection import Connection, connection, faust_settings
from streams.live.broker.membership import heartbeat_s
from streams.live.service.worker_parts import WorkerParts
from streams.live.stages.worker_stages import ALL_STAGES, WorkerStage
from streams.settings.settings import Settings


def make_app(
    settings: Settings,
    worker_id: str,
    log: Any,
    server: socket.socket | None = None,
    stages: frozenset[WorkerStage] = ALL_STAGES,
    shards: int = 0,
) -> "tuple[faust.App, WorkerParts]":
    """The app and its parts: an ingest service, and agents that run what is assigned to this worker.

    Args:
        settings: all of them.
        worker_id: for alerts, progress and logs.
        log: of the worker.
        server: where metrics and health are served; None: nowhere.
        stages: what this worker does.
        shards: count of shards of co-sharing; 0: it runs inside detection.
    """
    broker = connection(settings.kafka)
    app = _bare_app(settings, broker)
    parts = WorkerParts(app, broker, settings, worker_id, log, server, stages, shards)
    _add_service(app, parts)
    _follow_assignments(app, parts)
    if WorkerStage.NETWORKS in stages:
        _add_detection(app, parts)
    if parts.synchrony is not None:
        _add_synchrony(app, parts, shards)
    # without agents, Faust is to consume nothing
    app.producer_only = not parts.telemetry.health.detects
    return app, parts


def _bare_app(settings: Settings, broker: Connection) -> faust.App:
    """An app without services and agents, with the settings of Faust."""
    folder = Path(settings.worker.data_dir)
    folder.mkdir(parents=True, exist_ok=True)
    return faust.App(
        f"{settings.kafka.topic_prefix}detection",
        **faust_settings(broker, "worker"),
        datadir=str(folder / "faust"),
        store="memory://",
        key_serializer="raw",
        value_serializer="raw",
        web_enabled=False,
        consumer_auto_offset_reset="earliest",
        broker_request_timeout=max(90.0, settings.worker.session_timeout_s + 10.0),  # Faust wants it longer
        broker_session_timeout=settings.worker.session_timeout_s,
        broker_heartbeat_interval=heartbeat_s(settings.worker.session_timeout_s),
        broker_commit_interval=1.0,
        broker_max_poll_interval=3_600.0,
        stream_buffer_maxsize=128,
        stream_wait_empty=False,
        stream_processing_timeout=3_600.0,
        reply_create_topic=False,
        topic_partitions=1,
    )


def _add_service(app: faust.App, parts: WorkerParts) -> None:
    """Let the app start the parts once it has started itself."""

    @app.service
    class Work(Service):
        """All parts but the agent of Faust."""

        async def on_start(self) -> None:
            await parts.start()


def _follow_assignments(app: faust.App, parts: WorkerParts) -> None:
    """Let the parts know which partitions of frames and shares are here."""
    frames, shares = FRAMES.full_name(parts.prefix), SHARES.full_name(parts.prefix)

    @app.on_partitions_assigned.connect
    async def assigned(app: Any, /, *arguments: Any, signal: Any, **more: Any) -> None:
        here = any(partition.topic == frames for partition in arguments[0])
        parts.telemetry.set_detection_here(here)
        parts.frames.being_assigned = False
        if here:
            parts.take_over()
        parts.hold_shards({partition.partition for partition in arguments[0] if partition.topic == shares})

    @app.on_partitions_revoked.connect
    async def revoked(app: Any, /, *arguments: Any, signal: Any, **more: Any) -> None:
        parts.frames.being_assigned = True
        parts.telemetry.lose_detection()
        parts.give_up()


def _topic(app: faust.App, name: str, partitions: int) -> Any:
    return app.topic(
        name,
        key_type=bytes,
        value_type=bytes,
        key_serializer="raw",
        value_serializer="raw",
        partitions=partitions,
    )


def _add_detection(app: faust.App, parts: WorkerParts) -> None:
    """Let the app give the frames to detection while their partition is here."""

    @app.agent(_topic(app, FRAMES.full_name(parts.prefix), 1), concurrency=1)
    async def detection(stream: Any) -> None:
        async for event in stream.events():
            message = event.message
            at = message.timestamp if message.timestamp is not None else -math.inf
            try:
                await parts.agent.take(message.offset, _headers(message.headers), message.value or b"", at)
            except Exception as error:
                # an agent that goes on would leave this frame out
                parts.supervisor.fail("detection", error, offset=message.offset)


def _add_synchrony(app: faust.App, parts: WorkerParts, shards: int) -> None:
    """Let the app give shares to the shards of co-sharing that are here."""
    agent = parts.synchrony
    assert agent is not None  # noqa: S101 - for the type checker: the caller looks

    @app.agent(_topic(app, SHARES.full_name(parts.prefix), shards), concurrency=1)
    async def synchrony(stream: Any) -> None:
        async for event in stream.events():
            message = event.message
            try:
                await agent.take(
                    message.partition, message.offset, _headers(message.headers), message.value or b""
                )
            except Exception as error:
                parts.supervisor.fail("co-sharing", error, shard=message.partition, offset=message.offset)


def _headers(headers: Any) -> dict[str, bytes]:
    return dict(headers.items() if hasattr(headers, "items") else headers or ())
