"""The company of a share: which other accounts shared the same object within a day, and who within a minute.

How soon the nearest other share follows or precedes depends on how many accounts share the object, and on little else:
of two organic sets of different languages, years and topics, one gives within a minute .105, .132, .159 for one, two
and three others, the other .095, .148, .173. `EXPECTED` holds that profile. Where operations fill the data, their own
profile would hide them; so it is a constant, and is not learnt.
"""

from typing import NamedTuple

import numpy as np

from detectors.arrays.compiled import compiled
from detectors.arrays.dtypes import F64, I32, I64, U64, Bools
from detectors.pools.waiting_shares import SPAN_S, Due, first_of_day

PROMPT_S = 60
"""Seconds within which another account's share makes a meeting. Many sources have times in whole minutes, so in them it
covers up to two minutes, as it did where the profile was measured."""
OCCASION_S = 3_600
"""Seconds of an occasion. All that an account does within one counts once, as one sitting (docs/decisions/0006)."""
MOST_COMPANY = 100
"""Other accounts above which company says nothing: among so many, somebody is always near."""
PARTNERS = 8
"""Nearest accounts that are remembered of a meeting. It bounds a record; most bursts of pools are smaller."""
_COMPANY_FROM = np.array([1, 2, 3, 4, 6, 11, 21, 51])
"""Least company of each bin of the profile."""
_PROFILE = np.array([0.105, 0.148, 0.173, 0.221, 0.280, 0.348, 0.438, 0.552])
"""Share of posts whose nearest other share is within a minute, by company: the greater of the elections of Uttar
Pradesh (2017, 28,000 posts) and the Higgs announcement (2012, 152,000), times cut to the minute. Measured while
building (docs/decisions/0019-pools.md)."""
_ACCOUNTS_DIFFER = 1.5
"""Factor on the profile, since some accounts are prompter than others. With it, of 1,039 accounts of the Higgs set with
five occasions 4 have p < .05 and none p < .001; with 1, eight accounts of the other set are found instead of three."""
EXPECTED = np.minimum(_ACCOUNTS_DIFFER * _PROFILE, 0.95)


class Judged(NamedTuple):
    """What a run of posts shows of company."""

    account: I32
    day: I32
    """UTC days since 1970, one entry for each post."""
    trials: "Trials"
    meetings: "MetPosts"


class Trials(NamedTuple):
    """For each account and occasion with company: the post of the smallest company, the earliest of several."""

    account: I32
    day: I32
    expected: F64
    """The chance that an organic post with this company has another within a minute."""


class MetPosts(NamedTuple):
    """Posts with another account's share of their object within a minute."""

    account: I32
    time: I64
    object: U64
    """The object of the post with the smallest company."""
    is_trial: Bools
    """Whether the post is the trial of its occasion."""
    partners: I32
    """The nearest accounts, (meetings, `PARTNERS`), -1 for none."""


def judge(due: Due) -> tuple[Judged, Bools]:
    """Judge posts by their company.

    Args:
        due: the posts, with all rows within `SPAN_S` around them.

    Returns:
        What they show, and which rows are fresh (for `WaitingShares.settle`).
    """
    rows, begin, end = due
    time, account, objects = rows["time"], rows["account"], rows["object"]
    fresh = first_of_day(objects, account, time, rows["fresh"], begin)
    entries = np.flatnonzero(fresh)
    entries = entries[np.argsort(objects[entries], kind="stable")]
    inner = (entries >= begin) & (entries < end)
    company, partners = _company(objects[entries], time[entries], account[entries], inner)
    entries = entries[inner]
    near = (company > 0) & (company <= MOST_COMPANY)
    entries, company, partners = entries[near], company[near], partners[near]
    post = np.cumsum(rows["begins"])[entries]
    order = np.lexsort((entries, company, post))
    order = order[np.append(True, np.diff(post[order]) != 0)[: len(order)]]
    entries, company, partners = entries[order], company[order], partners[order]
    met = partners[:, 0] >= 0
    is_trial = _trials(account[entries], time[entries], company)
    posts = begin + np.flatnonzero(rows["begins"][begin:end])
    chosen = entries[is_trial]
    judged = Judged(
        account[posts],
        _day(time[posts]),
        Trials(
            account[chosen],
            _day(time[chosen]),
            EXPECTED[np.searchsorted(_COMPANY_FROM, company[is_trial], side="right") - 1],
        ),
        MetPosts(
            account[entries[met]],
            time[entries[met]],
            objects[entries[met]],
            is_trial[met],
            partners[met],
        ),
    )
    return judged, fresh


def _day(time: I64) -> I32:
    return (time // 86_400).astype(np.int32)


def _trials(account: I32, time: I64, company: I64) -> Bools:
    """Which posts are the trial of their account's occasion; bool. The posts are in order of time."""
    occasion = time // OCCASION_S
    order = np.lexsort((np.arange(len(time)), company, occasion, account))
    firsts = np.append(True, (np.diff(account[order]) != 0) | (np.diff(occasion[order]) != 0))
    trial = np.zeros(len(time), np.bool_)
    trial[order[firsts[: len(order)]]] = True
    return trial


@compiled
def _company(objects: U64, time: I64, account: I32, wanted: Bools) -> tuple[I64, I32]:
    """Company within `SPAN_S`, and the nearest accounts within `PROMPT_S`, of the entries that are wanted.

    Entries are in order of object, then of time. An account has no two within `SPAN_S` on one object, so that
    entries around one of them are those of other accounts.

    Returns:
        For each entry that is wanted: int64; int32 of shape (entries wanted, `PARTNERS`), the nearest first, -1 for
        none.
    """
    count = np.count_nonzero(wanted)
    company = np.zeros(count, np.int64)
    partners = np.full((count, PARTNERS), -1, np.int32)
    low = high = 0
    row = -1
    for entry in range(len(time)):
        if low < entry and objects[low] != objects[entry]:
            low = entry
        while time[low] < time[entry] - SPAN_S or objects[low] != objects[entry]:
            low += 1
        high = max(high, entry)
        while high < len(time) and objects[high] == objects[entry] and time[high] <= time[entry] + SPAN_S:
            high += 1
        if not wanted[entry]:
            continue
        row += 1
        company[row] = high - low - 1
        before, after = entry - 1, entry + 1
        for place in range(PARTNERS):
            gap_before = time[entry] - time[before] if before >= low else SPAN_S
            gap_after = time[after] - time[entry] if after < high else SPAN_S
            if min(gap_before, gap_after) > PROMPT_S:
                break
            if gap_before <= gap_after:
                partners[row, place] = account[before]
                before -= 1
            else:
                partners[row, place] = account[after]
                after += 1
    return company, partners
