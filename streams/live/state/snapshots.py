"""Snapshots of detection on a compacted topic, where any worker finds them.

Two slots take turns: while one is overwritten the other is whole, so that a worker that dies in between leaves a
snapshot that can be used. A manifest is written after the chunks of its slot.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import msgspec
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from schemas.service.topics import SNAPSHOTS
from streams.live.broker.connection import Connection, consumer_arguments
from streams.live.broker.in_flight import InFlight
from streams.live.state.state_codec import MOST_BYTES, MOST_CHUNK_BYTES

_SLOTS = 2
_MANIFEST = "manifest"
_POLL_MS = 500
_LOOKED_AT_FIRST = 4
"""Latest records; the very last is a manifest unless a worker died while it wrote."""
_MOST_CHUNKS = MOST_BYTES // MOST_CHUNK_BYTES


class Manifest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a slot holds."""

    frame_offset: int
    """The state is that after this frame of the log."""
    chunks: int
    bytes: int
    digest: str
    """SHA-256 of all chunks, one after the other."""
    settings: str
    """Digest of the settings that the state was made under."""
    code_version: str
    written_at: str
    """RFC 3339, by the wall clock; for people."""


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
    """

    def __init__(self, connection: Connection, producer: AIOKafkaProducer) -> None:
        self._connection = connection
        self._producer = producer
        self._topic = SNAPSHOTS.full_name(connection.settings.topic_prefix)
        self._slot = 0

    async def write(self, manifest: Manifest, chunks: Sequence[bytes]) -> None:
        """Write a snapshot; on return the broker has all of it."""
        *parts, (last, told) = messages_of(manifest, chunks, self._slot)
        pending = InFlight()
        for key, chunk in parts:
            await pending.add(self._producer.send(self._topic, chunk, key=key.encode()))
        await pending.settled()
        await self._producer.send_and_wait(self._topic, told, key=last.encode())
        self._slot = (self._slot + 1) % _SLOTS

    async def newest(self, before: int) -> Snapshot | None:
        """The newest whole snapshot of a state before frame `before`; None if there is none.

        It is looked for from the end: what was overwritten stays on the topic until the broker compacts it, and may be
        many times as much.
        """
        consumer = AIOKafkaConsumer(**consumer_arguments(self._connection, "snapshots"))
        await consumer.start()
        try:
            partition = TopicPartition(self._topic, 0)
            consumer.assign([partition])
            first = (await consumer.beginning_offsets([partition]))[partition]
            end = (await consumer.end_offsets([partition]))[partition]
            records = _LOOKED_AT_FIRST
            while True:
                begin = max(first, end - records)
                found = await _latest_values(consumer, partition, begin, end)
                slot, snapshot = newest_whole(found, before)
                if snapshot is not None or begin == first:
                    self._slot = (slot + 1) % _SLOTS
                    return snapshot
                records = max(8 * records, 8 + max(_chunks_told(found), default=0))
        finally:
            await consumer.stop()


async def _latest_values(
    consumer: AIOKafkaConsumer, partition: TopicPartition, begin: int, end: int
) -> dict[str, bytes]:
    """The latest value of each key between two offsets."""
    consumer.seek(partition, begin)
    found: dict[str, bytes] = {}
    while await consumer.position(partition) < end:
        for records in (await consumer.getmany(partition, timeout_ms=_POLL_MS)).values():
            for record in records:
                if record.key is not None and record.value is not None:
                    found[record.key.decode("utf-8", "replace")] = record.value
    return found


def _chunks_told(found: Mapping[str, bytes]) -> Iterator[int]:
    """Counts of chunks by the manifests among some values; no more than a state can have."""
    for slot in range(_SLOTS):
        if (told := _manifest(found, slot)) is not None:
            yield min(told.chunks, _MOST_CHUNKS)


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


def newest_whole(found: Mapping[str, bytes], before: int) -> tuple[int, Snapshot | None]:
    """The newest whole snapshot of a state before frame `before`, and the slot that is not to be written to next.

    Args:
        found: the latest value of each key.
        before: offset of a frame.
    """
    whole = [(slot, _whole(found, slot)) for slot in range(_SLOTS)]
    fit = [
        (snapshot.manifest.frame_offset, slot, snapshot)
        for slot, snapshot in whole
        if snapshot is not None and snapshot.manifest.frame_offset < before
    ]
    if not fit:
        return _SLOTS - 1, None
    _, slot, snapshot = max(fit, key=lambda item: item[:2])
    return slot, snapshot


def _manifest(found: Mapping[str, bytes], slot: int) -> Manifest | None:
    try:
        return msgspec.json.decode(found.get(f"{slot}/{_MANIFEST}", b""), type=Manifest)
    except (msgspec.DecodeError, ValueError, RecursionError):
        return None


def _whole(found: Mapping[str, bytes], slot: int) -> Snapshot | None:
    told = _manifest(found, slot)
    if told is None:
        return None
    chunks = [found.get(f"{slot}/{number}", b"") for number in range(min(told.chunks, len(found)))]
    if len(chunks) != told.chunks or _digest(chunks) != told.digest:
        return None
    return Snapshot(told, chunks)


def _digest(chunks: Sequence[bytes]) -> str:
    digest = hashlib.sha256()
    for chunk in chunks:
        digest.update(chunk)
    return digest.hexdigest()
