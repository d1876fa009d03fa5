"""Rows come in event order, whatever their order of arrival, and late ones are recognised."""

import math

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.event_time.held_rows import ORDER
from tests.detectors.event_time.event_order import EventOrder

LATENESS = 10

Row = tuple[int, int]


def frame(*rows: Row) -> pl.DataFrame:
    """Rows of (time, key)."""
    times, keys = [row[0] for row in rows], [row[1] for row in rows]
    return pl.DataFrame(
        {"created_at": times, "post_key": [key // 10 for key in keys], "row_key": keys},
        schema={"created_at": pl.Int64, "post_key": pl.UInt64, "row_key": pl.UInt64},
    )


def rows_of(rows: pl.DataFrame | None) -> list[Row]:
    return [] if rows is None else list(zip(rows["created_at"], rows["row_key"], strict=True))


def opened(*sources: str) -> EventOrder:
    return EventOrder(LATENESS, sources)


def test_given_rows_out_of_order_then_those_beyond_the_bound_are_late_in_the_order_of_arrival() -> None:
    order = opened("a")

    late = order.add("a", frame((100, 1), (90, 2), (89, 3), (120, 4), (110, 5), (109, 6), (0, 7)))

    # a row may lag behind the latest before it by 10 s, not by 11
    assert rows_of(late) == [(89, 3), (109, 6), (0, 7)]
    assert len(order.held) == 4
    assert order.watermark.passed == 110
    assert rows_of(order.release()) == [(90, 2), (100, 1)]
    assert order.release() is None
    # what is late is judged by earlier batches too
    assert rows_of(order.add("a", frame((109, 8), (110, 9)))) == [(109, 8)]


def test_given_a_late_row_then_it_does_not_move_the_watermark_back() -> None:
    order = opened("a")
    order.add("a", frame((100, 1)))
    order.add("a", frame((20, 2)))

    assert order.watermark.latest["a"] - LATENESS == order.watermark.passed == 90


def test_given_several_sources_then_the_one_furthest_behind_holds_up_all() -> None:
    order = opened("a", "b")
    assert order.watermark.passed == -math.inf
    order.add("a", frame((100, 1), (200, 2)))
    assert order.release() is None

    order.add("b", frame((150, 3)))

    assert (
        order.watermark.latest["a"] - LATENESS,
        order.watermark.latest["b"] - LATENESS,
        order.watermark.passed,
    ) == (190, 140, 140)
    assert rows_of(order.release()) == [(100, 1)]
    # late is a matter of one source: the other may be far ahead
    assert len(order.add("b", frame((141, 4)))) == 0
    order.watermark.close("b")
    assert rows_of(order.release()) == [(141, 4), (150, 3)]
    order.watermark.close("a")
    assert order.watermark.passed == math.inf
    assert rows_of(order.release()) == [(200, 2)]
    assert len(order.held) == 0


def test_given_equal_times_then_rows_come_in_the_order_of_their_keys() -> None:
    order = opened("a", "b")
    order.add("a", frame((5, 30), (5, 21), (5, 12)))
    order.add("b", frame((5, 11), (4, 99)))
    order.watermark.close("a")
    order.watermark.close("b")

    assert rows_of(order.release()) == [(4, 99), (5, 11), (5, 12), (5, 21), (5, 30)]


def test_given_no_rows_then_none_are_released() -> None:
    order = opened("a")

    assert len(order.add("a", frame())) == 0
    assert order.watermark.passed == -math.inf
    assert order.release() is None


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
    order = opened(*names)
    rows = [(time, 10 * number) for number, time in enumerate(times)]
    latest = dict.fromkeys(names, -math.inf)
    kept: list[Row] = []
    late: list[Row] = []
    rejected: list[Row] = []
    out: list[Row] = []
    for begin in range(0, len(rows), batch):
        name = data.draw(st.sampled_from(names))
        for row in rows[begin : begin + batch]:
            (late if row[0] < latest[name] - LATENESS else kept).append(row)
            latest[name] = max(latest[name], row[0])
        rejected += rows_of(order.add(name, frame(*rows[begin : begin + batch])))
        released = rows_of(order.release())
        assert all(time < min(latest.values()) - LATENESS for time, _ in released)
        out += released
    for name in names:
        order.watermark.close(name)
    out += rows_of(order.release())

    assert rejected == late
    assert out == sorted(kept)
    assert ORDER[0] == "created_at"
