"""Recurring crowds: objects that nearly the same set of accounts shared, the dual of the pair test.

A large group that acts together only two or three times leaves no pair with enough evidence, yet its crowds
overlap far beyond chance. For two crowds the expected overlap is |C1| |C2| sum of p1(a) p2(a) over accounts, where p is an
account's share of the activity of all accounts that were around at the time of the crowd. Organic crowds of one topic
overlap beyond chance too, but mildly: a crowd counts as recurring only when the two are largely the same set. Gate: Benjamini-Hochberg over all pairs of
crowds.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array, triu

from detectors.chance import Null, poisson_surprise
from detectors.co_shares import NO_STRATUM, Records
from detectors.exposure import F64, counted
from detectors.compiled import compiled
from detectors.config import KINDS, MAX_WINDOWS
from detectors.gate import benjamini_hochberg
from detectors.hashing import I64, U64

I32 = npt.NDArray[np.int32]

MIN_CROWD = 5
MIN_OVERLAP = 4
MIN_JACCARD = 0.5
MAX_CROWDS = 50_000
"""Crowds compared at once, the latest first."""
MAX_CROWDS_OF_ACCOUNT = 256
"""Accounts in more crowds say nothing about any one of them, and cost the most."""


class RecurringCrowd(NamedTuple):
    """Accounts that came together around two objects."""

    accounts: I32
    """Ascending."""
    surprise: float
    """Of an overlap of this size."""


def recurring_crowds(rows: Records, pair_keys: U64, null: Null, level: float) -> list[RecurringCrowd]:
    """Find the accounts behind recurring crowds.

    Args:
        rows: evidence, records of `detectors.pairs.ROWS`.
        pair_keys: uint64, the two account numbers of each pair.
        null: the null model.
        level: the false-discovery rate.

    Returns:
        The overlap of each pair of crowds that recur, once for each set of accounts, the most surprising first.
    """
    incidence = _incidence(rows, pair_keys, null.strata)
    if incidence is None:
        return []
    member_of, objects, times, accounts = incidence
    shared = triu(member_of @ member_of.T, k=1).tocoo()
    sizes = member_of.sum(axis=1)
    first, second, overlap = shared.row, shared.col, shared.data
    jaccard = overlap / (sizes[first] + sizes[second] - overlap)
    alike = (overlap >= MIN_OVERLAP) & (jaccard >= MIN_JACCARD)
    first, second, overlap = first[alike], second[alike], overlap[alike]
    if not len(first):
        return []
    # who was around: an account's first and last share, on the clock of everybody's shares, against the day's
    activity = _activity(accounts, null)
    day = times // 86_400
    days = np.unique(day)
    chance = _day_overlap(days, day, member_of, activity)
    at = np.searchsorted(days, day)
    expected = sizes[first] * sizes[second] * chance[at[first], at[second]]
    surprise = np.array(
        [poisson_surprise(int(n), max(float(x), 1e-6)) for n, x in zip(overlap, expected, strict=True)]
    )
    passed = benjamini_hochberg(surprise, level, len(objects) * (len(objects) - 1) / 2)
    found: dict[bytes, RecurringCrowd] = {}
    for at in np.flatnonzero(passed).tolist():
        both = np.intersect1d(member_of[[first[at]]].indices, member_of[[second[at]]].indices)
        crowd = RecurringCrowd(accounts[both], float(surprise[at]))
        known = found.get(crowd.accounts.tobytes())
        if known is None or known.surprise < crowd.surprise:
            found[crowd.accounts.tobytes()] = crowd
    return sorted(found.values(), key=lambda crowd: (-crowd.surprise, crowd.accounts.tolist()))


def _incidence(rows: Records, pair_keys: U64, strata: int) -> tuple[csr_array, U64, I64, I32] | None:
    """Which account was in the crowd of which object: a 0/1 matrix (objects, accounts), with their names and times."""
    widest = np.zeros(len(rows), np.int64)
    for window in range(MAX_WINDOWS):
        nibble = (rows["strata"].astype(np.int64) >> (4 * window)) & 15
        widest = np.where(nibble != NO_STRATUM, nibble, widest)
    chosen = rows[widest < strata - 1]
    if not len(chosen):
        return None
    keys = pair_keys[chosen["pair"]]
    thing = np.concatenate([chosen["object"], chosen["object"]])
    who = np.concatenate([keys >> np.uint64(32), keys & np.uint64(0xFFFFFFFF)]).astype(np.int64)
    objects, at_object = np.unique(thing, return_inverse=True)
    latest = np.zeros(len(objects), np.int64)
    np.maximum.at(latest, at_object, np.concatenate([chosen["time"], chosen["time"]]))
    accounts, at_account = np.unique(who, return_inverse=True)
    cells = np.unique(at_object.astype(np.int64) * len(accounts) + at_account)
    row, column = cells // len(accounts), cells % len(accounts)
    crowds_of = np.bincount(column, minlength=len(accounts))
    calm = crowds_of[column] <= MAX_CROWDS_OF_ACCOUNT
    row, column = row[calm], column[calm]
    size = np.bincount(row, minlength=len(objects))
    large = np.flatnonzero(size >= MIN_CROWD)
    if len(large) > MAX_CROWDS:
        large = np.sort(large[np.lexsort((objects[large], -latest[large]))][:MAX_CROWDS])
    if len(large) < 2:
        return None
    renumbered = np.full(len(objects), -1)
    renumbered[large] = np.arange(len(large))
    kept = renumbered[row] >= 0
    matrix = csr_array(
        (np.ones(int(kept.sum()), np.int32), (renumbered[row[kept]], column[kept])),
        shape=(len(large), len(accounts)),
    )
    return matrix, objects[large], latest[large], accounts.astype(np.int32)


def _activity(accounts: I32, null: Null) -> F64:
    """Share of all activity that each account has, over all kinds."""
    return _activity_of(accounts, null) / max(float(null.mass.sum()), 1.0)


@compiled
def _activity_of(accounts: I32, null: Null) -> F64:
    out = np.zeros(len(accounts))
    for at in range(len(accounts)):
        for kind in range(len(null.mass)):
            out[at] += counted(null.counters, accounts[at], null.activity + kind)
    return out


def _day_overlap(days: I64, day: I64, member_of: csr_array, activity: F64) -> F64:
    """For each two days, the chance that two random members of crowds of those days are one account.

    An account counts on the days on which it was in any crowd, and as often as it is active; when a day has few crowds,
    its members are compared with the activity of all accounts instead, whichever expects more overlap.
    """
    whole = float((activity**2).sum())
    present = np.zeros((len(days), member_of.shape[1]), np.float32)
    by_day = np.searchsorted(days, day)
    for at in range(len(days)):
        seen = member_of[by_day == at].sum(axis=0)
        if (by_day == at).sum() >= 20:  # noqa: PLR2004 - fewer crowds would be compared with themselves
            weight = np.where(seen > 0, activity, 0.0)
            total = weight.sum()
            present[at] = weight / total if total > 0 else 0.0
        else:
            present[at] = activity
    return np.maximum(present @ present.T, whole).astype(np.float64)
