"""Hash indexes against dictionaries; the hashes are drawn from few values, so that searches run into one another."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.arrays.dtypes import I64, U64
from detectors.arrays.hash_index import (
    free_place,
    is_full,
    key_place,
    place_by_low_bits,
    place_in_order,
    power_of_two,
    roomy,
    row_place,
    row_place_of_two,
    tagged,
    tagged_place,
    tagged_place_of_two,
    tagged_row,
)
from detectors.arrays.hashing import mix

PLACES = 32
Begin = Callable[[np.uint64, int], int]

KEYS = st.lists(st.one_of(st.integers(1, 9), st.integers(1, (1 << 64) - 1)), max_size=PLACES - 1)
TWO = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), max_size=PLACES - 1)
BEGINS = pytest.mark.parametrize("begin", [place_by_low_bits, place_in_order])


def crowded(key: int) -> np.uint64:
    """A hash of which only two bits of each half vary, so that many keys begin at one place."""
    return np.uint64(mix(np.uint64(key)) & np.uint64(0xC0000001_00000003))


@pytest.mark.parametrize(
    ("least", "smallest", "expected"),
    [(0, 1, 1), (0, 8, 8), (1, 1, 1), (2, 1, 2), (3, 1, 4), (8, 8, 8), (9, 8, 16), (1 << 40, 8, 1 << 40)],
)
def test_given_a_number_then_the_power_of_two_is_the_smallest_that_holds_it(
    least: int, smallest: int, expected: int
) -> None:
    assert power_of_two(least, smallest) == expected


@settings(max_examples=200, deadline=None)
@given(st.integers(0, (1 << 64) - 1), st.integers(0, 20))
def test_given_a_hash_then_a_search_begins_at_its_lowest_or_its_highest_bits(hashed: int, bits: int) -> None:
    places = 1 << bits

    assert place_by_low_bits(np.uint64(hashed), places) == hashed % places
    assert place_in_order(np.uint64(hashed), places) == hashed >> 64 - bits


@BEGINS
@settings(max_examples=100, deadline=None)
@given(KEYS)
def test_given_keys_then_each_is_found_where_it_was_put(begin: Begin, drawn: list[int]) -> None:
    index, place_of = np.zeros(PLACES, np.uint64), dict[int, int]()
    for key in drawn:
        place = int(key_place(index, np.uint64(key), begin(crowded(key), PLACES)))
        if key in place_of:
            assert place == place_of[key]
        else:
            assert index[place] == 0
            assert place == free_place(index, begin(crowded(key), PLACES))
        index[place] = key
        place_of[key] = place

    for key, place in place_of.items():
        assert key_place(index, np.uint64(key), begin(crowded(key), PLACES)) == place
    assert np.count_nonzero(index) == len(place_of)


@BEGINS
@settings(max_examples=100, deadline=None)
@given(KEYS)
def test_given_rows_then_each_is_found_by_its_key(begin: Begin, drawn: list[int]) -> None:
    index, column, rows = np.zeros(PLACES, np.int32), np.zeros(PLACES, np.uint64), dict[int, int]()
    for key in drawn:
        place = row_place(index, column, np.uint64(key), begin(crowded(key), PLACES))
        assert index[place] == rows.get(key, -1) + 1
        if key not in rows:
            rows[key] = len(rows)
            column[rows[key]] = key
            index[place] = rows[key] + 1


@settings(max_examples=100, deadline=None)
@given(TWO)
def test_given_rows_with_keys_of_two_columns_then_both_must_be_equal(drawn: list[tuple[int, int]]) -> None:
    index, rows = np.zeros(PLACES, np.int64), dict[tuple[int, int], int]()
    first, second = np.zeros(PLACES, np.int64), np.zeros(PLACES, np.int32)
    for key in drawn:
        place = row_place_of_two(index, first, key[0], second, key[1], 0)
        assert index[place] == rows.get(key, -1) + 1
        if key not in rows:
            rows[key] = len(rows)
            first[rows[key]], second[rows[key]] = key
            index[place] = rows[key] + 1


@settings(max_examples=100, deadline=None)
@given(KEYS)
def test_given_tagged_rows_then_each_is_found_by_its_key(drawn: list[int]) -> None:
    index, column, rows = np.zeros(PLACES, np.uint64), np.zeros(PLACES, np.uint64), dict[int, int]()
    for key in drawn:
        place = tagged_place(index, column, np.uint64(key), crowded(key))
        assert tagged_row(index[place]) == rows.get(key, -1)
        if key not in rows:
            rows[key] = len(rows)
            column[rows[key]] = key
            index[place] = tagged(crowded(key), rows[key])


@settings(max_examples=100, deadline=None)
@given(TWO)
def test_given_tagged_rows_with_keys_of_two_columns_then_both_must_be_equal(
    drawn: list[tuple[int, int]],
) -> None:
    index, rows = np.zeros(PLACES, np.uint64), dict[tuple[int, int], int]()
    first, second = np.zeros(PLACES, np.int32), np.zeros(PLACES, np.uint64)
    for key in drawn:
        place = tagged_place_of_two(index, first, key[0], second, np.uint64(key[1]), np.uint64(0))
        assert tagged_row(index[place]) == rows.get(key, -1)
        if key not in rows:
            rows[key] = len(rows)
            first[rows[key]], second[rows[key]] = key
            index[place] = tagged(np.uint64(0), rows[key])


def test_given_a_row_of_another_hash_then_its_key_is_not_looked_at() -> None:
    index, column = np.zeros(4, np.uint64), np.array([7], np.uint64)
    index[0] = tagged(np.uint64(1 << 32), 0)

    assert tagged_place(index, column, np.uint64(7), np.uint64(2 << 32)) == 1
    assert tagged_place_of_two(index, column, 7, column, np.uint64(7), np.uint64(2 << 32)) == 1


def test_given_a_full_end_then_the_search_goes_on_at_the_beginning() -> None:
    keys: U64 = np.array([0, 0, 0, 5], np.uint64)
    rows: I64 = np.array([0, 0, 0, 1], np.int64)
    column: U64 = np.array([5], np.uint64)

    assert key_place(keys, np.uint64(6), 3) == 0
    assert free_place(keys, 3) == 0
    assert row_place(rows, column, np.uint64(6), 3) == 0
    assert row_place_of_two(rows, column, np.uint64(6), column, np.uint64(5), 3) == 0


@settings(max_examples=100, deadline=None)
@given(st.integers(0, (1 << 64) - 1), st.integers(0, (1 << 32) - 2), st.integers(0, (1 << 32) - 2))
def test_given_an_entry_then_it_holds_the_row_and_serves_as_its_hash(
    hashed: int, row: int, renumbered: int
) -> None:
    entry = np.uint64(tagged(np.uint64(hashed), row))

    assert tagged_row(entry) == row
    assert entry >> np.uint64(32) == hashed >> 32
    assert tagged(entry, renumbered) == tagged(np.uint64(hashed), renumbered)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.integers(1, (1 << 64) - 1), max_size=300, unique=True), st.integers(1, 20))
def test_given_any_number_of_places_then_keys_are_found_and_a_third_of_the_places_stays_empty(
    drawn: list[int], smallest: int
) -> None:
    def begin(key: np.uint64, places: int) -> int:
        return int(place_in_order(np.uint64(mix(key)), places))

    index = np.zeros(roomy(0, smallest), np.uint64)
    for count, key in enumerate(drawn, 1):
        if is_full(len(index), count):
            larger = np.zeros(roomy(count, smallest), np.uint64)
            for held in index[index != 0]:
                larger[free_place(larger, begin(held, len(larger)))] = held
            index = larger
        index[key_place(index, np.uint64(key), begin(np.uint64(key), len(index)))] = key
        assert np.count_nonzero(index) == count
        assert 3 * count <= 2 * len(index)

    for key in drawn:
        place = key_place(index, np.uint64(key), begin(np.uint64(key), len(index)))
        assert index[place] == key
