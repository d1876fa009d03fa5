"""Which rows of a frame are new, and how far they bring the event time of their collectors."""

import math
from dataclasses import dataclass, field

import polars as pl

from detectors.event_time.collector_times import CollectorTimes
from streams.live.detection.positions import Gap, Positions, partition_name, see_spans, take_marks
from streams.live.exchange.decoding import COLLECTOR_HEADER, LEAVE_HEADER
from streams.live.exchange.frames import Frame, Header, Mark, OffsetSpan, decode, encode_parted
from tests.streams.live.partitions import Message, decoded, post_value

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
    collector: str = ""
    at: int = 0
    left: bool = False

    def span(self) -> OffsetSpan:
        end = self.end if self.end is not None else (self.rows[-1][0] + 1 if self.rows else self.begin)
        return OffsetSpan(
            TOPIC,
            self.partition,
            self.begin,
            end,
            self.ended,
            self.upto,
            self.collector,
            self.at,
            left=self.left,
        )


class Merge:
    """The parts as detection uses them; new sources start at `start`."""

    def __init__(self, *sources: int, start: float = -math.inf) -> None:
        self.positions = Positions()
        self.times = CollectorTimes(600.0, TOPIC)
        self.start = start
        self.times.announce(map(name, sources), start)

    def take(self, *runs: Run) -> tuple[list[Row], list[Gap]]:
        """The rows that are new, and the gaps. Each row is of an account of its own."""
        rows = pl.DataFrame(
            [(index, offset, time) for index, run in enumerate(runs) for offset, time in run.rows],
            schema={"source": pl.UInt16, "offset": pl.Int64, "at": pl.Int64},
            orient="row",
        )
        fresh, spans, gaps = self.positions.fresh(rows, [run.span() for run in runs])
        columns = (
            fresh["at"].to_numpy(),
            fresh["offset"].cast(pl.UInt64).to_numpy(),
            fresh["source"].to_numpy(),
        )
        see_spans(self.times, *columns, spans, self.start)
        return list(fresh.select("offset", "at").iter_rows()), gaps

    def mark(self, partition: int, following: int, upto: int) -> None:
        header = Header(kind="marks", marks=[Mark(TOPIC, partition, following, upto)])
        take_marks(self.times, Frame(header, pl.DataFrame()), self.positions)

    @property
    def latest(self) -> dict[str, float]:
        """Event time of each source, by partition and collector."""
        return {
            f"{partition} {collector}".strip(): source.latest
            for partition, here in self.times.sources.items()
            for collector, source in here.items()
        }


def test_given_offsets_that_no_frame_covered_then_they_are_reported_and_given_up() -> None:
    merge = Merge(0)

    # where the first frame begins is no gap: what was before it, retention may have taken
    assert merge.take(Run(0, 50, [(52, 100)]))[1] == []
    assert merge.take(Run(0, 60, [(60, 101)]))[1] == [Gap(name(0), 53, 60)]
    assert merge.take(Run(0, 53, [(53, 100), (59, 101)], end=60)) == ([], [])
    assert merge.take(Run(0, 61, [(61, 102)])) == ([(61, 102)], [])


def test_given_several_collectors_in_a_partition_then_a_gap_of_it_is_reported_once() -> None:
    merge = Merge(0)
    merge.take(Run(0, 0, [(0, 100)], end=4))

    rows, gaps = merge.take(Run(0, 6, [(6, 101)], 8, collector="a"), Run(0, 6, [(7, 102)], 8, collector="b"))

    assert (rows, gaps) == ([(6, 101), (7, 102)], [Gap(name(0), 4, 6)])
    assert merge.take(Run(0, 6, [(6, 101)], 8, collector="a"), Run(0, 6, [(7, 102)], 8, collector="b")) == (
        [],
        [],
    )


def test_given_rows_that_come_again_in_part_then_only_the_rest_takes_effect() -> None:
    merge = Merge(0, 1)
    merge.take(Run(0, 0, [(0, 100), (1, 200)]), Run(1, 0, [(0, 300)]))

    rows, gaps = merge.take(Run(1, 0, [(0, 300)]), Run(0, 0, [(0, 100), (1, 200), (2, 210)]))

    assert (rows, gaps) == ([(2, 210)], [])
    assert merge.positions.next == {name(0): 3, name(1): 1}


