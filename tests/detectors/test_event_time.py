"""Rows in order of event time, late ones told apart, each counted once."""

import itertools
import math

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.event_time import ORDER, DuplicateFilter, EventTimeBuffer

LATENESS = 10

Row = tuple[int, int]


def frame(*rows: Row) -> pl.DataFrame:
    """Rows of (time, key)."""
    times, keys = [row[0] for row in rows], [row[1] for row in rows]
    return pl.DataFrame(
        {"created_at": times, "post_key": [key // 10 for key in keys], "row_key": keys},
        schema={"created_at": pl.Int64, "post_key": pl.UInt64, "row_key": pl.UInt64},
    )


def rows_of(found: pl.DataFrame | None) -> list[Row]:
    return [] if found is None else list(zip(found["created_at"], found["row_key"], strict=True))


def opened(*sources: str) -> EventTimeBuffer:
    buffer = EventTimeBuffer(LATENESS)
    for source in sources:
        buffer.open(source)
    return buffer


def test_given_rows_out_of_order_then_those_beyond_the_bound_are_late_in_the_order_of_arrival() -> None:
    buffer = opened("a")

    late = buffer.add("a", frame((100, 1), (90, 2), (89, 3), (120, 4), (110, 5), (109, 6), (0, 7)))

    # a row may lag behind the latest before it by 10 s, not by 11
    assert rows_of(late) == [(89, 3), (109, 6), (0, 7)]
    assert buffer.held == 4
    assert buffer.watermark() == 110
    assert rows_of(buffer.release()) == [(90, 2), (100, 1)]
    assert buffer.release() is None
    # what is late is judged by earlier batches too
    assert rows_of(buffer.add("a", frame((109, 8), (110, 9)))) == [(109, 8)]


def test_given_a_late_row_then_it_does_not_move_the_watermark_back() -> None:
    buffer = opened("a")
    buffer.add("a", frame((100, 1)))
    buffer.add("a", frame((20, 2)))

    assert buffer.watermark("a") == buffer.watermark() == 90


def test_given_several_sources_then_the_one_furthest_behind_holds_up_all() -> None:
    buffer = opened("a", "b")
    assert buffer.watermark() == -math.inf
    buffer.add("a", frame((100, 1), (200, 2)))
    assert buffer.release() is None

    buffer.add("b", frame((150, 3)))

    assert (buffer.watermark("a"), buffer.watermark("b"), buffer.watermark()) == (190, 140, 140)
    assert rows_of(buffer.release()) == [(100, 1)]
    # late is a matter of one source: the other may be far ahead
    assert len(buffer.add("b", frame((141, 4)))) == 0
    buffer.close("b")
    assert rows_of(buffer.release()) == [(141, 4), (150, 3)]
    buffer.close("a")
    assert buffer.watermark() == math.inf
    assert rows_of(buffer.release()) == [(200, 2)]
    assert buffer.held == 0


def test_given_equal_times_then_rows_come_in_the_order_of_their_keys() -> None:
    buffer = opened("a", "b")
    buffer.add("a", frame((5, 30), (5, 21), (5, 12)))
    buffer.add("b", frame((5, 11), (4, 99)))
    buffer.close("a")
    buffer.close("b")

    assert rows_of(buffer.release()) == [(4, 99), (5, 11), (5, 12), (5, 21), (5, 30)]


def test_given_nothing_then_nothing() -> None:
    buffer = opened("a")

    assert len(buffer.add("a", frame())) == 0
    assert buffer.watermark() == -math.inf
    assert buffer.release() is None


@settings(max_examples=60, deadline=None)
@given(
    times=st.lists(st.integers(0, 60), max_size=40),
    sources=st.integers(1, 3),
    batch=st.integers(1, 9),
    data=st.data(),
)
def test_given_any_arrival_then_rows_come_once_and_in_event_order_and_late_ones_are_those_of_the_definition(
    times: list[int], sources: int, batch: int, data: st.DataObject
) -> None:
    names = [str(number) for number in range(sources)]
    buffer = opened(*names)
    rows = [(time, 10 * number) for number, time in enumerate(times)]
    latest = dict.fromkeys(names, -math.inf)
    kept: list[Row] = []
    late: list[Row] = []
    told: list[Row] = []
    out: list[Row] = []
    for begin in range(0, len(rows), batch):
        name = data.draw(st.sampled_from(names))
        for row in rows[begin : begin + batch]:
            (late if row[0] < latest[name] - LATENESS else kept).append(row)
            latest[name] = max(latest[name], row[0])
        told += rows_of(buffer.add(name, frame(*rows[begin : begin + batch])))
        released = rows_of(buffer.release())
        assert all(time < min(latest.values()) - LATENESS for time, _ in released)
        out += released
    for name in names:
        buffer.close(name)
    out += rows_of(buffer.release())

    assert told == late
    assert out == sorted(kept)
    assert ORDER[0] == "created_at"


def fresh(duplicates: DuplicateFilter, *rows: Row) -> list[bool]:
    return duplicates.fresh(
        np.array([row[0] for row in rows], np.int64), np.array([row[1] for row in rows], np.uint64)
    ).tolist()


def test_given_a_key_twice_then_it_is_new_once_within_and_across_batches() -> None:
    duplicates = DuplicateFilter(100, 1 << 20)

    assert fresh(duplicates, (1, 5), (1, 6), (2, 5), (3, 5)) == [True, True, False, False]
    assert fresh(duplicates, (4, 6), (5, 7)) == [False, True]
    assert fresh(duplicates) == []


def test_given_generations_then_a_key_is_known_in_the_next_one_and_forgotten_after() -> None:
    duplicates = DuplicateFilter(100, 1 << 20)

    assert fresh(duplicates, (10, 5), (199, 5), (205, 5)) == [True, False, False]
    # sightings renew the memory; after a whole generation without one it is gone
    assert fresh(duplicates, (310, 5), (400, 6), (599, 6), (600, 5)) == [False, True, False, True]


def test_given_a_generation_is_skipped_then_all_is_forgotten_and_none_of_it_early() -> None:
    duplicates = DuplicateFilter(100, 1 << 20)

    assert fresh(duplicates, (10, 5), (250, 5)) == [True, True]
    assert duplicates.forgotten_early == 0


def test_given_too_many_keys_then_the_older_half_leaves_early_and_is_counted() -> None:
    duplicates = DuplicateFilter(1_000, 8)

    assert fresh(duplicates, *((1, key) for key in range(1, 5))) == [True] * 4
    assert fresh(duplicates, *((2, key) for key in range(5, 9))) == [True] * 4
    assert fresh(duplicates, (3, 8), (3, 9)) == [False, True]
    assert duplicates.forgotten_early == 2
    assert fresh(duplicates, (4, 1)) == [True]


@pytest.mark.parametrize("first_size", [2, 1 << 14])
@settings(max_examples=40, deadline=None)
@given(
    steps=st.lists(st.tuples(st.sampled_from([0, 0, 1, 40, 70, 250]), st.integers(1, 12)), max_size=60),
    cuts=st.sets(st.integers(0, 60)),
)
def test_given_any_batches_then_new_are_those_of_two_generations(
    first_size: int, steps: list[tuple[int, int]], cuts: set[int]
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("detectors.event_time._FIRST_SIZE", first_size)
        duplicates = DuplicateFilter(100, 1 << 20)
        rows, time = [], 0
        for step, key in steps:
            time += step
            rows.append((time, key))
        truth, found = [], []
        by_generation: dict[int, set[int]] = {}
        for time, key in rows:
            known = by_generation.get(time // 100, set()) | by_generation.get(time // 100 - 1, set())
            truth.append(key not in known)
            by_generation.setdefault(time // 100, set()).add(key)
        edges = [0, *sorted(cut for cut in cuts if cut < len(rows)), len(rows)]
        for begin, end in itertools.pairwise(edges):
            found += fresh(duplicates, *rows[begin:end])

    assert found == truth
