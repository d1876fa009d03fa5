"""The worker that detection runs on: it keeps the state, rebuilds it when it takes over, and tells what was found.

A frame counts as applied when all that it brought about is on the topics; only then is its offset committed. Alerts of
frames that were applied by another worker before are not told again, and one told twice has the same id and revision.
"""

import asyncio
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.errors import KafkaError

from detectors.state.capture import State
from detectors.state.state_forms import StateError
from schemas.alerts import Mode
from schemas.progress import Progress
from schemas.topics import FRAMES, is_replay
from streams.live.broker.connection import Connection, consumer_arguments, producer_arguments
from streams.live.detection.detection import Detection, FrameResult
from streams.live.detection.detection_state import captured, restored
from streams.live.exchange.frames import HEADER, Frame, FrameError, decode
from streams.live.exchange.outputs import Outputs
from streams.live.state.snapshots import Snapshots, manifest
from streams.live.state.state_codec import encode
from streams.live.telemetry.telemetry import Telemetry
from streams.settings.settings import Settings
from streams.version import VERSION

_PROGRESS_EVERY_S = 0.2
_POLL_MS = 500


class DetectionAgent:
    """Detection on one worker.

    Args:
        connection: to the brokers.
        settings: what bears on detection, and how often state is saved.
        worker_id: for alerts and progress.
        log: told of what happens.
        telemetry: told of what is done.
    """

    def __init__(
        self, connection: Connection, settings: Settings, worker_id: str, log: Any, telemetry: Telemetry
    ) -> None:
        self._mode: Mode = "replay" if is_replay(connection.settings.topic_prefix) else "live"
        self._connection = connection
        self._settings = settings
        self._worker_id = worker_id
        self._log = log
        self._telemetry = telemetry
        self._topic = FRAMES.full_name(connection.settings.topic_prefix)
        self._settings_digest = settings.detection.digest
        self.detection: Detection | None = None
        self._started = asyncio.Event()
        self.stopping = False
        """Whether the worker has been told to end."""
        self._next = 0
        """Offset of the frame that comes next; what changes with the state is changed in the thread of detection."""
        self._told = 0
        """Offset of the frame of which it comes next to tell what it brought about."""
        self._saved_at = time.monotonic()
        self._saved_next = 0
        """What came next when state was last saved."""
        self._writing: asyncio.Task[None] | None = None
        """Writes the latest snapshot."""
        self._applied: Progress | None = None
        """Where detection is; it is said once all that came of it has been told."""
        self._progress: Progress | None = None
        """What is to be said."""
        self.posts = 0
        """Posts applied here, those of a rebuild left out."""
        self.alerts = 0
        """Alerts told."""

    async def start(self) -> None:
        """Make ready to write; nothing is read before the first frame comes."""
        self._threads = ThreadPoolExecutor(1, thread_name_prefix="detection")
        self._producer = AIOKafkaProducer(**producer_arguments(self._connection, "detection"))
        await self._producer.start()
        self._outputs = Outputs(self._producer, self._connection.settings.topic_prefix)
        self._snapshots = Snapshots(self._connection, self._producer)
        self._reporting = asyncio.create_task(self._report())
        self._started.set()

    async def stop(self) -> None:
        """Save the state for whoever takes over, and finish what is under way."""
        self.stopping = True
        await self._written()
        if self._next != self._saved_next:
            await self.save()
        self._reporting.cancel()
        with suppress(asyncio.CancelledError):
            await self._reporting
        await self._producer.stop()
        self._threads.shutdown()

    async def take(self, offset: int, headers: Mapping[str, bytes], value: bytes) -> None:
        """Apply a frame of the log. On return its offset may be committed.

        Args:
            offset: its place in the log. Earlier frames that were not given are read from the log, and what they
                brought about is taken to have been told.
            headers: of the record.
            value: of the record.
        """
        await self._started.wait()  # Faust may have frames before all of the worker has started
        if offset < self._told:
            return  # committed too late to be remembered
        if offset < self._next:
            # it was cut off before all of it had been told: what it brought about has to be found again
            self.detection, self._next = None, 0
        if self.detection is None or offset != self._next:
            await self._catch_up(offset)
        found = await self._apply(offset, headers.get(HEADER), value)
        for fault in found.faults:
            self._log.warning("fault in the log", offset=offset, fault=fault)
        await self._outputs.dead_letters(found.dead_letters)
        await self._outputs.alerts(found.alerts)
        self._told = offset + 1
        self._progress = self._applied
        self._telemetry.found(found)
        self.posts += found.posts
        self.alerts += len(found.alerts)
        if self._writing is not None and self._writing.done():
            await self._written()
        due = time.monotonic() - self._saved_at >= self._settings.worker.snapshot_every_s
        if due and self._writing is None:
            await self._begin_to_save()

    async def save(self) -> None:
        """Write a snapshot of the state as it is; on return the broker has it."""
        await self._written()
        await self._begin_to_save()
        await self._written()

    async def _begin_to_save(self) -> None:
        """Take a snapshot, which is written while detection goes on."""
        if self.detection is None:
            return
        begun = time.monotonic()
        state, offset = await self._in_thread(lambda: (captured(self._the_detection()), self._next - 1))
        self._writing = asyncio.create_task(self._write(state, offset, time.monotonic() - begun))

    async def _write(self, state: State, offset: int, waited: float) -> None:
        begun = time.monotonic()
        chunks = await asyncio.to_thread(_chunks, state)
        del state  # as large as all that detection holds
        told = manifest(offset, chunks, self._settings_digest, VERSION, datetime.now(UTC).isoformat())
        await self._snapshots.write(told, chunks)
        self._saved_next = told.frame_offset + 1
        self._saved_at = time.monotonic()
        self._telemetry.saved(told, waited)
        self._log.info(
            "snapshot written",
            offset=told.frame_offset,
            bytes=told.bytes,
            seconds=round(waited, 2),
            writing_seconds=round(self._saved_at - begun, 2),
        )

    async def _written(self) -> None:
        """Wait until the snapshot that is being written is written; raises why it could not be."""
        writing, self._writing = self._writing, None
        if writing is not None:
            await writing

    async def _apply(self, offset: int, header: bytes | None, value: bytes) -> FrameResult:
        def work() -> FrameResult:
            begun = time.perf_counter()
            try:
                found = self._found(offset, header, value)
            except BaseException:
                self.detection = None  # what is left of half a frame is no state
                raise
            self._next = offset + 1
            self._applied = self._progress_at(offset)
            self._telemetry.applied(self._the_detection(), self._applied, time.perf_counter() - begun)
            return found

        found: FrameResult = await self._in_thread(work)
        return found

    def _found(self, offset: int, header: bytes | None, value: bytes) -> FrameResult:
        if offset in self._settings.worker.skip_frames:
            return FrameResult(faults=["left out, as the settings say"])
        try:
            frame: Frame = decode(header, value)
        except FrameError as error:
            return FrameResult(faults=[f"left out: {error}"])
        return self._the_detection().apply(frame)

    async def _catch_up(self, upto: int) -> None:
        """Bring the state to that before frame `upto`, quietly."""
        begun = time.monotonic()
        self._telemetry.rebuilding(None)
        if self.detection is None:
            await self._load(upto)
        self._telemetry.rebuilding(upto - self._next)
        self._the_detection().timer.on_stage = self._telemetry.stage
        frames = 0
        consumer = AIOKafkaConsumer(**consumer_arguments(self._connection, "catch-up"))
        await consumer.start()
        try:
            partition = TopicPartition(self._topic, 0)
            consumer.assign([partition])
            first = (await consumer.beginning_offsets([partition]))[partition]
            if first > self._next:
                self._log.warning("frames are gone", needed=self._next, first=first)
                self._next = first
            consumer.seek(partition, self._next)
            while self._next < upto:
                for records in (await consumer.getmany(timeout_ms=_POLL_MS)).values():
                    for record in records:
                        if record.offset < upto:
                            await self._apply(record.offset, dict(record.headers).get(HEADER), record.value)
                            self._progress = self._applied
                            frames += 1
                if await consumer.position(partition) >= upto:
                    self._next = upto
                self._telemetry.rebuilding(upto - self._next)
        finally:
            await consumer.stop()
        self._telemetry.rebuilt(self._the_detection(), time.monotonic() - begun)
        self._log.info(
            "state rebuilt", offset=upto, frames=frames, seconds=round(time.monotonic() - begun, 2)
        )

    async def _load(self, upto: int) -> None:
        await self._written()  # two hands on one slot
        snapshot = await self._snapshots.newest(upto)
        if snapshot is not None and snapshot.manifest.settings != self._settings_digest:
            self._log.warning(
                "the snapshot was made under other settings and is not used",
                offset=snapshot.manifest.frame_offset,
            )
            snapshot = None
        self.detection = Detection(self._settings.detection, self._mode, self._worker_id)
        self._next = 0
        if snapshot is not None:
            chunks, offset = snapshot.chunks, snapshot.manifest.frame_offset
            try:
                self.detection = await self._in_thread(
                    lambda: restored(chunks, self._settings.detection, self._mode, self._worker_id)
                )
            except StateError as error:
                self._log.warning("the snapshot cannot be used", offset=offset, error=str(error))
                return
            self._next = offset + 1
            self._telemetry.saved(snapshot.manifest)
            self._log.info("snapshot loaded", offset=offset, bytes=snapshot.manifest.bytes)

    async def _report(self) -> None:
        """Say from time to time where detection is."""
        told = None
        while True:
            await asyncio.sleep(_PROGRESS_EVERY_S)
            if self._progress is not told and self._progress is not None:
                told = self._progress
                try:
                    await self._outputs.progress(told)
                except KafkaError as error:
                    # it will be said again; ingest waits for it
                    self._log.warning("progress could not be told", error=f"{type(error).__name__}: {error}")
                    told = None

    def _progress_at(self, offset: int) -> Progress:
        detection = self._the_detection()
        return Progress(
            worker_id=self._worker_id,
            frame_offset=offset,
            watermark=_instant(detection.event_time),
            least_latest=_instant(detection.watermark.least),
            latest=_instant(detection.latest_post),
            held_rows=len(detection.held_posts),
            at=datetime.now(UTC),
        )

    def _the_detection(self) -> Detection:
        assert self.detection is not None  # noqa: S101 - for the type checker; a frame makes it
        return self.detection

    async def _in_thread(self, work: Callable[[], Any]) -> Any:
        """Run something to its end, also when the caller is cancelled: nobody sees a state that is on its way."""
        doing = asyncio.get_running_loop().run_in_executor(self._threads, work)
        try:
            return await asyncio.shield(doing)
        except asyncio.CancelledError:
            await asyncio.wait([doing])
            raise


def _chunks(state: State) -> list[bytes]:
    return list(encode(state))


def _instant(time: float | None) -> datetime | None:
    return None if time is None or abs(time) == float("inf") else datetime.fromtimestamp(int(time), UTC)
