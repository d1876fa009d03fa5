"""Kafka records to rows: whole batches at once, with the decoders that also read dumps.

A record that cannot be used becomes a dead letter with its topic, partition and offset.
"""

import re
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import msgspec
import numpy as np
import polars as pl

from detectors.event_time.collector_times import MOST_COLLECTORS, UNNAMED
from detectors.traces.carried_shares import carrying
from detectors.traces.post_shares import ShareReader
from detectors.traces.traces import keyed
from schemas.checks.decoding_faults import DECODING_ERRORS, decoding_fault
from schemas.dead_letters import RAW_LIMIT, DeadLetter, Reason
from schemas.registry import RegistryEntity
from schemas.reviews import ReviewEvent, SuppressionRule
from streams.live.exchange.frames import COLUMNS, Frame, Header, Kind, OffsetSpan
from streams.live.exchange.value_lines import records_of
from streams.privacy.records import PseudonymRecords, without_content
from streams.reference_files.follow_events import decoded_follows
from streams.reference_files.profiles import decoded_profiles
from streams.sources.files.records import Records
from streams.sources.formats.canonical.jsonl import Jsonl
from streams.sources.screening import LEEWAY, screen
from streams.sources.short_links import ShortLinks

COLLECTOR_HEADER = "lockstep-collector"
"""Header of any record of posts or follow events: who wrote it. What a collector reports holds for itself alone."""
END_HEADER = "lockstep-end"
"""Header of a record without a value: no more records of its collector will come in this partition."""
LEAVE_HEADER = "lockstep-leave"
"""Header of a record without a value: its collector will be silent. Nothing waits for it, and it has not ended."""
UPTO_HEADER = "lockstep-upto"
"""Header of a record without a value: its collector has published all posts and follow events before this event time,
in seconds since 1970 UTC, on any partition. With it, a partition with few messages holds nothing up."""

KIND_OF: dict[str, Kind] = {
    "posts.v1": "posts",
    "follows.v1": "follows",
    "accounts.v1": "profiles",
    "registry.v1": "registry",
    "suppressions.v1": "rules",
    "reviews.v1": "reviews",
}
"""What the public topics hold, by name without prefix."""
COLLECTOR = re.compile(rb"[A-Za-z0-9._-]{1,64}")
"""Names that a collector may have; records under another one count as unnamed."""
_LOW_RATE: dict[Kind, tuple[msgspec.json.Decoder[Any], str]] = {
    "registry": (msgspec.json.Decoder(RegistryEntity), "entity_id"),
    "rules": (msgspec.json.Decoder(SuppressionRule), "rule_id"),
    "reviews": (msgspec.json.Decoder(ReviewEvent), "event_id"),
}
"""Decoder, and the field that names a record, of topics with few records."""
WAITED_FOR = ("posts.v1", "follows.v1")
"""Topics whose partitions carry event time."""


class KafkaRecord(Protocol):
    """The fields of a Kafka record that are used."""

    offset: int
    timestamp: int
    """Milliseconds since 1970 UTC."""
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes]]


