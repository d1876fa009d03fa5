"""From the accounts of pools to pools: groups whose members meet one another, and edges that hold each together."""

import numpy as np

from detectors.arrays.dtypes import F64, I32, I64, U64, Bools, StructArray
from detectors.arrays.pair_keys import numbers_of, pair_keys
from detectors.networks.communities import communities

HUBS = 24
"""Members, the first by number, that every member of a pool is tied to; of a pool of up to 25 all are tied to all. It
bounds the edges: with 256, a month with a pool of 470 accounts took 13.5 s of processor time, with 24 it took 7.8."""
MIXING = 0.25
"""Least meetings between two groups, as a part of those that mixing at random would give, for them to be one pool. The
ten groups into which Leiden cut one operation of 472 accounts have .69 to 1.54; pools of different origin had 0."""


def pool_groups(meetings: StructArray, passed: Bools, seed: int) -> list[I32]:
    """The pools, each its account numbers, ascending; ordered by the first.

    Communities of the graph of meetings (Leiden) are joined again where they mix: modularity finds groups in any large
    graph, also where everybody meets everybody. An account of a pool has met two others of its community or more.

    Args:
        meetings: records of `detectors.pools.pool_records.MEETINGS`.
        passed: bool, by account number: the accounts of pools.
        seed: seed of the random search.
    """
    pairs, count = np.unique(_met_pairs(meetings, passed), return_counts=True)
    a, b = numbers_of(pairs)
    _, parts = communities(
        a, b, count.astype(np.float64), np.unique(a), np.full(len(passed), -1, np.int32), seed
    )
    group = np.full(len(passed), -1, np.int64)
    for number, part in enumerate(parts):
        group[part] = number
    inside = (group[a] >= 0) & (group[b] >= 0)
    joined = _joined(group[a[inside]], group[b[inside]], count[inside], len(parts))
    pools = [
        np.sort(np.concatenate([parts[part] for part in np.flatnonzero(joined == number)]))
        for number in np.unique(joined)
    ]
    return sorted(pools, key=lambda pool: int(pool[0]))


def pool_edges(pools: list[I32], surprise: F64) -> tuple[U64, F64]:
    """Edges among the members of each pool: keys of pairs, and for all of a pool the smallest surprise of its accounts.

    Args:
        pools: as from `pool_groups`.
        surprise: float64, by account number.
    """
    keys: list[U64] = [np.zeros(0, np.uint64)]
    weakest = [np.zeros(0)]
    for pool in pools:
        first = np.repeat(np.arange(min(len(pool), HUBS)), len(pool))
        second = np.tile(np.arange(len(pool)), min(len(pool), HUBS))
        ascending = first < second
        keys.append(pair_keys(pool[first[ascending]], pool[second[ascending]]))
        weakest.append(np.full(int(ascending.sum()), surprise[pool].min()))
    return np.concatenate(keys), np.concatenate(weakest)


def _met_pairs(meetings: StructArray, passed: Bools) -> U64:
    """The key of both accounts, for each meeting of two accounts of pools, from either side."""
    mine = meetings[passed[meetings["account"]]]
    account = np.repeat(mine["account"], mine["partners"].shape[1])
    partner = mine["partners"].ravel()
    both = partner >= 0
    both &= np.append(passed, False)[partner]
    account, partner = account[both], partner[both]
    return pair_keys(np.minimum(account, partner), np.maximum(account, partner))


def _joined(first: I64, second: I64, count: I64, groups: int) -> I64:
    """Join groups that mix, the two that mix most first; the number of the joined group for each group.

    Args:
        first: int64, group of one account of each pair that met.
        second: int64, group of the other.
        count: int64, meetings of each pair.
        groups: count of groups.
    """
    between = np.zeros((groups, groups))
    np.add.at(between, (first, second), count)
    between += between.T
    joined = np.arange(groups)
    while True:
        degree = between.sum(axis=1)
        mixing = between * degree.sum() / np.maximum(np.outer(degree, degree), 1.0)
        np.fill_diagonal(mixing, 0.0)
        if mixing.max(initial=0.0) < MIXING:
            return joined
        one, other = divmod(int(mixing.argmax()), groups)
        joined[joined == other] = one
        between[one] += between[other]
        between[:, one] += between[:, other]
        between[other] = between[:, other] = 0.0
