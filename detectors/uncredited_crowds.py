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
import numpy.typing as npt
import polars as pl
from scipy import special
from scipy.sparse import csr_array, triu

from detectors.attribution import Fact
from detectors.crowds import RecurringCrowd
from detectors.exposure import F64
from detectors.gate import benjamini_hochberg
from detectors.hashing import I64, U64
from detectors.rates import tail

LEVEL = 0.01
"""False-discovery rate of either step."""
MIN_CROWD = 3
MIN_OVERLAP = 2
_MOST_EXPECTED = 0.1
"""Share of a crowd that may be expected: the others of it would be called members for nothing."""
_SAFE, _LARGE = 0.02, 10
"""Share of a large crowd that may be expected for all of it to be taken: an account's odds of being there by chance.
In a small one, one account by chance would be a fourth or a tenth of it."""
_ROUNDS = 4
_SHAPE = 0.5
"""Spread of the odds over originals: some drop the source three times as often as others."""
_MOST_MEMBERS = 10_000
"""Of one crowd, the earliest."""
_TIES = 24


def uncredited_crowds(copies: pl.DataFrame, posts: I64) -> list[RecurringCrowd]:
    """Find them.

    Args:
        copies: columns account, time, kind (`Fact.COPY` or `Fact.CREDITED_COPY`), entity, origin.
        posts: int64, posts of each account.

    Returns:
        A crowd for each original whose crowd met again.
    """
    copied = _by_original(copies, Fact.COPY)
    if len(copied) < 2 * MIN_CROWD:
        return []
    credited = _by_original(copies, Fact.CREDITED_COPY)
    # those that nobody copied without credit tell of the odds, too
    originals = pl.concat([copied["original"], credited["original"]]).unique().sort()
    uncredited = _counts(copied, originals)
    expected = _expected(uncredited, _counts(credited, originals))
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
    weights = posts.astype(np.float64)
    same = float((weights**2).sum() / max(weights.sum(), 1.0) ** 2)
    interest = max(1.0, _overlap_ratio(credited, originals, same, len(posts)))
    crowds = _incidence(copied, chosen, len(posts))
    sizes = uncredited[stands_out]
    safe = (expected[stands_out] <= _SAFE * sizes) & (sizes >= _LARGE)
    return _met_again(crowds, same * interest, safe)


def ties(crowds: list[RecurringCrowd]) -> tuple[U64, F64]:
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


def _by_original(copies: pl.DataFrame, kind: Fact) -> pl.DataFrame:
    """Each account once an original: columns original, account, time (of its first copy)."""
    return (
        copies.filter(pl.col("kind") == int(kind))
        .group_by(pl.concat_str("entity", pl.lit("/"), "origin").alias("original"), "account")
        .agg(pl.col("time").min())
        .sort("original", "time", "account")
    )


def _counts(copied: pl.DataFrame, originals: pl.Series) -> I64:
    """Accounts of each original; int64."""
    counted = copied["original"].value_counts()
    counts = dict(zip(counted["original"].to_list(), counted["count"].to_list(), strict=True))
    return np.array([counts.get(name, 0) for name in originals.to_list()], np.int64)


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


def _overlap_ratio(credited: pl.DataFrame, originals: pl.Series, same: float, accounts: int) -> float:
    """How much more the credited copiers of two originals overlap than their activity explains."""
    sizes = _counts(credited, credited["original"].unique()) if len(credited) else np.zeros(0, np.int64)
    if len(sizes) < 2:
        return 1.0
    twice = credited["account"].value_counts()["count"].to_numpy().astype(np.float64)
    observed = float((twice * (twice - 1)).sum() / 2)
    pairs = (float(sizes.sum()) ** 2 - float((sizes.astype(np.float64) ** 2).sum())) / 2
    return (observed + 1.0) / (pairs * same + 1.0)


def _incidence(copied: pl.DataFrame, chosen: pl.Series, accounts: int) -> csr_array:
    """Crowds by accounts, 1 where an account is in a crowd."""
    kept = copied.filter(pl.col("original").is_in(chosen.implode()))
    kept = kept.group_by("original", maintain_order=True).head(_MOST_MEMBERS)
    row = np.searchsorted(chosen.to_numpy(), kept["original"].to_numpy())
    ones = np.ones(len(kept), np.int64)
    return csr_array((ones, (row, kept["account"].to_numpy())), shape=(len(chosen), accounts))


def _met_again(crowds: csr_array, chance: float, safe: npt.NDArray[np.bool_]) -> list[RecurringCrowd]:
    """Crowds that overlap with another beyond chance: those of their accounts that are in two such crowds or more.

    Where hardly any account of a crowd is expected (`safe`), all of its accounts are taken.
    """
    sizes = np.diff(crowds.indptr).astype(np.float64)
    overlaps = triu(crowds @ crowds.T, k=1).tocoo()
    fits = overlaps.data >= MIN_OVERLAP
    first, second, overlap = overlaps.row[fits], overlaps.col[fits], overlaps.data[fits]
    if not len(overlap):
        return []
    chances = special.gammainc(overlap, np.maximum(sizes[first] * sizes[second] * chance, 1e-9))  # P(X >= k)
    surprise = -np.log(np.maximum(chances, 1e-300))
    passed = benjamini_hochberg(surprise, LEVEL, len(sizes) * (len(sizes) - 1) / 2)
    best = np.zeros(len(sizes))
    for side in (first[passed], second[passed]):
        np.maximum.at(best, side, surprise[passed])
    again = crowds[best > 0].sum(axis=0) >= 2
    found = []
    for at in np.flatnonzero(best > 0).tolist():
        members = np.sort(crowds.indices[crowds.indptr[at] : crowds.indptr[at + 1]]).astype(np.int32)
        members = members if safe[at] else members[again[members]]
        if len(members) >= 2:
            found.append(RecurringCrowd(members, float(best[at])))
    return found