@dataclass(slots=True)
class Batch:
    """Records of one topic as they were read: one run of offsets for each partition."""

    topic: str
    """Without the prefix."""
    spans: list[OffsetSpan] = field(default_factory=list)
    records: list[KafkaRecord] = field(default_factory=list)
    """In the order of partitions and offsets."""
    source: list[int] = field(default_factory=list)
    """Index of the span of each record."""
    bytes: int = 0
    """Size of all values, bytes; set when they are decoded."""

    def add(self, partition: int, begin: int, records: Sequence[KafkaRecord]) -> None:
        """Take the records of one partition.

        Args:
            partition: its number.
            begin: the offset that was expected; lower than that of the first record if some were deleted.
            records: in order.
        """
        first, end, at = len(self.spans), records[-1].offset + 1, max(0, records[-1].timestamp // 1_000)
        last: dict[str, KafkaRecord] = {}
        upto: dict[str, int] = {}
        numbers: dict[str, int] = {}
        headers: Sequence[tuple[str, bytes]] | None = None
        name = UNNAMED
        for record in records:
            if record.headers != headers:  # most records have the headers of the one before
                headers = record.headers
                name = _collector(record) if self.topic in WAITED_FOR else UNNAMED
                if len(numbers) >= MOST_COLLECTORS and name not in numbers:
                    name = UNNAMED
            number = numbers.setdefault(name, first + len(numbers))
            last[name] = record
            if record.value is None:
                upto[name] = max(_upto(record), upto.get(name, 0))
            if record.value is not None or self._has_meaning(record):
                self.records.append(record)
                self.source.append(number)
        # an end counts only as the last record: after any other record the collector goes on
        self.spans.extend(
            OffsetSpan(
                topic=self.topic,
                partition=partition,
                begin=begin,
                end=end,
                ended=_says(record, END_HEADER),
                upto=upto.get(name, 0),
                collector=name,
                at=at,
                last=record.offset,
                left=_says(record, LEAVE_HEADER),
            )
            for name, record in last.items()
        )

    def _has_meaning(self, record: KafkaRecord) -> bool:
        """Whether a record without a value has to be decoded: it takes a key back, and reports nothing."""
        if self.topic in WAITED_FOR:
            return not (_says(record, END_HEADER) or _says(record, LEAVE_HEADER) or _upto(record))
        return KIND_OF[self.topic] in ("registry", "rules", "profiles")


def _says(record: KafkaRecord, header: str) -> bool:
    return record.value is None and any(name == header for name, _ in record.headers)


def _collector(record: KafkaRecord) -> str:
    for name, value in record.headers:
        if name == COLLECTOR_HEADER and COLLECTOR.fullmatch(value):
            return value.decode()
    return UNNAMED


def _upto(record: KafkaRecord) -> int:
    """Event time that the collector has reached, seconds; 0: it gives none, or one in the future."""
    for name, value in record.headers:
        if name == UPTO_HEADER and re.fullmatch(rb"[0-9]{1,12}", value):
            seconds = int(value)
            # as for posts, a time in the future is refused
            return seconds if record.timestamp < 0 or seconds <= record.timestamp // 1_000 + LEEWAY else 0
    return 0


def decode_batch(
    batch: Batch,
    max_ahead_s: int,
    now: Callable[[], float] = time.time,
    names: PseudonymRecords | None = None,
    links: ShortLinks | None = None,
    reader: ShareReader | None = None,
) -> tuple[Frame, list[DeadLetter]]:
    """Decode records to the rows of a frame.

    Args:
        batch: records of one topic.
        max_ahead_s: how far the date of a record may be after its time in Kafka, seconds. A post dated next year would
            make all others late, and a profile dated next year would replace all later ones.
        now: seconds since 1970 UTC.
        names: puts pseudonyms into the records; None: names stay.
        links: knows where shortened links lead; None: they stay.
        reader: reads the shares of the posts; None: the frame is without them.

    Returns:
        The frame, and dead letters for all records that are not in it.
    """
    frame, letters = _decoded(batch, max_ahead_s, now, names, links)
    if reader is not None and frame.header.kind == "posts" and len(frame.rows):
        header = msgspec.structs.replace(frame.header, shares=reader.digest)
        frame = Frame(header, carrying(frame.rows, reader.read(frame.rows)))
    return frame, letters if names is None else [without_content(letter) for letter in letters]


def _decoded(
    batch: Batch,
    max_ahead_s: int,
    now: Callable[[], float],
    names: PseudonymRecords | None,
    links: ShortLinks | None,
) -> tuple[Frame, list[DeadLetter]]:
    kind = KIND_OF[batch.topic]
    header = Header(kind=kind, spans=batch.spans)
    if not batch.records:
        return Frame(header, pl.DataFrame(schema=COLUMNS[kind])), []
    if kind in _LOW_RATE:
        return _low_rate(batch, header, names)
    records, letters = _lines(batch)
    stamps = np.array([record.timestamp for record in batch.records], np.int64) // 1_000
    stamps[stamps < 0] = int(now())  # a producer need not give a time
    index = records.numbers - 1  # of the batch's records, by row of `records`
    if kind == "posts":
        screened = screen(Jsonl().decode(records), records, now)
        rows = screened.rows
        posts = screened.posts if links is None else links.posts(screened.posts)
        frame = keyed(posts if names is None else names.posts(posts))
        column, field_name = "created_at", "created_at"
    elif kind == "follows":
        frame, rows = decoded_follows(records, now() + LEEWAY, names)
        column, field_name = "at", "at"
    else:
        frame, rows = decoded_profiles(records)
        frame = frame if names is None else names.profiles(frame)
        gone = np.array([record.value is None for record in batch.records])[index[rows]]
        frame = frame.with_columns(erased=pl.Series(gone, dtype=pl.Boolean))
        column, field_name = "observed", "observed_at"
    places = index[rows]
    ahead = frame[column].to_numpy() > stamps[places] + max_ahead_s
    if ahead.any():
        for row in np.flatnonzero(ahead):
            detail = f"{field_name} is more than {max_ahead_s} s after the time of its record"
            records.set_aside(int(rows[row]), Reason.BAD_TIME, detail)
        frame = frame.filter(pl.Series(~ahead))
        places = places[~ahead]
    letters.extend(_placed(records.dead_letters, batch))
    offsets = np.array([record.offset for record in batch.records], np.int64)
    sources = np.array(batch.source, np.uint16)
    frame = frame.with_columns(
        source=pl.Series(sources[places], dtype=pl.UInt16), offset=pl.Series(offsets[places], dtype=pl.Int64)
    )
    return Frame(header, frame.select(COLUMNS[kind].keys())), letters


def _lines(batch: Batch) -> tuple[Records, list[DeadLetter]]:
    """The values of a batch as lines to decode, numbered from 1 by their place in the batch."""
    values = [record.value or b"" for record in batch.records]
    if KIND_OF[batch.topic] == "profiles":
        values = [
            _erasure(record.key) if record.value is None else value
            for record, value in zip(batch.records, values, strict=True)
        ]
    batch.bytes = sum(map(len, values))
    records = records_of(values, batch.topic)
    letters = list(_placed(records.dead_letters, batch))
    records.dead_letters.clear()
    return records, letters


def _erasure(key: bytes | None) -> bytes:
    """A profile that stands for the erasure of the account with this key, older than any other."""
    platform, _, account_id = (key or b"").decode("utf-8", "replace").partition(":")
    known = {"platform": platform, "account_id": account_id, "observed_at": "1970-01-01T00:00:00Z"}
    return msgspec.json.encode(known)


def _placed(letters: Iterable[DeadLetter], batch: Batch) -> Iterator[DeadLetter]:
    """Dead letters by their place in the batch, changed to the place in Kafka and the original value."""
    for letter in letters:
        index = letter.position - 1
        record, span = batch.records[index], batch.spans[batch.source[index]]
        value = record.value or b""
        yield msgspec.structs.replace(
            letter,
            source=f"{span.topic}/{span.partition}",
            position=record.offset,
            raw=_raw(value),
            raw_bytes=len(value),
        )


def _raw(value: bytes) -> str:
    return value[: 4 * RAW_LIMIT].decode("utf-8", "backslashreplace")[:RAW_LIMIT]


def _low_rate(batch: Batch, header: Header, names: PseudonymRecords | None) -> tuple[Frame, list[DeadLetter]]:
    """Decode entities, rules and reviews one at a time: there are few, and each must be complete."""
    decoder, name = _LOW_RATE[header.kind]
    rows: list[tuple[str, str | None, int, int]] = []
    letters = []
    batch.bytes = sum(len(record.value or b"") for record in batch.records)
    for source, record in zip(batch.source, batch.records, strict=True):
        fault, key = "", (record.key or b"").decode("utf-8", "replace")
        text: str | None = None
        if record.value is not None:
            try:
                text = record.value.decode()
                decoded = decoder.decode(text)
                record_id = getattr(decoded, name)
                if names is not None:
                    text = msgspec.json.encode(_with_pseudonyms(decoded, names)).decode()
                if header.kind == "reviews":
                    key = record_id  # reviews have the key of their network
                fault = "" if record_id == key else f"the record's key is not its {name}"
            except DECODING_ERRORS as error:
                fault = str(decoding_fault(error))
        if fault:
            span = batch.spans[source]
            letters.append(
                DeadLetter(
                    source=f"{span.topic}/{span.partition}",
                    position=record.offset,
                    reason=Reason.MALFORMED,
                    detail=fault,
                    raw=_raw(record.value or b""),
                    raw_bytes=len(record.value or b""),
                )
            )
        else:
            rows.append((key, text, source, record.offset))
    return Frame(header, pl.DataFrame(rows, schema=COLUMNS[header.kind], orient="row")), letters


def _with_pseudonyms(
    record: RegistryEntity | SuppressionRule | ReviewEvent, names: PseudonymRecords
) -> RegistryEntity | SuppressionRule | ReviewEvent:
    if isinstance(record, RegistryEntity):
        return names.registry([record])[0]
    if isinstance(record, SuppressionRule):
        return names.rule(record)
    return names.review(record)
