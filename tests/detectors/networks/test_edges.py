"""Edges of several detectors are merged as a dictionary would merge them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.networks.edges import NO_EDGES, Edges, Ground, edges_of, merged

Row = tuple[int, float, int]
TOP = (1 << 64) - 1

# few keys, so that parts have some in common; read as signed numbers, the greatest keys would be out of order
rows = st.lists(
    st.tuples(
        st.one_of(st.sampled_from([1, 2, 1 << 32 | 7, 1 << 63, TOP]), st.integers(1, TOP)),
        st.one_of(st.sampled_from([0.0, 4.5]), st.floats(0, 700)),
        st.integers(1, sum(Ground)),
    ),
    max_size=12,
)


def edges(part: list[Row]) -> Edges:
    return Edges(
        np.array([key for key, _, _ in part], np.uint64),
        np.array([surprise for _, surprise, _ in part], np.float64),
        np.array([grounds for _, _, grounds in part], np.uint8),
    )


def rows_of(found: Edges) -> list[Row]:
    return list(zip(*(column.tolist() for column in found), strict=True))


def merged_by_hand(parts: list[list[Row]]) -> list[Row]:
    best: dict[int, tuple[float, int]] = {}
    for key, surprise, grounds in (row for part in parts for row in part):
        known = best.get(key, (surprise, 0))
        best[key] = max(known[0], surprise), known[1] | grounds
    return [(key, *best[key]) for key in sorted(best)]


@pytest.mark.slow
@settings(max_examples=200, deadline=None)
@given(parts=st.lists(rows, min_size=1, max_size=4))
def test_given_edges_of_several_grounds_then_each_is_there_once_with_the_strongest_surprise(
    parts: list[list[Row]],
) -> None:
    found = merged([edges(part) for part in parts])

    assert rows_of(found) == merged_by_hand(parts)
    assert [column.dtype for column in found] == [np.uint64, np.float64, np.uint8]


@settings(max_examples=60, deadline=None)
@given(parts=st.lists(rows, min_size=1, max_size=4))
def test_given_edges_then_neither_their_order_nor_merging_in_steps_matters(parts: list[list[Row]]) -> None:
    together = rows_of(merged([edges(part) for part in parts]))
    one_by_one = NO_EDGES
    for part in reversed(parts):
        one_by_one = merged([edges(part[::-1]), one_by_one])

    assert rows_of(one_by_one) == together
    assert rows_of(merged([one_by_one, one_by_one])) == together


def test_given_one_pair_found_by_all_detectors_then_it_has_every_ground() -> None:
    pair = np.array([3 << 32 | 9], np.uint64)

    found = merged([edges_of(pair, np.array([float(ground)]), ground) for ground in Ground])

    assert rows_of(found) == [(3 << 32 | 9, 128.0, 255)]
    assert all(found.grounds[0] & ground for ground in Ground)


def test_given_edges_of_one_ground_then_the_others_are_absent() -> None:
    found = merged([edges_of(np.array([5, 5, 4], np.uint64), np.array([1.0, 2.0, 3.0]), Ground.COPIES)])

    assert rows_of(found) == [(4, 3.0, 4), (5, 2.0, 4)]
    assert not any(found.grounds & Ground.ALONE)


def test_given_no_edges_then_none() -> None:
    found = merged([NO_EDGES, NO_EDGES])

    assert rows_of(found) == []
    assert [column.dtype for column in found] == [np.uint64, np.float64, np.uint8]
