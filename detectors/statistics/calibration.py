"""From scores to probabilities, learnt from verdicts.

Below a thousand verdicts the curve is logistic (Platt 1999), which has two parameters; from a thousand on it is
isotonic, because below that isotonic regression overfits (Niculescu-Mizil and Caruana, ICML 2005). The logistic curve
is fitted with Firth's penalty (Biometrika 1993): it stays finite where verdicts part completely, and is less biased
where they are few.
"""

import math
from typing import NamedTuple

import numpy as np
import scipy  # its parts load when first used

from detectors.arrays.dtypes import F64, I64, Bools

_Z = 1.959963984540054
"""Standard normal quantile of a two-sided 95% interval."""
_STEPS = 100
_CLOSE = 1e-10
_LONGEST_STEP = 5.0
"""Most change of a parameter in one step of Newton's method. Chosen, not measured: it keeps early steps in bounds."""


class Interval(NamedTuple):
    """A 95% interval of a probability."""

    low: float
    high: float


def share_interval(right: int, count: int) -> Interval:
    """Interval of a share by Clopper and Pearson (Biometrika 1934): never too narrow, also for few.

    Args:
        right: successes.
        count: trials; for 0 the interval is all of [0, 1].
    """
    if not count:
        return Interval(0.0, 1.0)
    quantile = scipy.special.betaincinv
    low = 0.0 if right == 0 else float(quantile(right, count - right + 1, 0.025))
    high = 1.0 if right == count else float(quantile(right + 1, count - right, 0.975))
    return Interval(low, high)


class LogisticCurve(NamedTuple):
    """Probability as a logistic function of the score."""

    intercept: float
    slope: float
    covariance: F64
    """Of intercept and slope; shape (2, 2)."""

    def at(self, scores: F64) -> F64:
        """Probabilities at scores."""
        return _expit(self.intercept + self.slope * scores)

    def intervals(self, scores: F64) -> tuple[F64, F64]:
        """Lower and upper ends at scores, from the normal approximation on the scale of log odds."""
        design = _design(scores)
        middle = self.intercept + self.slope * scores
        spread = _Z * np.sqrt(np.einsum("ij,jk,ik->i", design, self.covariance, design))
        return _expit(middle - spread), _expit(middle + spread)


def logistic_curve(scores: F64, confirmed: Bools) -> LogisticCurve:
    """Fit a logistic curve with Firth's penalty, by Newton's method with halved steps.

    Args:
        scores: of each verdict, 0-1; at least two different ones.
        confirmed: what each verdict was.
    """
    design, wanted = _design(scores), confirmed.astype(np.float64)
    beta = np.zeros(2)
    best = _penalised(design, wanted, beta)
    for _ in range(_STEPS):
        p = _expit(design @ beta)
        weight = p * (1.0 - p)
        inverse = np.linalg.inv(design.T @ (design * weight[:, None]))
        leverage = weight * np.einsum("ij,jk,ik->i", design, inverse, design)
        step = inverse @ (design.T @ (wanted - p + leverage * (0.5 - p)))
        step *= min(1.0, _LONGEST_STEP / max(float(np.abs(step).max()), 1e-12))
        while (found := _penalised(design, wanted, beta + step)) < best - _CLOSE:
            step = step / 2.0
        beta, gained, best = beta + step, found - best, found
        if float(np.abs(step).max()) < 1e-8 or abs(gained) < _CLOSE:
            break
    p = _expit(design @ beta)
    information = design.T @ (design * (p * (1.0 - p))[:, None])
    return LogisticCurve(float(beta[0]), float(beta[1]), np.linalg.inv(information).astype(np.float64))


class IsotonicCurve(NamedTuple):
    """Probability as a rising step function of the score."""

    starts: F64
    """Score at which each step begins, ascending."""
    right: I64
    """Confirmed verdicts of each step."""
    counts: I64
    """Verdicts of each step."""

    def at(self, scores: F64) -> F64:
        """Probabilities at scores; below the first step that of the first."""
        return (self.right / self.counts)[self._steps(scores)]

    def intervals(self, scores: F64) -> tuple[F64, F64]:
        """Lower and upper ends at scores: those of the share of the verdicts of its step."""
        ends = [share_interval(int(r), int(n)) for r, n in zip(self.right, self.counts, strict=True)]
        found = [ends[step] for step in self._steps(scores).tolist()]
        return np.array([one.low for one in found]), np.array([one.high for one in found])

    def _steps(self, scores: F64) -> I64:
        return np.maximum(np.searchsorted(self.starts, scores, side="right") - 1, 0)


def isotonic_curve(scores: F64, confirmed: Bools) -> IsotonicCurve:
    """Fit the rising step function by pooling neighbours that fall (Ayer et al. 1955).

    Args:
        scores: of each verdict, 0-1; at least one.
        confirmed: what each verdict was.
    """
    starts, place = np.unique(scores, return_inverse=True)
    counts = np.bincount(place)
    right = np.bincount(place, weights=confirmed).astype(np.int64)
    steps: list[list[float]] = []
    for start, yes, count in zip(starts.tolist(), right.tolist(), counts.tolist(), strict=True):
        steps.append([start, yes, count])
        while len(steps) > 1 and steps[-2][1] * steps[-1][2] >= steps[-1][1] * steps[-2][2]:
            _, more_yes, more = steps.pop()
            steps[-1][1] += more_yes
            steps[-1][2] += more
    table = np.array(steps)
    return IsotonicCurve(table[:, 0], table[:, 1].astype(np.int64), table[:, 2].astype(np.int64))


def _design(scores: F64) -> F64:
    return np.column_stack([np.ones(len(scores)), scores])


def _penalised(design: F64, wanted: F64, beta: F64) -> float:
    """Log likelihood with Firth's penalty: half the logarithm of the determinant of the information."""
    odds = design @ beta
    likelihood = float(np.sum(wanted * odds - np.logaddexp(0.0, odds)))
    p = _expit(odds)
    information = design.T @ (design * (p * (1.0 - p))[:, None])
    sign, logarithm = np.linalg.slogdet(information)
    return likelihood + 0.5 * float(logarithm) if sign > 0 else -math.inf


def _expit(odds: F64) -> F64:
    return scipy.special.expit(odds)
