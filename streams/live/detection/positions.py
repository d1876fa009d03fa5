"""How far each public partition has been applied, and how far its event time is, by what frames say.

A frame covers spans of offsets, and some spans come again after a worker died. So offsets tell which rows are new.
What comes out is a function of the frames in the order of the log. If no row is late, it is a function of the set of
rows alone, however they are spread over partitions, frames and workers.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import msgspec
import numpy as np
import polars as pl

from detectors.arrays.dtypes import I64, U16, U64
from detectors.event_time.collector_times import CollectorTimes
from streams.live.exchange.frames import Frame, OffsetSpan

_FAR = float(2**60)
"""Later than any event time, seconds."""


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
            The new rows. The spans; one whose collector brings nothing new no longer says anything. The offsets that no
            frame covered: they are given up, since the log has nothing else.
        """
        gaps: list[Gap] = []
        new_spans: list[OffsetSpan] = []
        begins = np.zeros(max(len(spans), 1), np.int64)
        before = dict(self.next)
        for index, span in enumerate(spans):
            source = partition_name(span.topic, span.partition)
            reached = before.setdefault(source, span.begin)
            if span.begin > reached:
                gaps.append(Gap(source, reached, span.begin))
                before[source] = span.begin  # other collectors have spans of the same run
            begins[index] = reached
            last = span.last if span.last >= 0 else span.end - 1
            new_spans.append(span if last >= reached else _silent(span))
            self.next[source] = max(reached, span.end, self.next.get(source, 0))
        if not len(rows):
            return rows, new_spans, gaps
        known = rows["offset"].to_numpy() < begins[rows["source"].to_numpy()]
        return (rows.filter(pl.Series(~known)) if known.any() else rows), new_spans, gaps


def _silent(span: OffsetSpan) -> OffsetSpan:
    return msgspec.structs.replace(span, ended=False, left=False, upto=0, last=-1)


def see_spans(
    times: CollectorTimes,
    rows: I64,
    accounts: U64,
    span_of: U16,
    spans: Sequence[OffsetSpan],
    start: float,
    taken: float = -math.inf,
) -> float:
    """Take how far the rows of a frame, and what their collectors report, bring event time.

    Args:
        times: of all collectors.
        rows: int64, event time of each row, seconds, in the order of offsets.
        accounts: uint64, key of the account of each row.
        span_of: uint16, index of the span of each row.
        spans: of the frame.
        start: event time at which new sources start, seconds.
        taken: when the broker took the frame, seconds: for spans that do not say when their records reached it. Minus
            infinity: not known either.

    Returns:
        The latest event time to which the rows have brought a source, seconds; minus infinity if to none.
    """
    latest = -math.inf
    for index, span in enumerate(spans):
        partition = partition_name(span.topic, span.partition)
        at = float(span.at) if span.at else taken
        mine = np.flatnonzero(span_of == index)
        if len(mine) or span.upto or span.ended or span.left:
            source = times.source(partition, span.collector, max(at, 0.0), start)
            # a clock that is ahead never brings event time past the broker's
            most = at if at > -math.inf else _FAR
            capped = np.minimum(rows[mine], np.int64(most))
            latest = max(latest, times.see(source, capped, accounts[mine]))
            if span.upto:
                source.reach(min(float(span.upto), most))
            if span.ended:
                times.close(partition, span.collector)
            elif span.left:
                times.leave(partition, span.collector)
        if at > -math.inf:
            times.note_read(partition, at)
    return latest


def take_marks(times: CollectorTimes, frame: Frame, positions: Positions) -> None:
    """Let partitions that have been read to their end hold up nothing.

    A mark made before the latest rows of its partition is ignored.
    """
    for mark in frame.header.marks:
        partition = partition_name(mark.topic, mark.partition)
        # beyond the last message there may be offsets that no message has, as after a transaction
        if partition in times.sources and positions.next.get(partition, mark.next) <= mark.next:
            if mark.upto:
                times.mark_empty(partition, float(mark.upto))
            times.mark_read(partition)
            times.note_read(partition, frame.at)
    for topic, number in frame.header.paused:
        times.note_read(partition_name(topic, number), frame.at)
