"""Chance in follower counts: the share of registry followers and its dispersion by account size, and the tails.

Each account belongs to a stratum: the power of two of its follower count. For each stratum, sums over organic
accounts give two estimates: the share of followers that belong to the registry, and how much accounts differ in that
share. A stratum with little data borrows from all strata. Its estimate is never below the lower confidence bound of
its own data. Counts are negative binomial: Poisson, with a gamma-distributed interest of the registry in the account.

Source of the shrinkage: Robbins, "An empirical Bayes approach to statistics" (1956).
"""

from typing import NamedTuple

import numpy as np
import scipy  # its parts load when first used

from detectors.arrays.dtypes import F64, I64

LEAST_P = 1e-300
"""No p-value is reported below this, so that its logarithm exists."""
PRIOR_DISPERSION = 3.0
"""Dispersion assumed where there is little data: one account in a few gets most of the interest. Chosen by judgement;
not measured."""
MOST_DISPERSION = 1e6
"""Largest dispersion. It only keeps the tail functions finite."""
_RATE_WEIGHT = 4.0
"""Weight of the overall share against a stratum's own, in registry follows. Chosen by judgement; not measured."""
_DISPERSION_WEIGHT = 1.0
"""The same for the dispersion, in squares of expected counts. Chosen by judgement; not measured."""
_THIN = 20
"""The prior weighs at least as much as this many accounts. A few large accounts say little about the next account, no
matter how many followers they have. Chosen by judgement; not measured."""
_CAUTION = 1.645
"""Standard deviations. A stratum's own figure counts only up to the lower bound of its 90% confidence interval."""
_STRATA = 32  # by the position of the highest bit of a count below 2^31
_PARTS = (1.0, 1 / 4, 1 / 16, 1 / 64)
"""Fractions of the dispersion that `upper_tail` tries, besides 0."""


class Sums(NamedTuple):
    """Sums over the accounts of a stratum, or of several of them: int64, shape (..., strata) or (...)."""

    accounts: I64  # with one follower or more
    followers: I64
    squares: I64  # of followers
    registry: I64
    followed: I64  # accounts with one registry follower or more
    twos: I64  # of registry x (registry - 1)
    twice: I64  # accounts with two registry followers or more

    def less(self, other: "Sums") -> "Sums":
        """These sums without those of `other` accounts."""
        return Sums(*(a - b for a, b in zip(self, other, strict=True)))

    def of(self, strata: I64) -> "Sums":
        """The sums of these strata."""
        return Sums(*(a[strata] for a in self))

    def total(self) -> "Sums":
        """The sums over all strata."""
        return Sums(*(a.sum() for a in self))


def upper_tail(observed: I64, expected: F64, dispersion: F64) -> F64:
    """P(X >= observed) for a count of mean `expected`: the greatest over dispersions from 0 to `dispersion`.

    A wide distribution also has more zeros, so a count of 1 or more can be less likely under it than under a narrow
    distribution. The function tries `dispersion`, a few fractions of it, and 0 (Poisson), and takes the greatest
    probability.

    Args:
        observed: int64, (n,).
        expected: float64, (n,).
        dispersion: float64, (n,): the variance is expected + dispersion x expected^2.

    Returns:
        float64, (n,), between `LEAST_P` and 1.
    """
    count = np.maximum(observed, 1).astype(np.float64)
    mean = np.maximum(expected, np.finfo(np.float64).tiny)
    p = scipy.special.gammainc(count, mean)
    for part in _PARTS:
        spread = np.maximum(dispersion * part, 1e-9)
        p = np.maximum(p, scipy.special.betainc(count, 1 / spread, spread * mean / (1 + spread * mean)))
    return np.where(observed > 0, np.clip(p, LEAST_P, 1.0), 1.0)


