"""Pairs of accounts that share the same things closer in time than strangers do.

For each of the windows, the co-shares of a pair with a gap inside it are compared with a binomial
distribution of their mean chance. It has a longer tail than the true distribution of unequal chances
(Hoeffding 1956, theorem 4). The best window counts, times their number. That both accounts shared the objects
says nothing about gaps, so the pairs that are tested are all the hypotheses there are.

*Accomplices* of an account share with it more than activity explains. They are no strangers to its pairs:
otherwise a group of twenty that acts as one would hide each of its pairs.
"""

import math
from typing import NamedTuple

import numpy as np

from detectors.arrays.compiled import compiled
from detectors.arrays.dtypes import F64, I32, I64, Bools, Int, StructArray
from detectors.arrays.pair_keys import first_of, numbers_of, second_of
from detectors.evidence.pair_table import PairTable
from detectors.evidence.pairs import PairStore
from detectors.shards import virtual_shard
from detectors.statistics.active_days import ActiveDays, same_days
from detectors.statistics.tails import LEAST_EXPECTED, binomial_surprise, poisson_surprise
from detectors.timing.co_share_timing import (
    NO_LEVEL,
    TimingInputs,
    TimingTally,
    clear_timing_tally,
    count_strangers,
    find_co_share,
    level_of,
    new_timing_tally,
    tally_co_share,
)
from detectors.timing.organic_gaps import LEVELS_S, WINDOWS_S, GapCounts, crowd_class

LEAST_OBJECTS = 3
"""Objects that a pair must share to be tested: two gaps are hardly ever unlikely enough."""
_MOST_CO_SHARES = 256
"""Latest co-shares of a pair that are tested, at most. A bound on the cost of one pair; more add nothing to
its chance."""
_ACCOMPLICES = 1e-4
"""p of a Poisson tail below which two accounts are accomplices. With accomplices counted as strangers, 181
accounts found in `up_2017_02` fell to 21; with all partners of three objects left out instead, noise gave 127
false accounts."""
_MARGIN_OF_DAYS = 2.0
"""How many times what activity day by day explains a pair must share to pass: hours within a day are not known. In the
copy of `ira_2015_07`, accounts that make most posts of two days share up to 1.6 times as much as this explains."""
_MOST_LEARNT = 20_000
"""Rows of evidence that organic gaps are learnt from, at most: enough for a share of .01 to be known to .001."""


class Accomplices(NamedTuple):
    """Accomplices of each account, one list after another."""

    begin: I64  # (accounts + 1,)
    account: I32


class PairTimings(NamedTuple):
    """Pairs whose timing was tested, parallel arrays ordered by pair number."""

    pairs: I32
    surprise: F64
    co_shares: I32
    days: I32  # distinct days of these co-shares


def accomplices(
    pairs: PairStore, activity: F64, days: ActiveDays, accounts: int
) -> tuple[Accomplices, I32, Bools]:
    """The accomplices of each account, the numbers of the pairs that they are, ascending, and which of these can pass.

    Who may be an accomplice is no stranger, so all activity together is asked. Of the pairs of accomplices, those can
    pass that share twice as much as their activity day by day explains, and more than that by chance.

    Args:
        pairs: the evidence.
        activity: float64, at least (accounts,): objects that each account shared.
        days: the days on which they shared.
        accounts: count of accounts.
    """
    objects = pairs.table.objects[: pairs.size].astype(np.float64)
    a, b = numbers_of(pairs.keys)
    total = np.bincount(a, objects, accounts) + np.bincount(b, objects, accounts)
    several = np.flatnonzero(objects >= LEAST_OBJECTS)
    a, b, objects = a[several], b[several], objects[several]
    active = activity[:accounts]
    expected = np.maximum(total[a] * active[b], total[b] * active[a]) / max(float(active.sum()), 1.0)
    close = _beyond(objects.astype(np.int64), expected)
    one, other = np.concatenate([a[close], b[close]]), np.concatenate([b[close], a[close]])
    order = np.argsort(one, kind="stable")
    begin = np.searchsorted(one[order], np.arange(accounts + 1))
    further = _MARGIN_OF_DAYS * (_day_factors(a[close], b[close], days) - 1.0)
    on_their_days = expected[close] * (1.0 + further)
    can_pass = _beyond(objects[close].astype(np.int64), on_their_days)
    lists = Accomplices(begin.astype(np.int64), other[order].astype(np.int32))
    return lists, several[close].astype(np.int32), can_pass


