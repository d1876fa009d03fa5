"""Which rows of a frame are new, which are late, and how far event time has passed, against plain Python."""

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.event_time.watermark import Watermark
from streams.live.detection.positions import Gap, Positions, partition_name, see_spans, take_marks
from streams.live.exchange.frames import Mark, OffsetSpan

LATENESS = 10
TOPIC = "posts.v1"
Row = tuple[int, int]
"""Offset and event time."""


def name(partition: int) -> str:
    return partition_name(TOPIC, partition)


@dataclass
class Run:
    """A span and its rows."""

    partition: int
    begin: int
    rows: list[Row] = field(default_factory=list)
    end: int | None = None
    ended: bool = False
    upto: int = 0

    def span(self) -> OffsetSpan:
        end = self.end if self.end is not None else (self.rows[-1][0] + 1 if self.rows else self.begin)
        return OffsetSpan(TOPIC, self.partition, self.begin, end, self.ended, self.upto)


class Merge:
    """The parts as detection uses them."""

    def __init__(self, *sources: int) -> None:
        self.positions = Positions()
        self.watermark = Watermark(LATENESS)
        self.open(sources)

    def open(self, sources: Iterable[int]) -> None:
        self.watermark.open(map(name, sources))

    def take(self, *runs: Run) -> tuple[list[Row], list[Row], list[Gap]]:
        """The rows that are applied, those that are late, and the gaps."""
        rows = pl.DataFrame(
            [(index, offset, time) for index, run in enumerate(runs) for offset, time in run.rows],
            schema={"source": pl.UInt16, "offset": pl.Int64, "at": pl.Int64},
            orient="row",
        )
        fresh, spans, gaps = self.positions.fresh(rows, [run.span() for run in runs])
        late = see_spans(self.watermark, fresh["at"].to_numpy(), fresh["source"].to_numpy(), spans)
        new_rows = list(fresh.select("offset", "at").iter_rows())
        return (
            [row for row, is_late in zip(new_rows, late, strict=True) if not is_late],
            [row for row, is_late in zip(new_rows, late, strict=True) if is_late],
            gaps,
        )

    def mark(self, partition: int, following: int, upto: int) -> None:
        take_marks(self.watermark, [Mark(TOPIC, partition, following, upto)], self.positions)


class Oracle:
    """The same, one row at a time."""

    def __init__(self, *sources: int) -> None:
        self.next: dict[int, int] = {}
        self.latest: dict[int, float] = dict.fromkeys(sources, -math.inf)

    def take(self, *runs: Run) -> tuple[list[Row], list[Row], list[tuple[str, int, int]]]:
        kept: list[Row] = []
        late: list[Row] = []
        gaps = []
        floor = min(self.latest.values(), default=-math.inf)
        for run in runs:
            span = run.span()
            due = self.next.get(run.partition, span.begin)
            if span.begin > due:
                gaps.append((name(run.partition), due, span.begin))
            for offset, time in run.rows:
                if offset < due:
                    continue
                latest = self.latest.get(run.partition, floor)
                if latest == math.inf:
                    latest = floor
                (late if time < latest - LATENESS else kept).append((offset, time))
                self.latest[run.partition] = max(latest, time)
            if run.upto:
                self.latest[run.partition] = max(self.latest.get(run.partition, floor), run.upto)
            if run.ended and span.end > due:
                self.latest[run.partition] = math.inf
            self.next[run.partition] = max(due, span.end)
        return kept, late, gaps

    def mark(self, partition: int, following: int, upto: int) -> None:
        if partition in self.latest and self.next.get(partition, following) <= following:
            self.latest[partition] = max(self.latest[partition], upto)


def test_given_offsets_that_no_frame_covered_then_they_are_reported_and_given_up() -> None:
    merge = Merge(0)

    # where the first frame begins is no gap: what was before it, retention may have taken
    assert merge.take(Run(0, 50, [(52, 100)]))[2] == []
    assert merge.take(Run(0, 60, [(60, 101)]))[2] == [Gap(name(0), 53, 60)]
    assert merge.take(Run(0, 53, [(53, 100), (59, 101)], end=60)) == ([], [], [])
    assert merge.take(Run(0, 61, [(61, 102)])) == ([(61, 102)], [], [])


