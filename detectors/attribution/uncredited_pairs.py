"""A few accounts that repeat the same originals without credit: found pair by pair, hours apart if need be.

Three accounts copy a state agency's articles without naming the agency. They are too few for any article to stand out
(`detectors.attribution.uncredited_crowds`), and as they post half an hour apart, no pair of them has enough in common
within a window of co-sharing. What gives them away is their choice: of all that there is, they chose the same
originals to copy, the same handle to write so that it does not link, the same company's site to link to. Two accounts
that chose j and k things would meet by chance at

    j k x sum over things of (share of all choices)^2

of them. Three steps make the test stricter:

1. Rare things count for more. Of what a pair has in common, the m rarest are compared with the chance of meeting among
   things as rare, for each m; the best m counts, and is paid for (Bonferroni).
2. A thing is rare in two ways: among all who carry it, and among those who drop its source as the pair does (many copy
   a joke without credit and have nothing to do with one another). The less surprising of the two counts.
3. Readers of one topic or language meet more often than by chance. So the same is asked of accounts that copy *with*
   credit, and the p-value of a pair is at least the share of their pairs that are as surprising.

Then Benjamini-Hochberg over all pairs of accounts with two such choices or more. How many choices an account made is
given, not tested, so accounts with many choices are no more likely to pass. Accounts connected by pairs that pass are
a group.

Null model, cost and false positives: `docs/detectors/uncredited-pairs.md`.
"""

import math

import numpy as np
import polars as pl
import scipy  # its parts load when first used

from detectors.arrays.ascending import count_up_to, sort
from detectors.arrays.compiled import compiled
from detectors.arrays.components import components
from detectors.arrays.dtypes import F64, I32, I64, Bools
from detectors.attribution.facts import Fact
from detectors.attribution.uncredited_crowds import copier_counts, copies_of, first_copies
from detectors.networks.recurring_crowds import RecurringCrowd
from detectors.statistics.false_discovery import benjamini_hochberg
from detectors.statistics.tails import LEAST_EXPECTED, poisson_surprise

LEVEL = 0.01
"""False-discovery rate over pairs, as for the other tests of edges. A choice, not measured."""
MIN_COMMON = 2
"""Least things that a pair has in common, and least choices of an account that is compared: one is an accident."""
MOST_COPIERS = 50
"""Originals that more accounts copy without credit are left to `detectors.attribution.uncredited_crowds`. Bounds the
work: a million copies are at most 25 million pairs, 0.3 GB for a moment (`docs/detectors/uncredited-pairs.md`)."""
_CHOICES = [int(kind) for kind in (Fact.COPY, Fact.HIDDEN_MENTION, Fact.REGISTRY_LINK)]
"""Kinds of facts that are choices of an account: what it copied, wrote or linked to without credit."""
_MOST_COMPARED = 500
"""Most accounts with credited copies that are compared to learn what is usual: 125,000 pairs. With 200 credited copies
each that takes 4 s on a busy core (measured, `docs/detectors/uncredited-pairs.md`)."""


def uncredited_groups(facts: pl.DataFrame, ordinary: Bools) -> list[RecurringCrowd]:
    """Find the groups.

    Args:
        facts: columns account, time, post_id, kind, entity, origin; of registry links only those to opaque entities.
        ordinary: bool, by account: whether it is in no network. These accounts show how often readers who name their
            source meet.

    Returns:
        The accounts of each group, two or more, with the greatest surprise of a pair among them.
    """
    if facts["kind"].is_in(_CHOICES).sum() < 2 * MIN_COMMON:
        return []
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
    group_of = components(first, second, len(accounts))
    return [
        RecurringCrowd(accounts[group_of == group], float(surprise[group_of[first] == group].max()))
        for group in np.unique(group_of[first]).tolist()
    ]


