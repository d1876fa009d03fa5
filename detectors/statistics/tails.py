"""Tails of counts: how surprising a count is, and how to fuse the surprises of several kinds.

A p-value is passed on as its *surprise*: minus its natural logarithm. A surprise does not underflow.
"""

import math

import numpy as np

from detectors.arrays.compiled import compiled
from detectors.arrays.dtypes import F64, I64, Int

LEAST_EXPECTED = 1e-6
"""Smallest expectation that is used. A smaller one would come from the model alone, not from the data. Chosen by
judgement; not measured."""


@compiled
def poisson_surprise(observed: Int, expected: float) -> float:
    """-ln P(X >= observed) for a Poisson variable; 0 if `observed` is at most `expected`.

    The sum starts at the tail's first term, so it stays exact where the tail of scipy underflows.
    """
    if observed <= 0 or observed <= expected:
        return 0.0
    first = -expected + observed * math.log(expected) - math.lgamma(observed + 1.0)
    total = 1.0
    term = 1.0
    count = observed + 1
    while term > 1e-12 * total:
        term *= expected / count
        total += term
        count += 1
    return max(0.0, -(first + math.log(total)))


@compiled
def binomial_surprise(observed: Int, count: Int, chance: float) -> float:
    """-ln P(X >= observed) for a binomial variable of `count` trials; 0 if `observed` is at most what is expected."""
    if chance >= 1.0 or observed <= count * chance:
        return 0.0
    chance = max(chance, LEAST_EXPECTED)
    odds = chance / (1.0 - chance)
    first = math.lgamma(count + 1.0) - math.lgamma(observed + 1.0) - math.lgamma(count - observed + 1.0)
    first += observed * math.log(chance) + (count - observed) * math.log1p(-chance)
    total = 1.0
    term = 1.0
    for above in range(observed, count):
        term *= (count - above) / (above + 1.0) * odds
        total += term
        if term <= 1e-12 * total:
            break
    return max(0.0, -(first + math.log(total)))


@compiled
def binomial_surprises(observed: I64, counts: I64, chances: F64) -> F64:
    """As `binomial_surprise`, of arrays of one length; float64."""
    surprises = np.empty(len(observed))
    for row in range(len(observed)):
        surprises[row] = binomial_surprise(observed[row], counts[row], chances[row])
    return surprises


@compiled
def fused_surprise(by_kind: F64, kinds: Int) -> float:
    """Fuse the surprises of several kinds into one.

    Args:
        by_kind: float64, one value per kind, already corrected for windows and strata; 0 for a kind without evidence.
        kinds: count of kinds that occur in the data. It fixes the degrees of freedom.
    """
    total = 0.0
    best = 0.0
    for kind in range(len(by_kind)):
        total += by_kind[kind]
        best = max(best, by_kind[kind])
    if best == 0.0:
        return 0.0
    # Fisher: chi-squared of 2 x total with 2 x kinds degrees of freedom has a tail in closed form
    largest = 0.0  # ln of the largest term
    term = 0.0
    for order in range(1, kinds):
        term += math.log(total) - math.log(order)
        largest = max(largest, term)
    series = math.exp(-largest)
    term = 0.0
    for order in range(1, kinds):
        term += math.log(total) - math.log(order)
        series += math.exp(term - largest)
    fisher = total - largest - math.log(series)
    return max(0.0, max(fisher, best - math.log(kinds)) - math.log(2.0))
