"""The ties of a network: which pairs of members are tied, by which kind, how strongly."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from detectors.arrays.dtypes import I32
from detectors.arrays.pair_keys import numbers_of
from detectors.config import KINDS, DetectionConfig
from detectors.evidence.null_model import NullModel
from detectors.evidence.pair_summary import summarise
from detectors.evidence.pairs import PairStore
from detectors.networks.edges import Edges, Ground, ends
from detectors.networks.edges import chosen as chosen_edges
from schemas.networks import Tie

MOST_TIES = 2_000
"""Pairs whose ties are listed, and ties listed. It bounds a network's record to about 300 kB; not measured."""
_OTHER_GROUNDS = {
    int(Ground.CROWD): "recurring_crowd",
    int(Ground.COPIES): "uncredited_copies",
    int(Ground.RHYTHM): "rhythm",
    int(Ground.POOL): "pool",
    int(Ground.FOLLOWS): "same_follows",
    int(Ground.TIMING): "timing",
}
"""Kinds of ties by ground; as numbers, since one network can have a hundred thousand edges."""
_DIGITS = 4
"""Digits of a p-value: more say nothing."""
_LEAST_P = 1e-300
"""Smaller p-values are given as this: a JSON reader must not see them as 0."""


class Ties(NamedTuple):
    """The ties of a network, and how many more there are."""

    listed: list[Tie]
    """Validated pairs first, those of a pool last of them; then by chance, then by co-shares, then by accounts."""
    left_out: int
    """Pairs with co-shares or another ground that are not listed."""


def pair_ties(
    config: DetectionConfig, edges: Edges, null: NullModel, pairs: PairStore, held: I32, names: Sequence[str]
) -> Ties:
    """The ties among members by kind: co-shares against chance, and the other grounds of edges.

    A kind is given in the window in which chance explains it least.

    Args:
        config: windows of the kinds.
        edges: between members, ascending by key.
        null: the null model.
        pairs: the pair evidence.
        held: int32, numbers of the pairs of members with co-shares; a number for each co-share.
        names: `platform:account_id` by account number.
    """
    number, co_shares = np.unique(held, return_counts=True)
    keys = np.asarray(pairs.keys[number], np.uint64)
    is_edge = np.isin(keys, edges.keys)
    tied_pairs = len(keys) + len(edges.keys) - int(is_edge.sum())
    # edges first, then the pairs with most co-shares: the cost is bounded for a network of a thousand members
    order = np.lexsort((keys, -co_shares, ~is_edge))[:MOST_TIES]
    ties = [
        *_by_co_shares(config, edges, null, pairs, np.sort(number[order]), names),
        *_by_grounds(edges, names),
    ]
    ties.sort(key=_strongest_first)
    listed = ties[:MOST_TIES]
    shown = {(tie.account_a, tie.account_b) for tie in listed}
    return Ties(listed, tied_pairs - len(shown))


def _by_co_shares(
    config: DetectionConfig,
    edges: Edges,
    null: NullModel,
    pairs: PairStore,
    chosen: I32,
    names: Sequence[str],
) -> Iterator[Tie]:
    """The co-shares of chosen pairs, each kind in the window that surprises most."""
    summary = summarise(chosen, pairs.rows, pairs.table, null)
    strongest = np.lexsort((summary["window"], summary["p_value"], summary["kind"], summary["pair"]))
    summary = summary[strongest]
    same = (np.diff(summary["pair"]) == 0) & (np.diff(summary["kind"].astype(np.int64)) == 0)
    summary = summary[np.append(True, ~same)[: len(summary)]]
    keys = np.asarray(pairs.keys[summary["pair"]], np.uint64)
    firsts, seconds = numbers_of(keys)
    validated = np.isin(keys, edges.keys[(edges.grounds & Ground.ALONE) > 0])
    columns = [summary[name].tolist() for name in ("kind", "window", "co_shares", "expected", "p_value")]
    for first, second, passed, number, window, co_shares, expected, p_value in zip(
        firsts.tolist(), seconds.tolist(), validated.tolist(), *columns, strict=True
    ):
        kind = KINDS[number]
        account_a, account_b = sorted((names[first], names[second]))
        yield Tie(
            account_a=account_a,
            account_b=account_b,
            kind=kind.value,
            co_shares=co_shares,
            expected=round(expected, 6),
            p_value=float(f"{max(p_value, _LEAST_P):.{_DIGITS}g}"),
            window_s=int(config.co_share.windows_s[kind][window]),
            validated=passed,
        )


def _by_grounds(edges: Edges, names: Sequence[str]) -> Iterator[Tie]:
    """Ties that are no co-shares: recurring crowds, uncredited copies, rhythm, pools, follow rings, timing."""
    # accounts of one pool are all tied, so those ties alone are many and say little of a pair: not all are needed
    by_pool = edges.grounds == Ground.POOL
    edges = chosen_edges(edges, ~by_pool | (np.cumsum(by_pool) <= MOST_TIES))
    firsts, seconds = ends(edges.keys)
    for first, second, grounds in zip(firsts.tolist(), seconds.tolist(), edges.grounds.tolist(), strict=True):
        account_a, account_b = sorted((names[first], names[second]))
        for ground, kind in _OTHER_GROUNDS.items():
            if grounds & ground:
                yield Tie(account_a=account_a, account_b=account_b, kind=kind, validated=True)


def _strongest_first(tie: Tie) -> tuple[bool, bool, float, int, str, str, str]:
    p_value = 0.0 if tie.p_value is None else tie.p_value
    by_pool = tie.kind == _OTHER_GROUNDS[Ground.POOL]
    return not tie.validated, by_pool, p_value, -(tie.co_shares or 0), tie.account_a, tie.account_b, tie.kind
