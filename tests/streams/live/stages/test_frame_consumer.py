"""What a consumer of frames does when its group has a fault, and what a worker then says."""

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka import TopicPartition
from aiokafka.errors import GroupAuthorizationFailedError, GroupLoadInProgressError

from detectors.config import DetectionConfig
from streams.live.broker.connection import Connection
from streams.live.broker.outages import BrokerWatch
from streams.live.stages import frame_consumer
from streams.live.stages.frame_consumer import FrameConsumer
from streams.live.telemetry.telemetry import Telemetry
from streams.settings.kafka_settings import KafkaSettings

pytestmark = pytest.mark.asyncio


class Consumer:
    """Stands still because of a fault in its group until somebody asks for the fault."""

    def __init__(self, fault: Exception | None) -> None:
        self.fault = fault
        self.asked = threading.Event()
        self._coordinator = self
        self._fetcher = SimpleNamespace(_fetch_task=asyncio.Future())
        self._coordination_task: asyncio.Future[None] = asyncio.Future()
        self.generation = 1
        self._rejoin_needed_fut: asyncio.Future[None] = asyncio.Future()
        self._subscription = SimpleNamespace(subscription=SimpleNamespace(assignment=()))

    def check_errors(self) -> None:
        self.asked.set()
        fault, self.fault = self.fault, None
        if fault is not None:
            raise fault

    async def _do_heartbeat(self) -> bool:
        return self.fault is None


@asynccontextmanager
async def watched(
    monkeypatch: pytest.MonkeyPatch, fault: Exception | None = None, crash: Exception | None = None
) -> AsyncIterator[tuple["asyncio.Task[None]", Telemetry, Consumer, FrameConsumer]]:
    monkeypatch.setattr(frame_consumer, "_LOOK_EVERY_S", 0.001)
    loop = asyncio.get_running_loop()
    telemetry = Telemetry("lockstep.", DetectionConfig())
    consumer = Consumer(fault)
    thread = SimpleNamespace(_consumer=consumer, thread_loop=loop)
    app: Any = SimpleNamespace(
        crashed=crash is not None, crash_reason=crash, consumer=SimpleNamespace(_thread=thread)
    )
    watch = BrokerWatch(Connection(KafkaSettings(), None, None, None), None)
    frames = FrameConsumer(app, TopicPartition("frames", 0), watch, telemetry)
    task = asyncio.create_task(frames.run())
    try:
        async with asyncio.timeout(30):
            yield task, telemetry, consumer, frames
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError, Exception):
            await task


async def test_given_a_fault_that_passes_then_it_goes_on_and_is_a_member_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with watched(monkeypatch, GroupLoadInProgressError()) as (task, telemetry, consumer, frames):
        frames.being_assigned = False
        while not telemetry.health.frames_known:
            await asyncio.sleep(0.001)
        assert consumer.asked.is_set()
        assert not task.done()


async def test_given_a_fault_that_stays_then_it_ends_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    async with watched(monkeypatch, GroupAuthorizationFailedError("detection")) as (task, *_):
        with pytest.raises(GroupAuthorizationFailedError):
            await task


async def test_given_that_faust_has_crashed_then_it_ends_with_the_reason(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with watched(monkeypatch, crash=ValueError("a defect")) as (task, *_):
        with pytest.raises(ValueError, match="a defect"):
            await task


async def test_given_a_coordination_that_has_ended_then_it_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    async with watched(monkeypatch) as (task, _, consumer, _frames):
        consumer._coordination_task.set_result(None)
        with pytest.raises(RuntimeError, match="has ended"):
            await task


async def test_given_partitions_that_move_then_membership_is_not_confirmed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with watched(monkeypatch) as (task, telemetry, consumer, frames):
        assert frames.being_assigned
        await asyncio.sleep(0.05)
        assert consumer.asked.is_set()
        assert not telemetry.health.frames_known
        assert not task.done()
