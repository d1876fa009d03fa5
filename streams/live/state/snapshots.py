"""Snapshots of a stage on a compacted topic, where any worker finds them.

Two slots take turns: while one is overwritten, the other is complete, so a worker that dies in between leaves a usable
snapshot. A manifest is written after the chunks of its slot.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import msgspec
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from schemas.service.topic import Topic
from schemas.service.topics import SNAPSHOTS
from streams.live.broker.closing import stop_consumer
from streams.live.broker.connection import Connection, consumer_arguments
from streams.live.broker.in_flight import InFlight
from streams.live.exchange.lasting_producer import LastingProducer
from streams.state.state_codec import MOST_BYTES, MOST_CHUNK_BYTES

_SLOTS = 2
_MANIFEST = "manifest"
_POLL_MS = 500
_FETCH_WAIT_MS = 20
"""Milliseconds that a broker may wait for records. It has those that are asked for, and the first fetch, which is made
before any are, would hold up the others for half a second (measured)."""
_LOOKED_AT_FIRST = 4
"""Records that are read first, from the end. The last one is a manifest unless a worker died while it wrote."""
_MOST_CHUNKS = MOST_BYTES // MOST_CHUNK_BYTES


class Manifest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Describes the snapshot in a slot."""

    frame_offset: int
    """Offset of the last frame, or other record of the stage's input, that the state includes."""
    chunks: int
    bytes: int
    digest: str
    """SHA-256 of all chunks, one after another."""
    settings: str
    """Digest of the settings with which the state was made."""
    code_version: str
    written_at: str
    """RFC 3339, by the wall clock, for people."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A saved state."""

    manifest: Manifest
    chunks: list[bytes]


class Snapshots:
    """Writes and finds snapshots.

    Args:
        connection: to the brokers.
        producer: started.
        topic: where they are.
        partition: of the topic.
    """

    def __init__(
        self,
        connection: Connection,
        producer: AIOKafkaProducer | LastingProducer,
        topic: Topic = SNAPSHOTS,
        partition: int = 0,
    ) -> None:
        self._connection = connection
        self._producer = producer
        self._topic = topic.full_name(connection.settings.topic_prefix)
        self._partition = partition
        self._slot = 0

    async def write(self, manifest: Manifest, chunks: Sequence[bytes]) -> None:
        """Write a snapshot. On return the broker has all of it."""
        *parts, (manifest_key, manifest_value) = messages_of(manifest, chunks, self._slot)
        in_flight = InFlight()
        for key, chunk in parts:
            sending = self._producer.send(self._topic, chunk, key=key.encode(), partition=self._partition)
            await in_flight.add(sending)
        await in_flight.settled()
        await self._producer.send_and_wait(
            self._topic, manifest_value, key=manifest_key.encode(), partition=self._partition
        )
        self._slot = (self._slot + 1) % _SLOTS

    async def newest(self, before: int) -> Snapshot | None:
        """The newest complete snapshot of a state before frame `before`; None if there is none.

        It is searched from the end: overwritten chunks stay on the topic until the broker compacts it, and may be
        many times as many.
        """
        consumer = AIOKafkaConsumer(**consumer_arguments(self._connection, "snapshots", _FETCH_WAIT_MS))
        try:
            await consumer.start()
            partition = TopicPartition(self._topic, self._partition)
            consumer.assign([partition])
            first = (await consumer.beginning_offsets([partition]))[partition]
            end = (await consumer.end_offsets([partition]))[partition]
            records = _LOOKED_AT_FIRST
            while True:
                begin = max(first, end - records)
                values = await _latest_values(consumer, partition, begin, end)
                slot, snapshot = newest_whole(values, before)
                if snapshot is not None or begin == first:
                    self._slot = (slot + 1) % _SLOTS
                    return snapshot
                records = max(8 * records, 8 + max(_chunk_counts(values), default=0))
        finally:
            await stop_consumer(consumer)


async def _latest_values(
    consumer: AIOKafkaConsumer, partition: TopicPartition, begin: int, end: int
) -> dict[str, bytes]:
    """The latest value of each key between two offsets."""
    consumer.seek(partition, begin)
    values: dict[str, bytes] = {}
    while await consumer.position(partition) < end:
        for records in (await consumer.getmany(partition, timeout_ms=_POLL_MS)).values():
            for record in records:
                if record.key is not None and record.value is not None:
                    values[record.key.decode("utf-8", "replace")] = record.value
    return values


def _chunk_counts(values: Mapping[str, bytes]) -> Iterator[int]:
    """Counts of chunks in the manifests among these values, at most as many as a state can have."""
    for slot in range(_SLOTS):
        if (manifest := _manifest(values, slot)) is not None:
            yield min(manifest.chunks, _MOST_CHUNKS)


def manifest(
    frame_offset: int, chunks: Sequence[bytes], settings: str, code_version: str, written_at: str
) -> Manifest:
    """Describe a snapshot."""
    return Manifest(
        frame_offset=frame_offset,
        chunks=len(chunks),
        bytes=sum(map(len, chunks)),
        digest=_digest(chunks),
        settings=settings,
        code_version=code_version,
        written_at=written_at,
    )


def messages_of(manifest: Manifest, chunks: Sequence[bytes], slot: int) -> Iterator[tuple[str, bytes]]:
    """Keys and values of a snapshot in a slot, in the order in which they are written."""
    for number, chunk in enumerate(chunks):
        yield f"{slot}/{number}", chunk
    yield f"{slot}/{_MANIFEST}", msgspec.json.encode(manifest)


def newest_whole(values: Mapping[str, bytes], before: int) -> tuple[int, Snapshot | None]:
    """The slot that must not be written to next, and the newest complete snapshot of a state before frame `before`.

    Args:
        values: the latest value of each key.
        before: offset of a frame.
    """
    whole = [(slot, _whole(values, slot)) for slot in range(_SLOTS)]
    fit = [
        (snapshot.manifest.frame_offset, slot, snapshot)
        for slot, snapshot in whole
        if snapshot is not None and snapshot.manifest.frame_offset < before
    ]
    if not fit:
        return _SLOTS - 1, None
    _, slot, snapshot = max(fit, key=lambda item: item[:2])
    return slot, snapshot


def _manifest(values: Mapping[str, bytes], slot: int) -> Manifest | None:
    try:
        return msgspec.json.decode(values.get(f"{slot}/{_MANIFEST}", b""), type=Manifest)
    except (msgspec.DecodeError, ValueError, RecursionError):
        return None


def _whole(values: Mapping[str, bytes], slot: int) -> Snapshot | None:
    manifest = _manifest(values, slot)
    if manifest is None:
        return None
    chunks = [values.get(f"{slot}/{number}", b"") for number in range(min(manifest.chunks, len(values)))]
    if len(chunks) != manifest.chunks or _digest(chunks) != manifest.digest:
        return None
    return Snapshot(manifest, chunks)


def _digest(chunks: Sequence[bytes]) -> str:
    digest = hashlib.sha256()
    for chunk in chunks:
        digest.update(chunk)
    return digest.hexdigest()
