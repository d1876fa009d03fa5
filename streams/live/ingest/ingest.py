"""Ingest: public topics in, frames out. Every worker runs one; Kafka assigns the partitions to them.

The cost of a message is paid once, in batches: aiokafka hands over thousands of records at a time, polars decodes
them, the shares of posts are read, and the rows go on as one frame. Offsets are committed after the broker has the
frames, so a worker that dies loses nothing. Rows that are then read again are recognised by their offset
(`streams.live.detection.positions`).
"""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import polars as pl
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.errors import CommitFailedError, IllegalStateError, RebalanceInProgressError

from detectors.traces.post_shares import ShareReader
from schemas.dead_letters import DeadLetter
from schemas.service.progress import Progress
from streams.live.broker.closing import stop_consumer, stop_producer
from streams.live.broker.connection import Connection, producer_arguments
from streams.live.broker.membership import leave_as, member_id, still_member, until_assigned
from streams.live.broker.outages import BrokerWatch
from streams.live.broker.sessions import Sessions
from streams.live.detection.positions import partition_name
from streams.live.exchange import frames
from streams.live.exchange.decoding import KIND_OF, WAITED_FOR, Batch, decode_batch
from streams.live.exchange.result_producer import ResultProducer
from streams.live.ingest.group import ShareListener, group_consumer
from streams.live.ingest.idle_partitions import IdlePartitions, ticks_of
from streams.live.ingest.progress_reader import ProgressReader
from streams.live.ingest.reference_ends import all_read, ends_of_references
from streams.live.telemetry.telemetry import Telemetry
from streams.privacy.records import pseudonym_records
from streams.settings.settings import Settings
from streams.sources.short_links import read_short_links
from streams.version import VERSION

_FEW = 500
"""Records below which a turn lasts `worker.poll_ms`, else few records would make many frames. At 50 posts a second this
halves what a worker takes (measured). Chosen, not measured: a full fetch has more."""
_MARK_EVERY_S = 0.5
"""Seconds between two checks for empty partitions. Chosen, not measured."""
_GATE_EVERY_S = 0.2
"""Seconds between two checks whether reference data have been read. Chosen, not measured."""
_MAX_FRAMES_AHEAD = 100
"""Frames that may wait for detection, which bounds the rows in memory there. Chosen, not measured."""


