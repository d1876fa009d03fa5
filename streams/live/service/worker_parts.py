"""What runs on one worker: ingest, detection, its shards, and what watches them."""

import asyncio
import logging
import os
import socket
import threading
from typing import Any

import faust
from aiokafka import TopicPartition

from schemas.service.topics import FRAMES
from streams.live.broker.connection import Connection
from streams.live.broker.outages import BrokerWatch
from streams.live.ingest.ingest import Ingest
from streams.live.ingest.lag_watch import LagWatch
from streams.live.ingest.progress_reader import ProgressReader
from streams.live.service.kernels_first import load_kernels
from streams.live.service.supervision import Supervisor
from streams.live.service.web import Web
from streams.live.stages.detection_agent import DetectionAgent
from streams.live.stages.frame_consumer import FrameConsumer
from streams.live.stages.synchrony_agent import SynchronyAgent
from streams.live.stages.worker_stages import WorkerStage
from streams.live.telemetry.review_watch import ReviewWatch
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


class WorkerParts:
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
        frames = TopicPartition(FRAMES.full_name(self.prefix), 0)
        self.frames = FrameConsumer(app, frames, self.watch, self.telemetry, self.agent, log)
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
