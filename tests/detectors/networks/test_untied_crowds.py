"""Crowds with enough accounts outside validated pairs are kept, as in a plain count."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.networks.recurring_crowds import MIN_OVERLAP, RecurringCrowd
from detectors.networks.untied_crowds import of_their_own

ACCOUNTS = 12

crowds = st.lists(st.sets(st.integers(0, ACCOUNTS - 1), min_size=MIN_OVERLAP), max_size=8)
pairs = st.sets(st.tuples(st.integers(0, ACCOUNTS - 1), st.integers(0, ACCOUNTS - 1)), max_size=12)


@settings(deadline=None)  # the first call compiles the kernel
@given(crowds, pairs)
def test_given_crowds_and_pairs_then_those_with_enough_untied_accounts_are_kept(
    members: list[set[int]], drawn: set[tuple[int, int]]
) -> None:
    tied = {(first, second) for first, second in drawn if first < second}
    keys = np.array(sorted(first << 32 | second for first, second in tied), np.uint64)
    given_crowds = [
        RecurringCrowd(np.array(sorted(crowd), np.int32), float(number))
        for number, crowd in enumerate(members)
    ]
    expected = [
        float(number)
        for number, crowd in enumerate(members)
        if sum(not any(account in pair and crowd.issuperset(pair) for pair in tied) for account in crowd)
        >= MIN_OVERLAP
    ]
    assert [crowd.surprise for crowd in of_their_own(given_crowds, keys)] == expected
