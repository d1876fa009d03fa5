"""Detection's side of the exchange with the shards of co-sharing: it writes shares, and reads what they gave.

Detection runs in a thread and waits here for answers, while the event loop talks to the brokers. A stretch is written
to all shards before any answer is awaited, so they work side by side.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import Any
from uuid import uuid4

from aiokafka import AIOKafkaConsumer, TopicPartition

from detectors.exchange.epoch_messages import Columns, closed
from detectors.exchange.inbox import Diverged, EpochInbox
from detectors.exchange.stretches import ANSWER_DTYPES, of_frames
from detectors.exchange.synchrony_shard import LineageLost
from schemas.service.topics import CO_SHARES, SHARES
from streams.live.broker.broker_check import FAULTS
from streams.live.broker.closing import stop_consumer
from streams.live.broker.connection import Connection, consumer_arguments
from streams.live.broker.in_flight import InFlight
from streams.live.broker.outages import BrokerWatch
from streams.live.exchange.lasting_producer import LastingProducer
from streams.live.exchange.step_records import (
    HEADER,
    StepRecordError,
    columns_of,
    header_of,
    messages_of,
    records_of,
)
from streams.live.stages.frame_log import end_of

PRODUCER = "detection"
"""Name of detection in records of steps."""
_POLL_MS = 200
_FETCH_WAIT_MS = 200
"""Milliseconds that a broker may wait for answers. It sends those that come at once."""
_SAY_EVERY_S = 10.0
"""Seconds between two lines about shards that do not answer. Chosen, not measured: an answer takes milliseconds."""


def shard_name(shard: int) -> str:
    """Name of a shard in records of steps."""
    return f"synchrony {shard}"


class ShardExchange:
    """The shards of co-sharing, as detection on one worker sees them (`detectors.exchange.remote_synchrony.Shards`).

    Args:
        connection: to the brokers.
        producer: started.
        watch: knows whether the brokers can be reached.
        log: of the worker.
        shards: count of shards: partitions of `shares.v1`.
        on_missing: called with the shards that have not answered for long; with none when all answer again.
    """

    def __init__(
        self,
        connection: Connection,
        producer: LastingProducer,
        watch: BrokerWatch,
        log: Any,
        shards: int,
        on_missing: Callable[[Sequence[int]], None] = lambda shards: None,
    ) -> None:
        prefix = connection.settings.topic_prefix
        self._connection = connection
        self._producer = producer
        self._watch = watch
        self._log = log
        self._shares = SHARES.full_name(prefix)
        self._answers = TopicPartition(CO_SHARES.full_name(prefix), 0)
        self._loop = asyncio.get_running_loop()
        self._names = [shard_name(shard) for shard in range(shards)]
        self._consumer: AIOKafkaConsumer | None = None
        self._at = ("", 0)
        """Lineage and step of the latest answers."""
        self._inbox = EpochInbox(self._names, 0)
        self._missing: list[int] = []
        self._on_missing = on_missing

    @property
    def count(self) -> int:
        """Of the shards."""
        return len(self._names)

    def begin(self) -> tuple[str, int]:
        """The name of a new lineage, and the offset from which on its answers will stand. Not in the event loop."""
        return uuid4().hex, self._in_loop(self._end())

    def settle(
        self, lineage: str, step: int, end: int, stretch: Sequence[Columns], place: int
    ) -> tuple[list[Columns], int]:
        """As `detectors.exchange.remote_synchrony.Shards` says. Not in the event loop."""
        found: tuple[list[Columns], int] = self._in_loop(self._settle(lineage, step, end, stretch, place))
        return found

    async def stop(self) -> None:
        """Close the consumer."""
        consumer, self._consumer = self._consumer, None
        if consumer is not None:
            await stop_consumer(consumer, 0.3)

    def _in_loop(self, work: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    async def _settle(
        self, lineage: str, step: int, end: int, stretch: Sequence[Columns], place: int
    ) -> tuple[list[Columns], int]:
        await self._producer.insist(lambda: self._write(lineage, step, end, stretch))
        if self._at != (lineage, step - 1):
            await self.stop()
        begun = said = time.monotonic()
        while self._consumer is None or not self._inbox.closed(step):
            try:
                if self._consumer is None:
                    await self._read_from(step, place)
                await self._read(lineage)
            except FAULTS as error:
                await self.stop()
                await self._watch.outlast(error)
            if time.monotonic() - said >= _SAY_EVERY_S:
                said = time.monotonic()
                self._say_waiting(step, said - begun)
        if self._missing:
            self._log.info("the shards answer again", step=step, seconds=round(time.monotonic() - begun, 1))
            self._missing = []
            self._on_missing(self._missing)
        try:
            taken = self._inbox.take(step)
        except Diverged as error:
            raise LineageLost(str(error)) from error
        self._at = lineage, step
        needed = self._inbox.needed_from
        next_place = needed if needed is not None else await self._consumer.position(self._answers)
        return [of_frames(frames) for frames in taken], next_place

    async def _write(self, lineage: str, step: int, end: int, stretch: Sequence[Columns]) -> None:
        in_flight = InFlight()
        for shard, columns in enumerate(stretch):
            for header, value in records_of(lineage, closed(PRODUCER, step, [columns]), end):
                headers = [(HEADER, header)]
                sending = self._producer.send(self._shares, value, partition=shard, headers=headers)
                await in_flight.add(sending)
        await in_flight.settled()

    async def _read_from(self, step: int, place: int) -> None:
        """Read answers to a step and those after it, from a place.

        Raises:
            LineageLost: the topic no longer has it.
        """
        self._inbox = EpochInbox(self._names, step - 1)
        consumer = await self._started()
        try:
            first = (await consumer.beginning_offsets([self._answers]))[self._answers]
            if place < first:
                raise LineageLost(f"answers from offset {place:,} on are gone; the first is {first:,}.")
        except BaseException:
            await stop_consumer(consumer)
            raise
        consumer.seek(self._answers, place)
        self._consumer = consumer

    async def _started(self) -> AIOKafkaConsumer:
        consumer = AIOKafkaConsumer(**consumer_arguments(self._connection, "co-shares", _FETCH_WAIT_MS))
        try:
            await consumer.start()
        except BaseException:
            await stop_consumer(consumer)
            raise
        consumer.assign([self._answers])
        return consumer

    async def _end(self) -> int:
        """Offset of the next answer."""
        while True:
            try:
                return await end_of(self._connection, self._answers)
            except FAULTS as error:
                await self._watch.outlast(error)

    async def _read(self, lineage: str) -> None:
        """Take the answers that are there."""
        assert self._consumer is not None  # noqa: S101 - for the type checker: `_read_from` comes first
        for records in (await self._consumer.getmany(self._answers, timeout_ms=_POLL_MS)).values():
            for record in records:
                self._take(lineage, dict(record.headers).get(HEADER), record.value or b"", record.offset)

    def _take(self, lineage: str, encoded: bytes | None, value: bytes, offset: int) -> None:
        try:
            header = header_of(encoded)
            if header.lineage != lineage or header.producer not in self._names:
                return
            if header.lost:
                raise LineageLost(header.lost)
            for message in messages_of(header, columns_of(header, value, ANSWER_DTYPES)):
                self._inbox.add(message, offset)
        except StepRecordError as error:
            self._log.warning("an answer of a shard cannot be read", offset=offset, error=str(error))
        except Diverged as error:
            raise LineageLost(str(error)) from error

    def _say_waiting(self, step: int, seconds: float) -> None:
        self._missing = [
            shard for shard, name in enumerate(self._names) if not self._inbox.closed_by(step, name)
        ]
        self._on_missing(self._missing)
        self._log.warning(
            "shards of co-sharing do not answer; workers with the stage synchrony must run",
            shards=self._missing,
            step=step,
            seconds=round(seconds, 1),
        )
