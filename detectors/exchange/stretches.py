"""What detection and a shard of synchrony exchange: the shares of a stretch of event time, and what settled in it.

A stretch may span many epochs, so that a backlog needs few messages. It names every push of shares in it. Between two
pushes, the shard lets time pass from tick to tick while shares wait, just as detection does.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from detectors.arrays.dtypes import StructArray
from detectors.exchange.epoch_messages import Columns
from detectors.exchange.synchrony_rows import STATUS, SynchronyRows
from detectors.synchrony.co_share_kernels import Shares
from detectors.synchrony.co_shares import CO_SHARES, EXPOSURES
from detectors.synchrony.share_log import LOGGED
from detectors.synchrony.synchrony_stage import concatenated

GIVEN = np.dtype([("until", np.int64), ("shares", np.int64)])
"""A push of a stretch: event time in seconds, and the count of its shares on this shard."""
SETTLED = np.dtype(
    [
        ("until", np.int64),  # event time, seconds
        ("given", np.int64),  # the push of the stretch, from 1; 0: none, time passed a tick
        ("co_shares", np.int64),  # counts of rows
        ("exposures", np.int64),
        ("logged", np.int64),
        ("parts", np.int64),
    ]
)
"""What settled at one time."""
_COUNTS = ("co_shares", "exposures", "logged", "parts")
STRETCH_DTYPES = (GIVEN, *(np.dtype(kind) for kind in (np.int64, np.int32, np.int64, np.uint8, np.uint64)))
"""Types of the columns of a stretch: its pushes, and the columns of `Shares`."""
ANSWER_DTYPES = (SETTLED, CO_SHARES, EXPOSURES, LOGGED, STATUS)
"""Types of the columns of an answer."""


class Stretch(NamedTuple):
    """Shares of one shard, for one stretch of event time."""

    lineage: str
    step: int
    """Number of the stretch in its lineage, from 1."""
    end: int
    """Event time, seconds, before which no other shares will come."""
    checksum: int
    """CRC-32 of the columns."""
    columns: Columns
    """Of `STRETCH_DTYPES`."""

    @property
    def given(self) -> StructArray:
        """The pushes, records of `GIVEN`."""
        return self.columns[0]

    @property
    def shares(self) -> Shares:
        """The shares of all pushes, one after another."""
        return Shares(*self.columns[1:])


class SettledShares(NamedTuple):
    """What one shard found at one time."""

    until: int
    given: int
    rows: SynchronyRows


def answer_of(settled: Sequence[SettledShares]) -> Columns:
    """Everything that settled in a stretch, as columns of `ANSWER_DTYPES`."""
    index = np.array(
        [(one.until, one.given, *(len(column) for column in one.rows)) for one in settled], SETTLED
    )
    return (
        index,
        *(
            concatenated([np.zeros(0, dtype), *(one.rows[number] for one in settled)])
            for number, dtype in enumerate(ANSWER_DTYPES[1:])
        ),
    )


def settled_of(answer: Columns) -> list[SettledShares]:
    """What `answer_of` made columns of.

    Raises:
        ValueError: the columns do not have the rows that their index names.
    """
    index, *columns = answer
    counts = np.array([index[name] for name in _COUNTS]).reshape(len(columns), len(index))
    ends = np.cumsum(counts, axis=1)
    if (counts < 0).any() or [int(of.sum()) for of in counts] != [len(column) for column in columns]:
        raise ValueError("an answer has other rows than its index names")
    found = []
    for number, (until, given) in enumerate(
        zip(index["until"].tolist(), index["given"].tolist(), strict=True)
    ):
        rows = (
            column[end[number] - count[number] : end[number]]
            for column, end, count in zip(columns, ends, counts, strict=True)
        )
        found.append(SettledShares(until, given, SynchronyRows(*rows)))
    return found


def in_frames(columns: Columns, most_bytes: int) -> list[Columns]:
    """Columns in frames of about `most_bytes` each; one frame if they are few."""
    count = max(1, -(-sum(column.nbytes for column in columns) // most_bytes))
    cut = (np.array_split(column, count) for column in columns)
    return [tuple(frame) for frame in zip(*cut, strict=True)]


def of_frames(frames: Sequence[Columns]) -> Columns:
    """The columns that `in_frames` cut."""
    return tuple(concatenated(columns) for columns in zip(*frames, strict=True))
