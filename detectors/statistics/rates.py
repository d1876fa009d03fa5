"""Is a count beyond chance when accounts have different rates of their own?

A count is Poisson for an account's own rate. Rates follow a gamma distribution over accounts, so a count is negative
binomial: ten events where one is expected are rare for an ordinary account, but they do happen. The mean and spread
of the rates come from all accounts except those under test, by the method of moments. The idea of such an empirical
prior is from Robbins (1956).
"""

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import scipy  # its parts load when first used

from detectors.arrays.dtypes import I64

_NARROWEST, _WIDEST = 0.05, 50.0
"""Bounds of the gamma distribution's shape. At 50 all accounts have nearly the same rate; at 0.05 one account in a
hundred has nearly all events. The bounds keep an estimate by moments finite. Chosen for that; not measured."""
_THIN = 20.0
"""Count of events at which the estimated shape and `_FEW_KNOWN` weigh the same. A few events say little about the
spread. Chosen by judgement; not measured."""
_FEW_KNOWN = 0.5
"""Shape assumed where there are few events: accounts differ a lot, so several events of one account can still be
chance. Chosen to be cautious; not measured."""


@dataclass(frozen=True, slots=True)
class Rate:
    """Events per trial of ordinary accounts."""

    mean: float
    shape: float
    """Shape of the gamma distribution of the accounts' own rates. If it is small, the rates differ a lot."""
    events: int
    accounts: int
    """Count of accounts behind the estimate."""


class RateSums(NamedTuple):
    """Sums over accounts that give a rate. Accounts can be taken out of the sums again."""

    events: float
    trials: float
    events_squared: float
    products: float
    trials_squared: float
    accounts: int

    def less(self, other: "RateSums") -> "RateSums":
        """These sums without the accounts of `other`."""
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
        # half an event more: an event that nobody has had yet is rare, not impossible
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
        events: int64, count of events of each account; usually at most `trials`.
        trials: int64, count of opportunities of each account: posts, links or followers. Accounts with 0 are left out.
    """
    has_trials = trials > 0
    own_events, own_trials = events[has_trials].astype(np.float64), trials[has_trials].astype(np.float64)
    # not `own_events @ own_events`: the linear algebra library would start threads and wait for them on busy cores
    squares, products, trials_squared = (
        float(column.sum())
        for column in (own_events * own_events, own_events * own_trials, own_trials * own_trials)
    )
    return RateSums(
        float(own_events.sum()), float(own_trials.sum()), squares, products, trials_squared, len(own_events)
    )


def tail(observed: float, expected: float, shape: float) -> float:
    """Chance of `observed` events or more, if `expected` are expected and the rates have this gamma shape."""
    if observed <= 0:
        return 1.0
    return float(scipy.special.betainc(observed, shape, expected / (expected + shape)))


def pooled_tail(observed: int, trials: I64, rate: Rate) -> tuple[float, float]:
    """Expected count of several accounts together, and the chance of `observed` events or more.

    The accounts' own rates are independent, so their sum spreads less than the rate of a single account.

    Args:
        observed: count of events of all accounts together.
        trials: int64, count of opportunities of each account.
        rate: rate of ordinary accounts.
    """
    due = rate.mean * trials.astype(np.float64)
    total = float(due.sum())
    if total <= 0:
        return 0.0, 1.0
    shape = rate.shape * total**2 / float((due**2).sum())
    return total, tail(observed, total, shape)