def test_given_rows_that_come_again_in_part_then_only_the_rest_takes_effect() -> None:
    merge = Merge(0, 1)
    merge.take(Run(0, 0, [(0, 100), (1, 200)]), Run(1, 0, [(0, 300)]))

    kept, late, gaps = merge.take(Run(1, 0, [(0, 300)]), Run(0, 0, [(0, 100), (1, 200), (2, 210)]))

    # a row that was applied is not late, however old
    assert (kept, late, gaps) == ([(2, 210)], [], [])
    assert merge.positions.next == {name(0): 3, name(1): 1}


def test_given_a_row_behind_its_own_partition_then_it_is_late_and_others_are_not() -> None:
    merge = Merge(0, 1)

    kept, late, _ = merge.take(
        Run(0, 0, [(0, 100), (1, 90), (2, 89), (3, 111), (4, 100)]), Run(1, 0, [(0, 5), (1, 1)])
    )

    assert late == [(2, 89), (4, 100)]
    assert kept == [(0, 100), (1, 90), (3, 111), (0, 5), (1, 1)]
    assert merge.watermark.least == 5
    assert merge.watermark.passed == 5 - LATENESS


def test_given_partitions_without_a_row_then_they_are_waited_for_until_a_mark_or_their_end() -> None:
    merge = Merge(0, 1, 2)
    merge.take(Run(0, 0, [(0, 100)]))
    assert merge.watermark.least == -math.inf

    merge.mark(1, 0, 90)
    assert merge.watermark.least == -math.inf
    merge.take(Run(2, 0, end=1, ended=True))
    assert merge.watermark.least == 90
    assert not merge.watermark.ended


def test_given_a_mark_made_before_the_latest_rows_then_it_says_nothing() -> None:
    merge = Merge(0, 1)
    merge.take(Run(0, 0, [(0, 100)]), Run(1, 0, [(0, 20)]))

    merge.mark(1, 0, 100)
    assert merge.watermark.least == 20
    merge.mark(1, 1, 60)
    assert merge.watermark.least == 60
    # no row is behind a mark by more than the bound and counted
    assert merge.take(Run(1, 1, [(1, 49), (2, 50)]))[:2] == ([(2, 50)], [(1, 49)])
    # the offsets after the last message may be no messages
    merge.mark(1, 7, 80)
    assert merge.watermark.least == 80
    # nothing moves back, and a partition that was not opened is still not waited for
    merge.mark(1, 3, 70)
    merge.mark(9, 0, 70)
    assert merge.watermark.least == 80


def test_given_a_partition_opened_later_then_it_begins_where_the_others_are() -> None:
    merge = Merge(0)
    merge.take(Run(0, 0, [(0, 100)]))
    merge.open([0, 1])

    assert merge.watermark.least == 100
    assert merge.take(Run(1, 0, [(0, 89), (1, 90)]))[:2] == ([(1, 90)], [(0, 89)])
    # one that was not announced does not go behind what has passed either
    assert merge.take(Run(2, 0, [(0, 89), (1, 95)]))[:2] == ([(1, 95)], [(0, 89)])
    assert merge.watermark.least == 100


def test_given_the_end_of_all_partitions_then_later_rows_follow_from_a_time() -> None:
    merge = Merge(0, 1)
    merge.take(Run(0, 0, [(0, 100)], end=2, ended=True))
    merge.take(Run(1, 0, [(0, 50)], end=2, ended=True))
    assert merge.watermark.ended
    assert merge.watermark.passed == math.inf

    merge.watermark.restart(200)

    assert not merge.watermark.ended
    assert merge.watermark.passed == 190
    assert merge.take(Run(0, 2, [(2, 189), (3, 190)]))[:2] == ([(3, 190)], [(2, 189)])


def test_given_an_end_that_is_read_again_then_what_follows_is_not_late() -> None:
    merge = Merge(0, 1)
    merge.take(Run(0, 0, [(0, 100)], end=2, ended=True), Run(1, 0, end=1, ended=True))
    merge.watermark.restart(200)

    # a worker died after it wrote the frame and before it committed
    assert merge.take(Run(0, 0, [(0, 100)], end=2, ended=True)) == ([], [], [])

    assert merge.watermark.least == 200
    assert merge.take(Run(0, 2, [(2, 250)]))[:2] == ([(2, 250)], [])
    assert merge.watermark.latest[name(0)] == 250


