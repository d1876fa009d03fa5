"""`lockstep worker`: a Faust app with one ingest service and one agent.

Kafka distributes the public partitions over the ingest services of all workers. It gives the one partition of frames
to the agent of one worker; the others stand by, ready to take over.
"""

import asyncio
import logging
import os
import socket
import threading
from pathlib import Path
from typing import Any
from uuid import uuid4

import faust
from mode import Service

from schemas.service.topics import FRAMES, Role
from streams.live.broker.connection import Connection, connection, faust_settings
from streams.live.broker.group_session import require_session_timeout
from streams.live.broker.topic_admin import require_topics
from streams.live.ingest.ingest import Ingest, ingest_group
from streams.live.ingest.lag_watch import LagWatch
from streams.live.service.logs import set_up
from streams.live.service.web import Web, listen
from streams.live.stages.detection_agent import DetectionAgent
from streams.live.stages.review_watch import ReviewWatch
from streams.live.telemetry.telemetry import Telemetry
from streams.settings.settings import Settings

_LEAVING_S = 15.0
"""Seconds for leaving the consumer groups after everything else has ended. Chosen, not measured."""


def run(settings: Settings) -> int:
    """Work until a signal says to stop.

    Returns:
        The exit status: 0 after a signal, 1 when something failed.

    Raises:
        LockstepError: the brokers cannot be reached, or a setting is wrong.
    """
    broker = connection(settings.kafka)
    asyncio.run(_require(broker, settings))
    worker_id = f"{socket.gethostname()}-{os.getpid()}-{uuid4().hex[:8]}"
    server = listen(settings.worker)
    log = set_up(worker_id, settings.kafka.topic_prefix)
    app = make_app(settings, worker_id, log, server)
    # Faust prints tracebacks of its own; this module logs faults itself
    logging.getLogger("faust").setLevel(logging.ERROR)
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    worker = faust.Worker(app, loop=loop, quiet=True, redirect_stdouts=False, override_logging=False)
    worker.spinner = None
    try:
        worker.execute_from_commandline()
    except SystemExit as ended:
        return _status(ended)
    return 0


async def _require(broker: Connection, settings: Settings) -> None:
    """Check the topics and the session timeout: clients would wait without end for topics that are not there."""
    prefix = settings.kafka.topic_prefix
    await require_topics(broker, prefix, Role.WORKER)
    await require_session_timeout(broker, ingest_group(prefix), settings.worker.session_timeout_s)


def make_app(settings: Settings, worker_id: str, log: Any, server: socket.socket | None = None) -> faust.App:
    """The app: an ingest service, and an agent that runs detection when the partition of frames is here.

    Args:
        settings: all of them.
        worker_id: for alerts, progress and logs.
        log: of the worker.
        server: where metrics and health are served; None: nowhere.
    """
    broker = connection(settings.kafka)
    app = _bare_app(settings, broker)
    parts = _WorkerParts(broker, settings, worker_id, log, server)
    _add_service(app, parts)
    _add_detection(app, parts)
    return app


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
        broker_heartbeat_interval=settings.worker.session_timeout_s / 4,
        broker_commit_interval=1.0,
        broker_max_poll_interval=3_600.0,
        stream_buffer_maxsize=128,
        stream_wait_empty=False,
        stream_processing_timeout=3_600.0,
        reply_create_topic=False,
        topic_partitions=1,
    )


class _WorkerParts:
    """What runs on one worker: ingest, detection, and what watches them."""

    def __init__(
        self,
        broker: Connection,
        settings: Settings,
        worker_id: str,
        log: Any,
        server: socket.socket | None,
    ) -> None:
        self.prefix = settings.kafka.topic_prefix
        self.log = log
        self.telemetry = Telemetry(self.prefix, settings.detection)
        self.agent = DetectionAgent(broker, settings, worker_id, log, self.telemetry)
        self.ingest = Ingest(broker, settings, log, self.telemetry)
        self.lag = LagWatch(broker, self.ingest, self.telemetry, log)
        self.reviews = ReviewWatch(broker, self.telemetry, log)
        self.web = Web(self.telemetry, server) if server is not None else None

    async def start(self) -> None:
        """Make ready for frames; metrics and health are served from now on."""
        if self.web is not None:
            await self.web.start()
        await self.agent.start()
        self.log.info("worker started", prefix=self.prefix)

    async def stop(self) -> None:
        """Save the state of detection, and end everything."""
        await self.agent.stop()
        if self.web is not None:
            await self.web.stop()
        self.log.info(
            "worker stopped", records=self.ingest.records, posts=self.agent.posts, alerts=self.agent.alerts
        )


def _add_service(app: faust.App, parts: _WorkerParts) -> None:
    """Let the app run ingest and the watches."""

    @app.service
    class Work(Service):
        """Ingest, the watches, and the clients of detection."""

        async def on_start(self) -> None:
            await parts.start()

        @Service.task
        async def ingest(self) -> None:
            try:
                await parts.ingest.run(lambda: self.should_stop)
            except Exception as error:
                parts.telemetry.health.failed = "ingest failed"
                parts.log.error("ingest failed", error=f"{type(error).__name__}: {error}")
                await self.crash(error)

        @Service.task
        async def lag(self) -> None:
            await parts.lag.run()

        @Service.task
        async def reviews(self) -> None:
            await parts.reviews.run()

        async def on_stop(self) -> None:
            await parts.stop()
            _leave_at_last()


def _add_detection(app: faust.App, parts: _WorkerParts) -> None:
    """Let the app give the frames to detection while their partition is here."""
    name = FRAMES.full_name(parts.prefix)
    topic = app.topic(
        name, key_type=bytes, value_type=bytes, key_serializer="raw", value_serializer="raw", partitions=1
    )

    @app.on_partitions_assigned.connect
    async def assigned(app: Any, /, *arguments: Any, signal: Any, **more: Any) -> None:
        parts.telemetry.set_detection_here(any(partition.topic == name for partition in arguments[0]))

    @app.agent(topic, concurrency=1)
    async def detection(stream: Any) -> None:
        async for event in stream.events():
            message = event.message
            try:
                await parts.agent.take(message.offset, _headers(message.headers), message.value or b"")
            except Exception as error:
                if parts.agent.stopping:
                    return  # in the middle of a rebuild; another worker begins it anew
                # an agent that goes on would leave this frame out
                parts.log.error(
                    "detection failed", offset=message.offset, error=f"{type(error).__name__}: {error}"
                )
                os._exit(1)


def _leave_at_last() -> None:
    """End the process even if a client waits for a group that does not answer. Everything has been written by now."""
    timer = threading.Timer(_LEAVING_S, os._exit, (0,))
    timer.daemon = True
    timer.start()


def _headers(headers: Any) -> dict[str, bytes]:
    return dict(headers.items() if hasattr(headers, "items") else headers or ())


def _status(ended: SystemExit) -> int:
    return ended.code if isinstance(ended.code, int) else int(ended.code is not None)
