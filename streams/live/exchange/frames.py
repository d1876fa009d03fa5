"""Frames: many rows in one message of the internal topic, and what they are the rows of.

A frame says which offsets of which public partitions it covers, so that whoever reads it can tell rows that come
again and offsets that are missing. Rows are an Arrow IPC stream; the rest is a small JSON header of the record.
"""

import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Literal

import msgspec
import numpy as np
import polars as pl
from msgspec import Meta

from detectors.post_columns import POSTS
from detectors.reference.reference_data import PROFILES
from schemas.errors import InputError

FORMAT = 1
HEADER = "lockstep-frame"
"""Name of the Kafka header that says what is in a frame."""
MOST_BYTES = 480 << 10
"""A frame is parted above this: below 512 KiB, well under the usual limits of 1 MB."""

Kind = Literal["posts", "follows", "profiles", "registry", "rules", "marks"]

_PLACE = {"source": pl.UInt16(), "offset": pl.Int64()}
"""Span of the frame that a row is of, and its offset in that partition."""
KEYED_POSTS: Mapping[str, pl.DataType] = {
    **POSTS,
    "account": pl.String(),
    "account_key": pl.UInt64(),
    "post_key": pl.UInt64(),
    "row_key": pl.UInt64(),
    **_PLACE,
}
"""Posts with the keys of `detectors.traces.traces.keyed`."""
FOLLOWS: Mapping[str, pl.DataType] = {
    "at": pl.Int64(),
    "follower": pl.UInt64(),
    "followee": pl.UInt64(),
    "action": pl.UInt8(),
    **_PLACE,
}
"""As `detectors.followers.follow_edges.FollowEvents`."""
LOW_RATE: Mapping[str, pl.DataType] = {"key": pl.String(), "value": pl.String(), **_PLACE}
"""Registry entities and reviewers' rules as their JSON, checked; null: the record was deleted."""
COLUMNS: Mapping[str, Mapping[str, pl.DataType]] = {
    "posts": KEYED_POSTS,
    "follows": FOLLOWS,
    "profiles": {**PROFILES, **_PLACE},
    "registry": LOW_RATE,
    "rules": LOW_RATE,
    "marks": {},
}


_NEVER_NULL: Mapping[str, tuple[str, ...]] = {
    "posts": (
        "post_id", "platform", "account_id", "created_at", "account", "account_key", "post_key", "row_key"
    ),
    "follows": ("at", "follower", "followee", "action"),
    "profiles": ("account", "observed"),
    "registry": ("key",),
    "rules": ("key",),
    "marks": (),
}  # fmt: skip
"""Columns without which a row means nothing, beside its place."""

Offset = Annotated[int, Meta(ge=0, le=2**63 - 1)]
Partition = Annotated[int, Meta(ge=0, le=2**31 - 1)]
EventTime = Annotated[int, Meta(ge=0, le=2**40)]


class OffsetSpan(msgspec.Struct, frozen=True, array_like=True):
    """A run of offsets of one public partition, all read."""

    topic: str
    """Without the prefix."""
    partition: Partition
    begin: Offset
    end: Offset
    """One past the last."""
    ended: bool = False
    """The publisher said that nothing more will come."""
    upto: EventTime = 0
    """Event time, seconds, that the publisher said it has reached; 0: it said nothing."""


class Mark(msgspec.Struct, frozen=True, array_like=True):
    """Nothing came from a partition for a while, though others went on."""

    topic: str
    partition: Partition
    next: Offset
    """Offset that comes next in it."""
    upto: EventTime
    """Event time, seconds: what others had reached before the partition was seen to be empty."""


