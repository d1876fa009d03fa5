"""Runs detection on the worker that has the partition of frames, and publishes what it finds.

A frame is done when everything it brought about is on the topics; only then is its offset committed. A worker that
takes over rebuilds the state, and does not publish the alerts of earlier frames again. If an alert is published twice
after all, both copies have the same id and revision.
"""

import asyncio
import math
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from typing import Any

from aiokafka import TopicPartition

from detectors.exchange.synchrony_shard import LineageLost
from detectors.state.capture import State
from schemas.alerts import Mode
from schemas.service.progress import Progress
from schemas.service.topics import FRAMES, is_replay
from streams.live.broker.broker_check import FAULTS
from streams.live.broker.connection import Connection
from streams.live.broker.outages import BrokerWatch
from streams.live.detection.detection import Detection, FrameResult
from streams.live.detection.detection_state import captured
from streams.live.exchange.frames import HEADER, FrameError, decode
from streams.live.exchange.lasting_producer import LastingProducer
from streams.live.exchange.result_producer import ResultProducer
from streams.live.stages.detection_thread import DetectionThread, Ending
from streams.live.stages.frame_log import Headers, frames_between, progress_of, taken_at
from streams.live.stages.late_posts import LatePostLog
from streams.live.stages.rebuild_report import RebuildReport
from streams.live.stages.shard_exchange import ShardExchange
from streams.live.stages.state_loading import load_state
from streams.live.stages.state_saving import StateSaving
from streams.live.state.snapshots import Snapshots
from streams.live.telemetry.telemetry import Telemetry
from streams.settings.settings import Settings

_PROGRESS_EVERY_S = 0.2
"""Seconds between two records of progress. Chosen, not measured."""
_OWNER_S = 2.0
"""Seconds in which a worker that stood still learns that detection runs elsewhere. Chosen, not measured: a heartbeat is
answered within one."""