def share_and_dispersion(stratum: Sums, overall: Sums) -> tuple[F64, F64]:
    """Share of registry accounts among followers, and dispersion, of each stratum."""
    # one more registry follower than observed: the share is not 0 just because none has appeared yet
    share = np.minimum((overall.registry + 1) / np.maximum(overall.followers, 1), 1.0)
    due = (stratum.followers * share).astype(np.float64)
    weight = _weight(_RATE_WEIGHT, due, stratum.accounts)
    rate = np.minimum(share * _shrunk(stratum.registry, stratum.followed, due, 1.0, weight), 1.0)
    least = 1 + PRIOR_DISPERSION
    squares = (overall.squares * share**2).astype(np.float64)
    pooled = _shrunk(overall.twos, overall.twice, squares, least, np.asarray(_DISPERSION_WEIGHT))
    squares = stratum.squares * rate**2
    weight = _weight(_DISPERSION_WEIGHT, squares, stratum.accounts)
    ratio = _shrunk(stratum.twos, stratum.twice, squares, np.maximum(pooled, least), weight)
    return rate, np.clip(ratio - 1, 0.0, MOST_DISPERSION)


def pair_dispersion(shared: I64, squares: float) -> float:
    """Dispersion of the count of registry followers that two accounts share.

    Args:
        shared: int64, count of registry followers that each organic pair shares. Pairs that share none may be left out.
        squares: sum of the squared expectations over all organic pairs.
    """
    sums = single_sums(shared, shared)
    ratio = _shrunk(
        np.array(sums.twos.sum()),
        np.array(sums.twice.sum()),
        np.array(squares),
        1 + PRIOR_DISPERSION,
        np.array(_DISPERSION_WEIGHT),
    )
    return float(np.clip(ratio - 1, 0.0, MOST_DISPERSION))


def _shrunk(seen: I64, accounts: I64, due: F64, prior: float | F64, weight: F64) -> F64:
    """Ratio of the observed to the expected count, drawn towards `prior` unless the data contradict the prior.

    Args:
        seen: observed count.
        accounts: count of accounts that contribute to `seen`: the independent observations.
        due: expected count.
        prior: ratio assumed without data.
        weight: weight of the prior, as an expected count.
    """
    drawn = (seen + weight * prior) / (due + weight)
    observations = np.maximum(accounts, 1)
    # Wilson and Hilferty 1931: the lower bound of a Poisson count, as a fraction of the count
    bound = (1 - 1 / (9 * observations) - _CAUTION / (3 * np.sqrt(observations))) ** 3
    own_ratio = np.where(accounts > 0, bound * seen / np.maximum(due, np.finfo(np.float64).tiny), 0.0)
    return np.asarray(np.maximum(drawn, own_ratio), np.float64)


def _weight(least: float, due: F64, accounts: I64) -> F64:
    """Weight of the prior: `least`, or the expected count of `_THIN` accounts if that is more."""
    return np.maximum(least, due * _THIN / np.maximum(accounts, 1))


def strata_of(followers: I64) -> I64:
    """Position of the highest bit: 0 for 0 and 1, 1 for 2-3, 2 for 4-7."""
    return np.frexp(np.clip(followers, 1, 2**_STRATA - 1))[1].astype(np.int64) - 1


def single_sums(followers: I64, registry: I64) -> Sums:
    """The sums of single accounts."""
    return Sums(
        (followers > 0).astype(np.int64),
        followers,
        followers**2,
        registry,
        (registry > 0).astype(np.int64),
        registry * (registry - 1),
        (registry > 1).astype(np.int64),
    )


def sums_by_stratum(followers: I64, registry: I64) -> I64:
    """Sums over accounts by stratum: int64, rows as in `Sums`. Sums of integers do not depend on the order."""
    sums = np.zeros((len(Sums._fields), _STRATA), np.int64)
    strata = strata_of(followers)
    for row, values in zip(sums, single_sums(followers, registry), strict=True):
        np.add.at(row, strata, values)
    return sums
