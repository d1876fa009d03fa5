"""Shared interest: how much likelier than chance two accounts meet because they follow the same things.

Accounts of one language, topic or hour meet far more often than a model of activity alone expects. Interest gives
co-shares at every lag, coordination at short lags only. So slow co-shares (the two shares are further apart than the
window under test, and at most `reference_s`) measure the shared interest of a pair, and its fast co-shares are compared
with that.

Pairs differ in shared interest by a Gamma distribution of mean 1. Its `spread` is learnt from the data, among pairs of
which activity alone expects few slow co-shares: under it, as many of them have two slow co-shares or more as really do.
For a pair with `slow` co-shares where activity gives `slow_expected`, shared interest is Gamma distributed with shape
1/spread + slow and rate 1/spread + slow_expected. Its count in the window is negative binomial (Robbins' empirical
Bayes), and Poisson without spread. No pair is assumed to have less interest than the average of 1.
"""

import math
from typing import NamedTuple

import numpy as np

from detectors.arrays.compiled import compiled, inlined
from detectors.arrays.dtypes import F64, Int

PRIOR_SPREAD = 3.0
"""The spread that is assumed until it can be learnt from the data. It stands for a population with a few separate
interests (docs/decisions/0004-shared-interest.md). Chosen, not measured."""
LEAST_SPREAD = 0.01
"""Smallest spread that can be learnt: pairs hardly differ in interest. A bound of the search, not measured."""
MOST_SPREAD = 300.0
"""Greatest spread that can be learnt: nearly all interest is in few pairs. A bound of the search, not measured."""
MOST_SPREAD_OF_PAIRS = 0.3
"""Greatest spread that pairs are tested with. An operation in short data swells what is learnt: on `mixed_2016_11` it
was 10.85, then 2.25, and nothing was found. Groups that interest alone explains are kept out by their timing
(`detectors.timing.group_timing`), so a low bound costs nothing: on `up_2017_02` 241 accounts are found with
it and 155 without, in shuffled copies 16 and 14."""
MOST_SPREAD_OF_MEMBERS = 1.0
"""Greatest spread that peripheral members are tested with. No test of timing keeps out those that interest alone
explains, so the bound is higher than for pairs. With .3, 1 and no bound, recall in `ira_2015_07`, in which all accounts
are of one operation and swell what is learnt, is .59, .58 and .48; of the accounts in suspected networks of a simulated
troll farm, .86, .94 and .97 belong to it (docs/decisions/0034-active-days.md)."""
FEW = 0.5
"""Most slow co-shares that activity may give a pair from which the spread is learnt. Where more are expected, two slow
co-shares are no surprise and show nothing of interest. Chosen, not measured."""
SLOW_WINDOW = 1
"""The window whose slow co-shares the spread is learnt from: ten minutes, which even loose coordination keeps to."""


class Interest(NamedTuple):
    """Slow co-shares of all accounts and what was learnt from them, in arrays that kernels can read."""

    exposure: F64  # (accounts,) slow exposure over all kinds
    activity: F64  # (accounts,) shares over all kinds
    spread: float
    bands: F64  # (TESTED_WINDOWS,) seconds: a co-share is slow for a window when its gap is longer
    reference_s: float  # 0: interest is not modelled
    scale: float  # from exposure x activity to slow co-shares, learnt from their totals
    strata: int  # crowd strata below this are counted: larger crowds are cut by the cap
    profile: F64  # (kinds x MAX_WINDOWS x strata,) fast co-shares that interest gives for each slow one


@inlined
def slow_windows(gap: Int, stratum: Int, bands: F64, strata: Int) -> np.uint8:
    """The windows for which a co-share is slow, so that it measures shared interest: one bit each.

    Args:
        gap: seconds between the two shares.
        stratum: crowd stratum in the widest window that holds both shares.
        bands: float64 (TESTED_WINDOWS,), as in `Interest`.
        strata: as in `Interest`.
    """
    windows = np.uint8(0)
    if stratum < strata:
        for window in range(len(bands)):
            if gap > bands[window]:
                windows |= np.uint8(1 << window)
    return windows


