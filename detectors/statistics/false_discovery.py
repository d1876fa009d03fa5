"""The false-discovery gate: Benjamini-Hochberg over all pairs of accounts, kept up to date in constant time.

Benjamini and Hochberg (1995) at level q against m hypotheses: find the largest k for which the k-th smallest
p-value is at most q k / m. This module counts the p-values in narrow bins of surprise, so a new pair changes one
count. The gate is the lower edge of a bin. It is never less strict than the exact procedure, and at most one bin
width stricter.
"""

import math
from typing import ClassVar

import numpy as np

from detectors.arrays.dtypes import F64, I64, Bools

_WIDTH = 0.02
"""Width of a bin, in surprise: the gate is at most 2% stricter, as a ratio of p-values, than the exact procedure."""
_BINS = 8192
"""The last bin holds surprises of 163.8 and more. Gates are lower: at most ln(pairs / level), which is
46 for 10^18 pairs at a level of 0.01."""


class FalseDiscoveryGate:
    """Histogram of the surprises of candidate pairs; it gives the gate.

    Args:
        level: the false-discovery rate, 0-1.
    """

    not_state: ClassVar[frozenset[str]] = frozenset({"_level"})

    def __init__(self, level: float) -> None:
        self._level = level
        self._bins = np.zeros(_BINS, np.int64)

    def move(self, old: F64, new: F64) -> None:
        """Remove the surprises in `old` and add those in `new`. Values of 0 or less do not count."""
        np.subtract.at(self._bins, _bin(old[old > 0]), 1)
        np.add.at(self._bins, _bin(new[new > 0]), 1)

    def clear(self) -> None:
        """Forget all pairs."""
        self._bins[:] = 0

    def threshold(self, hypotheses: float) -> float:
        """The smallest surprise that passes; infinite if none passes."""
        if hypotheses <= 0:
            return math.inf
        passing = np.cumsum(self._bins[::-1])[::-1]
        edges = np.arange(_BINS) * _WIDTH
        with np.errstate(divide="ignore"):
            needed = np.log(hypotheses / self._level) - np.log(passing)
        passing_bins = np.flatnonzero((passing > 0) & (edges >= needed))
        return float(edges[passing_bins[0]]) if len(passing_bins) else math.inf


def benjamini_hochberg(surprise: F64, level: float, hypotheses: float) -> Bools:
    """Which hypotheses pass, if all hypotheses that `surprise` leaves out have a surprise of 0.

    Args:
        surprise: float64, minus the natural logarithm of each p-value.
        level: the false-discovery rate.
        hypotheses: count of all tested hypotheses, at least `len(surprise)`.

    Returns:
        bool, shape of `surprise`.
    """
    passed = np.zeros(len(surprise), np.bool_)
    if not len(surprise):
        return passed
    order = np.argsort(-surprise, kind="stable")
    ranks = np.arange(1, len(surprise) + 1)
    passing_ranks = np.flatnonzero(surprise[order] >= np.log(hypotheses / level) - np.log(ranks))
    if len(passing_ranks):
        passed[order[: passing_ranks[-1] + 1]] = True
    return passed


def _bin(surprise: F64) -> I64:
    return np.minimum(surprise / _WIDTH, _BINS - 1).astype(np.int64)
