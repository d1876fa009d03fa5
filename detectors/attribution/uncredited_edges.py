"""Ties between accounts that carry the same originals without credit, whoever finds them."""

import polars as pl

from detectors.arrays.dtypes import I64, Bools
from detectors.attribution.facts import Fact
from detectors.attribution.uncredited_crowds import member_edges, uncredited_crowds
from detectors.attribution.uncredited_pairs import uncredited_groups
from detectors.networks.edges import Edges, Ground, edges_of

_COPIES = ("account", "time", "post_id", "kind", "entity", "origin")


def uncredited_edges(held: pl.DataFrame, amplified: pl.DataFrame, posts: I64, ordinary: Bools) -> Edges:
    """Edges of crowds and of groups of a few.

    Args:
        held: facts, columns as in `detectors.attribution.fact_store.FactStore.counted_facts`.
        amplified: of these, reposts beyond the audience (`amplification.amplified`). Who passes such a copy
            on carries the original as its author does, and counts into crowds.
        posts: int64, posts of each account.
        ordinary: bool, by account: in no network.
    """
    facts = held.select(_COPIES)
    carried = amplified.select(_COPIES).with_columns(kind=pl.lit(int(Fact.COPY), pl.UInt8))
    found = uncredited_crowds(pl.concat([facts, carried]), posts, ordinary)
    found += uncredited_groups(facts, ordinary)
    return edges_of(*member_edges(found), Ground.COPIES)
