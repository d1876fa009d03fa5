"""Rows wait until their time has passed, and come in their order."""

import math
import random
from collections.abc import Sequence

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.event_time.held_rows import HeldRows, ReleasePace


def frame_of(rows: Sequence[tuple[int, int]]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema={"at": pl.Int64, "key": pl.Int64}, orient="row")


@settings(max_examples=100, deadline=None)
@given(
    frames=st.lists(
        st.lists(st.tuples(st.integers(0, 30), st.integers(0, 3)), max_size=6), min_size=1, max_size=6
    ),
    seed=st.integers(0, 100),
)
def test_given_rows_that_wait_then_each_is_released_once_in_order_when_its_time_has_passed(
    frames: list[list[tuple[int, int]]], seed: int
) -> None:
    rng = random.Random(seed)  # noqa: S311 - repeatable, not secret
    held = HeldRows(("at", "key"))
    waiting: list[tuple[int, int]] = []
    before = 0.0
    for rows in frames:
        held.add(frame_of(rows))
        waiting += rows
        before += rng.randint(0, 9)
        released = held.release(before)
        expected = sorted(row for row in waiting if row[0] < before)
        waiting = [row for row in waiting if row[0] >= before]
        assert (None if released is None else released.rows()) == (expected or None)
        assert len(held) == len(waiting) == sum(map(len, held.frames))
    released = held.release(math.inf)
    assert (None if released is None else released.rows()) == (sorted(waiting) or None)
    assert not len(held)
    assert held.release(math.inf) is None


@pytest.mark.parametrize("count", [10, 5_000])
def test_given_rows_equal_in_all_columns_of_the_order_then_they_stay_in_the_order_of_arrival(
    count: int,
) -> None:
    held = HeldRows(("at", "key"))
    for begin in range(0, count, 10):
        rows = pl.DataFrame({"at": [7] * 10, "key": [1, 2] * 5, "offset": range(begin, begin + 10)})
        held.add(rows)

    released = held.release(8)
    assert released is not None
    assert released["offset"].to_list() == [*range(0, count, 2), *range(1, count, 2)]


def test_given_rows_that_had_to_wait_then_it_is_time_to_look_again_at_twice_as_many() -> None:
    pace = ReleasePace()
    assert pace.due(0)

    pace.looked(10)

    assert not pace.due(19)
    assert pace.due(20)
