"""Accounts that repeat the same originals without credit, again and again: a group too large or too slow for pairs.

An article of a state medium is passed on by many, and a few of them drop the source. That share is much the same for
every original. Where far more accounts repeat one without credit than its credited copies would lead to expect, the
copies are a *campaign* for it; where two such originals drew the same accounts, more than their activity and a common
interest in such news explain, their crowds are one group.

1. Originals: uncredited copies u against odds x (credited copies + 1/2); odds and their spread over originals from
   those that do not stand out themselves; Benjamini-Hochberg over originals. Nine in ten of the crowd have to be
   beyond what is expected.
2. Pairs of such crowds: overlap against |C1| |C2| sum d^2 / M^2 (as for recurring crowds, d being posts), times how
   much more the *credited* copiers of two originals overlap than that: a common interest is theirs, too.
   Benjamini-Hochberg over all pairs.

No time window is needed, so members may be hours apart. A joke that thousands copy once is no group: its copiers do not
meet again.
"""

import numpy as np
import polars as pl
from scipy import special
from scipy.sparse import coo_array, csr_array, triu
from scipy.sparse.csgraph import connected_components

from detectors.arrays.dtypes import F64, I32, I64, U64, Bools
from detectors.attribution.facts import Fact
from detectors.networks.recurring_crowds import RecurringCrowd
from detectors.statistics.false_discovery import benjamini_hochberg
from detectors.statistics.rates import tail

LEVEL = 0.01
"""False-discovery rate of either step."""
MIN_CROWD = 3
MIN_OVERLAP = 2
_MOST_EXPECTED = 0.1
"""Share of a crowd that may be expected: the others of it would be called members for nothing."""
_SAFE, _LARGE = 0.02, 10
"""Share of a crowd that may be expected for all of it to be taken: an account's odds of being there by chance. And
accounts in all crowds of the group: in a small one, a single account by chance would be a fourth or a tenth of it."""
_ROUNDS = 4
_SHAPE = 0.5
"""Spread of the odds over originals: some drop the source three times as often as others."""
_UNTOLD_INTEREST = 3.0
"""Ratio of overlaps to those that activity explains, where there are no credited copies to tell of it."""
_MOST_MEMBERS = 10_000
"""Of one crowd, the earliest."""
_TIES = 24


def uncredited_crowds(copies: pl.DataFrame, posts: I64, ordinary: Bools) -> list[RecurringCrowd]:
    """Find them.

    Args:
        copies: columns account, time, kind, entity, origin; only `Fact.COPY` and `Fact.CREDITED_COPY` count.
        posts: int64, posts of each account.
        ordinary: bool, by account: in no network. Their credited copies say what a common interest gives.

    Returns:
        A crowd for each original whose crowd met again.
    """
    copied = first_copies(copies, Fact.COPY)
    if len(copied) < 2 * MIN_CROWD:
        return []
    credited = first_copies(copies, Fact.CREDITED_COPY)
    # those that nobody copied without credit tell of the odds, too
    originals = pl.concat([copied["original"], credited["original"]]).unique().sort()
    uncredited = copier_counts(copied, originals)
    expected = _expected(uncredited, copier_counts(credited, originals))
    chances = np.array(
        [tail(float(u), float(e), _SHAPE) for u, e in zip(uncredited, expected, strict=True)], np.float64
    )
    stands_out = (
        benjamini_hochberg(-np.log(np.maximum(chances, 1e-300)), LEVEL, len(chances))
        & (uncredited >= MIN_CROWD)
        & (expected <= _MOST_EXPECTED * uncredited)
    )
    if stands_out.sum() < 2:
        return []
    chosen = originals.filter(pl.Series(stands_out))
    share = posts.astype(np.float64) / max(float(posts.sum()), 1.0)
    interest = max(1.0, _overlap_ratio(copies_of(credited, ordinary), share))
    return _met_again(_incidence(copied, chosen, len(posts)), share, interest, expected[stands_out])


