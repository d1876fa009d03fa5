"""Arrays that grow: in place where nothing else refers to them, and never under a view."""

from types import SimpleNamespace

import numpy as np
import pytest

from detectors.arrays.growing import grown

RECORD = np.dtype([("key", np.uint64), ("kind", np.uint8)])


@pytest.mark.parametrize("dtype", [np.dtype(np.int32), RECORD])
@pytest.mark.parametrize("is_viewed", [False, True])
def test_given_an_array_when_it_grows_then_rows_stay_and_new_ones_are_zeros(
    dtype: np.dtype[np.void], is_viewed: bool
) -> None:
    table = SimpleNamespace(rows=np.ones(5, dtype))
    before = id(table.rows)
    view = table.rows[:3] if is_viewed else None

    table.rows = grown(table, "rows", 40)

    assert len(table.rows) >= 40
    assert (table.rows[:5] == np.ones(5, dtype)).all()
    assert (table.rows[5:] == np.zeros(len(table.rows) - 5, dtype)).all()
    assert (id(table.rows) == before) is not is_viewed
    if view is not None:
        table.rows[:] = np.zeros(1, dtype)
        assert (view == np.ones(3, dtype)).all()


def test_given_an_array_of_rows_when_it_grows_then_the_width_of_a_row_stays() -> None:
    table = SimpleNamespace(rows=np.full((2, 3), 7))

    table.rows = grown(table, "rows", 8)

    assert table.rows.shape == (9, 3)
    assert (table.rows[:2] == 7).all()
    assert not table.rows[2:].any()
