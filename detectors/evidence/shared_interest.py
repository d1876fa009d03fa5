"""Shared interest: how much likelier than chance two accounts meet because they follow the same things.

Accounts of one language, topic or hour meet far more often than a model of activity alone expects. Interest shows
at every lag, coordination at short ones. So co-shares whose two shares lie far apart (longer than the window
under test, up to `reference_s`) measure the interest of a pair, and short ones are held against it.

How much pairs differ in that is learnt from the data as the `spread` of a Gamma distribution of mean 1:
the one under which as many pairs have two slow co-shares or more as really do, among pairs of which activity
alone expects few.
Given `slow` co-shares where `expected` were due, a pair's affinity is Gamma distributed with shape 1/spread + slow and
rate 1/spread + expected, and its count in the window is negative binomial (Robbins' empirical Bayes). With no spread
that is Poisson. An affinity is never taken to be below that of everybody.
"""

import math
from typing import NamedTuple

import numpy as np

from detectors.arrays.compiled import compiled, inlined
from detectors.arrays.dtypes import F64, Int

PRIOR_SPREAD = 3.0
"""The spread that is assumed until the data show another one. It stands for a population with a few separate interests
(docs/decisions/0004-shared-interest.md). Chosen, not measured."""
LEAST_SPREAD = 0.01
"""Smallest spread that can be learnt: pairs hardly differ in interest. A bound of the search, not measured."""
MOST_SPREAD = 300.0
"""Greatest spread that can be learnt: nearly all interest is in few pairs. A bound of the search, not measured."""
FEW = 0.5
"""Most slow co-shares that activity may give a pair from which the spread is learnt. Where more are expected, two slow
co-shares are no surprise and show nothing of interest. Chosen, not measured."""
SLOW_WINDOW = 1
"""The window whose slow co-shares the spread is learnt from: ten minutes, which even loose coordination keeps to."""


class Interest(NamedTuple):
    """What is known of slow meetings, as kernels take it."""

    exposure: F64  # (accounts,) slow exposure over all kinds
    activity: F64  # (accounts,) shares over all kinds
    spread: float
    bands: F64  # (TESTED_WINDOWS,) seconds: a co-share is slow for a window when its gap is longer
    reference_s: float  # 0: interest is not modelled
    scale: float  # from exposure x activity to slow co-shares, learnt from their totals
    strata: int  # crowd strata below this are counted: larger crowds are cut by the cap
    profile: F64  # (kinds x MAX_WINDOWS x strata,) fast meetings that interest gives for each slow one


@inlined
def slow_windows(gap: Int, stratum: Int, bands: F64, strata: Int) -> np.uint8:
    """For which windows a co-share tells of interest rather than of acting together: a bit each.

    Args:
        gap: seconds between the two shares.
        stratum: crowd stratum in the widest window that holds them.
        bands: float64 (TESTED_WINDOWS,), as in `Interest`.
        strata: as in `Interest`.
    """
    found = np.uint8(0)
    if stratum < strata:
        for window in range(len(bands)):
            if gap > bands[window]:
                found |= np.uint8(1 << window)
    return found


@inlined
def slow_expected(
    interest: Interest,
    exposure_a: float,
    activity_a: float,
    exposure_b: float,
    activity_b: float,
    window: Int,
) -> float:
    """Slow co-shares that activity alone would give two accounts, for the test of one window."""
    met = max(exposure_a * activity_b, exposure_b * activity_a)
    outside = 1.0 - interest.bands[window] / max(interest.reference_s, 1.0)
    return float(met * interest.scale * outside)


@compiled
def surprise_beyond_interest(
    interest: Interest, observed: Int, expected: float, slow: float, slow_expected: float
) -> float:
    """-ln P(X >= observed) given what the pair's slow co-shares say of its interest; 0 for no surprise.

    Args:
        interest: the spread of affinities.
        observed: co-shares in the window.
        expected: what activity alone would give.
        slow: co-shares outside the window.
        slow_expected: what activity alone would give of those.
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


def spread_of(slow_pairs: float, exposure: F64, activity: F64, scale: float) -> float:
    """The spread of affinities under which `slow_pairs` is what should be seen.

    Args:
        slow_pairs: pairs with two slow co-shares or more, of which activity alone expects at most `FEW`.
        exposure: float64 (accounts,), slow exposure.
        activity: float64 (accounts,), shares.
        scale: expected slow co-shares of a pair are exposure x activity x scale.

    Returns:
        The spread, `PRIOR_SPREAD` while there is too little to learn from.
    """
    levels_e, counts_e = _levels(exposure)
    levels_a, counts_a = _levels(activity)
    expected = levels_e[:, None] * levels_a[None, :] * scale
    weight = counts_e[:, None] * counts_a[None, :] * (expected <= FEW)
    # each pair of accounts is met twice, as (a, b) and as (b, a), and counts by the greater of the two
    spreads = np.geomspace(LEAST_SPREAD, MOST_SPREAD, 60)
    due = np.array([0.5 * float((weight * _two_or_more(expected, spread)).sum()) for spread in spreads])
    if due.max() < 1.0 and slow_pairs < 1.0:
        return PRIOR_SPREAD
    reached = np.flatnonzero(due >= slow_pairs)
    return float(spreads[reached[0]] if len(reached) else spreads[int(np.argmax(due))])


def _two_or_more(expected: F64, spread: float) -> F64:
    """P(X >= 2) for a negative binomial variable of mean `expected`."""
    none = np.exp(-np.log1p(spread * expected) / spread)
    return np.maximum(1.0 - none * (1.0 + expected / (1.0 + spread * expected)), 0.0)


def _levels(values: F64) -> tuple[F64, F64]:
    """Values above 0 in logarithmic bins: the mean of each bin and how many fall into it."""
    positive = values[values > 0]
    if not len(positive):
        return np.zeros(0), np.zeros(0)
    bins = np.round(np.log2(positive) * 4).astype(np.int64)
    _, at, counts = np.unique(bins, return_inverse=True, return_counts=True)
    return np.bincount(at, positive) / counts, counts.astype(np.float64)
