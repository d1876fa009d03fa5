"""Accounts that repeat the same originals without credit again and again: groups too large or too slow for pairs.

A state agency publishes an article. Many repeat it and name the agency; a few drop the source, much the same share for
every article. Then three accounts, or three hundred, repeat one article without naming the agency, where its credited
copies lead to expect none. That article *stands out*, and its copiers are a crowd. When a second article stands out
and drew the same accounts, more of them than their activity and a common interest in such news explain, the two crowds
have *met again*, and their accounts are one group. A joke that thousands copy once makes no group: its copiers do not
meet again. There is no time window, so members may post hours apart.

1. Originals: uncredited copies u against odds x (credited copies + 1/2). The odds, and how much they differ between
   originals, come from originals that do not stand out themselves. Benjamini-Hochberg over originals. In addition,
   nine in ten of the crowd have to be beyond what is expected.
2. Pairs of such crowds: the overlap against (|C1| share of C2 + |C2| share of C1) / 2, where the share of a crowd is
   that of its accounts in all posts, times how much more than that the *credited* copiers of two originals overlap:
   they have the same interest in such news. Benjamini-Hochberg over all pairs of crowds.

Null model, cost and false positives: `docs/detectors/uncredited-crowds.md`.
"""

import numpy as np
import polars as pl
import scipy  # its parts load when first used

from detectors.arrays.components import components
from detectors.arrays.dtypes import F64, I32, I64, U64, Bools
from detectors.arrays.pair_keys import pair_keys
from detectors.attribution.facts import Fact
from detectors.networks.recurring_crowds import RecurringCrowd
from detectors.statistics.false_discovery import benjamini_hochberg
from detectors.statistics.rates import tail

LEVEL = 0.01
"""False-discovery rate of each of the two steps, as for the other tests of edges. A choice, not measured."""
MIN_CROWD = 3
"""Least accounts that copied an original without credit, for it to stand out: the smallest group looked for."""
MIN_OVERLAP = 2
"""Least accounts that two crowds have in common. One account in both says nothing about others."""
_MOST_EXPECTED = 0.1
"""Greatest share of a crowd that may be expected by chance: those accounts would be called members wrongly. It keeps
nine in ten members right; chosen for that, not measured."""
_SAFE = 0.02
"""Greatest share of a crowd that may be expected by chance if all of the crowd become members, whether or not they are
in a second crowd. It is each such account's odds of being there by chance. A choice, not measured."""
_LARGE = 10
"""Least accounts in all crowds of a group, if all of a crowd become members: in a smaller group one account that is
there by chance would be more than a tenth of it."""
_ROUNDS = 4
"""Rounds of estimating the odds and leaving out originals that stand out from them."""
_SHAPE = 0.5
"""Gamma shape of the odds of dropping the source over originals. At 1/2 the standard deviation is 1.4 times the mean,
so an original whose source is dropped three times as often as usual is no surprise. An assumption, not measured by
itself; with it, crowds found nobody in 540 made-up worlds of readers (`docs/decisions/0015-slow-groups.md`)."""
_UNKNOWN_INTEREST = 3.0
"""How many times more often two crowds of readers overlap than their activity explains, where there are no credited
copies to estimate it from. A cautious assumption, not measured."""
_MOST_MEMBERS = 10_000
"""Most accounts of one crowd that are compared, the earliest. Bounds the work; not measured."""
_EDGES_EACH_SIDE = 24
"""Edges of each member of a large crowd, on either side of a circle. Bounds memory; not measured."""