def learnt_profile(pairs: PairStore, timing: TimingInputs, accounts: int) -> F64:
    """Organic gaps as the data show them; float64, shape of `detectors.timing.organic_gaps.ORGANIC`."""
    counts = GapCounts()
    rows = pairs.rows
    step = max(1, len(rows) // _MOST_LEARNT)
    _count_gaps(rows, step, pairs.table, timing, accounts, counts.within, counts.all)
    return counts.profile()


def timed_pairs(
    pairs: PairStore, timing: TimingInputs, activity: F64, days: ActiveDays, accounts: int
) -> PairTimings:
    """Test all pairs of accomplices: those that shared `LEAST_OBJECTS` or more, and more than activity explains.

    Where everybody acts in bursts, the gaps of very active accounts are small by chance, and there may be no
    strangers to show it: `ira_2015_07` with accounts exchanged among all posts of a day gave a network of 28
    without this condition. What it asks of the count of co-shares says nothing about their gaps.

    Args:
        pairs: the evidence.
        timing: the log, the rules and the organic gaps.
        activity: as for `accomplices`.
        days: as for `accomplices`.
        accounts: count of accounts.
    """
    close, chosen, can_pass = accomplices(pairs, activity, days, accounts)
    surprise, co_shares, on_days = _test(chosen, pairs.rows, pairs.table, timing, close, accounts)
    surprise[~can_pass] = 0.0  # they stay hypotheses: fewer would make it easier for the others
    tested = co_shares >= LEAST_OBJECTS
    return PairTimings(chosen[tested], surprise[tested], co_shares[tested], on_days[tested])


@compiled
def _beyond(counts: I64, expected: F64) -> Bools:
    """Which counts are beyond what is expected, so that they make accomplices."""
    beyond = np.zeros(len(counts), np.bool_)
    least = -math.log(_ACCOMPLICES)
    for row in range(len(counts)):
        beyond[row] = poisson_surprise(counts[row], max(expected[row], LEAST_EXPECTED)) > least
    return beyond


@compiled
def _day_factors(a: I32, b: I32, days: ActiveDays) -> F64:
    """How many times likelier each pair meets because of the days on which both share; float64."""
    factors = np.empty(len(a))
    for row in range(len(a)):
        factors[row] = same_days(days, a[row], b[row])
    return factors


@compiled
def best_window(tally: TimingTally) -> float:
    """Surprise of the window that strangers explain least, corrected for the number of windows."""
    best = 0.0
    for window in range(len(tally.tested)):
        if tally.tested[window] > 0:
            chance = tally.expected[window] / tally.tested[window]
            best = max(best, binomial_surprise(tally.within[window], tally.tested[window], chance))
    return max(0.0, best - math.log(len(tally.tested)))


@compiled
def _count_gaps(
    rows: StructArray,
    step: Int,
    pairs: PairTable,
    timing: TimingInputs,
    accounts: Int,
    within: I64,
    all_gaps: I64,
) -> None:
    """Count the gaps of pairs that met once, in every `step`th row of evidence."""
    nobody = np.zeros(accounts, np.int64)
    near = np.zeros(len(WINDOWS_S), np.int64)
    for number in range(0, len(rows), step):
        row = rows[number]
        if row.before >= 0 or pairs.head[row.pair] != number or row.independent == 0:
            continue
        log = timing.logs[virtual_shard(row.object)]
        later, earlier = find_co_share(log, row.later_post, row.earlier_post, row.kind)
        if later < 0:
            continue
        gap = log[later].time - log[earlier].time
        level = level_of(log, later, timing.rules)
        if level == NO_LEVEL or gap > LEVELS_S[level]:
            continue
        _, others = count_strangers(log, later, earlier, LEVELS_S[level], nobody, 1, near)
        size = crowd_class(others)
        all_gaps[level, size] += 1
        for window in range(len(WINDOWS_S)):
            within[level, size, window] += gap <= WINDOWS_S[window]


@compiled
def _test(
    chosen: I32, rows: StructArray, pairs: PairTable, timing: TimingInputs, close: Accomplices, accounts: Int
) -> tuple[F64, I32, I32]:
    """Surprise of each chosen pair, its co-shares that could be tested, and the distinct days of these."""
    surprises = np.zeros(len(chosen))
    co_shares = np.zeros(len(chosen), np.int32)
    days = np.zeros(len(chosen), np.int32)
    stamps = np.full(accounts, -1, np.int64)
    near = np.zeros(len(WINDOWS_S), np.int64)
    tally = new_timing_tally()
    posts = np.empty((_MOST_CO_SHARES, 2), np.int64)
    for number in range(len(chosen)):
        pair = chosen[number]
        for account in (first_of(pairs.key[pair]), second_of(pairs.key[pair])):
            stamps[account] = number
            for place in range(close.begin[account], close.begin[account + 1]):
                stamps[close.account[place]] = number
        clear_timing_tally(tally)
        tested = 0
        last_day = np.int64(-1)
        row = pairs.head[pair]
        while row >= 0 and tested < _MOST_CO_SHARES:
            entry = rows[row]
            row = entry.before
            if entry.independent == 0 or _seen(posts, tested, entry.later_post, entry.earlier_post):
                continue
            later = tally_co_share(timing, entry, stamps, number, 1.0, tally, near)
            if later < 0:
                continue
            posts[tested, 0], posts[tested, 1] = entry.later_post, entry.earlier_post
            tested += 1
            # rows come latest first, so days do not return
            day = timing.logs[virtual_shard(entry.object)][later].time // 86_400
            days[number] += day != last_day
            last_day = day
        co_shares[number] = tested
        surprises[number] = best_window(tally)
    return surprises, co_shares, days


@compiled
def _seen(posts: I64, count: Int, later: Int, earlier: Int) -> bool:
    """Whether either post is in a co-share of the pair that was tested: one post is one piece of evidence."""
    for known in range(count):
        if posts[known, 0] == later or posts[known, 1] == earlier:
            return True
    return False
