"""`lockstep worker`: a Faust app of one ingest service and one agent.

Kafka shares the public partitions out among the ingest services of all workers, and gives the one partition of frames
to the agent of one of them. The others wait, ready to take over.
"""

import asyncio
import logging
import os
import socket
import sys
from pathlib import Path
from typing import Any
from uuid import uuid4

import faust
import structlog
from mode import Service

from schemas.topics import FRAMES, Role
from streams.live.connection import connection, faust_settings
from streams.live.ingest import Ingest
from streams.live.owner import Owner
from streams.live.topic_admin import require_topics
from streams.settings import Settings


def run(settings: Settings) -> int:
    """Work until told to stop.

    Returns:
        The exit status: 0 when told to stop, 1 when something failed.

    Raises:
        LockstepError: the brokers cannot be reached, or a setting is wrong.
    """
    broker = connection(settings.kafka)
    asyncio.run(require_topics(broker, settings.kafka.topic_prefix, Role.WORKER))
    worker_id = f"{socket.gethostname()}-{os.getpid()}-{uuid4().hex[:8]}"
    log = structlog.get_logger().bind(worker=worker_id)
    app = make_app(settings, worker_id, log)
    # Faust prints tracebacks of its own; faults are told by us
    logging.getLogger("faust").setLevel(logging.ERROR)
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    worker = faust.Worker(app, loop=loop, loglevel="warning", redirect_stdouts=False, logging_config=_LOGGING)
    try:
        worker.execute_from_commandline()
    except SystemExit as ended:
        return _status(ended)
    return 0


def make_app(settings: Settings, worker_id: str, log: Any) -> faust.App:
    """The app: an ingest service, and an agent that owns detection when the partition of frames is here."""
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
        broker_session_timeout=settings.worker.session_timeout_s,
        broker_heartbeat_interval=settings.worker.session_timeout_s / 4,
        broker_commit_interval=1.0,
        broker_max_poll_interval=3_600.0,
        stream_buffer_maxsize=16,
        stream_wait_empty=False,
        stream_processing_timeout=3_600.0,
        reply_create_topic=False,
        topic_partitions=1,
    )
    owner = Owner(broker, settings, worker_id, log)
    ingest = Ingest(broker, settings, log)
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
            await owner.start()
            log.info("worker started", prefix=prefix)

        @Service.task
        async def ingest(self) -> None:
            try:
                await ingest.run(lambda: self.should_stop)
            except Exception as error:
                log.error("ingest failed", error=f"{type(error).__name__}: {error}")
                await self.crash(error)

        async def on_stop(self) -> None:
            await owner.stop()
            log.info("worker stopped", records=ingest.records, posts=owner.posts, alerts=owner.alerts)

    @app.agent(topic, concurrency=1)
    async def detection(stream: Any) -> None:
        async for event in stream.events():
            message = event.message
            try:
                await owner.take(message.offset, _headers(message.headers), message.value or b"")
            except Exception as error:
                # an agent that goes on would leave this frame out
                log.error("detection failed", offset=message.offset, error=f"{type(error).__name__}: {error}")
                os._exit(1)

    return app


def _headers(headers: Any) -> dict[str, bytes]:
    return dict(headers.items() if hasattr(headers, "items") else headers or ())


def _status(ended: SystemExit) -> int:
    return ended.code if isinstance(ended.code, int) else int(ended.code is not None)


_LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"stderr": {"class": "logging.StreamHandler", "stream": sys.stderr, "level": "WARNING"}},
    "root": {"handlers": ["stderr"], "level": "WARNING"},
}
