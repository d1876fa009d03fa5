"""Packing of two numbers in one key, against Python's integers of any length."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.arrays.pair_keys import (
    first_of,
    numbers_of,
    pair_key,
    pair_keys,
    second_of,
    unordered_pair_key,
)

NUMBERS = st.integers(0, (1 << 32) - 1)
ACCOUNTS = st.integers(0, (1 << 31) - 1)


@settings(deadline=None)
@given(NUMBERS, NUMBERS)
def test_given_two_numbers_then_the_key_holds_both(first: int, second: int) -> None:
    key = np.uint64(pair_key(first, second))

    assert key == first << 32 | second
    assert (first_of(key), second_of(key)) == (first, second)


@settings(deadline=None)
@given(NUMBERS, NUMBERS)
def test_given_two_numbers_in_either_order_then_the_smaller_comes_first(one: int, other: int) -> None:
    key = min(one, other) << 32 | max(one, other)

    assert unordered_pair_key(one, other) == unordered_pair_key(other, one) == key


@settings(deadline=None)
@given(st.lists(st.tuples(ACCOUNTS, ACCOUNTS)))
def test_given_columns_of_numbers_then_keys_hold_them_and_give_them_back(
    pairs: list[tuple[int, int]],
) -> None:
    first = np.array([pair[0] for pair in pairs], np.int32)
    second = np.array([pair[1] for pair in pairs], np.int64)

    keys = pair_keys(first, second)

    assert keys.dtype == np.uint64
    assert keys.tolist() == [one << 32 | other for one, other in pairs]
    assert [column.tolist() for column in numbers_of(keys)] == [first.tolist(), second.tolist()]
    assert [column.dtype for column in numbers_of(keys)] == [np.int32, np.int32]
