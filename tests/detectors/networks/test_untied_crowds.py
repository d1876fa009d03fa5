"""Crowds of their own: those that would be there without the pairs that are known, against a plain count."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from detectors.networks.recurring_crowds import MIN_OVERLAP, RecurringCrowd
from detectors.networks.untied_crowds import of_their_own

ACCOUNTS = 12

crowds = st.lists(st.sets(st.integers(0, ACCOUNTS - 1), min_size=MIN_OVERLAP), max_size=8)
pairs = st.sets(st.tuples(st.integers(0, ACCOUNTS - 1), st.integers(0, ACCOUNTS - 1)), max_size=12)


@given(crowds, pairs)
def test_given_crowds_and_pairs_then_those_with_enough_untied_accounts_are_kept(
    members: list[set[int]], drawn: set[tuple[int, int]]
) -> None:
    tied = {(one, other) for one, other in drawn if one < other}
    keys = np.array(sorted(one << 32 | other for one, other in tied), np.uint64)
    given_crowds = [
        RecurringCrowd(np.array(sorted(crowd), np.int32), float(at)) for at, crowd in enumerate(members)
    ]
    expected = [
        float(at)
        for at, crowd in enumerate(members)
        if sum(not any({one, other} <= crowd and who in (one, other) for one, other in tied) for who in crowd)
        >= MIN_OVERLAP
    ]
    assert [crowd.surprise for crowd in of_their_own(given_crowds, keys)] == expected