def test_given_rows_after_the_end_of_one_partition_then_it_is_waited_for_again() -> None:
    merge = Merge(0, 1)
    merge.take(Run(0, 0, [(0, 100)], end=2, ended=True), Run(1, 0, [(0, 70)]))

    kept, late, _ = merge.take(Run(0, 2, [(2, 59), (3, 60), (4, 130)]))

    # never behind what has passed
    assert (kept, late) == ([(3, 60), (4, 130)], [(2, 59)])
    assert merge.watermark.latest == {name(0): 130, name(1): 70}
    merge.take(Run(0, 5, end=6, ended=True), Run(1, 1, end=2, ended=True))
    assert merge.watermark.ended


def test_given_a_time_that_the_publisher_has_reached_then_a_partition_without_rows_holds_nothing_up() -> None:
    merge = Merge(0, 1)
    merge.take(Run(0, 0, [(0, 100), (1, 50)], end=3, upto=120), Run(1, 0, end=1, upto=120))

    # it holds from then on, not for the rows that it came with
    assert merge.watermark.latest == {name(0): 120, name(1): 120}
    assert merge.take(Run(1, 1, [(1, 109), (2, 110)], upto=90))[:2] == ([(2, 110)], [(1, 109)])
    # one that was not announced does not go behind what has passed
    merge.take(Run(2, 0, end=1, upto=60))
    assert merge.watermark.least == 120


RUNS = st.tuples(
    st.integers(0, 2),
    st.integers(0, 4),
    st.sampled_from([0, 0, 0, 3]),
    st.lists(st.integers(0, 60), max_size=5),
    st.integers(0, 2),
    st.booleans(),
    st.sampled_from([0, 0, 20, 50, 70]),
)
OPS = st.one_of(
    st.tuples(st.just("frame"), st.lists(RUNS, min_size=1, max_size=3, unique_by=lambda run: run[0])),
    st.tuples(st.just("mark"), st.tuples(st.integers(0, 3), st.integers(-2, 2), st.integers(0, 80))),
    st.tuples(st.just("open"), st.sets(st.integers(0, 2))),
)


@pytest.mark.slow
@settings(max_examples=300, deadline=None)
@given(sources=st.sets(st.integers(0, 2)), steps=st.lists(OPS, max_size=14))
def test_given_any_frames_then_it_is_as_one_row_at_a_time(
    sources: set[int], steps: list[tuple[str, Any]]
) -> None:
    merge, oracle = Merge(*sources), Oracle(*sources)
    passed = -math.inf
    for what, value in steps:
        if what == "frame":
            batch = [run_from(run, merge.positions) for run in value]
            kept, late, gaps = merge.take(*batch)
            expected = oracle.take(*batch)
            assert (kept, late, [(gap.source, gap.begin, gap.end) for gap in gaps]) == expected
            # nothing that counts is behind what had been released before
            assert all(time >= passed for _, time in kept)
        elif what == "mark":
            partition, away, upto = value
            following = max(0, merge.positions.next.get(name(partition), 0) + away)
            merge.mark(partition, following, upto)
            oracle.mark(partition, following, upto)
        else:
            least = min(oracle.latest.values(), default=-math.inf)
            for number in sorted(value):
                oracle.latest.setdefault(number, least)
            merge.open(sorted(value))
        assert merge.positions.next == {name(number): due for number, due in oracle.next.items()}
        assert merge.watermark.latest == {name(number): time for number, time in oracle.latest.items()}
        if merge.watermark.ended:
            time = int(max(passed, 0)) + 60 + LATENESS
            merge.watermark.restart(time)
            oracle.latest = dict.fromkeys(oracle.latest, time)
        assert merge.watermark.passed >= passed
        passed = merge.watermark.passed


def run_from(run: tuple[int, int, int, list[int], int, bool, int], positions: Positions) -> Run:
    """A run of a partition that begins some way back, or after a gap."""
    partition, back, gap, times, more, ended, upto = run
    due = positions.next.get(name(partition), 5)
    begin = max(0, due - back) + gap
    rows = [(begin + row, time) for row, time in enumerate(times)]
    return Run(partition, begin, rows, begin + len(rows) + more + ended, ended, upto)
