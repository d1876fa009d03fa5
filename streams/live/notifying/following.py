"""Follows the topic of alerts and puts what receivers get into the outbox.

All partitions are read here, without Kafka's assignment: alerts are few. The offset of a partition is committed once
all before it was delivered or given up. So a lost state file costs repeated messages, never a missed one. What repeats
has the same id.
"""

import asyncio
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

from schemas.alerts import Alert
from schemas.checks.decoding_faults import DECODING_ERRORS
from schemas.service.topics import ALERTS
from streams.live.broker.closing import stop_consumer
from streams.live.broker.connection import Connection, consumer_arguments
from streams.live.broker.metadata import partitions_of
from streams.notify.digests import make_digests
from streams.notify.outbox import Outbox
from streams.notify.receivers import Receiver
from streams.notify.sender import DeadLetterFile
from streams.settings.notify_settings import NotifySettings

_POLL_MS = 500
_TIDY_EVERY_S = 3_600.0
"""Seconds between two times that old entries are forgotten. Chosen, not measured."""
_COMMIT_EVERY_S = 3_600.0
"""Seconds after which offsets are committed although they have not moved: brokers forget those that are a week old."""

_decoder = msgspec.json.Decoder(Alert)


def notify_group(prefix: str) -> str:
    """Name of the consumer group under which the offsets are kept."""
    return f"{prefix}notify"


class AlertFollower:
    """Reads alerts for as long as it runs.

    Args:
        connection: to the brokers.
        settings: of notifications.
        receivers: all of them.
        outbox: gets what is to be sent.
        dead: gets messages for which the outbox has no room.
        log: of the process.
    """

    def __init__(
        self,
        connection: Connection,
        settings: NotifySettings,
        receivers: Sequence[Receiver],
        outbox: Outbox,
        dead: DeadLetterFile,
        log: Any,
    ) -> None:
        self._connection = connection
        self._settings = settings
        self._receivers = receivers
        self._outbox = outbox
        self._dead = dead
        self._log = log
        self._turned_at = 0.0
        self._tidied_at = 0.0
        self._committed_at = 0.0

    def quiet_s(self) -> float:
        """Seconds since it last made a turn."""
        return asyncio.get_running_loop().time() - self._turned_at

    async def session(self, stopping: Callable[[], bool]) -> None:
        """Read from where the group has come to, until `stopping` is true.

        Raises:
            Exception: a fault of the brokers ends the session.
            OutputError: the state or the dead letters cannot be written.
        """
        prefix = self._connection.settings.topic_prefix
        consumer = AIOKafkaConsumer(
            **consumer_arguments(self._connection, "notify"),
            group_id=notify_group(prefix),
            auto_offset_reset="earliest",
        )
        try:
            await consumer.start()
            partitions = await partitions_of(consumer, ALERTS.full_name(prefix))
            consumer.assign(partitions)
            committed = await self._begin(consumer, partitions)
            self._log.info("following alerts", topic=ALERTS.full_name(prefix), partitions=len(partitions))
            while not stopping():
                self._turned_at = asyncio.get_running_loop().time()
                read = await consumer.getmany(timeout_ms=_POLL_MS)
                for records in read.values():
                    for record in records:
                        self._take(record)
                self._keep_time()
                await self._commit(consumer, partitions, committed)
            await self._commit(consumer, partitions, committed)
        finally:
            await stop_consumer(consumer)

    async def _begin(
        self, consumer: AIOKafkaConsumer, partitions: Sequence[TopicPartition]
    ) -> dict[TopicPartition, int]:
        """Go to the committed offsets. A partition without one begins at its end: old alerts are no news."""
        committed = {part: await consumer.committed(part) for part in partitions}
        fresh = [part for part, offset in committed.items() if offset is None]
        if fresh:
            ends = await consumer.end_offsets(fresh)
            await consumer.commit(ends)
            committed |= ends
        for part, offset in committed.items():
            consumer.seek(part, offset)
        return committed

    def _take(self, record: ConsumerRecord) -> None:
        if record.value is None:
            return
        try:
            alert = _decoder.decode(record.value)
        except DECODING_ERRORS:
            self._log.error(
                "a record on the topic of alerts is no alert",
                partition=record.partition,
                offset=record.offset,
            )
            return
        if alert.mode != "live":
            return  # a replay pages nobody
        place = (record.partition, record.offset)
        now = datetime.now(UTC)
        for receiver, message_id, body in self._outbox.take(
            alert, self._receivers, self._settings.link, now, place
        ):
            self._dead.write(receiver.name, message_id, body, 0, "too many messages wait for this receiver")
            self._log.error(
                "no room for a notification; it is in the dead letters", receiver=receiver.name, id=message_id
            )

    def _keep_time(self) -> None:
        now = datetime.now(UTC)
        for name in make_digests(self._receivers, self._outbox, self._settings.link, now):
            self._log.info("digest made", receiver=name)
        if self._turned_at - self._tidied_at > _TIDY_EVERY_S:
            self._tidied_at = self._turned_at
            self._outbox.forget_old(now)

    async def _commit(
        self,
        consumer: AIOKafkaConsumer,
        partitions: Sequence[TopicPartition],
        committed: dict[TopicPartition, int],
    ) -> None:
        """Commit what is settled, where it has moved, and everything once an hour."""
        settled = {
            part: self._outbox.settled(part.partition, await consumer.position(part)) for part in partitions
        }
        due = self._turned_at - self._committed_at > _COMMIT_EVERY_S
        moved = {part: offset for part, offset in settled.items() if due or offset > committed[part]}
        if due:
            self._committed_at = self._turned_at
        if moved:
            await consumer.commit(moved)
            committed |= moved
