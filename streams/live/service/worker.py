"""`lockstep worker`: a Faust app with an ingest service, an agent of detection and one of co-sharing.

Kafka distributes the public partitions over the ingest services of all workers. It gives the one partition of frames
to the agent of one worker; the others stand by, ready to take over. If co-sharing has agents of its own, Kafka shares
its partitions out among all workers that run it.
"""

import asyncio
import logging
import math
import os
import socket
import threading
from pathlib import Path
from typing import Any
from uuid import uuid4

import faust
from aiokafka import TopicPartition
from mode import Service

from detectors.shards import SHARD_COUNTS
from schemas.service.topic import Role
from schemas.service.topics import FRAMES, SHARD_SNAPSHOTS, SHARD_TOPICS, SHARES
from streams.live.broker.broker_check import BrokerError
from streams.live.broker.connection import Connection, connection, faust_settings
from streams.live.broker.group_session import require_session_timeout
from streams.live.broker.membership import heartbeat_s
from streams.live.broker.outages import BrokerWatch
from streams.live.broker.topic_admin import require_topics
from streams.live.ingest.group import ingest_group
from streams.live.ingest.ingest import Ingest
from streams.live.ingest.lag_watch import LagWatch
from streams.live.ingest.progress_reader import ProgressReader
from streams.live.service.frame_consumer import FrameConsumer
from streams.live.service.kernels_first import compile_first, load_kernels
from streams.live.service.logs import set_up
from streams.live.service.supervision import Supervisor
from streams.live.service.web import Web, listen
from streams.live.service.worker_stages import ALL_STAGES, WorkerStage
from streams.live.stages.detection_agent import DetectionAgent
from streams.live.stages.review_watch import ReviewWatch
from streams.live.stages.synchrony_agent import SynchronyAgent
from streams.live.telemetry.telemetry import Telemetry
from streams.settings.settings import Settings

_SAVING_S = 2.6
"""Seconds for finishing the current frame and batch and saving the state. Chosen, not measured."""
_SHARDS_S = 1.0
"""Seconds for saving shards of co-sharing. Chosen, not measured: one takes a tenth of a second."""
_LEAVING_S = 0.8
"""Seconds for leaving both groups. Chosen, not measured: it takes milliseconds when the brokers answer."""
_ENDING_S = 4.7
"""Seconds after a signal until the process ends, whatever it waits for. An operator may count on 5."""


def run(settings: Settings, stages: frozenset[WorkerStage] = ALL_STAGES) -> int:
    """Work until a signal says to stop.

    Args:
        settings: all of them.
        stages: what this worker does.

    Returns:
        The exit status: 0 after a signal, 1 when something failed.

    Raises:
        LockstepError: the brokers cannot be reached, or a setting is wrong.
    """
    broker = connection(settings.kafka)
    shards = asyncio.run(_require(broker, settings))
    worker_id = f"{socket.gethostname()}-{os.getpid()}-{uuid4().hex[:8]}"
    server = listen(settings.worker)
    log = set_up(worker_id, settings.kafka.topic_prefix)
    if not compile_first(settings, log, server):
        return 0
    # Faust prints tracebacks of its own; this module logs faults itself
    for library in ("faust", "mode"):
        logging.getLogger(library).setLevel(logging.ERROR)
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    log.info("worker starting", stages=sorted(stages))
    app, parts = make_app(settings, worker_id, log, server, stages, shards)
    program = _Program(app, loop=loop, quiet=True, redirect_stdouts=False, override_logging=False)
    program.spinner = None
    program.parts = parts
    try:
        program.execute_from_commandline()
    except (Exception, SystemExit) as error:
        if not parts.supervisor.stopping:
            parts.supervisor.fail("the worker", error)
    return 0


async def _require(broker: Connection, settings: Settings) -> int:
    """Check the topics and the session timeout: clients would wait without end for topics that are not there.

    Returns:
        Count of shards of co-sharing; 0: it runs inside detection.
    """
    prefix = settings.kafka.topic_prefix
    apart = settings.worker.synchrony_agents
    partitions = await require_topics(broker, prefix, Role.WORKER, () if apart else SHARD_TOPICS)
    await require_session_timeout(broker, ingest_group(prefix), settings.worker.session_timeout_s)
    if not apart:
        return 0
    name = SHARES.full_name(prefix)
    shards, saved = partitions[name], partitions[SHARD_SNAPSHOTS.full_name(prefix)]
    if shards not in SHARD_COUNTS or saved < shards:
        raise BrokerError(
            f"Kafka: {name} has {shards} partitions and the topic of its snapshots {saved}: give both the same count, "
            f"one of {', '.join(map(str, SHARD_COUNTS))}."
        )
    return shards


class _Program(faust.Worker):
    """Faust's main program. A signal ends the worker in our own order: that of Faust takes seconds more."""

    parts: "_WorkerParts"

    def _schedule_shutdown(self, signal: Any) -> None:
        self.parts.stop_soon()


def make_app(
    settings: Settings,
    worker_id: str,
    log: Any,
    server: socket.socket | None = None,
    stages: frozenset[WorkerStage] = ALL_STAGES,
    shards: int = 0,
) -> "tuple[faust.App, _WorkerParts]":
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
    parts = _WorkerParts(app, broker, settings, worker_id, log, server, stages, shards)
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


