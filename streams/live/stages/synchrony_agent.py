"""Runs the shards of co-sharing that a worker has been given: shares of a stretch of event time in, what they gave out.

A shard is a partition of `shares.v1`. Whoever takes it over loads its latest snapshot and takes the shares since then,
and writes their answers again; detection drops what it has. So no answer is lost, and no other shard goes back.
"""

import asyncio
import time
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from aiokafka import TopicPartition

from detectors.exchange.epoch_messages import closed
from detectors.exchange.stretches import STRETCH_DTYPES, SettledShares, Stretch, answer_of, in_frames
from detectors.exchange.synchrony_shard import LineageLost, SynchronySteps
from detectors.state.capture import capture, restore
from detectors.state.state_forms import StateError
from schemas.service.topics import CO_SHARES, SHARD_STATE, SHARES
from streams.live.broker.broker_check import FAULTS
from streams.live.broker.connection import Connection
from streams.live.broker.in_flight import InFlight
from streams.live.broker.outages import BrokerWatch
from streams.live.exchange.lasting_producer import LastingProducer
from streams.live.exchange.step_records import (
    HEADER,
    StepRecordError,
    columns_of,
    header_of,
    lost_record,
    records_of,
)
from streams.live.stages.frame_log import Headers, end_of, frames_between
from streams.live.stages.shard_exchange import shard_name
from streams.live.state.snapshots import Snapshots, manifest
from streams.live.telemetry.telemetry import Telemetry
from streams.settings.settings import Settings
from streams.state.state_codec import decode, encode
from streams.version import VERSION

_MOST_BYTES = 512 << 10
"""Bytes of answers in one record, at most: below the 1 MiB that brokers take by default."""


@dataclass(slots=True)
class _Shard:
    """A shard that is here."""

    steps: SynchronySteps
    snapshots: Snapshots
    next_offset: int = 0
    """Of the record to take next."""
    saved_offset: int = 0
    """Of the first record that the latest snapshot does not include."""
    saved_at: float = field(default_factory=time.monotonic)


