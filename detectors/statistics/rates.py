"""Is a count beyond chance when accounts differ in how often they do such things anyway?

Counts are Poisson given an account's own rate, and rates follow a gamma distribution over accounts, so a count is
negative binomial: an ordinary account with ten followed links where one was due is a curiosity, not a miracle.
Mean and spread of the rates are estimated from all accounts but those under test (moments; Robbins 1956 is the
idea of such an empirical prior).
"""

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy import special

from detectors.arrays.dtypes import I64

_NARROWEST, _WIDEST = 0.05, 50.0
"""Bounds of the gamma's shape. At 50 all accounts have nearly the same rate; at 0.05 one account in a
hundred has nearly all events. They keep an estimate by moments finite. Chosen for that; not measured."""
_THIN = 20.0
"""Events at which the estimated shape and `_FEW_KNOWN` weigh the same. With few events the spread can hardly be
estimated. Chosen by judgement; not measured."""
_FEW_KNOWN = 0.5
"""Shape that is assumed where there are few events: accounts differ much, so several events of one account are not yet
beyond chance. Chosen to be cautious; not measured."""


@dataclass(frozen=True, slots=True)
class Rate:
    """Events per trial of ordinary accounts."""

    mean: float
    shape: float
    """Shape of the gamma distribution of the accounts' own rates; small: they differ much."""
    events: int
    accounts: int
    """Accounts that it was estimated from."""


class RateSums(NamedTuple):
    """What a rate is estimated from: sums over accounts, so that some can be taken out again."""

    events: float
    trials: float
    events_squared: float
    products: float
    trials_squared: float
    accounts: int

    def less(self, other: "RateSums") -> "RateSums":
        """Take accounts out."""
        return RateSums(
            self.events - other.events,
            self.trials - other.trials,
            self.events_squared - other.events_squared,
            self.products - other.products,
            self.trials_squared - other.trials_squared,
            self.accounts - other.accounts,
        )

    def rate(self) -> Rate:
        """Mean and spread of the rates of these accounts."""
        # half an event more: what has not been seen yet is rare, not impossible
        mean = (self.events + 0.5) / (self.trials + 1.0)
        squares = mean**2 * self.trials_squared
        excess = self.events_squared - 2 * mean * self.products + squares - mean * self.trials
        shape = squares / excess if excess > 0 else _WIDEST
        weight = self.events / (self.events + _THIN)
        bounded = math.log(min(max(shape, _NARROWEST), _WIDEST))
        drawn = math.exp(weight * bounded + (1 - weight) * math.log(_FEW_KNOWN))
        return Rate(mean, drawn, int(self.events), self.accounts)


def rate_sums(events: I64, trials: I64) -> RateSums:
    """The sums over accounts.

    Args:
        events: int64, count of each account; at most `trials` as a rule.
        trials: int64, its opportunities: posts, links or followers. Accounts without any are left out.
    """
    has_trials = trials > 0
    own_events, own_trials = events[has_trials].astype(np.float64), trials[has_trials].astype(np.float64)
    # not `k @ k`: the linear algebra library would wake threads for it, and wait for them where cores are busy
    squares, products, trials_squared = (
        float(column.sum())
        for column in (own_events * own_events, own_events * own_trials, own_trials * own_trials)
    )
    return RateSums(
        float(own_events.sum()), float(own_trials.sum()), squares, products, trials_squared, len(own_events)
    )


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
