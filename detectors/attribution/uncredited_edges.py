"""Edges between accounts that repeat the same originals without credit.

Three accounts that copy the same articles of a state agency are found as a few accounts with the same choices
(`uncredited_pairs`); three hundred are found as crowds that meet again (`uncredited_crowds`). Either way they become
edges of the ground `COPIES`, from which communities are made.
"""

import polars as pl

from detectors.arrays.dtypes import I64, Bools
from detectors.attribution.facts import Fact
from detectors.attribution.uncredited_crowds import member_edges, uncredited_crowds
from detectors.attribution.uncredited_pairs import uncredited_groups
from detectors.networks.edges import NO_EDGES, Edges, Ground, edges_of

_COPIES = ("account", "time", "post_id", "kind", "entity", "origin")


def uncredited_edges(counted: pl.DataFrame, amplified: pl.DataFrame, posts: I64, ordinary: Bools) -> Edges:
    """The edges of crowds, and of groups of a few accounts.

    Args:
        counted: facts, columns as in `detectors.attribution.fact_store.FactStore.counted_facts`.
        amplified: the reposts among them that reach beyond the author's followers (`amplification.amplified`). An
            account that passes such a copy on counts as one that copied the original, in crowds only.
        posts: int64, by account number.
        ordinary: bool, by account number: whether the account is in no network.
    """
    if counted.is_empty():
        return NO_EDGES
    facts = counted.select(_COPIES)
    carried = amplified.select(_COPIES).with_columns(kind=pl.lit(int(Fact.COPY), pl.UInt8))
    crowds = uncredited_crowds(pl.concat([facts, carried]), posts, ordinary)
    crowds += uncredited_groups(facts, ordinary)
    return edges_of(*member_edges(crowds), Ground.COPIES)
