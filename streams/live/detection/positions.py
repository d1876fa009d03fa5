"""How far each public partition has been applied, and how far its event time is, by what frames say.

A frame covers spans of offsets, and some spans come again after a worker died. So offsets tell which rows are new.
What comes out is a function of the frames in the order of the log. If no row is later than the lateness bound, it is
a function of the set of rows alone, however they are spread over partitions, frames and workers.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar

import msgspec
import numpy as np
import polars as pl

from detectors.arrays.dtypes import I64, U16, Bools
from detectors.event_time.watermark import Watermark
from streams.live.exchange.frames import Mark, OffsetSpan


def partition_name(topic: str, partition: int) -> str:
    """The name of a public partition as a source of rows: `posts.v1/3`; the topic without prefix."""
    return f"{topic}/{partition}"


@dataclass(frozen=True, slots=True)
class Gap:
    """Offsets of a partition that no frame covered."""

    source: str
    begin: int
    end: int


class Positions:
    """How far each public partition has been applied, so that each row takes effect once."""

    not_state: ClassVar[frozenset[str]] = frozenset()
    next: dict[str, int]
    """Offset that comes next, by partition."""

    def __init__(self) -> None:
        self.next = {}

    def fresh(
        self, rows: pl.DataFrame, spans: Sequence[OffsetSpan]
    ) -> tuple[pl.DataFrame, list[OffsetSpan], list[Gap]]:
        """Leave out rows that were applied before, and count the spans as applied.

        Args:
            rows: with the columns source (index of the span) and offset.
            spans: of the frame.

        Returns:
            The new rows. The spans; one that repeats the end of its partition no longer says that it has ended. The
            offsets that no frame covered: they are given up, since the log has nothing else.
        """
        gaps: list[Gap] = []
        new_spans: list[OffsetSpan] = []
        begins = np.zeros(max(len(spans), 1), np.int64)
        for index, span in enumerate(spans):
            source = partition_name(span.topic, span.partition)
            reached = self.next.get(source, span.begin)
            if span.begin > reached:
                gaps.append(Gap(source, reached, span.begin))
            begins[index] = reached
            repeated = span.ended and span.end <= reached
            new_spans.append(msgspec.structs.replace(span, ended=False) if repeated else span)
            self.next[source] = max(reached, span.end)
        if not len(rows):
            return rows, new_spans, gaps
        known = rows["offset"].to_numpy() < begins[rows["source"].to_numpy()]
        return (rows.filter(pl.Series(~known)) if known.any() else rows), new_spans, gaps


def see_spans(watermark: Watermark, times: I64, span_of: U16, spans: Sequence[OffsetSpan]) -> Bools:
    """Let the watermark take the rows of a frame, in the order of their offsets.

    A partition that was not announced, or goes on after its end, starts where the others were before this frame.

    Args:
        watermark: over partitions.
        times: int64, event time of each row, seconds.
        span_of: uint16, index of the span of each row.
        spans: of the frame.

    Returns:
        bool, one a row: whether the row came too late, judged by the rows of its partition before it.
    """
    late = np.zeros(len(times), np.bool_)
    start = watermark.least
    for index, span in enumerate(spans):
        source = partition_name(span.topic, span.partition)
        rows = np.flatnonzero(span_of == index)
        late[rows] = watermark.see(source, times[rows], start)
        if span.upto:
            watermark.open([source], start)
            watermark.mark(source, float(span.upto))
        if span.ended:
            watermark.close(source)
    return late


def take_marks(watermark: Watermark, marks: Iterable[Mark], positions: Positions) -> None:
    """Let empty partitions hold up nothing. A mark made before the latest rows of its partition is ignored."""
    for mark in marks:
        source = partition_name(mark.topic, mark.partition)
        # beyond the last message there may be offsets that no message has, as after a transaction
        if source in watermark.latest and positions.next.get(source, mark.next) <= mark.next:
            watermark.mark(source, float(mark.upto))