class Header(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a frame holds."""

    format: int = 1  # of a header that says none; what is written is FORMAT
    kind: Kind
    spans: list[OffsetSpan] = []
    sources: list[tuple[str, Partition]] = []
    """Partitions, by topic without prefix and number, that have to be waited for."""
    marks: list[Mark] = []


@dataclass(frozen=True, slots=True)
class Frame:
    """Rows of one kind."""

    header: Header
    rows: pl.DataFrame
    """Columns of `COLUMNS` for the kind; in the order of spans, and of offsets within one."""


class FrameError(InputError):
    """A record of the internal topic is no frame that this version can read."""


_UNREADABLE = (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError, ValueError, MemoryError)
"""What polars raises for bytes that are no Arrow IPC stream; it panics at 2 of 100 altered ones (measured)."""

_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Header)


def encode(frame: Frame) -> tuple[bytes, bytes]:
    """The header and the value of a frame."""
    header = _encoder.encode(msgspec.structs.replace(frame.header, format=FORMAT))
    if not len(frame.rows):
        return header, b""
    buffer = io.BytesIO()
    frame.rows.rechunk().write_ipc_stream(buffer, compression="lz4", compat_level=pl.CompatLevel.newest())
    return header, buffer.getvalue()


def encode_parted(frame: Frame, most_bytes: int = MOST_BYTES) -> Iterator[tuple[bytes, bytes]]:
    """The same as several frames where one would be too large; a frame of one row may still be."""
    header, value = encode(frame)
    if len(value) <= most_bytes or len(frame.rows) <= 1:
        yield header, value
        return
    for half in _halves(frame):
        yield from encode_parted(half, most_bytes)


def decode(header: bytes | None, value: bytes) -> Frame:
    """Read a frame.

    Raises:
        FrameError: it is not one, or of a format of another version.
    """
    try:
        head = _decoder.decode(header or b"")
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        raise FrameError(f"no frame: {error}") from error
    if head.format != FORMAT:
        raise FrameError(f"a frame of format {head.format}, where {FORMAT} can be read")
    schema = COLUMNS[head.kind]
    if not value:
        return Frame(head, pl.DataFrame(schema=schema))
    try:
        rows = pl.read_ipc_stream(io.BytesIO(value)).rechunk()
    except _UNREADABLE as error:
        raise FrameError(f"no Arrow IPC stream: {error}") from error
    if dict(rows.schema) != dict(schema):
        raise FrameError(f"columns of {head.kind} are not as declared")
    if fault := _fault(head, rows):
        raise FrameError(fault)
    return Frame(head, rows.select(schema.keys()))


def _fault(head: Header, rows: pl.DataFrame) -> str | None:
    """What would make detection fail on these rows, if anything does."""
    if not rows.width or not len(rows):
        return None
    missing = rows.select(pl.col(*_NEVER_NULL[head.kind], *_PLACE).null_count()).row(0)
    if any(missing):
        return f"{head.kind} without what each of them has"
    source, offset = rows["source"].to_numpy(), rows["offset"].to_numpy()
    if source.max() >= len(head.spans):
        return "rows of partitions that the header does not name"
    begin, end = np.array([(span.begin, span.end) for span in head.spans], np.int64).T
    if (offset < begin[source]).any() or (offset >= end[source]).any():
        return "rows of offsets that the header does not name"
    return None


def _halves(frame: Frame) -> Iterator[Frame]:
    """A frame as two; the span in the middle is cut at the offset where the second begins."""
    middle = len(frame.rows) // 2
    spans = frame.header.spans
    at, offset = frame.rows.select("source", "offset").row(middle)
    cut = spans[at]
    first = [*spans[:at], OffsetSpan(cut.topic, cut.partition, cut.begin, offset)]
    second = [msgspec.structs.replace(cut, begin=offset), *spans[at + 1 :]]
    head = msgspec.structs.replace(frame.header, spans=first, marks=[])
    yield Frame(head, frame.rows[:middle])
    rest = frame.rows[middle:].with_columns(source=(pl.col("source") - at).cast(pl.UInt16))
    yield Frame(msgspec.structs.replace(frame.header, spans=second, sources=[]), rest)
