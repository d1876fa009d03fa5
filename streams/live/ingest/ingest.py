"""Ingest: public topics in, frames out. Every worker runs one; Kafka shares the partitions out among them.

The cost of a message is paid once, in batches: aiokafka hands over thousands of records at a time, polars decodes
them, and what goes on is a frame. Offsets are committed after the broker has the frames, so that a worker that dies
loses nothing; what is then read again is recognised by its offset (`streams.live.detection.positions`).
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import polars as pl
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import CommitFailedError, IllegalStateError, RebalanceInProgressError

from schemas.dead_letters import DeadLetter
from schemas.progress import Progress
from streams.live.broker.connection import Connection, consumer_arguments, producer_arguments
from streams.live.exchange import frames
from streams.live.exchange.decoding import KIND_OF, WAITED_FOR, Batch, decode_batch
from streams.live.exchange.outputs import Outputs
from streams.live.ingest.idle import IdlePartitions
from streams.live.ingest.progress_reader import ProgressReader
from streams.live.telemetry.telemetry import Telemetry
from streams.settings.settings import Settings

_MARK_EVERY_S = 0.5
_GATE_EVERY_S = 0.2
_FETCH_BYTES = 512 << 10
"""Of one partition at a time: a backlog is read from all partitions by turns, so that event time passes as it is read.
With 8 MB a worker had read all of half a million posts before the first could be judged."""
_MOST_FRAMES_AHEAD = 100
"""Frames that may wait for detection: rows in memory there are bounded by what is in them."""


def ingest_group(prefix: str) -> str:
    """Name of the group that shares the public partitions out among the workers of a service."""
    return f"{prefix}ingest"


class Ingest:
    """One worker's share of the public topics.

    Args:
        connection: to the brokers.
        settings: batch sizes and bounds.
        log: told of what happens.
        telemetry: told of what is done.
    """

    def __init__(self, connection: Connection, settings: Settings, log: Any, telemetry: Telemetry) -> None:
        self._connection = connection
        self._settings = settings
        self._log = log
        self._telemetry = telemetry
        self.joined = asyncio.Event()
        """Set when it has joined the group that shares the partitions out."""
        self._prefix = connection.settings.topic_prefix
        self._names = {self._prefix + topic: topic for topic in KIND_OF}
        self._idle = IdlePartitions(settings.worker.idle_after_s, settings.detection.time.lateness_s)
        self._progress = ProgressReader(connection)
        self._due: dict[TopicPartition, int] = {}
        """Offset of each partition that comes next."""
        self._times: dict[TopicPartition, int] = {}
        """Latest event time that came from each, seconds."""
        self._last_frame = -1
        """Offset of the latest frame that was written here."""
        self._gated = True
        """Whether posts wait for reference data."""
        self.records = 0
        """Records read so far."""

    async def run(self, stopping: Callable[[], bool]) -> None:
        """Work until `stopping`, then finish what is under way and leave the group."""
        group = ingest_group(self._prefix)
        arguments = consumer_arguments(self._connection, "ingest", fetch_wait_ms=100)
        arguments["max_partition_fetch_bytes"] = min(_FETCH_BYTES, arguments["max_partition_fetch_bytes"])
        self._consumer = AIOKafkaConsumer(
            **arguments,
            group_id=group,
            auto_offset_reset="earliest",
            max_poll_records=self._settings.worker.batch_rows,
            session_timeout_ms=int(self._settings.worker.session_timeout_s * 1_000),
            heartbeat_interval_ms=int(self._settings.worker.session_timeout_s * 1_000 / 4),
        )
        self._producer = AIOKafkaProducer(**producer_arguments(self._connection, "ingest"))
        ready = asyncio.Event()
        following = asyncio.create_task(self._progress.run(ready))
        self._threads = ThreadPoolExecutor(1, thread_name_prefix="ingest")
        await self._producer.start()
        try:
            await _first(ready.wait(), following)
            self._outputs = Outputs(self._producer, self._prefix)
            self._consumer.subscribe(list(self._names), listener=_Listener(self))
            await self._consumer.start()
            try:
                self.joined.set()
                await self._announce()
                await self._work(stopping, following)
            finally:
                await self._consumer.stop()
        finally:
            following.cancel()
            with suppress(asyncio.CancelledError):
                await following
            await self._producer.stop()
            self._threads.shutdown()

    @property
    def progress(self) -> Progress | None:
        """Where detection is, as it last said; None: it never has."""
        return self._progress.latest

    async def lag(
        self, others: Sequence[TopicPartition]
    ) -> tuple[dict[TopicPartition, int], Mapping[TopicPartition, int]]:
        """Records yet to be read of each partition that is ours, and the ends of other partitions; once `joined`."""
        assigned = self._consumer.assignment()
        ends = await self._consumer.end_offsets([*assigned, *others])
        return {tp: max(0, ends[tp] - await self._consumer.position(tp)) for tp in assigned}, ends

    def assigned(self) -> None:
        """Begin anew with the partitions that are now ours."""
        self._due.clear()
        self._times.clear()
        self._idle.forget()
        self._telemetry.shared_out()

    async def _announce(self) -> None:
        """Say which partitions detection has to wait for."""
        sources: list[tuple[str, int]] = []
        for topic in WAITED_FOR:
            found = await self._producer.partitions_for(self._prefix + topic)
            sources.extend((topic, number) for number in sorted(found))
        await self._write(frames.Frame(frames.Header(kind="marks", sources=sources), pl.DataFrame()))

    async def _work(self, stopping: Callable[[], bool], following: "asyncio.Task[None]") -> None:
        loop = asyncio.get_running_loop()
        references = await self._ends_of_references()
        marked = gated = loop.time()
        while not stopping():
            if following.done():
                following.result()  # raises why it ended
            self._hold_back()
            batches = await self._read()
            # what posts are judged by goes before them
            for batch in sorted(batches.values(), key=lambda batch: batch.topic in WAITED_FOR):
                with self._telemetry.ingesting("decode"):
                    frame, letters = await loop.run_in_executor(
                        self._threads, decode_batch, batch, self._settings.worker.max_ahead_s
                    )
                with self._telemetry.ingesting("write"):
                    await self._pass_on(frame, letters)
                self._telemetry.decoded(batch, letters)
            if batches:
                with self._telemetry.ingesting("commit"):
                    await self._commit()
            if self._gated and loop.time() - gated >= _GATE_EVERY_S:
                gated = loop.time()
                self._gated = not await self._reached(references)
                if not self._gated:
                    self._telemetry.reading()
                    self._log.info("reference data read")
            if loop.time() - marked >= _MARK_EVERY_S:
                marked = loop.time()
                await self._mark_idle()

    async def _read(self) -> dict[str, Batch]:
        """Read a batch of each topic that has something."""
        worker = self._settings.worker
        found: Mapping[TopicPartition, Sequence[Any]] = await self._consumer.getmany(
            timeout_ms=worker.poll_ms, max_records=worker.batch_rows
        )
        batches: dict[str, Batch] = {}
        for partition, records in found.items():
            if not records:
                continue
            due = self._due.get(partition)
            if due is None:
                due = await self._consumer.committed(partition)
            first = records[0].offset
            topic = self._names[partition.topic]
            batch = batches.setdefault(topic, Batch(topic))
            batch.add(partition.partition, first if due is None else min(due, first), records)
            self._due[partition] = records[-1].offset + 1
            self.records += len(records)
        self._idle.saw(tp for tp, records in found.items() if records)
        self._telemetry.read(batches.values())
        return batches

    async def _pass_on(self, frame: frames.Frame, letters: Sequence[DeadLetter]) -> None:
        at = {"posts": "created_at", "follows": "at"}.get(frame.header.kind)
        if at is not None and len(frame.rows):
            latest = frame.rows.group_by("source").agg(pl.col(at).max()).iter_rows()
            for source, time in latest:
                span = frame.header.spans[source]
                partition = TopicPartition(self._prefix + span.topic, span.partition)
                self._times[partition] = max(time, self._times.get(partition, time))
        if letters:
            await self._outputs.dead_letters(letters)
        await self._write(frame)

    async def _write(self, frame: frames.Frame) -> None:
        """Write a frame; on return the broker has it. What follows may not come before it."""
        parts = []
        for header, value in frames.encode_parted(frame):
            parts.append(await self._outputs.frame(header, value))
            self._telemetry.framed(frame.header.kind, len(value))
        for written in await asyncio.gather(*parts):
            self._last_frame = max(self._last_frame, written.offset)  # type: ignore[attr-defined]

    async def _commit(self) -> None:
        """Commit what is ours still; what is not will be read again by whom it belongs to."""
        assigned = self._consumer.assignment()
        offsets = {tp: offset for tp, offset in self._due.items() if tp in assigned}
        if not offsets:
            return
        try:
            await self._consumer.commit(offsets)
        except (CommitFailedError, IllegalStateError, RebalanceInProgressError):
            self._log.info("not committed, since partitions are being shared out anew")

    def _hold_back(self) -> None:
        """Pause partitions that are too far ahead, and go on with those that are not."""
        progress = self._progress.latest
        assigned = self._consumer.assignment()
        waited = {tp for tp in assigned if self._names[tp.topic] in WAITED_FOR}
        ahead: set[TopicPartition] = set()
        if self._gated:
            ahead = waited
        elif self._last_frame - (progress.frame_offset if progress else -1) > _MOST_FRAMES_AHEAD:
            ahead = assigned
        elif progress is not None and progress.held_rows > self._settings.worker.held_rows:
            # never the one that all wait for
            least = progress.least_latest.timestamp() if progress.least_latest else float("inf")
            ahead = {tp for tp in waited if self._times.get(tp, 0) > least}
        self._telemetry.held_back(len(ahead))
        paused = self._consumer.paused() & assigned
        if ahead - paused:
            self._consumer.pause(*(ahead - paused))
        if paused - ahead:
            self._consumer.resume(*(paused - ahead))
            self._idle.saw(paused - ahead)

    async def _ends_of_references(self) -> dict[TopicPartition, int]:
        """How much reference data there is."""
        partitions = [
            TopicPartition(self._prefix + topic, number)
            for topic in KIND_OF
            if topic not in WAITED_FOR
            for number in await self._producer.partitions_for(self._prefix + topic)
        ]
        begins = await self._consumer.beginning_offsets(partitions)
        ends = await self._consumer.end_offsets(partitions)
        return {tp: end for tp, end in ends.items() if end > begins[tp]}

    async def _reached(self, ends: Mapping[TopicPartition, int]) -> bool:
        """Whether all workers together have read so far."""
        for partition, end in ends.items():
            if (await self._consumer.committed(partition) or 0) < end:
                return False
        return True

    async def _mark_idle(self) -> None:
        """Tell detection of partitions that have nothing more."""
        assigned = self._consumer.assignment()
        paused = self._consumer.paused()
        waited = [tp for tp in assigned if self._names[tp.topic] in WAITED_FOR and tp not in paused]
        candidates = self._idle.waiting(waited)
        upto = self._idle.upto(self._progress.latest)
        if upto is None or not waited:
            return
        ends = await self._consumer.end_offsets(waited)
        empty = {}
        for partition in waited:
            # one that never had a message is idle at once
            if ends[partition] > 0 and partition not in candidates:
                continue
            if partition in self._consumer.assignment():
                position = await self._consumer.position(partition)
                # after a transaction, offsets without a message follow the last that is due
                if self._due.get(partition, position) <= position == ends[partition]:
                    empty[partition] = position
        marks = self._idle.marks(upto, empty, lambda tp: self._names[tp.topic])
        if marks:
            await self._write(frames.Frame(frames.Header(kind="marks", marks=marks), pl.DataFrame()))


class _Listener(ConsumerRebalanceListener):  # type: ignore[misc] # aiokafka has no types
    """Told when partitions are shared out anew."""

    def __init__(self, ingest: Ingest) -> None:
        self._ingest = ingest

    async def on_partitions_revoked(self, revoked: object) -> None:
        """Nothing: what is under way is written, and read again by others at worst."""

    async def on_partitions_assigned(self, assigned: object) -> None:
        """Begin anew."""
        self._ingest.assigned()


async def _first(waiting: Any, task: "asyncio.Task[None]") -> None:
    """Wait for something that `task` brings about; raises why the task ended, if it ends before."""
    waiter = asyncio.ensure_future(waiting)
    await asyncio.wait({waiter, task}, return_when=asyncio.FIRST_COMPLETED)
    if not waiter.done():
        waiter.cancel()
        task.result()
