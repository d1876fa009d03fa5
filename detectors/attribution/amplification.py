"""Copies without credit that many more accounts repost than the author's followers can explain.

One of three accounts copies a state agency's article without credit, and the two others and their friends repost the
copy. A popular account that does so has readers who repost it again and again; they are no group. But where hardly
anybody follows the author, and the reposts number half of its followers or more, accounts other than its readers
reposted it.
"""

import numpy as np
import polars as pl

from detectors.arrays.dtypes import I32, I64, Bools
from detectors.attribution.fact_store import RateFinding, rate_finding
from detectors.attribution.facts import Fact
from detectors.attribution.uncredited_crowds import MIN_CROWD
from detectors.statistics.rates import RateSums, rate_sums

_OF_FOLLOWERS = 0.5
"""Least reposts of a copy, by other accounts, per follower of its author.

Chosen by judgement as well beyond what readers do; not measured (`docs/detectors/amplification.md`).
"""


def amplified(facts: pl.DataFrame, followers: I64) -> pl.DataFrame:
    """The reposts of copies that were passed on beyond their author's followers.

    Args:
        facts: columns as in `detectors.attribution.fact_store.FactStore.counted_facts`.
        followers: int64, by account number; -1: unknown. Copies of authors with unknown followers are left out.

    Returns:
        Rows of `facts`, one for each account and copy, in event order.
    """
    if facts.is_empty():
        return facts
    copy = ["detail", "entity", "origin"]
    copies = facts.filter(pl.col("kind") == int(Fact.COPY))
    reposts = facts.filter(pl.col("kind") == int(Fact.PASSED_ON))
    if copies.is_empty() or reposts.is_empty():
        return facts.clear()
    authors = copies.select(
        pl.col("post_id").alias("detail"),
        "entity",
        "origin",
        author="account",
        audience=pl.Series(followers, dtype=pl.Int64).gather(copies["account"]),
    ).unique(copy, keep="first")
    reposts = reposts.unique(["account", *copy], keep="first", maintain_order=True)
    reposts = reposts.join(authors, on=copy, maintain_order="left")
    by_others = reposts.filter(pl.col("account") != pl.col("author"), pl.col("audience") >= 0)
    count = pl.len().over(copy)
    return by_others.filter(count >= MIN_CROWD, count >= _OF_FOLLOWERS * pl.col("audience")).select(
        facts.columns
    )


def amplifying(reposts: pl.DataFrame, posts: I64, chosen: Bools) -> RateSums:
    """Rate of such reposts among the posts of the chosen accounts.

    Args:
        reposts: as `amplified` gives them.
        posts: int64, by account number; all accounts of the reposts are among them.
        chosen: bool, by account number.
    """
    counts = np.bincount(reposts["account"].to_numpy(), minlength=len(posts)).astype(np.int64)
    return rate_sums(counts[chosen], posts[chosen])


def amplification(
    reposts: pl.DataFrame, members: I32, posts: I64, sums: RateSums, ordinary: Bools
) -> RateFinding:
    """Rate of such reposts among the posts of members, compared with ordinary accounts.

    Args:
        reposts: as `amplified` gives them.
        members: int32, account numbers.
        posts: int64, by account number.
        sums: the rate of ordinary accounts (`amplifying`).
        ordinary: bool, by account number: the accounts in `sums`. Members among them are taken out.
    """
    by_members = np.isin(reposts["account"].to_numpy(), members)
    concerned = (
        reposts.filter(pl.Series(by_members, dtype=pl.Boolean)) if by_members.any() else reposts.clear()
    )
    mine = np.bincount(concerned["account"].to_numpy(), minlength=int(members.max()) + 1)[members]
    written, inside = posts[members], ordinary[members]
    return rate_finding(mine, written, sums.less(rate_sums(mine[inside], written[inside])), concerned)
