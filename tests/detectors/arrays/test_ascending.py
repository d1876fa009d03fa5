"""Sorting and binary search inside kernels, against numpy's."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.arrays.ascending import count_below, count_up_to, sort
from detectors.arrays.compiled import compiled
from detectors.arrays.dtypes import I64

Numbers = st.lists(st.integers(-50, 50), max_size=300)


@compiled
def both_counts(ascending: I64, begin: int, end: int, value: int) -> tuple[int, int]:
    """The two functions that are tested are for kernels only."""
    return count_below(ascending, begin, end, value), count_up_to(ascending, begin, end, value)


@pytest.mark.parametrize("dtype", [np.float64, np.int32, np.int64])
@settings(deadline=None)  # the first example compiles a kernel
@given(numbers=Numbers, left=st.integers(0, 20))
def test_the_first_values_are_sorted_and_the_others_stay(
    dtype: type[np.generic], numbers: list[int], left: int
) -> None:
    values = np.array(numbers, dtype)
    count = max(len(values) - left, 0)

    sort(values, count)

    assert values[:count].tolist() == sorted(numbers[:count])
    assert values[count:].tolist() == numbers[count:]


def test_many_values_are_sorted() -> None:
    values = np.random.default_rng(5).integers(0, 1 << 32, 100_000, np.uint32, endpoint=False)
    expected = np.sort(values)

    sort(values, len(values))

    assert np.array_equal(values, expected)


@settings(deadline=None)  # the first example compiles a kernel
@given(
    numbers=Numbers, value=st.integers(-51, 51), bounds=st.tuples(st.integers(0, 300), st.integers(0, 300))
)
def test_values_are_counted_as_numpy_places_them(
    numbers: list[int], value: int, bounds: tuple[int, int]
) -> None:
    ascending = np.sort(np.array(numbers, np.int64))
    begin, end = sorted(min(bound, len(ascending)) for bound in bounds)
    part = ascending[begin:end]

    found = both_counts(ascending, begin, end, value)

    assert found == (np.searchsorted(part, value, "left"), np.searchsorted(part, value, "right"))
