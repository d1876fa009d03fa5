"""The owner of detection with the log in memory: what it tells, what it saves, and what happens when it is cut off."""

import asyncio
import functools
import threading
from collections.abc import AsyncIterator, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import msgspec
import pytest
from aiokafka import TopicPartition
from aiokafka.errors import KafkaConnectionError

from schemas.alerts import Alert
from schemas.dead_letters import DeadLetter
from schemas.service.progress import Progress
from streams.live.broker.connection import Connection
from streams.live.detection.detection import Detection, FrameResult
from streams.live.exchange import frames
from streams.live.exchange.frames import HEADER, Frame
from streams.live.stages import detection_agent as owner
from streams.live.stages.detection_agent import DetectionAgent
from streams.live.state.snapshots import Manifest, Snapshot
from streams.live.telemetry.telemetry import Telemetry
from streams.settings.kafka_settings import KafkaSettings
from streams.settings.settings import Settings
from tests.streams.live.detection.test_detection import Told, comparable, small, topics_of
from tests.streams.live.partitions import ingested

pytestmark = pytest.mark.asyncio

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
    """Keeps what is told; may stand still, or refuse."""

    told: list[Alert] = field(default_factory=list)
    letters: list[DeadLetter] = field(default_factory=list)
    progressed: list[Progress] = field(default_factory=list)
    stands_still: bool = False
    refuses: int = 0

    async def write_alerts(self, alerts: Iterable[Alert]) -> None:
        if self.stands_still:
            await asyncio.Event().wait()
        self.told.extend(alerts)

    async def write_dead_letters(self, letters: Iterable[DeadLetter]) -> None:
        self.letters.extend(letters)

    async def write_progress(self, progress: Progress) -> None:
        if self.refuses:
            self.refuses -= 1
            raise KafkaConnectionError("the broker is away")
        self.progressed.append(progress)


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
    owner: DetectionAgent
    outputs: ResultProducer
    snapshots: Snapshots
    log: Log

    async def take(self, offset: int, raw: Raw | None = None) -> None:
        header, value = raw if raw is not None else log()[offset]
        await self.owner.take(offset, {HEADER: header}, value)

    async def settled(self) -> None:
        """Wait until the snapshot that is being written is written, or could not be."""
        if self.owner._writing is not None:
            await asyncio.wait([self.owner._writing])

    @property
    def told(self) -> Told:
        """Alerts once, as a consumer counts them: by id and revision."""
        return comparable({(alert.alert_id, alert.revision): alert for alert in self.outputs.told}.values())


@asynccontextmanager
async def made(
    monkeypatch: pytest.MonkeyPatch, snapshots: Snapshots | None = None, **worker: Any
) -> AsyncIterator[Made]:
    """An owner as `start` makes it, but for the broker."""
    monkeypatch.setattr(owner, "AIOKafkaConsumer", Consumer())
    settings = Settings()
    settings = msgspec.structs.replace(settings, worker=msgspec.structs.replace(settings.worker, **worker))
    said = Log()
    one = DetectionAgent(
        Connection(KafkaSettings(), None, None, None),
        settings,
        "worker",
        said,
        Telemetry("lockstep.", settings.detection),
    )
    found = Made(one, ResultProducer(), snapshots if snapshots is not None else Snapshots(), said)
    with ThreadPoolExecutor(1) as threads:
        one._threads = threads
        one._results = found.outputs  # type: ignore[assignment]
        one._snapshots = found.snapshots  # type: ignore[assignment]
        one._started.set()
        yield found


async def test_given_frames_in_turn_then_what_they_bring_about_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with made(monkeypatch) as one:
        for offset in range(len(log())):
            await one.take(offset)

        assert one.told == small().replayed
        assert (one.owner.posts, one.owner.alerts) == (len(small().posts), len(small().replayed))
        assert one.outputs.letters == []
        assert one.log.of("state rebuilt")[0]["frames"] == 0


@pytest.mark.parametrize("saved_after", [None, 3])
async def test_given_an_owner_that_takes_over_then_it_rebuilds_quietly_and_goes_on(
    monkeypatch: pytest.MonkeyPatch, saved_after: int | None
) -> None:
    middle = len(log()) // 2
    snapshots = Snapshots()
    async with made(monkeypatch, snapshots) as one:
        for offset in range(middle):
            await one.take(offset)
            if offset == saved_after:
                await one.owner.save()
    async with made(monkeypatch, snapshots) as other:
        for offset in range(middle, len(log())):
            await other.take(offset)
            await other.take(middle - 1)  # committed late, and told by the other

        (rebuilt,) = other.log.of("state rebuilt")
        assert rebuilt["frames"] == (middle if saved_after is None else middle - 4)
        assert not set(one.told) & set(other.told)
        assert {**one.told, **other.told} == small().replayed


async def test_given_a_frame_that_was_told_then_it_is_not_told_again(monkeypatch: pytest.MonkeyPatch) -> None:
    async with made(monkeypatch) as one:
        for offset in range(len(log())):
            await one.take(offset)
        count = len(one.outputs.told)
        for offset in (0, 5, len(log()) - 1):
            await one.take(offset)

        assert len(one.outputs.told) == count
        assert len(one.log.of("state rebuilt")) == 1


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


