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

WANTED = 7
"""Offset of the frame that detection waits for, unless a test says otherwise."""


class Log:
    """Takes what is said."""

    def warning(self, event: str, **more: object) -> None:
        """Take it."""


class Connected:
    """A connection to a broker, which counts how often it was closed."""

    closed = 0

    def close(self, reason: object) -> None:
        self.closed += 1


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
        self.begin, self.end = 0, 0
        self.connection = Connected()
        self._client = SimpleNamespace(_conns={"broker": self.connection})

    async def beginning_offsets(self, partitions: list[TopicPartition]) -> dict[TopicPartition, int]:
        return dict.fromkeys(partitions, self.begin)

    async def end_offsets(self, partitions: list[TopicPartition]) -> dict[TopicPartition, int]:
        return dict.fromkeys(partitions, self.end)

    def check_errors(self) -> None:
        self.asked.set()
        fault, self.fault = self.fault, None
        if fault is not None:
            raise fault

    async def _do_heartbeat(self) -> bool:
        return self.fault is None


class Detection:
    """Waits for a frame, or is busy with the one before."""

    def __init__(self, *, idle: bool = True) -> None:
        self.next_frame = WANTED
        self.idle = idle


IDLE = Detection()


@asynccontextmanager
async def watched(
    monkeypatch: pytest.MonkeyPatch,
    fault: Exception | None = None,
    crash: Exception | None = None,
    detection: Any = IDLE,
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
    partition = TopicPartition("frames", 0)
    frames = FrameConsumer(app, partition, watch, telemetry, detection, Log())
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


def has_detection(telemetry: Telemetry) -> None:
    """Detection runs on this worker, and its state is built."""
    telemetry.set_detection_here(True)
    telemetry.confirm_state()


async def looks(consumer: Consumer, count: int = 5) -> None:
    """Wait until the consumer has been looked at a few times."""
    for _ in range(count):
        consumer.asked.clear()
        while not consumer.asked.is_set():
            await asyncio.sleep(0.001)


async def test_given_frames_that_wait_then_it_connects_anew_once_and_in_the_end_it_fails(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with watched(monkeypatch) as (task, telemetry, consumer, _):
        has_detection(telemetry)
        consumer.end = WANTED + 1
        await looks(consumer)
        assert telemetry.health.frames_wait_since < telemetry.health.clock()
        assert consumer.connection.closed == 0
        monkeypatch.setattr(frame_consumer, "_IDLE_S", 0.0)
        await looks(consumer)
        assert consumer.connection.closed == 1
        monkeypatch.setattr(frame_consumer, "_STUCK_S", 0.0)
        with pytest.raises(TimeoutError, match="brings none"):
            await task


@pytest.mark.parametrize(("begin", "end"), [(0, WANTED), (WANTED + 9, WANTED + 9)])
async def test_given_that_no_frame_waits_or_all_are_gone_then_it_goes_on(
    monkeypatch: pytest.MonkeyPatch, begin: int, end: int
) -> None:
    monkeypatch.setattr(frame_consumer, "_IDLE_S", 0.0)
    monkeypatch.setattr(frame_consumer, "_STUCK_S", 0.0)
    async with watched(monkeypatch) as (task, telemetry, consumer, _):
        has_detection(telemetry)
        consumer.begin, consumer.end = begin, end
        await looks(consumer)
        assert not task.done()
        assert telemetry.health.frames_wait_since == float("inf")
        assert consumer.connection.closed == 0


async def test_given_frames_for_another_worker_then_it_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(frame_consumer, "_STUCK_S", 0.0)
    async with watched(monkeypatch) as (task, telemetry, consumer, _):
        telemetry.set_detection_here(False)
        consumer.end = WANTED + 1
        await looks(consumer)
        assert not task.done()


async def test_given_detection_that_is_busy_with_a_frame_then_it_is_not_the_consumer_that_is_to_blame(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(frame_consumer, "_IDLE_S", 0.0)
    monkeypatch.setattr(frame_consumer, "_STUCK_S", 0.0)
    async with watched(monkeypatch, detection=Detection(idle=False)) as (task, telemetry, consumer, _):
        has_detection(telemetry)
        consumer.end = WANTED + 1
        await looks(consumer)
        assert telemetry.health.frames_wait_since < telemetry.health.clock()
        assert not task.done()
        assert consumer.connection.closed == 0


async def test_given_frames_that_are_taken_one_after_another_then_none_counts_as_waiting(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    detection = Detection()
    async with watched(monkeypatch, detection=detection) as (_, telemetry, consumer, _frames):
        has_detection(telemetry)
        consumer.end = WANTED + 1
        await looks(consumer)
        detection.next_frame = consumer.end
        await looks(consumer)
        assert telemetry.health.frames_wait_since == float("inf")