class Ingest:
    """One worker's share of the public topics.

    Args:
        connection: to the brokers.
        settings: batch sizes and bounds.
        log: of the worker.
        telemetry: of the worker.
        watch: knows whether the brokers can be reached.
        progress_reader: where detection is.
    """

    def __init__(
        self,
        connection: Connection,
        settings: Settings,
        log: Any,
        telemetry: Telemetry,
        watch: BrokerWatch,
        progress_reader: ProgressReader,
    ) -> None:
        self._connection = connection
        self._watch = watch
        self._settings = settings
        self._pseudonyms = pseudonym_records(settings.privacy)
        self._links = read_short_links(settings.input.short_links)
        self._shares = ShareReader(settings.detection, VERSION)
        self._log = log
        self._telemetry = telemetry
        self.joined = asyncio.Event()
        """Set while it is in its consumer group."""
        self._prefix = connection.settings.topic_prefix
        self._names = {self._prefix + topic: topic for topic in KIND_OF}
        self._idle = IdlePartitions(settings.worker.idle_after_s, settings.detection.time.lateness_s)
        self._ticks = ticks_of(settings.worker)
        self._progress_reader = progress_reader
        self._being_assigned = True
        """Whether partitions are being assigned anew."""
        self._member_id = ""
        """Id under which an earlier session may still be in the group; empty: none is."""
        self._turned_at = 0.0
        """Clock time of the latest turn of its loop."""
        self._next_offsets: dict[TopicPartition, int] = {}
        """Offset that comes next in each partition."""
        self._held_back: set[TopicPartition] = set()
        """Partitions that are paused because too many rows wait."""
        self._announced: set[tuple[str, int]] = set()
        """Partitions that this session has asked detection to wait for."""
        self._last_frame = -1
        """Offset of the latest frame that this worker wrote."""
        self._gated = True
        """Whether posts still wait for reference data."""
        self.records = 0
        """Count of records read so far."""

    async def run(self, stopping: Callable[[], bool]) -> None:
        """Work until `stopping` returns true, then finish the current batch and leave the group.

        An outage of the brokers ends a session; the next one reads again what had not been committed.
        """
        self._threads = ThreadPoolExecutor(1, thread_name_prefix="ingest")
        try:
            sessions = Sessions("ingest", self._watch, self._log)
            await sessions.run(lambda: self._session(stopping), stopping, self._quiet_s)
        finally:
            self._threads.shutdown(wait=False)

    async def _session(self, stopping: Callable[[], bool]) -> None:
        """Join the group and work."""
        self._consumer = group_consumer(self._connection, self._settings.worker)
        self._producer = AIOKafkaProducer(**producer_arguments(self._connection, "ingest"))
        self._results = ResultProducer(self._producer, self._prefix)
        try:
            await self._producer.start()
            await self._progress_reader.ready.wait()
            await self._consumer.start()
            await leave_as(self._consumer, self._member_id)
            self._consumer.subscribe(list(self._names), listener=ShareListener(self.revoked, self.assigned))
            await until_assigned(self._consumer)
            self._note_turn()
            self.joined.set()
            self._announced.clear()
            await self._announce()
            await self._work(stopping)
        finally:
            self.joined.clear()
            self._telemetry.lose_assignment()
            self._member_id = member_id(self._consumer) or self._member_id
            if await stop_consumer(self._consumer) and self._watch.reachable:
                self._member_id = ""
            await stop_producer(self._producer)

    def _note_turn(self) -> None:
        self._turned_at = time.monotonic()

    def _quiet_s(self) -> float:
        """Seconds since the latest turn; 0 outside the group, because joining it may take long."""
        return time.monotonic() - self._turned_at if self.joined.is_set() else 0.0

    @property
    def progress(self) -> Progress | None:
        """Where detection is, by its latest record; None: it has written none."""
        return self._progress_reader.latest

    async def lag(
        self, others: Sequence[TopicPartition]
    ) -> tuple[dict[TopicPartition, int], Mapping[TopicPartition, int]]:
        """How far this worker is behind. Call it while `joined` is set.

        Args:
            others: partitions whose ends are also asked for.

        Returns:
            Records yet to be read, by assigned partition; and the end offsets of all these partitions.
        """
        assigned = self._consumer.assignment()
        ends = await self._consumer.end_offsets([*assigned, *others])
        behind = {part: max(0, ends[part] - await self._consumer.position(part)) for part in assigned}
        return behind, ends

    def revoked(self) -> None:
        """Partitions are being assigned anew."""
        self._being_assigned = True
        self._telemetry.lose_assignment()

    def assigned(self) -> None:
        """Start again with the partitions that are now assigned."""
        self._being_assigned = False
        self._next_offsets.clear()
        self._idle.forget()
        self._telemetry.count_assignment()

    async def _report_share(self) -> None:
        """Say which share this worker has. After an outage, the group is asked first whether it still has one."""
        unsure = not (self._telemetry.health.assigned or self._being_assigned)
        if unsure and self._watch.reachable and await still_member(self._consumer):
            if not self._being_assigned:
                self._telemetry.confirm_assignment()
        self._telemetry.note_poll(len(self._consumer.assignment()))

    async def _announce(self) -> None:
        """Ask detection to wait for partitions that it may not know."""
        found = {
            (topic, number)
            for topic in WAITED_FOR
            for number in self._consumer.partitions_for_topic(self._prefix + topic) or ()
        }
        if new := sorted(found - self._announced):
            if self._announced:
                self._log.info("partitions added", partitions=[f"{topic}/{number}" for topic, number in new])
            await self._write(frames.Frame(frames.Header(kind="marks", sources=new), pl.DataFrame()))
            self._announced |= found

    async def _work(self, stopping: Callable[[], bool]) -> None:
        loop = asyncio.get_running_loop()
        references = await ends_of_references(self._consumer, self._producer, self._prefix)
        marked_at = checked_at = loop.time()
        while not stopping():
            self._note_turn()
            await self._report_share()
            self._pause_partitions_ahead()
            batches = await self._read()
            # reference data go before the posts that they apply to
            for batch in sorted(batches.values(), key=lambda batch: batch.topic in WAITED_FOR):
                with self._telemetry.ingesting("decode"):
                    frame, letters = await loop.run_in_executor(self._threads, self._decoded, batch)
                with self._telemetry.ingesting("write"):
                    await self._write_rows(frame, letters)
                self._telemetry.count_decoded(batch, letters)
            if batches:
                with self._telemetry.ingesting("commit"):
                    await self._commit()
            if not self._watch.reachable:
                continue  # what follows asks the brokers, and would give up after some time
            if self._gated and loop.time() - checked_at >= _GATE_EVERY_S:
                checked_at = loop.time()
                self._gated = not await all_read(self._consumer, references)
                if not self._gated:
                    self._telemetry.set_reading_posts()
                    self._log.info("reference data read")
            if loop.time() - marked_at >= _MARK_EVERY_S:
                marked_at = loop.time()
                await self._announce()
                await self._mark()
            if sum(len(batch.records) for batch in batches.values()) < _FEW:
                turn_s = self._settings.worker.poll_ms / 1_000
                await asyncio.sleep(self._turned_at + turn_s - time.monotonic())

    def _decoded(self, batch: Batch) -> tuple[frames.Frame, list[DeadLetter]]:
        ahead_s, names = self._settings.worker.max_ahead_s, self._pseudonyms
        return decode_batch(batch, ahead_s, names=names, links=self._links, reader=self._shares)

    async def _read(self) -> dict[str, Batch]:
        """Read one batch of each topic that has records."""
        worker = self._settings.worker
        read: Mapping[TopicPartition, Sequence[Any]] = await self._consumer.getmany(
            timeout_ms=worker.poll_ms, max_records=worker.batch_rows
        )
        batches: dict[str, Batch] = {}
        for partition, records in read.items():
            if not records:
                continue
            begin = self._next_offsets.get(partition)
            if begin is None:
                begin = await self._consumer.committed(partition)
            first = records[0].offset
            topic = self._names[partition.topic]
            batch = batches.setdefault(topic, Batch(topic))
            batch.add(partition.partition, first if begin is None else min(begin, first), records)
            self._next_offsets[partition] = records[-1].offset + 1
            self.records += len(records)
        self._idle.note_busy(partition for partition, records in read.items() if records)
        self._telemetry.count_read(batches.values())
        return batches

    async def _write_rows(self, frame: frames.Frame, letters: Sequence[DeadLetter]) -> None:
        """Write dead letters and the frame."""
        if letters:
            await self._results.write_dead_letters(letters)
        await self._write(frame)

    async def _write(self, frame: frames.Frame) -> None:
        """Write a frame. On return the broker has it, so later frames come after it in the log."""
        parts = []
        for header, value in frames.encode_parted(frame):
            parts.append(await self._results.write_frame(header, value))
            self._telemetry.count_frame(frame.header.kind, len(value))
        for written in await asyncio.gather(*parts):
            self._last_frame = max(self._last_frame, written.offset)  # type: ignore[attr-defined]

    async def _commit(self) -> None:
        """Commit the offsets of partitions that are still assigned. Other workers read the rest again."""
        assigned = self._consumer.assignment()
        offsets = {
            partition: offset for partition, offset in self._next_offsets.items() if partition in assigned
        }
        if not offsets:
            return
        try:
            await self._consumer.commit(offsets)
        except (CommitFailedError, IllegalStateError, RebalanceInProgressError):
            self._log.info("not committed: partitions are being assigned anew")

    def _pause_partitions_ahead(self) -> None:
        """Pause partitions that are too far ahead of detection, and resume the others."""
        progress = self._progress_reader.latest
        assigned = self._consumer.assignment()
        waited = {partition for partition in assigned if self._names[partition.topic] in WAITED_FOR}
        ahead: set[TopicPartition] = set()
        self._held_back = set()
        if self._gated:
            ahead = waited
        elif self._last_frame - (progress.frame_offset if progress else -1) > _MAX_FRAMES_AHEAD:
            ahead = assigned
        elif progress is not None and progress.held_rows > self._settings.worker.held_rows:
            # unless time alone is missing, those that are furthest behind are never paused: all others wait for them
            holding = () if progress.settling else progress.holding
            ahead = {part for part in waited if self._name(part) not in holding}
            self._held_back = ahead
        self._telemetry.set_paused(len(ahead))
        paused = self._consumer.paused() & assigned
        if ahead - paused:
            self._consumer.pause(*(ahead - paused))
        if paused - ahead:
            self._consumer.resume(*(paused - ahead))
            self._idle.note_busy(paused - ahead)

    async def _mark(self) -> None:
        """Tell detection which partitions have been read to their end."""
        progress = self._progress_reader.latest
        assigned, paused = self._consumer.assignment(), self._consumer.paused()
        waited = [part for part in assigned if self._names[part.topic] in WAITED_FOR and part not in paused]
        idle = set(self._idle.idle(waited))
        upto = self._idle.mark_time(progress)
        tick = self._ticks.due(progress) and not self._gated
        if not tick and (upto is None or not waited):
            return
        read: dict[TopicPartition, tuple[int, int]] = {}
        ends = await self._consumer.end_offsets(waited) if waited else {}
        for partition, end in ends.items():
            if partition not in self._consumer.assignment():
                continue
            position = await self._consumer.position(partition)
            # after a transaction, offsets without a message follow the last message
            if self._next_offsets.get(partition, position) <= position == end:
                # a partition that never had a message is idle at once
                empty = upto is not None and (not end or partition in idle)
                if empty or tick:
                    read[partition] = position, upto if upto is not None and empty else 0
        marks = self._idle.marks(read, lambda partition: self._names[partition.topic], again=tick)
        held_back = (
            [(self._names[part.topic], part.partition) for part in sorted(self._held_back)] if tick else []
        )
        if marks or held_back:
            header = frames.Header(kind="marks", marks=marks, paused=held_back)
            await self._write(frames.Frame(header, pl.DataFrame()))

    def _name(self, partition: TopicPartition) -> str:
        return partition_name(self._names[partition.topic], partition.partition)