@pytest.mark.parametrize("where", ["detection", "outputs"])
async def test_given_an_owner_that_is_cut_off_in_a_frame_then_its_alerts_are_told_when_it_comes_again(
    monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    at = alerting()
    async with made(monkeypatch) as one:
        for offset in range(at):
            await one.take(offset)
        with monkeypatch.context() as patch:
            taking = asyncio.create_task(one.take(at))
            if where == "detection":
                await Slow(patch).cut_off(taking)
            else:
                one.outputs.stands_still = True
                while one.owner._next_frame <= at:
                    await asyncio.sleep(0.001)
                taking.cancel()
                with suppress(asyncio.CancelledError):
                    await taking
                one.outputs.stands_still = False
        assert not one.told

        for offset in range(at, len(log())):
            await one.take(offset)
        assert one.told == small().replayed


@pytest.mark.parametrize("where", ["detection", "outputs"])
async def test_given_an_owner_that_is_cut_off_and_saves_then_whoever_takes_over_tells_all(
    monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    at = alerting()
    snapshots = Snapshots()
    async with made(monkeypatch, snapshots) as one:
        for offset in range(at):
            await one.take(offset)
        with monkeypatch.context() as patch:
            one.outputs.stands_still = where == "outputs"
            taking = asyncio.create_task(one.take(at))
            if where == "detection":
                await Slow(patch).cut_off(taking)
            else:
                while one.owner._next_frame <= at:
                    await asyncio.sleep(0.001)
                taking.cancel()
        await one.owner.save()
    # the frame was not committed
    async with made(monkeypatch, snapshots) as other:
        for offset in range(at, len(log())):
            await other.take(offset)
        assert other.told == small().replayed


async def test_given_a_frame_that_detection_fails_on_then_no_half_of_it_is_saved(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with made(monkeypatch) as one:
        await one.take(0)
        with monkeypatch.context() as patch:
            patch.setattr(Detection, "_advance", lambda *_: 1 / 0)
            with pytest.raises(ZeroDivisionError):
                await one.take(1)
        await one.owner.save()
        assert one.snapshots.saved == []

        for offset in range(1, len(log())):
            await one.take(offset)
        assert one.told == small().replayed


async def test_given_what_is_no_frame_then_it_is_left_out_and_progress_goes_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with made(monkeypatch, skip_frames=[1]) as one:
        await one.take(0)
        await one.take(1)
        await one.take(2, (b"{}", b""))
        await one.take(3, (log()[3][0], b"no frame"))

        assert [(fault["offset"], fault["fault"][:8]) for fault in one.log.of("fault in the log")] == [
            (1, "left out"),
            (2, "left out"),
            (3, "left out"),
        ]
        assert one.owner._progress is not None
        assert one.owner._progress.frame_offset == 3


async def test_given_snapshots_that_cannot_be_used_then_the_log_is_read_from_its_beginning(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    snapshots = Snapshots()
    async with made(monkeypatch, snapshots) as one:
        for offset in range(5):
            await one.take(offset)
        await one.owner.save()
    (good,) = snapshots.saved
    other_settings = msgspec.structs.replace(good.manifest, settings="other")
    for snapshot, said in (
        (Snapshot(other_settings, good.chunks), "the snapshot was made under other settings and is not used"),
        (Snapshot(good.manifest, [*good.chunks[:-1], b"torn"]), "the snapshot cannot be used"),
    ):
        async with made(monkeypatch, Snapshots([snapshot])) as other:
            for offset in range(8, len(log())):
                await other.take(offset)
            assert len(other.log.of(said)) == 1
            assert other.log.of("state rebuilt")[0]["frames"] == 8
            assert other.told == small().replayed


async def test_given_alerts_that_are_not_on_their_topic_yet_then_the_frame_is_not_said_to_be_applied(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    at = alerting()
    async with made(monkeypatch) as one:
        for offset in range(at):
            await one.take(offset)
        one.outputs.stands_still = True
        taking = asyncio.create_task(one.take(at))
        while one.owner._next_frame <= at:
            await asyncio.sleep(0)
        assert one.owner._progress is not None and one.owner._progress.frame_offset == at - 1
        taking.cancel()
        with suppress(asyncio.CancelledError):
            await taking


async def test_given_a_time_between_snapshots_then_state_is_saved_as_it_is_after_a_frame(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with made(monkeypatch, snapshot_every_s=0.0) as one:
        for offset in range(4):
            await one.take(offset)
            await one.settled()
        assert [snapshot.manifest.frame_offset for snapshot in one.snapshots.saved] == [0, 1, 2, 3]


async def test_given_a_snapshot_that_takes_long_to_write_then_detection_goes_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    snapshots = Snapshots(goes_on=asyncio.Event())
    assert snapshots.goes_on is not None
    async with made(monkeypatch, snapshots, snapshot_every_s=0.0) as one:
        for offset in range(4):
            await one.take(offset)
        assert snapshots.saved == []
        snapshots.goes_on.set()
        await one.owner.save()
    assert [snapshot.manifest.frame_offset for snapshot in snapshots.saved] == [0, 3]
    async with made(monkeypatch, Snapshots(snapshots.saved[:1])) as other:
        for offset in range(4, len(log())):
            await other.take(offset)
        assert other.log.of("state rebuilt")[0]["frames"] == 3
        assert {**one.told, **other.told} == small().replayed


async def test_given_a_snapshot_that_cannot_be_written_then_the_next_frame_says_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with made(monkeypatch, Snapshots(refuses=True), snapshot_every_s=0.0) as one:
        await one.take(0)
        await one.settled()
        with pytest.raises(KafkaConnectionError):
            await one.take(1)


async def test_given_a_broker_that_is_away_then_progress_is_told_when_it_is_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(owner, "_PROGRESS_EVERY_S", 0.001)
    async with made(monkeypatch) as one:
        await one.take(0)
        one.outputs.refuses = 3
        reporting = asyncio.create_task(one.owner._publish_progress())
        async with asyncio.timeout(60):
            while not one.outputs.progressed:
                await asyncio.sleep(0.001)
        reporting.cancel()

        assert [progress.frame_offset for progress in one.outputs.progressed] == [0]
        assert len(one.log.of("progress could not be written")) == 3