class _WorkerParts:
    """What runs on one worker: ingest, detection, its shards, and what watches them."""

    def __init__(
        self,
        app: faust.App,
        broker: Connection,
        settings: Settings,
        worker_id: str,
        log: Any,
        server: socket.socket | None,
        stages: frozenset[WorkerStage],
        shards: int,
    ) -> None:
        self._stages = stages
        self.prefix = settings.kafka.topic_prefix
        self.log = log
        self.telemetry = Telemetry(self.prefix, settings.detection)
        self.supervisor = Supervisor(self.telemetry.health, log)
        self.watch = BrokerWatch(
            broker, log, self.telemetry.set_broker_reachable, self.telemetry.note_broker_answer
        )
        self.agent = DetectionAgent(broker, settings, worker_id, log, self.telemetry, self.watch, shards)
        self.synchrony: SynchronyAgent | None = None
        if shards and WorkerStage.SYNCHRONY in stages:
            self.synchrony = SynchronyAgent(broker, settings, shards, log, self.telemetry, self.watch)
        self.telemetry.health.ingests = WorkerStage.INGEST in stages
        self.telemetry.health.detects = WorkerStage.NETWORKS in stages or self.synchrony is not None
        self.progress = ProgressReader(broker, self.watch, log)
        self.ingest = Ingest(broker, settings, log, self.telemetry, self.watch, self.progress)
        self.lag = LagWatch(broker, self.ingest, self.telemetry, log, self.watch)
        self.reviews = ReviewWatch(broker, self.telemetry, log, self.watch)
        self.frames = FrameConsumer(
            app, TopicPartition(FRAMES.full_name(self.prefix), 0), self.watch, self.telemetry
        )
        self.web = Web(self.telemetry, server) if server is not None else None
        self._preparing: asyncio.Task[None] | None = None
        self._loading_shards: asyncio.Task[None] | None = None
        self._loading: asyncio.Task[None] | None = None
        self._reading: asyncio.Task[None] | None = None
        self._stopping: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Start all parts; metrics and health are served from now on."""
        if self.web is not None:
            await self.web.start()
        start = self.supervisor.start
        start("broker watch", self.watch.run())
        if WorkerStage.NETWORKS in self._stages:
            await self.agent.start()
            start("progress", self.agent.publish_progress())
            start("review watch", self.reviews.run())
        if self.synchrony is not None:
            await self.synchrony.start()
        start("progress reader", self.progress.run())
        if WorkerStage.INGEST in self._stages:
            self._reading = start("ingest", self.ingest.run(lambda: self.supervisor.stopping))
        start("lag watch", self.lag.run())
        if self.telemetry.health.detects:
            start("detection", self.frames.run())
        self._loading = asyncio.create_task(self._load_kernels())
        self.log.info("worker started", prefix=self.prefix)

    def take_over(self) -> None:
        """The partition of frames is here: build the state."""
        self.give_up()
        self._preparing = asyncio.create_task(self._prepare())

    def give_up(self) -> None:
        """The partition of frames may go elsewhere: build no state for it."""
        if self._preparing is not None:
            self._preparing.cancel()

    def hold_shards(self, shards: set[int]) -> None:
        """These shards of co-sharing are here, and no others."""
        if self._loading_shards is not None:
            self._loading_shards.cancel()
        if self.synchrony is not None:
            self.synchrony.assign(shards)
            self._loading_shards = asyncio.create_task(self._load_shards(self.synchrony))

    async def _load_shards(self, agent: SynchronyAgent) -> None:
        try:
            await agent.prepare()
        except Exception as error:
            self.supervisor.fail("loading the shards of co-sharing", error)

    async def _prepare(self) -> None:
        try:
            await self.agent.prepare(self.frames.committed)
        except Exception as error:
            self.supervisor.fail("rebuilding the state", error)

    async def _load_kernels(self) -> None:
        try:
            await asyncio.to_thread(load_kernels)
        except Exception as error:
            self.supervisor.fail("loading kernels", error)

    def stop_soon(self) -> None:
        """Save and leave everything, and end the process within a few seconds."""
        if self._stopping is None:
            self.log.info("worker stopping")
            for library in ("faust", "mode"):  # that its consumer is closed is meant
                logging.getLogger(library).setLevel(logging.CRITICAL)
            self.supervisor.stopping = self.telemetry.health.stopping = True
            timer = threading.Timer(_ENDING_S, os._exit, (0,))
            timer.daemon = True
            timer.start()
            self._stopping = asyncio.create_task(self._stop())

    async def _stop(self) -> None:
        self.give_up()
        saved = await self.agent.stop(_SAVING_S)  # it may wait for answers of shards that are here
        if self.synchrony is not None:
            await self.synchrony.stop(_SHARDS_S)
        # the topics have everything by now, so that a fault here costs nothing but time
        leaving = [asyncio.create_task(self.frames.leave(saved))]
        if self._reading is not None:
            leaving.append(self._reading)
        await asyncio.wait(leaving, timeout=_LEAVING_S)
        self.log.info(
            "worker stopped", records=self.ingest.records, posts=self.agent.posts, alerts=self.agent.alerts
        )
        os._exit(0)


def _add_service(app: faust.App, parts: _WorkerParts) -> None:
    """Let the app start the parts once it has started itself."""

    @app.service
    class Work(Service):
        """All parts but the agent of Faust."""

        async def on_start(self) -> None:
            await parts.start()


def _follow_assignments(app: faust.App, parts: _WorkerParts) -> None:
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


def _add_detection(app: faust.App, parts: _WorkerParts) -> None:
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


def _add_synchrony(app: faust.App, parts: _WorkerParts, shards: int) -> None:
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
