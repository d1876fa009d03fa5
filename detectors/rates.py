"""Is a count beyond chance when accounts differ in how often they do such things anyway?

Counts are Poisson given an account's own rate, and rates follow a gamma distribution over accounts, so a count is
negative binomial: an ordinary account with ten followed links where one was due is a curiosity, not a miracle.
Mean and spread of the rates are estimated from all accounts but those under test (moments; Robbins 1956 is the
idea of such an empirical prior).
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import special

from detectors.hashing import I64

F64 = npt.NDArray[np.float64]

_NARROWEST, _WIDEST = 0.05, 50.0
"""Bounds of the gamma's shape: rates are never taken to be nearly equal, nor wilder than one in a hundred
accounts having all of it."""
_THIN = 20.0
"""Events below which the spread can hardly be estimated, and is drawn towards `_FEW_KNOWN`."""
_FEW_KNOWN = 0.5


@dataclass(frozen=True, slots=True)
class Rate:
    """Events per trial of ordinary accounts."""

    mean: float
    shape: float
    """Shape of the gamma distribution of the accounts' own rates; small: they differ much."""
    events: int
    accounts: int
    """Accounts that it was estimated from."""


def estimate_rate(events: I64, trials: I64) -> Rate:
    """Estimate mean and spread of the rates of accounts.

    Args:
        events: int64, count of each account; at most `trials` as a rule.
        trials: int64, its opportunities: posts, links or followers. Accounts without any are left out.
    """
    there = trials > 0
    k, n = events[there].astype(np.float64), trials[there].astype(np.float64)
    seen, chances = float(k.sum()), float(n.sum())
    # half an event more: what has not been seen yet is rare, not impossible
    mean = (seen + 0.5) / (chances + 1.0)
    due = mean * n
    excess = float(((k - due) ** 2 - due).sum())
    squares = float((due**2).sum())
    shape = squares / excess if excess > 0 else _WIDEST
    weight = seen / (seen + _THIN)
    shape = float(
        np.exp(weight * np.log(np.clip(shape, _NARROWEST, _WIDEST)) + (1 - weight) * np.log(_FEW_KNOWN))
    )
    return Rate(mean, shape, int(seen), int(there.sum()))


def tail(observed: float, expected: float, shape: float) -> float:
    """Chance of `observed` or more, where `expected` are due and rates have this gamma shape."""
    if observed <= 0:
        return 1.0
    return float(special.betainc(observed, shape, expected / (expected + shape)))


def pooled_tail(observed: int, trials: I64, rate: Rate) -> tuple[float, float]:
    """Expected count and chance of `observed` or more among several accounts together.

    The accounts' own rates are independent draws, so their sum spreads less than one account's.

    Args:
        observed: events of all accounts.
        trials: int64, opportunities of each.
        rate: of ordinary accounts.
    """
    due = rate.mean * trials.astype(np.float64)
    total = float(due.sum())
    if total <= 0:
        return 0.0, 1.0
    shape = rate.shape * total**2 / float((due**2).sum())
    return total, tail(observed, total, shape)
