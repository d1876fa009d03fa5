"""Edges: pairs of accounts with evidence beyond chance, each with its grounds (the kinds of that evidence)."""

from collections.abc import Sequence
from enum import IntFlag
from typing import NamedTuple

import numpy as np

from detectors.arrays.dtypes import F64, I32, U8, U64, Bools


class Ground(IntFlag):
    """What ties the two accounts of an edge. An edge can have several grounds."""

    ALONE = 1
    """The pair's own co-shares passed the gate."""
    CROWD = 2
    """Both were in a recurring crowd (`detectors.networks.recurring_crowds`)."""
    COPIES = 4
    """Both repeat the same originals without credit (`detectors.attribution.uncredited_edges`)."""
    RHYTHM = 8
    """Both post in the same minutes again and again (`detectors.synchrony.rhythm`)."""
    POOL = 16
    """Both belong to one pool, whose accounts keep one another prompt company (`detectors.pools`)."""
    FOLLOWS = 32
    """Both follow the same accounts as one group does (`detectors.followers.follow_rings`)."""
    TIMING = 64
    """Both share the same things closer in time than strangers do (`detectors.timing.pair_timing`)."""
    STRONG = 128
    """That timing is overwhelming, so the two need no third account. Only beside `TIMING`."""


class Edges(NamedTuple):
    """Edges of any grounds, as parallel arrays."""

    keys: U64
    """The lower account number in the upper 32 bits, the greater one in the lower 32 bits."""
    surprise: F64
    """-ln p of the strongest ground."""
    grounds: U8
    """All grounds of the edge: the sum of their `Ground` values."""


def edges_of(keys: U64, surprise: F64, ground: Ground) -> Edges:
    """Edges of one ground, from the keys and surprises of a detector. Any order and repeats are allowed."""
    return Edges(keys, surprise, np.full(len(keys), int(ground), np.uint8))


NO_EDGES = edges_of(np.zeros(0, np.uint64), np.zeros(0), Ground.ALONE)


def ends(keys: U64) -> tuple[I32, I32]:
    """Both account numbers of each edge."""
    return (keys >> np.uint64(32)).astype(np.int32), (keys & np.uint64(0xFFFFFFFF)).astype(np.int32)


def inside(edges: Edges, network_of: I32, number: int) -> Edges:
    """The edges between members of one network.

    Args:
        edges: of all accounts.
        network_of: int32, network number of each account.
        number: of the network.
    """
    a, b = ends(edges.keys)
    return chosen(edges, (network_of[a] == number) & (network_of[b] == number))


def without_accounts(edges: Edges, accounts: I32) -> Edges:
    """The edges that touch none of some accounts."""
    a, b = ends(edges.keys)
    return chosen(edges, ~(np.isin(a, accounts) | np.isin(b, accounts)))


def same_side(keys: U64, sources: Bools | None) -> Bools:
    """Which edges do not join a known source to another account; bool, one for each key."""
    if sources is None:
        return np.ones(len(keys), np.bool_)
    a, b = ends(keys)
    return np.asarray(sources[a] == sources[b])


def chosen(edges: Edges, mask: Bools) -> Edges:
    """The edges for which `mask` is true."""
    return Edges(edges.keys[mask], edges.surprise[mask], edges.grounds[mask])


def merged(parts: Sequence[Edges]) -> Edges:
    """The edges of all parts, ascending by key, each once, with its greatest surprise and all its grounds."""
    keys = np.concatenate([part.keys for part in parts])
    if not len(keys):
        return NO_EDGES
    surprise = np.concatenate([part.surprise for part in parts])
    grounds = np.concatenate([part.grounds for part in parts])
    order = np.argsort(keys, kind="stable")
    firsts = np.flatnonzero(np.append(True, np.diff(keys[order]) != 0))
    return Edges(
        keys[order][firsts],
        np.maximum.reduceat(surprise[order], firsts),
        np.bitwise_or.reduceat(grounds[order], firsts),
    )
