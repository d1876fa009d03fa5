"""`lockstep worker`: a Faust app of one ingest service and one agent.

Kafka shares the public partitions out among the ingest services of all workers, and gives the one partition of frames
to the agent of one of them. The others wait, ready to take over.
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

from schemas.topics import FRAMES, Role
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
"""Seconds for leaving the groups after everything else has ended."""


def run(settings: Settings) -> int:
    """Work until told to stop.

    Returns:
        The exit status: 0 when told to stop, 1 when something failed.

    Raises:
        LockstepError: the brokers cannot be reached, or a setting is wrong.
    """
    broker = connection(settings.kafka)
    asyncio.run(_require(broker, settings))
    worker_id = f"{socket.gethostname()}-{os.getpid()}-{uuid4().hex[:8]}"
    server = listen(settings.worker)
    log = set_up(worker_id, settings.kafka.topic_prefix)
    app = make_app(settings, worker_id, log, server)
    # Faust prints tracebacks of its own; faults are told by us
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
    """Make sure of what the clients would wait for without end."""
    prefix = settings.kafka.topic_prefix
    await require_topics(broker, prefix, Role.WORKER)
    await require_session_timeout(broker, ingest_group(prefix), settings.worker.session_timeout_s)


def make_app(settings: Settings, worker_id: str, log: Any, server: socket.socket | None = None) -> faust.App:
    """The app: an ingest service, and an agent that owns detection when the partition of frames is here.

    Args:
        settings: all of them.
        worker_id: for alerts, progress and logs.
        log: told of what happens.
        server: where metrics and health are served; None: nowhere.
    """
    broker = connection(settings.kafka)
    prefix = settings.kafka.topic_prefix
    folder = Path(settings.worker.data_dir)
    folder.mkdir(parents=True, exist_ok=True)
    app = faust.App(
        f"{prefix}detection",
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
    telemetry = Telemetry(prefix, settings.detection)
    owner = DetectionAgent(broker, settings, worker_id, log, telemetry)
    ingest = Ingest(broker, settings, log, telemetry)
    lag = LagWatch(broker, ingest, telemetry, log)
    reviews = ReviewWatch(broker, telemetry, log)
    web = Web(telemetry, server) if server is not None else None
    topic = app.topic(
        FRAMES.full_name(prefix),
        key_type=bytes,
        value_type=bytes,
        key_serializer="raw",
        value_serializer="raw",
        partitions=1,
    )

    @app.service
    class Work(Service):
        """Ingest, and the owner's clients."""

        async def on_start(self) -> None:
            if web is not None:
                await web.start()
            await owner.start()
            log.info("worker started", prefix=prefix)

        @Service.task
        async def ingest(self) -> None:
            try:
                await ingest.run(lambda: self.should_stop)
            except Exception as error:
                telemetry.health.failed = "ingest failed"
                log.error("ingest failed", error=f"{type(error).__name__}: {error}")
                await self.crash(error)

        @Service.task
        async def lag(self) -> None:
            await lag.run()

        @Service.task
        async def reviews(self) -> None:
            await reviews.run()

        async def on_stop(self) -> None:
            await owner.stop()
            if web is not None:
                await web.stop()
            log.info("worker stopped", records=ingest.records, posts=owner.posts, alerts=owner.alerts)
            _leave_at_last()

    @app.on_partitions_assigned.connect
    async def shared_out(app: Any, /, *assigned: Any, signal: Any, **more: Any) -> None:
        telemetry.owns(owner=any(tp.topic == FRAMES.full_name(prefix) for tp in assigned[0]))

    @app.agent(topic, concurrency=1)
    async def detection(stream: Any) -> None:
        async for event in stream.events():
            message = event.message
            try:
                await owner.take(message.offset, _headers(message.headers), message.value or b"")
            except Exception as error:
                if owner.stopping:
                    return  # in the middle of a rebuild; another worker begins it anew
                # an agent that goes on would leave this frame out
                log.error("detection failed", offset=message.offset, error=f"{type(error).__name__}: {error}")
                os._exit(1)

    return app


def _leave_at_last() -> None:
    """End the process even if a client waits for a group that does not answer; all that matters has been written."""
    last = threading.Timer(_LEAVING_S, os._exit, (0,))
    last.daemon = True
    last.start()


def _headers(headers: Any) -> dict[str, bytes]:
    return dict(headers.items() if hasattr(headers, "items") else headers or ())


def _status(ended: SystemExit) -> int:
    return ended.code if isinstance(ended.code, int) else int(ended.code is not None)
