"""Surprise beyond interest against scipy, and the spread of interest against simulated pairs."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from detectors.config import TESTED_WINDOWS
from detectors.evidence.shared_interest import (
    FEW,
    LEAST_SPREAD,
    MOST_SPREAD,
    Interest,
    slow_expected,
    slow_windows,
    spread_of,
    surprise_beyond_interest,
)
from detectors.statistics.tails import poisson_surprise

BANDS = np.array([60.0, 600.0, 3_600.0])


def interest_of(spread: float, reference_s: float = 7_200.0, scale: float = 1.0) -> Interest:
    assert len(BANDS) == TESTED_WINDOWS
    return Interest(np.zeros(1), np.zeros(1), spread, BANDS, reference_s, scale, 3, np.zeros(0))


@pytest.mark.parametrize("spread", [0.01, 0.3, 3.0, 100.0])
def test_given_slow_co_shares_then_the_surprise_is_that_of_a_negative_binomial(spread: float) -> None:
    compared = 0
    for observed, expected, slow, due in itertools.product(
        (1, 2, 5, 40), (1e-6, 0.01, 0.7, 12.0), (0, 1, 9), (0.0, 0.02, 3.0)
    ):
        shape = 1 / spread + slow
        rate = min(1 / spread + due, shape)  # never less interest than the average
        surprise = surprise_beyond_interest(interest_of(spread), observed, expected, slow, due)
        if observed <= expected * shape / rate:
            assert surprise == 0
        else:
            tail = -float(stats.nbinom.logsf(observed - 1, shape, rate / (rate + expected)))
            if tail < 600:  # beyond it scipy's tail underflows
                assert surprise == pytest.approx(tail, rel=1e-6, abs=1e-6)
                compared += 1
    assert compared > 60


@settings(max_examples=200, deadline=None)
@given(observed=st.integers(1, 200), expected=st.floats(1e-6, 100), slow=st.integers(0, 5))
def test_given_next_to_no_spread_or_no_reference_then_it_is_poisson(
    observed: int, expected: float, slow: int
) -> None:
    poisson = poisson_surprise(observed, expected)
    narrow = surprise_beyond_interest(interest_of(1e-9), observed, expected, slow, slow + 1.0)
    unmodelled = surprise_beyond_interest(interest_of(3.0, reference_s=0.0), observed, expected, slow, 0.0)

    assert narrow == pytest.approx(poisson, rel=1e-5, abs=1e-5)
    assert unmodelled == pytest.approx(poisson, rel=1e-5, abs=1e-5)


@settings(max_examples=200, deadline=None)
@given(
    observed=st.integers(0, 60),
    expected=st.floats(1e-6, 20),
    slow=st.integers(0, 10),
    due=st.floats(0, 10),
    spread=st.floats(LEAST_SPREAD, MOST_SPREAD),
)
def test_given_more_evidence_then_more_surprise_and_given_more_interest_or_expectation_then_less(
    observed: int, expected: float, slow: int, due: float, spread: float
) -> None:
    interest = interest_of(spread)
    surprise = surprise_beyond_interest(interest, observed, expected, slow, due)

    assert 0 <= surprise < math.inf
    assert surprise_beyond_interest(interest, observed + 1, expected, slow, due) >= surprise
    if (
        slow >= due
    ):  # fewer than expected are evidence that the pair is like the average, not that it has less interest
        assert surprise_beyond_interest(interest, observed, expected, slow + 1, due) <= surprise + 1e-9
    assert surprise_beyond_interest(interest, observed, expected * 1.5, slow, due) <= surprise + 1e-9
    assert surprise_beyond_interest(interest, observed, expected, slow, due + 1.0) >= surprise - 1e-9
    # the interest of a pair is never below the average, even without slow co-shares
    assert surprise == 0 or observed > expected


def test_given_slow_co_shares_then_the_same_count_is_much_less_surprising() -> None:
    interest = interest_of(3.0)

    assert surprise_beyond_interest(interest, 5, 0.05, 0, 0.05) > 10
    assert surprise_beyond_interest(interest, 5, 0.05, 10, 0.05) < 4


@pytest.mark.parametrize("window", range(TESTED_WINDOWS))
def test_given_a_gap_then_it_is_slow_for_the_windows_that_are_shorter(window: int) -> None:
    band = int(BANDS[window])

    assert not slow_windows(band, 0, BANDS, 3) >> window & 1
    assert slow_windows(band + 1, 2, BANDS, 3) >> window & 1
    assert slow_windows(band + 1, 2, BANDS, 3) == (1 << (window + 1)) - 1
    assert slow_windows(band + 1, 3, BANDS, 3) == 0
    # the greater way to meet, times the part of the reference that lies outside the window
    expected = 12.0 * 0.01 * (1 - band / 7_200)
    for pair in ((3.0, 1.0, 2.0, 4.0), (2.0, 4.0, 3.0, 1.0)):
        assert slow_expected(interest_of(1.0, scale=0.01), *pair, window) == pytest.approx(expected)


@pytest.mark.parametrize(("spread", "scale"), [(0.3, 4e-4), (3.0, 5e-5), (30.0, 1e-5)])
@pytest.mark.parametrize("seed", range(3))
def test_given_pairs_whose_interest_differs_then_the_spread_is_learnt_up_to_its_bound(
    spread: float, scale: float, seed: int
) -> None:
    draw = np.random.default_rng(seed)
    accounts = 1_500
    activity = draw.lognormal(2.0, 0.8, accounts)
    exposure = activity * 2.0  # all pairs have one expectation, whichever account it is seen from
    expected = (exposure[:, None] * activity[None, :] * scale)[np.triu_indices(accounts, 1)]
    affinity = draw.gamma(1 / spread, spread, len(expected))
    slow = draw.poisson(affinity * expected)
    slow_pairs = int(((slow >= 2) & (expected <= FEW)).sum())

    learnt = spread_of(slow_pairs, exposure, activity, scale)

    assert learnt is not None
    assert spread / 2 <= learnt <= MOST_SPREAD


def test_given_too_little_to_learn_from_then_the_prior_is_kept() -> None:
    assert spread_of(0, np.zeros(5), np.zeros(5), 1.0) is None
    assert spread_of(0, np.full(3, 1.0), np.full(3, 1.0), 1e-6) is None


def test_given_no_slow_pairs_where_many_are_expected_then_there_is_next_to_no_spread() -> None:
    assert spread_of(0, np.full(2_000, 10.0), np.full(2_000, 10.0), 0.002) == pytest.approx(LEAST_SPREAD)


@pytest.mark.parametrize(("expected", "counts"), [(0.45, True), (0.55, False)])
def test_given_pairs_of_which_many_slow_co_shares_are_expected_then_no_spread_is_learnt_from_them(
    expected: float, counts: bool
) -> None:
    exposure, activity = np.full(2_000, 10.0), np.full(2_000, 10.0)

    learnt = spread_of(0, exposure, activity, expected / 100)

    assert learnt == (pytest.approx(LEAST_SPREAD) if counts else None)
