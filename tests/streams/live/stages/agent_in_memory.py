"""A detection agent whose log, topics and snapshots are in memory."""

import asyncio
import functools
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import msgspec
import polars as pl
import pytest
from aiokafka import TopicPartition
from aiokafka.errors import KafkaConnectionError

from detectors.signals import SignalRecord
from schemas.alerts import Alert
from schemas.dead_letters import DeadLetter
from schemas.service.progress import Progress
from streams.live.broker.connection import Connection
from streams.live.broker.outages import BrokerWatch
from streams.live.detection.detection import Detection, FrameResult
from streams.live.exchange import frames
from streams.live.exchange.frames import HEADER, Frame
from streams.live.stages import frame_log
from streams.live.stages.detection_agent import DetectionAgent
from streams.live.stages.detection_thread import DetectionThread
from streams.live.stages.state_saving import StateSaving
from streams.live.state.snapshots import Manifest, Snapshot
from streams.live.telemetry.telemetry import Telemetry
from streams.settings.kafka_settings import KafkaSettings
from streams.settings.settings import Settings
from tests.streams.live.detection.log_worlds import AlertTexts, comparable, small, topics_of
from tests.streams.live.partitions import ingested

Raw = tuple[bytes, bytes]


@functools.cache
def log() -> list[Raw]:
    """A log of which some frames bring alerts about."""
    return [frames.encode(frame) for frame in ingested(topics_of(small(), 2, 5), 5, 200)]


@dataclass
class Record:
    offset: int
    headers: tuple[tuple[str, bytes], ...]
    value: bytes
    timestamp: int = -1


@dataclass
class Consumer:
    """Reads the log in memory."""

    at: int = 0

    def __call__(self, **_: Any) -> "Consumer":
        return Consumer()

    async def start(self) -> None: ...

    async def stop(self) -> None: ...

    def assign(self, partitions: list[TopicPartition]) -> None: ...

    def seek(self, partition: TopicPartition, offset: int) -> None:
        self.at = offset

    async def position(self, partition: TopicPartition) -> int:
        return self.at

    async def beginning_offsets(self, partitions: list[TopicPartition]) -> dict[TopicPartition, int]:
        return dict.fromkeys(partitions, 0)

    async def getmany(self, timeout_ms: int) -> dict[str, list[Record]]:
        begin, self.at = self.at, min(self.at + 7, len(log()))
        return {
            "log": [
                Record(offset, ((HEADER, header),), value)
                for offset, (header, value) in enumerate(log()[begin : self.at], begin)
            ]
        }


@dataclass
class ResultProducer:
    """Keeps what is published. It may block, or refuse."""

    published: list[Alert] = field(default_factory=list)
    signals: list[SignalRecord] = field(default_factory=list)
    letters: list[DeadLetter] = field(default_factory=list)
    late: int = 0
    progressed: list[Progress] = field(default_factory=list)
    stands_still: bool = False
    refuses: int = 0

    async def write_alerts(self, alerts: Iterable[Alert], expired: Iterable[str] = ()) -> None:
        if self.stands_still:
            await asyncio.Event().wait()
        self.published.extend(alerts)

    async def write_signals(self, signals: Iterable[SignalRecord]) -> None:
        self.signals.extend(signals)

    async def write_late_posts(self, posts: pl.DataFrame | None) -> None:
        self.late += 0 if posts is None else len(posts)

    async def write_dead_letters(self, letters: Iterable[DeadLetter]) -> None:
        self.letters.extend(letters)

    async def write_progress(self, progress: Progress) -> None:
        if self.refuses:
            self.refuses -= 1
            raise KafkaConnectionError("the broker is away")
        self.progressed.append(progress)


class Insistent:
    """A producer that writes again what was refused."""

    async def insist(self, write: Callable[[], Awaitable[None]]) -> None:
        while True:
            try:
                return await write()
            except KafkaConnectionError:
                await asyncio.sleep(0)


class Closing(Insistent):
    """A producer that can be closed."""

    async def stop(self, seconds: float) -> None: ...