class SynchronyAgent:
    """The shards of co-sharing on one worker.

    Args:
        connection: to the brokers.
        settings: of detection, and how often state is saved.
        shards: count of all shards.
        log: of the worker.
        telemetry: of the worker.
        watch: knows whether the brokers can be reached.
    """

    def __init__(
        self,
        connection: Connection,
        settings: Settings,
        shards: int,
        log: Any,
        telemetry: Telemetry,
        watch: BrokerWatch,
    ) -> None:
        prefix = connection.settings.topic_prefix
        self._connection = connection
        self._settings = settings
        self._count = shards
        self._log = log
        self._telemetry = telemetry
        self._watch = watch
        self._shares = SHARES.full_name(prefix)
        self._answers = CO_SHARES.full_name(prefix)
        self._here: dict[int, _Shard] = {}
        self._assigned: frozenset[int] = frozenset()
        self._gone: frozenset[int] = frozenset()
        """Shards that were here and are not any more."""
        self._started = asyncio.Event()
        self._lock = asyncio.Lock()
        """Held while shards change."""
        self.stopping = False
        """Whether the worker is ending."""

    async def start(self) -> None:
        """Get ready to write."""
        self._threads = ThreadPoolExecutor(1, thread_name_prefix="synchrony")
        self._producer = LastingProducer(self._connection, "synchrony", self._watch, self._log)
        await self._producer.start()
        self._started.set()

    def assign(self, shards: Iterable[int]) -> None:
        """Hold these shards from now on, and forget the others."""
        held = frozenset(shards)
        self._gone = (self._gone | self._assigned) - held
        self._assigned = held
        for shard in self._gone & self._here.keys():
            del self._here[shard]
        self._telemetry.forget_shards()
        self._telemetry.set_shards_due(held - self._here.keys())

    async def prepare(self) -> None:
        """Bring the shards that are here up to date, rather than when their next shares come."""
        await self._started.wait()
        for shard in sorted(self._assigned):
            async with self._lock:
                if shard in self._assigned and shard not in self._here and not self.stopping:
                    self._hold(shard, await self._current(shard))

    async def take(self, shard: int, offset: int, headers: Headers, value: bytes) -> None:
        """Take a record of shares. On return the brokers have the answer.

        Args:
            shard: its partition.
            offset: its place there. Earlier records that were not given are read from the topic.
            headers: of the record.
            value: of the record.
        """
        await self._started.wait()  # Faust may have records before all of the worker has started
        async with self._lock:
            if not self.stopping:
                return await self._take(shard, offset, headers, value)
        await asyncio.Event().wait()  # the record is for another worker

    async def _take(self, shard: int, offset: int, headers: Headers, value: bytes) -> None:
        if shard in self._gone:
            return  # it was on its way here when the shard went to another worker, which gets it, too
        here = self._here.get(shard)
        if here is None:
            here = await self._current(shard)
            self._hold(shard, here)
        if offset < here.next_offset:
            return  # taken before, but the commit of its offset came too late
        if offset > here.next_offset:
            await self._catch_up(shard, here, offset)
        await self._apply(shard, here, offset, headers, value)
        await self._save_if_due(shard, here)

    async def stop(self, seconds: float) -> None:
        """Save all shards for the workers that take over, and end.

        Args:
            seconds: for all of this.
        """
        self.stopping = True
        if not self._started.is_set():
            return
        try:
            async with asyncio.timeout(seconds), self._lock:
                for shard, here in self._here.items():
                    if here.next_offset > here.saved_offset:
                        await self._save(shard, here)
        except (TimeoutError, *FAULTS):
            self._log.warning("no time to save the shards")
        await self._producer.stop(0.3)
        self._threads.shutdown(wait=False)

    async def _apply(
        self, shard: int, here: _Shard, offset: int, headers: Mapping[str, bytes], value: bytes
    ) -> None:
        begun = time.perf_counter()
        try:
            header = header_of(headers.get(HEADER))
            columns = columns_of(header, value, STRETCH_DTYPES)
        except StepRecordError as error:
            # what follows it cannot be taken either, and then detection begins anew
            self._log.warning("left out", shard=shard, offset=offset, error=str(error))
            here.next_offset = offset + 1
            return
        given = Stretch(header.lineage, header.step, header.until, header.checksum, columns)
        try:
            records = await self._answer(shard, here.steps, given)
            if records:
                await self._producer.insist(lambda: self._write(records))
        except BaseException:
            # it has taken shares whose answer is not on the topic: this is no state to go on from
            self._here.pop(shard, None)
            raise
        here.next_offset = offset + 1
        self._telemetry.show_shard(shard, here.steps.until, time.perf_counter() - begun)

    async def _answer(self, shard: int, steps: SynchronySteps, given: Stretch) -> list[tuple[bytes, bytes]]:
        """The records that answer a stretch; none if it came before."""
        loop = asyncio.get_running_loop()
        try:
            settled = await loop.run_in_executor(self._threads, steps.take, given)
        except LineageLost as error:
            self._log.error("a shard of co-sharing cannot go on; detection begins anew", error=str(error))
            return [lost_record(given.lineage, shard_name(shard), given.step, str(error))]
        return [] if settled is None else self._records(shard, given, settled)

    @staticmethod
    def _records(shard: int, given: Stretch, settled: list[SettledShares]) -> list[tuple[bytes, bytes]]:
        frames = in_frames(answer_of(settled), _MOST_BYTES)
        return records_of(given.lineage, closed(shard_name(shard), given.step, frames), given.end)

    async def _write(self, records: list[tuple[bytes, bytes]]) -> None:
        in_flight = InFlight()
        for header, value in records:
            headers = [(HEADER, header)]
            await in_flight.add(self._producer.send(self._answers, value, partition=0, headers=headers))
        await in_flight.settled()

    def _hold(self, shard: int, here: _Shard) -> None:
        if shard not in self._gone:
            self._here[shard] = here
        self._telemetry.set_shards_due(self._assigned - self._here.keys())

    async def _current(self, shard: int) -> _Shard:
        """A shard that has taken every record that is on its partition."""
        begun = time.monotonic()
        while True:
            try:
                end = await end_of(self._connection, TopicPartition(self._shares, shard))
                here = await self._loaded(shard, end)
                break
            except FAULTS as error:
                await self._watch.outlast(error)
        records = end - here.next_offset
        await self._catch_up(shard, here, end)
        self._log.info(
            "shard is current",
            shard=shard,
            step=here.steps.step,
            records=records,
            seconds=round(time.monotonic() - begun, 2),
        )
        return here

    async def _loaded(self, shard: int, end: int) -> _Shard:
        """A shard as its latest snapshot has it; an empty one if there is none that can be used.

        Args:
            shard: its number.
            end: offset after the last record of its partition. A snapshot of later ones is of another topic.
        """
        snapshots = Snapshots(self._connection, self._producer, SHARD_STATE, shard)
        snapshot = await snapshots.newest(end)
        if snapshot is not None and snapshot.manifest.settings == self._digest:
            try:
                steps = self._new_steps(shard)
                restore(steps, await asyncio.to_thread(decode, snapshot.chunks))
                offset = snapshot.manifest.frame_offset + 1
                return _Shard(steps, snapshots, offset, offset)
            except (StateError, KeyError, TypeError, ValueError, AttributeError) as error:
                self._log.warning("the snapshot of a shard cannot be used", shard=shard, error=str(error))
        return _Shard(self._new_steps(shard), snapshots)

    def _new_steps(self, shard: int) -> SynchronySteps:
        return SynchronySteps(self._settings.detection, shard, self._count)

    @property
    def _digest(self) -> str:
        return f"{self._settings.detection.digest} in {self._count}"

    async def _catch_up(self, shard: int, here: _Shard, upto: int) -> None:
        """Take the records before `upto`. Their answers are written again: they may not have been written before."""
        partition = TopicPartition(self._shares, shard)
        while here.next_offset < upto and not self.stopping:
            try:
                begin = here.next_offset
                async for record in frames_between(self._connection, partition, begin, upto):
                    if self.stopping:
                        return
                    await self._apply(shard, here, record.offset, dict(record.headers), record.value or b"")
                here.next_offset = max(here.next_offset, upto)
            except FAULTS as error:
                await self._watch.outlast(error)

    async def _save_if_due(self, shard: int, here: _Shard) -> None:
        if time.monotonic() - here.saved_at >= self._settings.worker.snapshot_every_s:
            await self._save(shard, here)

    async def _save(self, shard: int, here: _Shard) -> None:
        """Write a snapshot. On return the broker has it."""
        begun = time.monotonic()
        state = capture(here.steps)
        chunks = await asyncio.to_thread(list, encode(state))
        written_at = datetime.now(UTC).isoformat()
        saved = manifest(here.next_offset - 1, chunks, self._digest, VERSION, written_at)
        await self._producer.insist(lambda: here.snapshots.write(saved, chunks))
        here.saved_offset, here.saved_at = here.next_offset, time.monotonic()
        self._telemetry.show_shard_saved(shard, saved.bytes)
        self._log.info(
            "shard saved",
            shard=shard,
            step=here.steps.step,
            bytes=saved.bytes,
            seconds=round(here.saved_at - begun, 2),
        )