@inlined
def slow_expected(
    interest: Interest,
    exposure_a: float,
    activity_a: float,
    exposure_b: float,
    activity_b: float,
    window: Int,
) -> float:
    """Slow co-shares that activity alone gives two accounts, for the test of one window."""
    met = max(exposure_a * activity_b, exposure_b * activity_a)
    outside = 1.0 - interest.bands[window] / max(interest.reference_s, 1.0)
    return float(met * interest.scale * outside)


@compiled
def surprise_beyond_interest(
    interest: Interest, observed: Int, expected: float, slow: float, slow_expected: float
) -> float:
    """-ln P(X >= observed), given the slow co-shares of the pair; 0 if there are no more than expected.

    Args:
        interest: the spread, and whether interest is modelled.
        observed: co-shares in the window.
        expected: co-shares in the window that activity alone gives.
        slow: slow co-shares.
        slow_expected: slow co-shares that activity alone gives.
    """
    if observed <= 0:
        return 0.0
    if interest.reference_s == 0.0:
        shape, rate = 1e9, 1e9
    else:
        shape = 1.0 / interest.spread + slow
        rate = min(1.0 / interest.spread + slow_expected, shape)
    if observed <= expected * shape / rate:
        return 0.0
    again = expected / (expected + rate)
    first = shape * math.log1p(-again) + observed * math.log(again)
    # ln of (shape)(shape + 1)...(shape + observed - 1) / observed!
    for k in range(observed):
        first += math.log((shape + k) / (k + 1.0))
    total = 1.0
    term = 1.0
    count = observed
    while term > 1e-12 * total:
        term *= (count + shape) / (count + 1.0) * again
        total += term
        count += 1
    return max(0.0, -(first + math.log(total)))


def spread_of(slow_pairs: float, exposure: F64, activity: F64, scale: float) -> float | None:
    """The spread under which `slow_pairs` is the expected count of such pairs.

    Args:
        slow_pairs: count of pairs with two slow co-shares or more, where activity alone expects at most `FEW`.
        exposure: float64 (accounts,), slow exposure.
        activity: float64 (accounts,), count of shares.
        scale: activity alone gives a pair exposure x activity x scale slow co-shares.

    Returns:
        The spread; None while there are too few data.
    """
    levels_e, counts_e = _levels(exposure)
    levels_a, counts_a = _levels(activity)
    expected = levels_e[:, None] * levels_a[None, :] * scale
    weight = counts_e[:, None] * counts_a[None, :] * (expected <= FEW)
    # each pair of accounts is in the table twice, as (a, b) and as (b, a), so each entry counts half
    spreads = np.geomspace(LEAST_SPREAD, MOST_SPREAD, 60)
    expected_pairs = np.array(
        [0.5 * float((weight * _two_or_more(expected, spread)).sum()) for spread in spreads]
    )
    if expected_pairs.max() < 1.0 and slow_pairs < 1.0:
        return None
    reached = np.flatnonzero(expected_pairs >= slow_pairs)
    return float(spreads[reached[0]] if len(reached) else spreads[int(np.argmax(expected_pairs))])


def _two_or_more(expected: F64, spread: float) -> F64:
    """P(X >= 2) for a negative binomial variable of mean `expected`."""
    none = np.exp(-np.log1p(spread * expected) / spread)
    return np.maximum(1.0 - none * (1.0 + expected / (1.0 + spread * expected)), 0.0)


def _levels(values: F64) -> tuple[F64, F64]:
    """Values above 0 in logarithmic bins: the mean of each bin and its count of values."""
    positive = values[values > 0]
    if not len(positive):
        return np.zeros(0), np.zeros(0)
    bins = np.round(np.log2(positive) * 4).astype(np.int64)
    _, bin_of, counts = np.unique(bins, return_inverse=True, return_counts=True)
    return np.bincount(bin_of, positive) / counts, counts.astype(np.float64)
