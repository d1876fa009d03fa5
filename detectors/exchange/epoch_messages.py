"""Messages of the exchange: rows of one epoch from one producer to one consumer, and the mark that closes the epoch."""

import zlib
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

Columns = tuple["np.ndarray[Any, np.dtype[Any]]", ...]
"""Rows: arrays of numbers or records, without objects. Each array has a type that producer and consumer know."""


class EpochRows(NamedTuple):
    """Some rows of an epoch."""

    producer: str
    epoch: int
    """Event time at which the epoch ends, seconds."""
    number: int
    """Of the frame among those of the producer and epoch, from 0."""
    columns: Columns

    @property
    def checksum(self) -> int:
        """CRC-32 of the bytes."""
        total = 0
        for column in self.columns:
            total = zlib.crc32(np.ascontiguousarray(column).view(np.uint8).data, total)
        return total


class EpochMark(NamedTuple):
    """Says that a producer has no more rows for an epoch."""

    producer: str
    epoch: int
    frames: int
    """Count of the frames before it."""
    checksum: int
    """CRC-32 of the frames' checksums."""


def closed(producer: str, epoch: int, parts: Sequence[Columns]) -> list[EpochRows | EpochMark]:
    """The messages of one epoch: a frame for each of `parts`, and the mark."""
    frames = [EpochRows(producer, epoch, number, columns) for number, columns in enumerate(parts)]
    return [
        *frames,
        EpochMark(producer, epoch, len(frames), checksum_of([frame.checksum for frame in frames])),
    ]


def checksum_of(checksums: Sequence[int]) -> int:
    """CRC-32 of the checksums of frames, in the order of their numbers."""
    return zlib.crc32(np.array(checksums, np.uint32).tobytes())
