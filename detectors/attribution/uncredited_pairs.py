"""Few accounts that repeat the same originals without credit: pair by pair, hours apart if need be.

Three accounts that copy an agency are no crowd that stands out (`attribution.uncredited_crowds`), and if they post half
an hour apart no pair of them has enough in common within a window. What gives them away is what they chose of all that
there is: which originals, whose handle they write so that it does not link, which company's site they link to. Two
accounts that chose j and k things would meet by chance at

    j k x sum over things of (share of all choices)^2

Meeting at what hardly anybody chose counts for more: of what a pair has in common, the m rarest are compared with what
would be met among things as rare, for the best m, and m is paid for (Bonferroni). Rare is meant twice, by all who
carry an original and by those who drop its source as the pair does (a joke is copied without credit by many who have
nothing to do with one another): the less surprising of the two counts.

Readers of one topic or language meet oftener than that. So the same is asked of accounts that copy *with* credit, and
no pair has a smaller chance than the share of their pairs that would be as surprising. Benjamini-Hochberg over all
pairs of accounts with two such choices or more. How many an account has is given, not tested, so that those with many
are no more likely to pass.

Accounts that hang together by such pairs are a group: each of them is tied to all.
"""

import math

import numpy as np
import polars as pl
from scipy.sparse import coo_array, csr_array, triu
from scipy.sparse.csgraph import connected_components

from detectors.arrays.compiled import compiled
from detectors.arrays.dtypes import F64, I32, I64, Bools
from detectors.attribution.facts import Fact
from detectors.attribution.uncredited_crowds import copier_counts, copies_of, first_copies
from detectors.networks.recurring_crowds import RecurringCrowd
from detectors.statistics.false_discovery import benjamini_hochberg
from detectors.statistics.tails import LEAST_EXPECTED, poisson_surprise

LEVEL = 0.01
"""False-discovery rate."""
MIN_COMMON = 2
MOST_COPIERS = 50
"""Originals that more accounts copy without credit are for `detectors.attribution.uncredited_crowds`."""
_MOST_COMPARED = 500
"""Accounts with credited copies that say what is usual: 125,000 pairs, at most a few seconds."""


def uncredited_groups(facts: pl.DataFrame, ordinary: Bools) -> list[RecurringCrowd]:
    """Find them.

    Args:
        facts: columns account, time, post_id, kind, entity, origin; of links only those that leave open whose they are.
        ordinary: bool, by account: in no network. They say how often readers meet who name their source.

    Returns:
        The accounts of each group, two or more, and the greatest surprise of a pair of them.
    """
    copied = pl.concat([first_copies(facts, Fact.COPY), _marks(facts)])
    credited = first_copies(facts, Fact.CREDITED_COPY)
    carried = pl.concat([copied, credited]).unique(["original", "account"])
    originals = carried["original"].unique().sort()
    popular = _meeting(copier_counts(carried, originals))
    few = originals.filter(pl.Series(copier_counts(copied, originals) <= MOST_COPIERS))
    accounts, choices = _choices(copied.filter(pl.col("original").is_in(few.implode())), originals)
    if len(accounts) < 2:
        return []
    first, second, surprise = _pairs(choices, popular, copier_counts(copied, originals))
    surprise = np.minimum(surprise, _usual(surprise, copies_of(credited, ordinary), originals, popular))
    passed = benjamini_hochberg(surprise, LEVEL, len(accounts) * (len(accounts) - 1) / 2)
    first, second, surprise = first[passed], second[passed], surprise[passed]
    ties = coo_array((surprise, (first, second)), shape=(len(accounts), len(accounts)))
    group_of = connected_components(ties, directed=False)[1]
    return [
        RecurringCrowd(accounts[group_of == group], float(surprise[group_of[first] == group].max()))
        for group in np.unique(group_of[first]).tolist()
    ]


def _marks(facts: pl.DataFrame) -> pl.DataFrame:
    """Handles hidden and owners linked, each account once for each, as if they were originals.

    In posts that are copies they are no choice of their own: the original may have brought them.
    """
    copies = facts.filter(pl.col("kind").is_in([int(Fact.COPY), int(Fact.CREDITED_COPY)]))
    marks = facts.filter(pl.col("kind").is_in([int(Fact.HIDDEN_MENTION), int(Fact.REGISTRY_LINK)]))
    marks = marks.join(copies, on=["account", "post_id"], how="anti")
    name = pl.concat_str(pl.lit("kind "), "kind", pl.lit(" of "), "entity")
    return (
        marks.group_by(name.alias("original"), "account")
        .agg(pl.col("time").min())
        .sort("original", "account")
    )


