"""Records of `shares.v1` and `co-shares.v1`: rows of one step, as columns of numbers, and what is said about them.

The value of a record is its columns, one after another, little-endian. A header of the record says in JSON what they
are of, how many rows each has, and their checksum. Records are small and many, and both sides know the types of the
columns, so an Arrow stream around each would cost more than the rows.
"""

import sys
from collections.abc import Sequence
from typing import Annotated, Any

import msgspec
import numpy as np
from msgspec import Meta

from detectors.exchange.epoch_messages import Columns, EpochMark, EpochRows
from schemas.errors import InputError

HEADER = "lockstep-step"
"""Name of the Kafka header that describes the rows."""
FORMAT = 1
_LITTLE = sys.byteorder == "little"

Count = Annotated[int, Meta(ge=0, le=2**62)]
Lineage = Annotated[str, Meta(min_length=1, max_length=64)]


class StepHeader(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """What a record says of its rows."""

    format: int
    lineage: Lineage
    producer: Annotated[str, Meta(max_length=64)]
    step: Count
    until: Annotated[int, Meta(ge=-(2**40), le=2**40)] = 0
    """Event time that the step passes, seconds."""
    number: Count = 0
    """Of the frame among those of the producer and step, from 0."""
    rows: list[Count] = []
    """Rows of each column."""
    checksum: Count = 0
    """CRC-32 of the columns."""
    frames: Count = 0
    """In the last frame of the step: how many there are."""
    all_frames: Count = 0
    """In the last frame of the step: CRC-32 of the checksums of all."""
    lost: Annotated[str, Meta(max_length=1_000)] = ""
    """Why the producer cannot go on with this lineage; empty: it can."""


class StepRecordError(InputError):
    """A record is not one of a step that this version can read."""


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(StepHeader)


def encode(header: StepHeader, columns: Columns) -> tuple[bytes, bytes]:
    """The header and the value of a record."""
    if not _LITTLE:
        columns = tuple(column.astype(column.dtype.newbyteorder("<")) for column in columns)
    return _encoder.encode(header), b"".join(np.ascontiguousarray(column).tobytes() for column in columns)


def records_of(
    lineage: str, messages: Sequence[EpochRows | EpochMark], until: int = 0
) -> list[tuple[bytes, bytes]]:
    """The records of one step: its frames, the last of which closes it."""
    *frames, mark = messages
    if not isinstance(mark, EpochMark):
        raise ValueError("a step ends with its mark")
    records = []
    for frame in frames:
        if not isinstance(frame, EpochRows):
            raise ValueError("only frames come before the mark of a step")
        last = frame is frames[-1]
        header = StepHeader(
            format=FORMAT,
            lineage=lineage,
            producer=frame.producer,
            step=frame.epoch,
            until=until,
            number=frame.number,
            rows=[len(column) for column in frame.columns],
            checksum=frame.checksum,
            frames=mark.frames if last else 0,
            all_frames=mark.checksum if last else 0,
        )
        records.append(encode(header, frame.columns))
    return records


def lost_record(lineage: str, producer: str, step: int, why: str) -> tuple[bytes, bytes]:
    """The record that says that a producer cannot go on with a lineage."""
    return encode(
        StepHeader(format=FORMAT, lineage=lineage, producer=producer, step=step, lost=why[:1_000]), ()
    )


def header_of(encoded: bytes | None) -> StepHeader:
    """What a record says of its rows.

    Raises:
        StepRecordError: it is no record of a step, or has the format of another version.
    """
    try:
        header = _decoder.decode(encoded or b"")
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        raise StepRecordError(f"no record of a step: {error}") from error
    if header.format != FORMAT:
        raise StepRecordError(f"a record of format {header.format}, where {FORMAT} can be read")
    return header


def columns_of(header: StepHeader, value: bytes, dtypes: "Sequence[np.dtype[Any]]") -> Columns:
    """The columns of a record.

    Args:
        header: of the record.
        value: of the record.
        dtypes: types of the columns.

    Raises:
        StepRecordError: the value has other columns, or is not what was written.
    """
    if len(header.rows) != len(dtypes) or sum(
        rows * dtype.itemsize for rows, dtype in zip(header.rows, dtypes, strict=True)
    ) != len(value):
        raise StepRecordError("a record of a step has other columns than its header says")
    columns, begin = [], 0
    for rows, dtype in zip(header.rows, dtypes, strict=True):
        stored = dtype if _LITTLE else dtype.newbyteorder("<")
        columns.append(np.frombuffer(value, stored, rows, begin).astype(dtype))
        begin += rows * dtype.itemsize
    if EpochRows("", 0, 0, tuple(columns)).checksum != header.checksum:
        raise StepRecordError("a record of a step has another checksum than its header says")
    return tuple(columns)


def messages_of(header: StepHeader, columns: Columns) -> list[EpochRows | EpochMark]:
    """The frame that a record holds, and the mark if it closes its step."""
    frame = EpochRows(header.producer, header.step, header.number, columns)
    if not header.frames:
        return [frame]
    return [frame, EpochMark(header.producer, header.step, header.frames, header.all_frames)]
