"""The test of pools: whose prompt company is explained neither by organic sharing nor by how much they post.

Two null hypotheses, and an account must reject both:

1. *Organic sharing.* Of its occasions with company, those with a meeting are as many as the company gives by the
   organic profile (`detectors.pools.company.EXPECTED`).
2. *Activity.* Its posts of a day are meetings as often as those of all accounts outside the pool on that day. So a
   burst that others made tells nothing of who was in it: swapping accounts among the posts of a day leaves nothing.

Both are sums of independent trials of different chances. Their tail is at most that of the binomial distribution of the
same count and mean (Hoeffding 1956). The larger p-value of the two counts. Benjamini-Hochberg over all accounts with
enough posts decides. Then meetings count only with accounts that passed, and the activity of those that passed leaves
the second null: it would hide them, and the more so the larger a part of the stream they are. This repeats until the
pool stays the same. The first round only proposes accounts: of the second null it asks no more than p < .01.
"""

from typing import NamedTuple

import numpy as np

from detectors.arrays.dtypes import F64, I64, Bools, Integers, StructArray
from detectors.pools.pool_records import MILLIONTHS
from detectors.statistics.false_discovery import benjamini_hochberg
from detectors.statistics.tails import binomial_surprises

MIN_MEETINGS = 5
"""Least occasions with a meeting of a pool's account. With 3 or 8, between 413 and 425 accounts of one operation were
found where 420 were with 5."""
_ROUNDS = 20
"""Most repetitions. On the sets tried, the pool stayed the same after three to six."""
_FIRST_SURPRISE = float(-np.log(0.01))
"""Least surprise by activity in the first round, in which the pool's own posts are still in the rate of everybody. It
is no decision: whoever is in the pool at the end has failed both nulls. With the full test in the first round, of two
random halves of the accounts of one operation one gave 251 accounts and the other none; with this one 251 and 226."""
_PRIOR_POSTS = 10
"""Posts at the rate of everybody that are added to those outside the pool on each day, for days on which there are
hardly any others. Chosen, not measured."""
_LEAST_P = 1e-300


class PoolTest(NamedTuple):
    """Counts and surprise of every account; arrays by account number."""

    passed: Bools
    surprise: F64
    """-ln of the larger of the two p-values."""
    trials: I64
    """Occasions with company."""
    met: I64
    """Those of them with a meeting with an account that passed."""
    expected: F64
    """Those that organic company would give."""
    posts: I64
    posts_met: I64
    """Posts that were a meeting with an account that passed."""
    posts_expected: F64
    """Those that the rate of the other accounts would give."""


def pool_test(days: StructArray, meetings: StructArray, accounts: int, level: float) -> PoolTest:
    """Find the accounts of pools.

    Args:
        days: records of `detectors.pools.pool_records.DAYS`.
        meetings: records of `detectors.pools.pool_records.MEETINGS`.
        accounts: count of accounts.
        level: the false-discovery rate.
    """
    posts = _sum(days["account"], days["posts"], accounts)
    trials = _sum(days["account"], days["trials"], accounts)
    expected = _sum(days["account"], days["expected"], accounts) / MILLIONTHS
    eligible = posts >= MIN_MEETINGS
    passed = np.ones(accounts, np.bool_)
    outside = np.ones(accounts, np.bool_)
    for round_ in range(_ROUNDS):
        with_pool = meetings[_meets(meetings, passed)]
        met = _sum(with_pool["account"], with_pool["is_trial"], accounts)
        posts_met = _sum(with_pool["account"], np.ones(len(with_pool), np.int64), accounts)
        posts_expected = _by_activity(days, with_pool, outside)
        by_company = _surprise(trials, met, expected)
        by_activity = _surprise(posts, posts_met, posts_expected)
        if round_:
            surprise = np.minimum(by_company, by_activity)
        else:
            surprise = np.where(by_activity > _FIRST_SURPRISE, by_company, 0.0)
        surprise[~eligible | (met < MIN_MEETINGS)] = 0.0
        before = passed
        passed = np.zeros(accounts, np.bool_)
        passed[eligible] = benjamini_hochberg(surprise[eligible], level, float(max(eligible.sum(), 1)))
        passed &= surprise > 0
        if not passed.any() or (round_ and (passed == before).all()):
            break
        outside = ~passed
    return PoolTest(passed, surprise, trials, met, expected, posts, posts_met, posts_expected)


def _meets(meetings: StructArray, pool: Bools) -> Bools:
    """Which meetings have a partner in the pool; bool."""
    partners = meetings["partners"]
    # a partner of -1 is none: it takes the last entry
    return np.asarray(np.append(pool, False)[partners].any(axis=1))


def _by_activity(days: StructArray, meetings: StructArray, outside: Bools) -> F64:
    """Posts of each account that would be meetings at the rate of the accounts outside on the same days."""
    if not len(days):
        return np.zeros(len(outside))
    first = int(days["day"].min())
    day, met_day = days["day"] - first, meetings["time"] // 86_400 - first
    length = int(day.max()) + 1
    counted = met_day[(met_day >= 0) & (met_day < length)]
    others = outside[meetings["account"]] & (met_day >= 0) & (met_day < length)
    posts = _sum(day, days["posts"], length)
    rate_of_all = np.bincount(counted, minlength=length) / np.maximum(posts, 1)
    met_outside = np.bincount(met_day[others], minlength=length)
    posts_outside = _sum(day, days["posts"] * outside[days["account"]], length)
    rate = (met_outside + _PRIOR_POSTS * rate_of_all) / (posts_outside + _PRIOR_POSTS)
    return np.bincount(days["account"], days["posts"] * rate[day], len(outside)).astype(np.float64)


def _surprise(trials: I64, hits: I64, expected: F64) -> F64:
    """-ln P(at least `hits` of `trials`), for a mean of `expected`; 0 where there are no more than expected."""
    chance = np.clip(expected / np.maximum(trials, 1), 0.0, 1.0)
    return np.asarray(np.minimum(binomial_surprises(hits, trials, chance), -np.log(_LEAST_P)))


def _sum(of: Integers, values: Integers | Bools, length: int) -> I64:
    """Sums of whole numbers by index; int64."""
    # float64 holds whole numbers up to 2^53 exactly
    return np.bincount(of, values, length).astype(np.int64)