class DetectionAgent:
    """Detection on one worker.

    Args:
        connection: to the brokers.
        settings: of detection, and how often its state is saved.
        worker_id: for alerts and progress.
        log: of the worker.
        telemetry: of the worker.
        watch: knows whether the brokers can be reached.
        synchrony_shards: count of shards in which co-sharing runs elsewhere; 0: it runs here.
    """

    def __init__(
        self,
        connection: Connection,
        settings: Settings,
        worker_id: str,
        log: Any,
        telemetry: Telemetry,
        watch: BrokerWatch,
        synchrony_shards: int = 0,
    ) -> None:
        self._prefix = connection.settings.topic_prefix
        self._connection = connection
        self._settings = settings
        self._worker_id = worker_id
        self._log = log
        self._telemetry = telemetry
        self._watch = watch
        self._partition = TopicPartition(FRAMES.full_name(self._prefix), 0)
        self._mode: Mode = "replay" if is_replay(self._prefix) else "live"
        self._synchrony_shards = synchrony_shards
        self._exchange: ShardExchange | None = None
        self._anew = False
        """Whether the state is to be built from frames alone, because the shards cannot go on from a snapshot."""
        self._late = LatePostLog(log)
        self.detection: Detection | None = None
        self._started = asyncio.Event()
        self._lock = asyncio.Lock()
        """Held while the state changes."""
        self.stopping = False
        """Whether the worker is ending."""
        self.next_frame = 0
        """Offset of the frame to apply next. It changes together with the state, in the thread of detection."""
        self._next_result = 0
        """Offset of the frame whose result is to be published next."""
        self._applied: Progress | None = None
        """Where detection is; it becomes `_progress` once the results have been published."""
        self._taking = False
        """A frame is being applied, or its result published; or that was cut short, and the frame comes again."""
        self._progress: Progress | None = None
        """The progress to be written."""
        self._written: Progress | None = None
        """The progress that was written, or is being written."""
        self.posts = 0
        """Count of posts applied here, without those of a rebuild."""
        self.alerts = 0
        """Count of alerts published."""

    @property
    def idle(self) -> bool:
        """Whether it waits for a frame, and for nothing else."""
        return not (self._taking or self._lock.locked() or self.stopping)

    async def start(self) -> None:
        """Get ready to write."""
        self._thread = DetectionThread()
        self._producer = LastingProducer(self._connection, "detection", self._watch, self._log)
        await self._producer.start()
        if self._synchrony_shards:
            exchange = self._connection, self._producer, self._watch, self._log, self._synchrony_shards
            self._exchange = ShardExchange(*exchange, self._telemetry.set_shards_missing)
        self._results = ResultProducer(self._producer, self._prefix, self._settings.permalinks)
        self._snapshots = Snapshots(self._connection, self._producer)
        self._saving = StateSaving(
            self._snapshots, self._settings, self._captured, self._log, self._telemetry
        )
        self._started.set()

    async def stop(self, seconds: float = 3.0) -> int:
        """Finish the current frame, save the state for the worker that takes over, and end.

        Args:
            seconds: for all of this. What is not done by then, the next owner does again.

        Returns:
            Offset of the frame whose results are not on the topics yet.
        """
        self.stopping = True
        if not self._started.is_set():
            return 0
        try:
            async with asyncio.timeout(seconds), self._lock:
                await self._write_progress()
                await self._saving.save_last(self.next_frame)
        except TimeoutError:
            self._log.warning(
                "no time to save the state", next_frame=self.next_frame, saved=self._saving.next_frame
            )
        self._thread.refuse()
        if self._exchange is not None:
            await self._exchange.stop()
        await self._producer.stop(0.3)
        self._thread.close()
        return self._next_result

    async def prepare(self, committed: Callable[[], Awaitable[int]]) -> None:
        """Build the state now that the partition of frames is here, rather than when the next frame comes.

        Args:
            committed: gives the offset of the first frame whose results may not be on the topics.
        """
        await self._started.wait()
        upto = await committed()
        with suppress(Ending):
            async with self._lock:
                if self.stopping:
                    return
                if self.detection is None or self.next_frame < upto:
                    await self._catch_up(upto)
                else:
                    self._telemetry.confirm_state()

    async def take(self, offset: int, headers: Headers, value: bytes, at: float = -math.inf) -> None:
        """Apply a frame of the log. On return its offset may be committed.

        Args:
            offset: its place in the log. Earlier frames that were not given are read from the log, as published.
            headers: of the record.
            value: of the record.
            at: when the broker took it, seconds since 1970 UTC; minus infinity: not known.
        """
        await self._started.wait()  # Faust may have frames before all of the worker has started
        with suppress(Ending):
            async with self._lock:
                if not self.stopping:
                    return await self._take(offset, headers, value, at)
        await asyncio.Event().wait()  # the frame is for another worker

    async def _take(self, offset: int, headers: Headers, value: bytes, at: float) -> None:
        if offset < self._next_result:
            return  # done before, but the commit of its offset came too late
        if offset < self.next_frame:
            # it was interrupted before its result was published: apply it again to get the result
            self.detection, self.next_frame = None, 0
        self._taking = True
        self._telemetry.owe_report()
        while True:
            if self.detection is None or offset != self.next_frame:
                await self._catch_up(offset)
            try:
                result = await self._apply(offset, headers.get(HEADER), value, at)
                break
            except LineageLost as error:
                await self._begin_anew(error)
        for place, faults in (("log", result.faults), ("registry", result.registry_faults)):
            for fault in faults:
                self._log.warning(f"fault in the {place}", offset=offset, fault=fault)

        async def publish() -> None:
            await self._results.write_dead_letters(result.dead_letters)
            await self._results.write_late_posts(result.late_posts)
            await self._results.write_alerts(result.alerts, result.expired)
            await self._results.write_signals(result.signals)

        await self._producer.insist(publish)
        self._late.add(result.late_by_collector)
        self._next_result = offset + 1
        self._progress, self._taking = self._applied, False
        self._telemetry.count_result(result)
        self.posts += result.posts
        self.alerts += len(result.alerts)
        await self._saving.save_if_due()

    async def save(self) -> None:
        """Write a snapshot of the current state. On return the broker has it."""
        await self._saving.save()

    async def _captured(self) -> tuple[State, int] | None:
        """A copy of the state, and the offset of the last frame in it."""
        if self.detection is None:
            return None
        found: tuple[State, int] = await self._thread.run(
            lambda: (captured(self._running()), self.next_frame - 1)
        )
        return found

    async def _apply(self, offset: int, header: bytes | None, value: bytes, at: float) -> FrameResult:
        def work() -> FrameResult:
            begun = time.perf_counter()
            try:
                result = self._result_of(offset, header, value, at)
            except BaseException:
                self.detection = None  # half a frame has been applied: this is no state to go on from
                raise
            self.next_frame = offset + 1
            self._applied = progress_of(self._running(), self._worker_id, offset)
            seconds = time.perf_counter() - begun
            self._saving.count(seconds)
            self._telemetry.show_applied(self._running(), self._applied, seconds)
            return result

        result: FrameResult = await self._thread.run(work)
        return result

    def _result_of(self, offset: int, header: bytes | None, value: bytes, at: float) -> FrameResult:
        if offset in self._settings.worker.skip_frames:
            return FrameResult(faults=["left out, because worker.skip_frames names it"])
        try:
            detection = self._running()
            return detection.apply(decode(header, value, at, detection.reader))
        except FrameError as error:
            return FrameResult(faults=[f"left out: {error}"])

    async def _catch_up(self, upto: int) -> None:
        """Bring the state to where it was before frame `upto`, without publishing."""
        begun = time.monotonic()
        frames = 0
        with RebuildReport(self._log, self._telemetry, upto) as report:
            while True:
                try:
                    if self.detection is None:
                        await self._load(upto)
                    report.show(self.next_frame)
                    self._running().timer.on_stage = self._telemetry.observe_stage
                    begin = self.next_frame
                    async for record in frames_between(self._connection, self._partition, begin, upto):
                        if self.stopping:
                            raise Ending
                        self._note_gap(record.offset)
                        header = dict(record.headers).get(HEADER)
                        await self._apply(record.offset, header, record.value, taken_at(record))
                        self._progress = self._applied
                        frames += 1
                        report.show(self.next_frame)
                    break
                except LineageLost as error:
                    await self._begin_anew(error)
                except FAULTS as error:
                    await self._watch.outlast(error)
            self._note_gap(upto)
            self.next_frame = max(self.next_frame, upto)
        if upto:
            self._applied = self._progress = progress_of(self._running(), self._worker_id, upto - 1)
        self._telemetry.show_rebuilt(self._running(), time.monotonic() - begun)
        self._log.info(
            "state rebuilt", offset=upto, frames=frames, seconds=round(time.monotonic() - begun, 2)
        )

    async def _begin_anew(self, error: LineageLost) -> None:
        """Forget the state, so that it is built from the frames that are there.

        Not if detection runs elsewhere by now: then the shards follow the new owner.
        """
        self.detection, self.next_frame, self._anew = None, 0, True
        await asyncio.sleep(_OWNER_S)
        if self.stopping or not self._telemetry.health.detection_here:
            raise Ending
        self._log.error("the shards cannot go on; the state is built from all frames", error=str(error))

    def _note_gap(self, found: int) -> None:
        if found > self.next_frame:
            self._log.warning("frames are gone", needed=self.next_frame, first=found)

    async def _load(self, upto: int) -> None:
        await self._saving.finish()  # it may be writing to the slot that is read here
        snapshots, self._anew = None if self._anew else self._snapshots, False
        # until the state is there, there is none: this may be cancelled, and is then done again
        loaded = await load_state(
            snapshots, upto, self._settings, self._mode, self._worker_id, self._exchange, self._thread.run,
            self._log,
        )  # fmt: skip
        self.detection, self.next_frame = loaded.detection, loaded.next_frame
        if loaded.manifest is not None:
            self._saving.count_loaded(loaded.manifest, loaded.seconds)
            self._telemetry.show_snapshot(loaded.manifest)
            offset, size = loaded.manifest.frame_offset, loaded.manifest.bytes
            self._log.info("snapshot loaded", offset=offset, bytes=size)

    async def publish_progress(self) -> None:
        """Write now and then where detection is, until the worker ends."""
        await self._started.wait()
        while not self.stopping:
            await asyncio.sleep(_PROGRESS_EVERY_S)
            await self._write_progress()

    async def _write_progress(self) -> None:
        """Write where detection is, unless that has been written."""
        if self._progress is not self._written and self._progress is not None:
            self._written = self._progress
            await self._producer.insist(partial(self._results.write_progress, self._written))
            self._telemetry.note_report()
        if not self._taking and self._written is self._progress:
            self._telemetry.note_all_reported()

    def _running(self) -> Detection:
        assert self.detection is not None  # noqa: S101 - for the type checker: the first frame makes it
        return self.detection