def member_edges(crowds: list[RecurringCrowd]) -> tuple[U64, F64]:
    """Edges between the members of each crowd: keys as in the pair evidence, with repeats, and surprises.

    All pairs of a small crowd; of a large one each member with `_TIES` others on either side, at growing distances
    round a circle, so that work is linear in members and no part of the crowd hangs on a few.
    """
    keys, surprise = [np.zeros(0, np.uint64)], [np.zeros(0)]
    for crowd in crowds:
        size = len(crowd.accounts)
        steps = np.arange(1, size // 2 + 1)
        if len(steps) > _TIES:
            steps = np.unique(np.geomspace(1, size // 2, _TIES).astype(np.int64))
        at = np.arange(size)
        first, second = np.repeat(at, len(steps)), (at[:, None] + steps).ravel() % size
        low, high = np.minimum(first, second), np.maximum(first, second)
        members = crowd.accounts.astype(np.uint64)
        keys.append(np.unique(members[low] << np.uint64(32) | members[high], return_counts=True)[0])
        # the crowd's surprise is everybody's: each member brings an even part of it
        surprise.append(np.full(len(keys[-1]), crowd.surprise / size))
    return np.concatenate(keys), np.concatenate(surprise)


def first_copies(copies: pl.DataFrame, kind: Fact) -> pl.DataFrame:
    """Each account once an original: columns original, account, time (of its first copy)."""
    return (
        copies.filter(pl.col("kind") == int(kind))
        .group_by(pl.concat_str("entity", pl.lit("/"), "origin").alias("original"), "account")
        .agg(pl.col("time").min())
        .sort("original", "time", "account")
    )


def copies_of(copied: pl.DataFrame, some: Bools) -> pl.DataFrame:
    """The copies by some accounts."""
    return copied.filter(pl.Series(some[copied["account"].to_numpy()], dtype=pl.Boolean))


def copier_counts(copied: pl.DataFrame, originals: pl.Series) -> I64:
    """How many accounts copied each original; int64. All of the copies are of these, which ascend."""
    at = np.searchsorted(originals.to_numpy(), copied["original"].to_numpy())
    return np.bincount(at, minlength=len(originals))


def _expected(uncredited: I64, credited: I64) -> F64:
    """Uncredited copies that the credited ones lead to expect, by originals that do not stand out."""
    # from the most credited quarter up, since most originals of an entity may be part of a campaign
    ratio = (uncredited + 0.5) / (credited + 0.5)
    ordinary = ratio <= np.quantile(ratio, 0.25)
    due = np.zeros(len(uncredited))
    for _ in range(_ROUNDS):
        odds = (uncredited[ordinary].sum() + 1.0) / (credited[ordinary].sum() + 0.5 * ordinary.sum() + 1.0)
        due = odds * (credited + 0.5)
        ordinary = uncredited <= 3 * due + 2
    return due


def _overlap_ratio(credited: pl.DataFrame, share: F64) -> float:
    """How much more the credited copiers of two originals overlap than their posts explain."""
    posted = pl.Series(share).gather(credited["account"])
    crowds = credited.with_columns(posted=posted).group_by("original").agg(pl.len(), pl.col("posted").sum())
    sizes, weights = crowds["len"].to_numpy().astype(np.float64), crowds["posted"].to_numpy()
    twice = credited["account"].value_counts()["count"].to_numpy().astype(np.float64)
    observed = float((twice * (twice - 1)).sum() / 2)
    due = float(sizes.sum() * weights.sum() - (sizes * weights).sum()) / 2
    return (observed + _UNTOLD_INTEREST) / (due + 1.0)


def _incidence(copied: pl.DataFrame, chosen: pl.Series, accounts: int) -> csr_array:
    """Crowds by accounts, 1 where an account is in a crowd."""
    kept = copied.filter(pl.col("original").is_in(chosen.implode()))
    kept = kept.group_by("original", maintain_order=True).head(_MOST_MEMBERS)
    row = np.searchsorted(chosen.to_numpy(), kept["original"].to_numpy())
    ones = np.ones(len(kept), np.int64)
    return csr_array((ones, (row, kept["account"].to_numpy())), shape=(len(chosen), accounts))


def _met_again(crowds: csr_array, share: F64, interest: float, expected: F64) -> list[RecurringCrowd]:
    """Crowds that overlap with another beyond chance, with those of their accounts that are members.

    Args:
        crowds: by accounts.
        share: of all posts, by account.
        interest: how much more copiers overlap than their posts explain.
        expected: accounts of each crowd that are there by chance.
    """
    sizes = np.diff(crowds.indptr).astype(np.float64)
    overlaps = triu(crowds @ crowds.T, k=1).tocoo()
    fits = overlaps.data >= MIN_OVERLAP
    first, second, overlap = overlaps.row[fits], overlaps.col[fits], overlaps.data[fits]
    if not len(overlap):
        return []
    # given who is in the one crowd, how many of them would be in the other for how much they post
    posted = crowds @ share
    due = interest * (sizes[first] * posted[second] + sizes[second] * posted[first]) / 2
    chances = special.gammainc(overlap, np.maximum(due, 1e-9))  # P(X >= k)
    surprise = -np.log(np.maximum(chances, 1e-300))
    passed = benjamini_hochberg(surprise, LEVEL, len(sizes) * (len(sizes) - 1) / 2)
    first, second, surprise = first[passed], second[passed], surprise[passed]
    best = np.zeros(len(sizes))
    for side in (first, second):
        np.maximum.at(best, side, surprise)
    links = coo_array((np.ones(len(first)), (first, second)), shape=(len(sizes), len(sizes)))
    group_of = connected_components(links, directed=False)[1]
    found = []
    for group in np.unique(group_of[best > 0]).tolist():
        rows = np.flatnonzero(group_of == group)
        for row, members in zip(rows.tolist(), _members(crowds[rows], expected[rows]), strict=True):
            if len(members) >= 2:
                found.append(RecurringCrowd(members, float(best[row])))
    return found


def _members(crowds: csr_array, expected: F64) -> list[I32]:
    """Of each crowd of one group, the accounts that are in another of them; all of them where few are strangers.

    Few are where hardly any are expected, and the crowd meets the others again at least half as often as these meet
    each other and it: of a joke that a thousand copied, those few of the group who copied it, too, are members.
    """
    times = np.asarray(crowds.sum(axis=0)).ravel()
    sizes = np.diff(crowds.indptr)
    again = np.array([(times[_row(crowds, at)] >= 2).sum() for at in range(len(sizes))])
    others = (again.sum() - again) / np.maximum(sizes.sum() - sizes, 1)
    alike = (expected <= _SAFE * sizes) & (again >= others * sizes / 2)
    large = (times > 0).sum() >= _LARGE
    return [
        np.sort(who if large and alike[at] else who[times[who] >= 2]).astype(np.int32)
        for at, who in ((at, _row(crowds, at)) for at in range(len(sizes)))
    ]


def _row(crowds: csr_array, at: int) -> I32:
    """The accounts of a crowd."""
    return np.asarray(crowds.indices[crowds.indptr[at] : crowds.indptr[at + 1]])