def _choices(copied: pl.DataFrame, originals: pl.Series) -> tuple[I32, csr_array]:
    """Accounts of `MIN_COMMON` originals or more, ascending, and 1 for each (account, original) that it copied."""
    kept = copied.filter(pl.len().over("account") >= MIN_COMMON)
    column = np.searchsorted(originals.to_numpy(), kept["original"].to_numpy())
    accounts, row = np.unique(kept["account"].to_numpy(), return_inverse=True)
    ones = np.ones(len(row), np.int64)
    return accounts.astype(np.int32), csr_array((ones, (row, column)), shape=(len(accounts), len(originals)))


def _meeting(counts: I64, leaving: int = 0) -> F64:
    """Chance that two accounts meet at each original by one copy of each.

    Squares are taken without bias, so that a hundred originals that one account copied each say nothing.

    Args:
        counts: int64, accounts of each original.
        leaving: accounts of each that are left out.
    """
    many = np.maximum(counts - leaving, 0).astype(np.float64)
    return many * np.maximum(many - 1.0, 0.0) / max(float(counts.sum()), 1.0) ** 2


def _pairs(choices: csr_array, popular: F64, counts: I64) -> tuple[I32, I32, F64]:
    """Pairs with `MIN_COMMON` originals in common or more: rows of `choices`, and how surprising that is.

    Args:
        choices: accounts by originals.
        popular: chance to meet at each original, by all who carry it.
        counts: accounts that carry it in the same way as those under test.
    """
    pairs = triu(choices @ choices.T, k=1).tocoo()
    several = pairs.data >= MIN_COMMON
    first, second = pairs.row[several].astype(np.int32), pairs.col[several].astype(np.int32)
    chosen = (choices.indptr, choices.indices, first, second)
    by_all = _surprise(*chosen, popular, popular)
    by_like = _surprise(*chosen, _meeting(counts), _meeting(counts, leaving=2))
    return first, second, np.minimum(by_all, by_like)


def _usual(surprise: F64, credited: pl.DataFrame, originals: pl.Series, popular: F64) -> F64:
    """-ln of the share of pairs that copy with credit whose surprise is as great as each of these."""
    accounts, choices = _choices(credited, originals)
    some = np.unique(np.linspace(0, len(accounts) - 1, min(len(accounts), _MOST_COMPARED)).astype(np.int64))
    usual = np.sort(_pairs(choices[some], popular, copier_counts(credited, originals))[2])
    as_great = len(usual) - np.searchsorted(usual, surprise, side="left")
    return np.asarray(np.log(len(some) * (len(some) - 1) / 2 + 1) - np.log(as_great + 1))


@compiled
def _surprise(start: I32, choices: I32, first: I32, second: I32, meeting: F64, without_both: F64) -> F64:
    """-ln p of what each pair has in common; `without_both` is the chance of meeting as the others make it."""
    ascending = np.sort(meeting)
    upto = np.append(0.0, np.cumsum(ascending))
    found = np.zeros(len(first))
    for at in range(len(first)):
        one = choices[start[first[at]] : start[first[at] + 1]]
        other = choices[start[second[at]] : start[second[at] + 1]]
        common = np.intersect1d(one, other)
        counted, rare = np.sort(meeting[common]), np.sort(without_both[common])
        taken_out, put_in = np.append(0.0, np.cumsum(counted)), np.cumsum(rare)
        for met in range(1, len(rare) + 1):
            most = rare[met - 1]
            # among things that are as popular as this one or less, those of the pair as the others make them
            among = upto[np.searchsorted(ascending, most, side="right")]
            among -= taken_out[np.searchsorted(counted, most, side="right")]
            among += put_in[np.searchsorted(rare, most, side="right") - 1]
            expected = max(len(one) * len(other) * among, LEAST_EXPECTED)
            found[at] = max(found[at], poisson_surprise(met, expected))
        found[at] = max(0.0, found[at] - math.log(len(rare)))
    return found