def test_given_partitions_without_a_row_then_they_are_waited_for_until_a_mark_or_their_end() -> None:
    merge = Merge(0, 1, 2)
    merge.take(Run(0, 0, [(0, 100), (1, 101)]))
    assert merge.times.least == -math.inf

    merge.mark(1, 0, 90)
    assert merge.times.least == -math.inf
    merge.take(Run(2, 0, end=1, ended=True))
    assert merge.times.least == 90


def test_given_a_mark_made_before_the_latest_rows_then_it_says_nothing() -> None:
    merge = Merge(0, 1)
    merge.take(Run(0, 0, [(0, 100), (1, 100)]), Run(1, 0, [(0, 20), (1, 20)]))

    merge.mark(1, 0, 100)
    assert merge.times.least == 20
    merge.mark(1, 2, 60)
    assert merge.times.least == 60
    # the offsets after the last message may be no messages
    merge.mark(1, 7, 80)
    assert merge.times.least == 80
    # nothing moves back, and a partition that was not opened is still not waited for
    merge.mark(1, 3, 70)
    merge.mark(9, 0, 70)
    assert merge.latest == {name(0): 100, name(1): 80}


def test_given_what_a_collector_reports_then_it_holds_for_itself_alone() -> None:
    merge = Merge(0, start=0.0)
    rows = (
        Run(0, 0, [(0, 50), (1, 51)], 4, collector="slow"),
        Run(0, 0, [(2, 50)], 4, upto=900, collector="fast"),
    )
    merge.take(*rows)

    assert merge.latest == {f"{name(0)} slow": 51, f"{name(0)} fast": 900}
    merge.take(Run(0, 4, end=5, ended=True, collector="fast"))
    assert merge.latest == {f"{name(0)} slow": 51}
    merge.take(Run(0, 5, end=6, left=True, collector="slow"))
    # nobody is there: it holds until it is marked
    assert merge.latest == {name(0): 51}
    merge.take(Run(0, 6, end=7, ended=True, collector="slow"))
    assert merge.times.least == math.inf


def test_given_an_end_that_is_read_again_then_nothing_comes_of_it() -> None:
    merge = Merge(0)
    merge.take(Run(0, 0, [(0, 100)], end=2, ended=True))
    merge.times.restart(200)

    # a worker died after it wrote the frame and before it committed
    assert merge.take(Run(0, 0, [(0, 100)], end=2, ended=True)) == ([], [])
    assert merge.times.least == 200


def test_given_a_clock_that_is_ahead_then_event_time_stays_below_the_time_of_the_broker() -> None:
    merge = Merge(0, start=0.0)
    merge.take(Run(0, 0, [(0, 400), (1, 500)], upto=600, at=300))

    assert merge.latest == {name(0): 300}


def test_given_a_report_in_a_frame_that_is_parted_then_it_takes_effect_after_all_rows() -> None:
    # one collector leaves at the beginning of a run, in which another goes on
    leaves = [
        Message(0, 2**41, b"k", post_value("p")),
        Message(1, 0, None, None, [(LEAVE_HEADER, b""), by("first")]),
    ]
    goes_on = [
        Message(at, 2**41, b"k", post_value(f"p{at}", account_id=str(at)), [by("second")])
        for at in range(2, 40)
    ]
    leaves[0].headers = [by("first")]
    frame, letters = decoded(TOPIC, (0, 0, [*leaves, *goes_on]))
    assert not letters
    merge = Merge(0)

    for part in [decode(*encoded) for encoded in encode_parted(frame, 1)]:
        rows, spans, _ = merge.positions.fresh(part.rows, part.header.spans)
        columns = (rows[name].to_numpy() for name in ("created_at", "account_key", "source"))
        see_spans(merge.times, *columns, spans, -math.inf)

    assert set(merge.latest) == {f"{name(0)} second"}


def by(collector: str) -> tuple[str, bytes]:
    return COLLECTOR_HEADER, collector.encode()
