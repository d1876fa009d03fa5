"""Accounts whose ties are gone leave, unless they have co-shares of their own or the whole network is quiet."""

import numpy as np

from detectors.networks.edges import NO_EDGES, Edges, Ground, edges_of, merged
from detectors.networks.loose_members import loose_members

NETWORK = np.array([0, 0, 0, 0, 0, 1, 1, 1, -1], np.int32)


def edges(ground: Ground, *pairs: tuple[int, int]) -> Edges:
    keys = np.array([low << 32 | high for low, high in pairs], np.uint64)
    return edges_of(keys, np.ones(len(keys)), ground)


def crowd(*accounts: int, ground: Ground = Ground.COPIES) -> Edges:
    return edges(ground, *((a, b) for a in accounts for b in accounts if a < b))


def loose(before: Edges, after: Edges) -> list[int]:
    found = loose_members(merged([before]), merged([after]), NETWORK, 3)
    assert found.dtype == np.int32
    return found.tolist()


def test_given_an_account_that_is_no_longer_in_the_crowd_then_it_is_loose() -> None:
    assert loose(crowd(0, 1, 2, 3, 4), crowd(0, 1, 2, 3)) == [4]
    assert loose(crowd(0, 1, 2, 3, 4), crowd(0, 1, 2, 3, 4)) == []
    assert loose(crowd(0, 1, 2, 3), crowd(0, 1, 2, 3)) == []  # the last account was not tied before


def test_given_one_tie_left_then_it_is_loose_too() -> None:
    after = merged([crowd(0, 1, 2, 3), edges(Ground.RHYTHM, (3, 4))])

    assert loose(crowd(0, 1, 2, 3, 4), after) == [4]
    assert loose(crowd(0, 1, 2, 3, 4), merged([after, edges(Ground.RHYTHM, (2, 4))])) == []


def test_given_ties_to_accounts_elsewhere_then_they_do_not_keep_it() -> None:
    after = merged([crowd(0, 1, 2, 3), edges(Ground.COPIES, (4, 5), (4, 6), (4, 8))])

    assert loose(crowd(0, 1, 2, 3, 4), after) == [4]


def test_given_own_co_shares_before_or_after_then_it_stays() -> None:
    own = edges(Ground.ALONE, (3, 4))

    assert loose(merged([crowd(0, 1, 2, 3, 4), own]), crowd(0, 1, 2)) == []
    assert loose(crowd(0, 1, 2, 3, 4), merged([crowd(0, 1, 2, 3), own])) == []


def test_given_a_network_with_hardly_any_tied_member_then_all_stay() -> None:
    assert loose(crowd(0, 1, 2, 3, 4), NO_EDGES) == []
    assert loose(crowd(0, 1, 2, 3, 4), edges(Ground.COPIES, (0, 1), (1, 2))) == []
    assert loose(merged([crowd(0, 1, 2, 3, 4), crowd(5, 6, 7)]), crowd(0, 1, 2)) == [3, 4]


def test_given_no_edges_then_no_account_is_loose() -> None:
    assert loose(NO_EDGES, NO_EDGES) == []
    assert loose(NO_EDGES, crowd(0, 1, 2)) == []