@dataclass
class Snapshots:
    """Keeps what is saved."""

    saved: list[Snapshot] = field(default_factory=list)
    goes_on: asyncio.Event | None = None
    """Writing waits for it."""
    refuses: bool = False

    async def write(self, manifest: Manifest, chunks: list[bytes]) -> None:
        if self.goes_on is not None:
            await self.goes_on.wait()
        if self.refuses:
            raise KafkaConnectionError("the broker is away")
        self.saved.append(Snapshot(manifest, chunks))

    async def newest(self, before: int) -> Snapshot | None:
        fit = [one for one in self.saved if one.manifest.frame_offset < before]
        return max(fit, key=lambda one: one.manifest.frame_offset, default=None)


@dataclass
class Log:
    lines: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def info(self, event: str, **more: Any) -> None:
        self.lines.append((event, more))

    warning = info

    def of(self, event: str) -> list[dict[str, Any]]:
        return [more for said, more in self.lines if said == event]


@dataclass
class Made:
    agent: DetectionAgent
    results: ResultProducer
    snapshots: Snapshots
    log: Log

    async def take(self, offset: int, raw: Raw | None = None) -> None:
        header, value = raw if raw is not None else log()[offset]
        await self.agent.take(offset, {HEADER: header}, value)

    async def settled(self) -> None:
        """Wait until the snapshot that is being written is written, or could not be."""
        await self.agent._saving.settled()

    @property
    def published(self) -> AlertTexts:
        """Alerts once, as a consumer counts them: by id and revision."""
        return comparable(
            {(alert.alert_id, alert.revision): alert for alert in self.results.published}.values()
        )


@asynccontextmanager
async def made(
    monkeypatch: pytest.MonkeyPatch, snapshots: Snapshots | None = None, **worker: Any
) -> AsyncIterator[Made]:
    """A detection agent as `start` makes it, without a broker."""
    monkeypatch.setattr(frame_log, "AIOKafkaConsumer", Consumer())
    settings = Settings()
    settings = msgspec.structs.replace(
        settings, worker=msgspec.structs.replace(settings.worker, **{"settle_s": 0.0, **worker})
    )
    said = Log()
    one = DetectionAgent(
        Connection(KafkaSettings(), None, None, None),
        settings,
        "worker",
        said,
        Telemetry("lockstep.", settings.detection),
        BrokerWatch(Connection(KafkaSettings(), None, None, None), said),
    )
    found = Made(one, ResultProducer(), snapshots if snapshots is not None else Snapshots(), said)
    one._thread = DetectionThread()
    one._producer = Insistent()  # type: ignore[assignment]
    one._results = found.results  # type: ignore[assignment]
    one._snapshots = found.snapshots  # type: ignore[assignment]
    one._saving = StateSaving(one._snapshots, settings, one._captured, said, one._telemetry)
    one._started.set()
    try:
        yield found
    finally:
        one._thread.close()


def alerting() -> int:
    """Offset of a frame in the middle that brings alerts about."""
    detection = Detection(Settings().detection, "live", "w")
    found = [offset for offset, raw in enumerate(log()) if detection.apply(frames.decode(*raw)).alerts]
    assert found
    return found[0]


class Slow:
    """Stops detection in the middle of a frame until it is let go."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.reached, self.let_go = threading.Event(), threading.Event()
        apply = Detection.apply

        def slowly(detection: Detection, frame: Frame) -> FrameResult:
            found = apply(detection, frame)
            self.reached.set()
            self.let_go.wait(60)
            return found

        monkeypatch.setattr(Detection, "apply", slowly)

    async def cut_off(self, taking: "asyncio.Task[None]") -> None:
        """Cancel a task while its frame is applied."""
        await asyncio.to_thread(self.reached.wait, 60)
        taking.cancel()
        threading.Timer(0.05, self.let_go.set).start()
        with suppress(asyncio.CancelledError):
            await taking
        assert self.let_go.is_set()  # it does not end before the frame is through
