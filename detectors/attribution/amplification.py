"""Copies without credit that far more accounts pass on than their author's followers account for.

Who reads an account reposts it, and a popular account that copies an agency without credit has readers of its own,
again and again the same: that is no group. Where an account that hardly anybody follows is passed on by more than
every second follower could explain, others than its readers did it.
"""

import numpy as np
import polars as pl

from detectors.arrays.dtypes import I32, I64, Bools
from detectors.attribution.fact_store import RateFinding, rate_finding
from detectors.attribution.facts import Fact
from detectors.attribution.uncredited_crowds import MIN_CROWD
from detectors.statistics.rates import RateSums, rate_sums

_OF_FOLLOWERS = 0.5
"""Accounts that pass a copy on for each follower of its author: a judgement, well beyond what readers do."""


def amplified(held: pl.DataFrame, followers: I64) -> pl.DataFrame:
    """The reposts of copies that were passed on beyond their author's followers.

    Args:
        held: facts, columns as in `detectors.attribution.fact_store.FactStore.counted_facts`.
        followers: int64, by account, -1 unknown. Of authors with unknown followers nothing is said.

    Returns:
        Rows of `held`, each account once for a copy, in event order.
    """
    copy = ["detail", "entity", "origin"]
    copies = held.filter(pl.col("kind") == int(Fact.COPY))
    authors = copies.select(
        pl.col("post_id").alias("detail"),
        "entity",
        "origin",
        author="account",
        audience=pl.Series(followers, dtype=pl.Int64).gather(copies["account"]),
    ).unique(copy, keep="first")
    reposts = held.filter(pl.col("kind") == int(Fact.PASSED_ON))
    reposts = reposts.unique(["account", *copy], keep="first", maintain_order=True)
    reposts = reposts.join(authors, on=copy, maintain_order="left")
    by_others = reposts.filter(pl.col("account") != pl.col("author"), pl.col("audience") >= 0)
    many = pl.len().over(copy)
    return by_others.filter(many >= MIN_CROWD, many >= _OF_FOLLOWERS * pl.col("audience")).select(
        held.columns
    )


def amplifying(reposts: pl.DataFrame, posts: I64, some: Bools) -> RateSums:
    """How often some accounts' posts are such reposts.

    Args:
        reposts: as `amplified` gives them.
        posts: int64, by account number; all accounts of the reposts are among them.
        some: bool, by account number.
    """
    counts = np.bincount(reposts["account"].to_numpy(), minlength=len(posts)).astype(np.int64)
    return rate_sums(counts[some], posts[some])


def amplification(
    reposts: pl.DataFrame, members: I32, posts: I64, sums: RateSums, ordinary: Bools
) -> RateFinding:
    """How often members passed such copies on, against ordinary accounts.

    Args:
        reposts: as `amplified` gives them.
        members: int32, account numbers.
        posts: int64, by account number.
        sums: of ordinary accounts (`amplifying`).
        ordinary: bool, by account number: whose sums these are. Members among them are taken out.
    """
    by_members = np.isin(reposts["account"].to_numpy(), members)
    concerned = (
        reposts.filter(pl.Series(by_members, dtype=pl.Boolean)) if by_members.any() else reposts.clear()
    )
    mine = np.bincount(concerned["account"].to_numpy(), minlength=int(members.max()) + 1)[members]
    written, inside = posts[members], ordinary[members]
    return rate_finding(mine, written, sums.less(rate_sums(mine[inside], written[inside])), concerned)