def uncredited_crowds(copies: pl.DataFrame, posts: I64, ordinary: Bools) -> list[RecurringCrowd]:
    """Find the crowds that met again.

    Args:
        copies: columns account, time, kind, entity, origin; only `Fact.COPY` and `Fact.CREDITED_COPY` count.
        posts: int64, posts of each account.
        ordinary: bool, by account: whether it is in no network. The credited copies of these accounts show how often
            readers with a common interest meet.

    Returns:
        One crowd for each original whose crowd met again.
    """
    copied = first_copies(copies, Fact.COPY)
    if len(copied) < 2 * MIN_CROWD:
        return []
    credited = first_copies(copies, Fact.CREDITED_COPY)
    # originals without uncredited copies count for the odds, too
    originals = pl.concat([copied["original"], credited["original"]]).unique().sort()
    uncredited = copier_counts(copied, originals)
    expected = _expected(uncredited, copier_counts(credited, originals))
    chances = np.array(
        [
            tail(float(observed), float(mean), _SHAPE)
            for observed, mean in zip(uncredited, expected, strict=True)
        ],
        np.float64,
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
    """Edges between the members of each crowd.

    All pairs of a small crowd. In a large one, each member with `_EDGES_EACH_SIDE` others on either side, at growing
    distances round a circle: the work grows linearly with the members, and no part of the crowd depends on a few.

    Returns:
        Keys as in the pair evidence (uint64; a pair of several crowds comes several times), and surprises.
    """
    keys, surprise = [np.zeros(0, np.uint64)], [np.zeros(0)]
    for crowd in crowds:
        size = len(crowd.accounts)
        steps = np.arange(1, size // 2 + 1)
        if len(steps) > _EDGES_EACH_SIDE:
            steps = np.unique(np.geomspace(1, size // 2, _EDGES_EACH_SIDE).astype(np.int64))
        place = np.arange(size)
        first, second = np.repeat(place, len(steps)), (place[:, None] + steps).ravel() % size
        low, high = np.minimum(first, second), np.maximum(first, second)
        members = crowd.accounts
        keys.append(np.unique(pair_keys(members[low], members[high]), return_counts=True)[0])
        # the surprise belongs to the crowd as a whole: each edge carries an even part of it
        surprise.append(np.full(len(keys[-1]), crowd.surprise / size))
    return np.concatenate(keys), np.concatenate(surprise)


def first_copies(copies: pl.DataFrame, kind: Fact) -> pl.DataFrame:
    """The first copy by each account of each original: columns original, account, time."""
    return (
        copies.filter(pl.col("kind") == int(kind))
        .group_by(pl.concat_str("entity", pl.lit("/"), "origin").alias("original"), "account")
        .agg(pl.col("time").min())
        .sort("original", "time", "account")
    )


def copies_of(copied: pl.DataFrame, chosen: Bools) -> pl.DataFrame:
    """The copies by the chosen accounts (bool, by account number)."""
    return copied.filter(pl.Series(chosen[copied["account"].to_numpy()], dtype=pl.Boolean))


def copier_counts(copied: pl.DataFrame, originals: pl.Series) -> I64:
    """How many accounts copied each original; int64. `originals` is ascending, and has those of all copies."""
    copied_original = np.searchsorted(originals.to_numpy(), copied["original"].to_numpy())
    return np.bincount(copied_original, minlength=len(originals))


def _expected(uncredited: I64, credited: I64) -> F64:
    """Expected uncredited copies of each original, from the odds of originals that do not stand out."""
    # start with the quarter with the lowest ratio: most originals of an entity may be part of a campaign
    ratio = (uncredited + 0.5) / (credited + 0.5)
    ordinary = ratio <= np.quantile(ratio, 0.25)
    expected = np.zeros(len(uncredited))
    for _ in range(_ROUNDS):
        odds = (uncredited[ordinary].sum() + 1.0) / (credited[ordinary].sum() + 0.5 * ordinary.sum() + 1.0)
        expected = odds * (credited + 0.5)
        ordinary = uncredited <= 3 * expected + 2
    return expected


def _overlap_ratio(credited: pl.DataFrame, share: F64) -> float:
    """How many times more the credited copiers of two originals overlap than their posts explain."""
    posted = pl.Series(share).gather(credited["account"])
    crowds = credited.with_columns(posted=posted).group_by("original").agg(pl.len(), pl.col("posted").sum())
    sizes, weights = crowds["len"].to_numpy().astype(np.float64), crowds["posted"].to_numpy()
    copies = credited["account"].value_counts()["count"].to_numpy().astype(np.float64)
    observed = float((copies * (copies - 1)).sum() / 2)
    expected = float(sizes.sum() * weights.sum() - (sizes * weights).sum()) / 2
    return (observed + _UNKNOWN_INTEREST) / (expected + 1.0)


def _incidence(copied: pl.DataFrame, chosen: pl.Series, accounts: int) -> "scipy.sparse.csr_array":
    """Crowds by accounts: 1 where the account is in the crowd."""
    kept = copied.filter(pl.col("original").is_in(chosen.implode()))
    kept = kept.group_by("original", maintain_order=True).head(_MOST_MEMBERS)
    row = np.searchsorted(chosen.to_numpy(), kept["original"].to_numpy())
    ones = np.ones(len(kept), np.int64)
    return scipy.sparse.csr_array((ones, (row, kept["account"].to_numpy())), shape=(len(chosen), accounts))


def _met_again(
    crowds: "scipy.sparse.csr_array", share: F64, interest: float, expected: F64
) -> list[RecurringCrowd]:
    """The crowds that overlap with another beyond chance, each with those of its accounts that are members.

    Args:
        crowds: crowds by accounts, as `_incidence` gives them.
        share: share of all posts, by account.
        interest: how many times more copiers overlap than their posts explain.
        expected: accounts of each crowd that are expected by chance.
    """
    sizes = np.diff(crowds.indptr).astype(np.float64)
    overlaps = scipy.sparse.triu(crowds @ crowds.T, k=1).tocoo()
    fits = overlaps.data >= MIN_OVERLAP
    first, second, overlap = overlaps.row[fits], overlaps.col[fits], overlaps.data[fits]
    if not len(overlap):
        return []
    # given the accounts of one crowd: how many of them the other crowd would have for how much they post
    posted = crowds @ share
    mean = interest * (sizes[first] * posted[second] + sizes[second] * posted[first]) / 2
    chances = scipy.special.gammainc(overlap, np.maximum(mean, 1e-9))  # P(X >= k)
    surprise = -np.log(np.maximum(chances, 1e-300))
    passed = benjamini_hochberg(surprise, LEVEL, len(sizes) * (len(sizes) - 1) / 2)
    first, second, surprise = first[passed], second[passed], surprise[passed]
    best = np.zeros(len(sizes))
    for side in (first, second):
        np.maximum.at(best, side, surprise)
    group_of = components(first, second, len(sizes))
    met = []
    for group in np.unique(group_of[best > 0]).tolist():
        rows = np.flatnonzero(group_of == group)
        for row, members in zip(rows.tolist(), _members(crowds[rows], expected[rows]), strict=True):
            if len(members) >= 2:
                met.append(RecurringCrowd(members, float(best[row])))
    return met


def _members(crowds: "scipy.sparse.csr_array", expected: F64) -> list[I32]:
    """The members in each crowd of one group: its accounts that are in a second crowd, or all of them.

    All are members where hardly any are expected by chance (`_SAFE`), the group is large (`_LARGE`) and the crowd meets
    the others at least half as often as these meet each other and it. So of a joke that a thousand copied, only those
    few of the group who copied it become members.
    """
    times = np.asarray(crowds.sum(axis=0)).ravel()
    sizes = np.diff(crowds.indptr)
    again = np.array([(times[_row(crowds, crowd)] >= 2).sum() for crowd in range(len(sizes))])
    others = (again.sum() - again) / np.maximum(sizes.sum() - sizes, 1)
    whole = (expected <= _SAFE * sizes) & (again >= others * sizes / 2)
    large = (times > 0).sum() >= _LARGE
    return [
        np.sort(accounts if large and whole[crowd] else accounts[times[accounts] >= 2]).astype(np.int32)
        for crowd, accounts in ((crowd, _row(crowds, crowd)) for crowd in range(len(sizes)))
    ]


def _row(crowds: "scipy.sparse.csr_array", crowd: int) -> I32:
    """The accounts of one crowd."""
    return np.asarray(crowds.indices[crowds.indptr[crowd] : crowds.indptr[crowd + 1]])
