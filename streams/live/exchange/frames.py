"""Frames: many rows in one message of the internal topic, with the offsets they come from.

A frame names the offsets of the public partitions that it covers, so its reader can recognise repeated rows and missing
offsets. Rows are an Arrow IPC stream; the rest is a small JSON header of the record.

What ingest read of the posts, their shares, is a stream of its own behind the rows. A reader that does not know of it
reads the rows alone; one that reads shares in another way than the writer leaves it and reads them from the posts.
"""

import io
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Literal

import msgspec
import numpy as np
import polars as pl
from msgspec import Meta

from detectors.post_columns import POSTS
from detectors.reference.reference_data import PROFILES
from detectors.traces.carried_shares import CARRIED, fault_of
from detectors.traces.post_shares import ShareReader
from schemas.errors import InputError

FORMAT = 1
HEADER = "lockstep-frame"
"""Name of the Kafka header that describes a frame."""
MOST_BYTES = 480 << 10
"""A larger frame is split. Below 512 KiB, well under the usual limits of 1 MB for a message."""

Kind = Literal["posts", "follows", "profiles", "registry", "rules", "reviews", "marks"]

_PLACE = {"source": pl.UInt16(), "offset": pl.Int64()}
"""Index of the span that a row is from, and its offset in that partition."""
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
    "follower_name": pl.String(),
    "followee_name": pl.String(),
    **_PLACE,
}
"""As `streams.reference_files.follow_events.EVENT_TABLE`."""
LOW_RATE: Mapping[str, pl.DataType] = {"key": pl.String(), "value": pl.String(), **_PLACE}
"""Registry entities, reviewers' rules and reviews as checked JSON; null: the record was deleted."""
COLUMNS: Mapping[str, Mapping[str, pl.DataType]] = {
    "posts": KEYED_POSTS,
    "follows": FOLLOWS,
    "profiles": {**PROFILES, "erased": pl.Boolean(), **_PLACE},
    "registry": LOW_RATE,
    "rules": LOW_RATE,
    "reviews": LOW_RATE,
    "marks": {},
}


_ADDED: Mapping[str, tuple[str, ...]] = {
    "posts": ("deleted",), "follows": ("follower_name", "followee_name"), "profiles": ("erased",)
}  # fmt: skip
"""Columns that came after version 0.1; null where a frame lacks them."""
_NEVER_NULL: Mapping[str, tuple[str, ...]] = {
    "posts": (
        "post_id", "platform", "account_id", "created_at", "account", "account_key", "post_key", "row_key"
    ),
    "follows": ("at", "follower", "followee", "action"),
    "profiles": ("account", "observed"),
    "registry": ("key",),
    "rules": ("key",),
    "reviews": ("key", "value"),
    "marks": (),
}  # fmt: skip
"""Columns that every row must have, besides its place."""

Offset = Annotated[int, Meta(ge=0, le=2**63 - 1)]
Partition = Annotated[int, Meta(ge=0, le=2**31 - 1)]
EventTime = Annotated[int, Meta(ge=0, le=2**40)]


class OffsetSpan(msgspec.Struct, frozen=True, array_like=True):
    """A run of offsets of one public partition, all of them read, as far as one collector wrote them.

    Several collectors make several spans of the same run.
    """

    topic: str
    """Without the prefix."""
    partition: Partition
    begin: Offset
    end: Offset
    """One past the last."""
    ended: bool = False
    """The collector reported that no more records of it will come."""
    upto: EventTime = 0
    """Event time that the collector reported to have reached, seconds; 0: it reported none."""
    collector: Annotated[str, Meta(max_length=64)] = ""
    """Who wrote the rows; empty: they name nobody."""
    at: EventTime = 0
    """When the last record of the run reached the broker, seconds since 1970 UTC; 0: not known."""
    last: Annotated[int, Meta(ge=-1, le=2**63 - 1)] = -1
    """Offset of the collector's last record in the run; -1: not known."""
    left: bool = False
    """The collector reported that it will be silent: nothing waits for it, and it has not ended."""


