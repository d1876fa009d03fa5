"""Ranks among peers, against counting by hand; which levels are merged is tested with `engagement.obscurity`."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.statistics.peer_ranks import ENOUGH_PEERS, FEW_PEERS, PeerComparison, Ranks, median

Row = tuple[int, int, int, float]
"""Platform, third by age, level, value."""

PLATFORMS = 4
"""Platforms of the peers. The last has hardly any accounts; one more has none."""


def columns(rows: list[Row]) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    platforms, thirds, levels, values = zip(*rows, strict=True)
    return np.array(platforms), np.array(thirds), np.array(levels), np.array(values, np.float64)


def drawn(seed: int, count: int) -> list[Row]:
    """Rows with many ties."""
    draw = np.random.default_rng(seed)
    platforms = draw.choice(PLATFORMS, count, p=[0.6, 0.3, 0.095, 0.005])
    columns = (platforms, draw.integers(-1, 3, count), np.full(count, 3), draw.integers(0, 40, count) / 4)
    return list(zip(*(column.tolist() for column in columns), strict=True))


def by_hand(peers: list[Row], row: Row) -> tuple[float, float, int, bool, float]:
    platform, third, level, value = row
    nothing = (math.nan, math.nan, 0, False, math.nan)
    if math.isnan(value) or level < 0:
        return nothing
    mine = [one[3] for one in peers if one[:2] == (platform, third)]
    if third < 0 or len(mine) < ENOUGH_PEERS:
        mine = [one[3] for one in peers if one[0] == platform]
        if len(mine) < FEW_PEERS:
            return nothing
    upto = sum(one <= value for one in mine)
    below = sum(one < value for one in mine)
    return (
        (upto + 1) / (len(mine) + 1),
        (below + upto + 1) / 2 / (len(mine) + 1),
        len(mine),
        value <= min(mine),
        float(np.median(mine)),
    )


def rows_of(ranks: Ranks) -> list[str]:
    # as text, so that NaN is equal to itself
    return [str(row) for row in zip(*(column.tolist() for column in ranks), strict=True)]


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_given_values_with_ties_then_ranks_are_those_counted_by_hand(seed: int) -> None:
    peers = drawn(seed, 7_001)
    asked: list[Row] = [
        *drawn(seed + 10, 100),
        (0, 0, 3, -1.0),
        (0, 1, 3, math.inf),
        (0, 2, 3, math.nan),
        (1, 0, -1, 2.0),
        (3, 0, 3, 2.0),
        (PLATFORMS, 0, 3, 2.0),
        (PLATFORMS, -1, 3, 2.0),
    ]
    found = PeerComparison(*columns(peers)).rank(*columns(asked))
    assert rows_of(found) == [str(by_hand(peers, row)) for row in asked]
    assert {row[2] >= ENOUGH_PEERS for row in zip(*(c.tolist() for c in found), strict=True)} == {True, False}


def test_given_no_peers_then_nothing_has_a_rank() -> None:
    nobody = np.zeros(0, np.int64)
    found = PeerComparison(nobody, nobody, nobody, np.zeros(0)).rank(
        *columns([(0, 0, 0, 1.0), (0, -1, 5, 0.0)])
    )
    assert found.peers.tolist() == [0, 0]
    assert np.isnan(found.tail).all()


@given(
    st.lists(st.floats(-1e300, 1e300), min_size=1) | st.lists(st.integers(-(2**63), 2**63 - 1), min_size=1)
)
def test_given_values_then_their_median_is_that_of_numpy(values: list[float]) -> None:
    array = np.array(values)
    assert median(array) == np.median(array)
