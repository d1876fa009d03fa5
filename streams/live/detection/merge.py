"""Many partitions to one sequence: which rows are new, which come too late, and how far event time has passed.

What comes out is a function of the frames in the order of the log. If no row is later than the lateness bound, it is
a function of the set of rows alone, however they are spread over partitions, frames and workers.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import msgspec
import numpy as np
import polars as pl

from detectors.arrays.dtypes import I64, U16, Bools
from detectors.event_time import ORDER
from streams.live.exchange.frames import Mark, OffsetSpan

Source = tuple[str, int]
"""A public partition: topic without prefix, number."""


@dataclass(frozen=True, slots=True)
class Gap:
    """Offsets of a partition that no frame covered."""

    source: Source
    begin: int
    end: int


class Positions:
    """How far each public partition has been applied, so that each row takes effect once."""

    def __init__(self) -> None:
        self.next: dict[Source, int] = {}
        """Offset that comes next."""

    def fresh(
        self, rows: pl.DataFrame, spans: Sequence[OffsetSpan]
    ) -> tuple[pl.DataFrame, list[OffsetSpan], list[Gap]]:
        """Leave out rows that were applied before, and take the spans to be applied.

        Args:
            rows: with the columns source (index of the span) and offset.
            spans: of the frame.

        Returns:
            The new rows; the spans, of which none says again that its partition has ended; and offsets that were
            skipped: they are given up, since the log has only what it has.
        """
        gaps = []
        told = []
        begins = np.zeros(max(len(spans), 1), np.int64)
        for at, span in enumerate(spans):
            source = (span.topic, span.partition)
            reached = self.next.get(source, span.begin)
            if span.begin > reached:
                gaps.append(Gap(source, reached, span.begin))
            begins[at] = reached
            again = span.ended and span.end <= reached
            told.append(msgspec.structs.replace(span, ended=False) if again else span)
            self.next[source] = max(reached, span.end)
        if not len(rows):
            return rows, told, gaps
        known = rows["offset"].to_numpy() < begins[rows["source"].to_numpy()]
        return (rows.filter(pl.Series(~known)) if known.any() else rows), told, gaps


class Watermark:
    """Event time that all partitions have passed.

    Args:
        lateness_s: how far a row may lag behind the latest of its partition, seconds.
    """

    def __init__(self, lateness_s: int) -> None:
        self._lateness_s = lateness_s
        self.latest: dict[Source, float] = {}
        """Latest event time of each partition, seconds; minus infinity before its first row, infinity past its end."""
        self.most = -math.inf
        """Latest event time of any post; minus infinity before the first. Follow events may be published long before
        the posts of their time."""

    def open(self, sources: Iterable[Source]) -> None:
        """Wait for these partitions, too; what has been passed already stays so."""
        passed = self.least
        for topic, partition in sources:
            self.latest.setdefault((topic, partition), passed)

    def see(self, times: I64, source_of: U16, spans: Sequence[OffsetSpan]) -> Bools:
        """Take the times of rows in the order of their offsets.

        A partition that was not announced, or goes on after its end, begins where the others are.

        Args:
            times: int64, event time of each row, seconds.
            source_of: uint16, span of each row.
            spans: of the frame.

        Returns:
            Which rows came too late, by the times of their partition.
        """
        late = np.zeros(len(times), np.bool_)
        passed = self.least
        for at, span in enumerate(spans):
            source = (span.topic, span.partition)
            here = np.flatnonzero(source_of == at)
            if len(here):
                latest = self.latest.get(source, math.inf)
                latest = passed if latest == math.inf else latest
                before = np.maximum.accumulate(np.concatenate([[latest], times[here]]))
                late[here] = times[here] < before[:-1] - self._lateness_s
                self.latest[source] = float(before[-1])
            if span.upto:
                self.latest[source] = max(self.latest.get(source, passed), float(span.upto))
            if span.ended:
                self.latest[source] = math.inf
        return late

    def reach(self, times: I64) -> None:
        """Note how far posts have come; times as for `see`."""
        if len(times):
            self.most = max(self.most, float(times.max()))

    def mark(self, marks: Iterable[Mark], positions: Positions) -> None:
        """Let empty partitions hold up nothing; marks made before their latest rows were applied say nothing."""
        for mark in marks:
            source = (mark.topic, mark.partition)
            # beyond the last message there may be offsets that no message has, as after a transaction
            if source in self.latest and positions.next.get(source, mark.next) <= mark.next:
                self.latest[source] = max(self.latest[source], float(mark.upto))

    def restart(self, at: int) -> None:
        """Go on after the end of all partitions: later rows may follow from event time `at`."""
        self.latest = dict.fromkeys(self.latest, float(at))

    @property
    def ended(self) -> bool:
        """Whether all partitions have ended."""
        return bool(self.latest) and min(self.latest.values()) == math.inf

    @property
    def least(self) -> float:
        """Latest event time of the partition that is furthest behind; minus infinity before all have shown some."""
        return min(self.latest.values(), default=-math.inf)

    @property
    def passed(self) -> float:
        """Event time before which nothing more is to come, seconds."""
        return self.least - self._lateness_s


class HeldRows:
    """Rows that wait for the watermark.

    Args:
        order: columns by which they are released; the first is event time.
    """

    def __init__(self, order: Sequence[str] = ORDER) -> None:
        self._order = list(order)
        self._frames: list[pl.DataFrame] = []
        self._count = 0

    def __len__(self) -> int:
        return self._count

    @property
    def frames(self) -> list[pl.DataFrame]:
        """What waits, in the order of arrival."""
        return self._frames

    def add(self, rows: pl.DataFrame) -> None:
        """Take rows."""
        if len(rows):
            self._frames.append(rows)
            self._count += len(rows)

    def release(self, before: float) -> pl.DataFrame | None:
        """The rows of event time below `before`, in their order; None when there are none."""
        if not self._frames:
            return None
        rows = pl.concat(self._frames) if len(self._frames) > 1 else self._frames[0]
        if before < math.inf:
            passed = rows[self._order[0]] < before
            rest = rows.filter(~passed)
            rows = rows.filter(passed)
            self._frames = [rest] if len(rest) else []
        else:
            self._frames = []
        self._count -= len(rows)
        # rows alike in all of these stay as they came
        return rows.sort(self._order, maintain_order=True) if len(rows) else None