class Mark(msgspec.Struct, frozen=True, array_like=True):
    """A partition had been read to its end."""

    topic: str
    partition: Partition
    next: Offset
    """Offset that comes next in it."""
    upto: EventTime
    """Event time that others had reached before the partition was found empty, seconds; 0: it had messages lately."""


class Header(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a frame holds."""

    format: int = 1  # the format of a header without one; new headers get FORMAT
    kind: Kind
    spans: list[OffsetSpan] = []
    sources: list[tuple[str, Partition]] = []
    """Partitions to wait for, by topic without prefix and number."""
    marks: list[Mark] = []
    paused: list[tuple[str, Partition]] = []
    """Partitions that are not read because too many rows wait: the clock goes on without them."""
    shares: Annotated[str, Meta(max_length=16)] = ""
    """Digest of what the shares of its posts were read with (`ShareReader.digest`); empty: it has none."""
    shares_at: Offset = 0
    """Where they begin in the value, bytes; it is set and used on the wire only."""


@dataclass(frozen=True, slots=True)
class Frame:
    """Rows of one kind."""

    header: Header
    rows: pl.DataFrame
    """Columns of `COLUMNS` for the kind, and `CARRIED` if the header names shares; in the order of partitions, and of
    offsets within one."""
    at: float = -math.inf
    """When the broker took the frame, seconds since 1970 UTC; minus infinity: not known."""


class FrameError(InputError):
    """A record of the internal topic is not a frame that this version can read."""


_UNREADABLE = (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError, ValueError, MemoryError)
"""What polars raises for bytes that are no Arrow IPC stream. It panics at 2 of 100 altered streams (measured)."""

_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Header)


def encode(frame: Frame) -> tuple[bytes, bytes]:
    """The header and the value of a frame."""
    header = msgspec.structs.replace(frame.header, format=FORMAT, shares_at=0)
    if not len(frame.rows):
        return _encoder.encode(msgspec.structs.replace(header, shares="")), b""
    buffer = io.BytesIO()
    rows = frame.rows.rechunk()
    _write(rows.drop(CARRIED, strict=False), buffer)
    if header.shares:
        header = msgspec.structs.replace(header, shares_at=buffer.tell())
        _write(rows.select(CARRIED.keys()), buffer)
    return _encoder.encode(header), buffer.getvalue()


def _write(rows: pl.DataFrame, buffer: io.BytesIO) -> None:
    """Append rows as a stream.

    The older layout of strings has only those that rows refer to. The newer one has whole buffers, also what texts and
    links were cut from: for real posts a fifth to a quarter more bytes, in no less time (measured).
    """
    rows.write_ipc_stream(buffer, compression="lz4", compat_level=pl.CompatLevel.oldest())


def encode_parted(
    frame: Frame, most_bytes: int = MOST_BYTES, likely_bytes: int = 0
) -> Iterator[tuple[bytes, bytes]]:
    """The same, as several frames if one would be too large. A frame of one row is not split.

    Args:
        frame: its rows are those of several frames then.
        most_bytes: of a value.
        likely_bytes: about how many it would have, so that what is surely too large is not encoded; 0: not known.
    """
    if likely_bytes <= most_bytes or len(frame.rows) <= 1:
        header, value = encode(frame)
        if len(value) <= most_bytes or len(frame.rows) <= 1:
            yield header, value
            return
        likely_bytes = len(value)
    for half in _halves(frame):
        yield from encode_parted(half, most_bytes, likely_bytes // 2)


def decode(
    header: bytes | None, value: bytes, at: float = -math.inf, reader: ShareReader | None = None
) -> Frame:
    """Read a frame.

    Args:
        header: of the record.
        value: of the record.
        at: when the broker took it, seconds since 1970 UTC; minus infinity: not known.
        reader: reads shares where the frame goes; shares that were read in another way are left out. None: all are.

    Raises:
        FrameError: it is not a frame, or it has the format of another version.
    """
    try:
        head = _decoder.decode(header or b"")
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        raise FrameError(f"no frame: {error}") from error
    if head.format != FORMAT:
        raise FrameError(f"a frame of format {head.format}, where {FORMAT} can be read")
    schema = COLUMNS[head.kind]
    if not value:
        return Frame(_with_shares(head, ""), pl.DataFrame(schema=schema), at)
    rows = _stream(value)
    # frames of earlier workers lack these columns
    absent = [name for name in _ADDED.get(head.kind, ()) if name not in rows.columns]
    if absent:
        rows = rows.with_columns(pl.lit(None, schema[name]).alias(name) for name in absent)
    if dict(rows.schema) != dict(schema):
        raise FrameError(f"columns of {head.kind} are not as declared")
    if fault := _fault(head, rows):
        raise FrameError(fault)
    rows = rows.select(schema.keys())
    if reader is None or head.kind != "posts" or head.shares != reader.digest:
        return Frame(_with_shares(head, ""), rows, at)
    shares = _stream(value[head.shares_at :])
    if dict(shares.schema) != dict(CARRIED) or len(shares) != len(rows):
        raise FrameError("shares of posts are not as declared")
    rows = rows.hstack(shares.select(CARRIED.keys()))
    if fault := fault_of(rows, reader):
        raise FrameError(fault)
    return Frame(_with_shares(head, head.shares), rows, at)


def _with_shares(head: Header, digest: str) -> Header:
    """The header of a frame that has been read, with shares of this digest or without any."""
    return (
        msgspec.structs.replace(head, shares=digest, shares_at=0) if head.shares or head.shares_at else head
    )


def _stream(value: bytes) -> pl.DataFrame:
    """The frame at the beginning of some bytes."""
    try:
        return pl.read_ipc_stream(io.BytesIO(value)).rechunk()
    except _UNREADABLE as error:
        raise FrameError(f"no Arrow IPC stream: {error}") from error


def _fault(head: Header, rows: pl.DataFrame) -> str | None:
    """Why detection would fail on these rows; None: it would not."""
    if not rows.width or not len(rows):
        return None
    missing = rows.select(pl.col(*_NEVER_NULL[head.kind], *_PLACE).null_count()).row(0)
    if any(missing):
        return f"{head.kind} without a value that each must have"
    source, offset = rows["source"].to_numpy(), rows["offset"].to_numpy()
    if source.max() >= len(head.spans):
        return "rows of partitions that the header does not name"
    begin, end = np.array([(span.begin, span.end) for span in head.spans], np.int64).T
    if (offset < begin[source]).any() or (offset >= end[source]).any():
        return "rows of offsets that the header does not name"
    return None


def _halves(frame: Frame) -> Iterator[Frame]:
    """Split a frame in two. The partition in the middle is cut at the offset where the second half begins."""
    middle = len(frame.rows) // 2
    spans = frame.header.spans
    index, offset = frame.rows.select("source", "offset").row(middle)
    where = (spans[index].topic, spans[index].partition)
    cut = [number for number, span in enumerate(spans) if (span.topic, span.partition) == where]
    begin, end = cut[0], cut[-1] + 1
    ends = [
        msgspec.structs.replace(span, end=offset, ended=False, upto=0, last=-1, left=False)
        for span in spans[begin:end]
    ]
    # what a collector reported before the cut is reported with the rest: it holds after all rows of the run
    begins = [msgspec.structs.replace(span, begin=offset, last=-1) for span in spans[begin:end]]
    head = msgspec.structs.replace(frame.header, spans=[*spans[:begin], *ends], marks=[])
    yield Frame(head, frame.rows[:middle])
    rest = frame.rows[middle:].with_columns(source=(pl.col("source") - begin).cast(pl.UInt16))
    yield Frame(msgspec.structs.replace(frame.header, spans=[*begins, *spans[end:]], sources=[]), rest)