def _marks(facts: pl.DataFrame) -> pl.DataFrame:
    """Hidden handles and linked owners as if they were originals: one row for each account and handle or owner.

    Those in posts that are copies are left out: they may have come with the original, so they are no choice.
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


def _choices(copied: pl.DataFrame, originals: pl.Series) -> "tuple[I32, scipy.sparse.csr_array]":
    """Accounts with `MIN_COMMON` originals or more, ascending; and a matrix, 1 where an account chose an original."""
    kept = copied.filter(pl.len().over("account") >= MIN_COMMON)
    column = np.searchsorted(originals.to_numpy(), kept["original"].to_numpy())
    accounts, row = np.unique(kept["account"].to_numpy(), return_inverse=True)
    ones = np.ones(len(row), np.int64)
    shape = (len(accounts), len(originals))
    return accounts.astype(np.int32), scipy.sparse.csr_array((ones, (row, column)), shape=shape)


def _meeting(counts: I64, leaving: int = 0) -> F64:
    """Chance that one choice of one account and one choice of another meet at each original.

    The square of an original's share is estimated without bias, as n (n - 1) / N^2, so that originals that one account
    copied add nothing.

    Args:
        counts: int64, accounts that chose each original.
        leaving: how many of them are left out, of each original.
    """
    others = np.maximum(counts - leaving, 0).astype(np.float64)
    return others * np.maximum(others - 1.0, 0.0) / max(float(counts.sum()), 1.0) ** 2


def _pairs(choices: "scipy.sparse.csr_array", popular: F64, counts: I64) -> tuple[I32, I32, F64]:
    """Pairs with `MIN_COMMON` originals in common or more: two rows of `choices` each, and the surprise.

    Args:
        choices: accounts by originals, as `_choices` gives it.
        popular: chance to meet at each original, from all who carry it.
        counts: accounts that carry each original in the same way as those under test.
    """
    pairs = scipy.sparse.triu(choices @ choices.T, k=1).tocoo()
    several = pairs.data >= MIN_COMMON
    first, second = pairs.row[several].astype(np.int32), pairs.col[several].astype(np.int32)
    # of an empty matrix scipy makes these int32, for which the kernel would be compiled a second time
    start, originals = (part.astype(np.int64, copy=False) for part in (choices.indptr, choices.indices))
    chosen = (start, originals, first, second)
    by_all = _surprise(*chosen, *_ascending(popular), popular, popular)
    meeting = _meeting(counts)
    by_like = _surprise(*chosen, *_ascending(meeting), meeting, _meeting(counts, leaving=2))
    return first, second, np.minimum(by_all, by_like)


def _usual(surprise: F64, credited: pl.DataFrame, originals: pl.Series, popular: F64) -> F64:
    """-ln of the share of pairs with credited copies that are as surprising as each of these surprises."""
    accounts, choices = _choices(credited, originals)
    sample = np.unique(np.linspace(0, len(accounts) - 1, min(len(accounts), _MOST_COMPARED)).astype(np.int64))
    usual = np.sort(_pairs(choices[sample], popular, copier_counts(credited, originals))[2])
    as_great = len(usual) - np.searchsorted(usual, surprise, side="left")
    return np.asarray(np.log(len(sample) * (len(sample) - 1) / 2 + 1) - np.log(as_great + 1))


def _ascending(chance: F64) -> tuple[F64, F64]:
    """The values in ascending order, and the sums of the first 0, 1, 2 and so on of them."""
    ascending = np.sort(chance)
    return ascending, np.append(0.0, np.cumsum(ascending))


@compiled
def _surprise(
    start: I64,
    choices: I64,
    first: I32,
    second: I32,
    ascending: F64,
    total: F64,
    chance: F64,
    chance_of_others: F64,
) -> F64:
    """-ln p of what each pair has in common, 0 or more.

    Args:
        start: int64, where the choices of each account begin.
        choices: int64, originals of each account, ascending.
        first: int32, one account of each pair.
        second: int32, the other.
        ascending: `chance` in ascending order.
        total: sums of the first 0, 1, 2 and so on of them.
        chance: chance to meet at each original.
        chance_of_others: the same without the two accounts of a pair.
    """
    surprise = np.zeros(len(first))
    counted, rare = np.empty(len(chance)), np.empty(len(chance))
    for pair in range(len(first)):
        a, a_end = start[first[pair]], start[first[pair] + 1]
        b, b_end = start[second[pair]], start[second[pair] + 1]
        all_ways = (a_end - a) * (b_end - b)
        common = 0
        while a < a_end and b < b_end:
            if choices[a] == choices[b]:
                counted[common], rare[common] = chance[choices[a]], chance_of_others[choices[a]]
                common += 1
            smaller = min(choices[a], choices[b])
            a += choices[a] == smaller
            b += choices[b] == smaller
        sort(counted, common)
        sort(rare, common)
        of_pair, of_others = 0.0, 0.0
        pair_place, others_place = 0, 0
        for met in range(1, common + 1):
            most = rare[met - 1]
            # among things as popular as this one or less; those of the pair count as the others make them
            while pair_place < common and counted[pair_place] <= most:
                of_pair += counted[pair_place]
                pair_place += 1
            while others_place < common and rare[others_place] <= most:
                of_others += rare[others_place]
                others_place += 1
            meeting = total[count_up_to(ascending, 0, len(ascending), most)] - of_pair + of_others
            expected = max(all_ways * meeting, LEAST_EXPECTED)
            surprise[pair] = max(surprise[pair], poisson_surprise(met, expected))
        surprise[pair] = max(0.0, surprise[pair] - math.log(common))
    return surprise
