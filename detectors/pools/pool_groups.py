"""From the accounts of pools to pools: groups whose members meet one another, and edges that hold each together."""

import random

import igraph
import numpy as np

from detectors.arrays.dtypes import F64, I32, I64, U64, Bools, StructArray
from detectors.arrays.pair_keys import numbers_of, pair_keys

MIN_MEMBERS = 3
"""Least accounts of a pool: the smallest network is a triangle."""
HUBS = 256
"""Members, the first by number, that every member of a pool is tied to; of a pool of up to 257 all are tied to all. It
bounds the edges."""
MIXING = 0.25
"""Least meetings between two groups, as a part of those that mixing at random would give, for them to be one pool. The
groups into which Leiden cuts one operation of 468 accounts have more than half; two pools that met by chance have
hardly any. Chosen between the two."""


def pool_groups(meetings: StructArray, passed: Bools, seed: int) -> list[I32]:
    """The pools, each its account numbers, ascending; ordered by the first.

    Communities of the graph of meetings (Leiden) are joined again where they mix: modularity finds groups in any large
    graph, also where everybody meets everybody.

    Args:
        meetings: records of `detectors.pools.pool_records.MEETINGS`.
        passed: bool, by account number: the accounts of pools.
        seed: seed of the random search.
    """
    keys = _met_pairs(meetings, passed)
    if not len(keys):
        return []
    pairs, count = np.unique(keys, return_counts=True)
    accounts, ends = np.unique(np.stack(numbers_of(pairs)), return_inverse=True)
    ends = ends.reshape(2, -1)
    graph = igraph.Graph(n=len(accounts), edges=ends.T)
    igraph.set_random_number_generator(random.Random(seed))  # noqa: S311 - a seeded search, not a secret
    found = graph.community_leiden(
        objective_function="modularity", weights=count.astype(float), n_iterations=4
    )
    group = _joined(np.asarray(found.membership, np.int64), ends, count)
    pools = [accounts[group == number].astype(np.int32) for number in np.unique(group)]
    return sorted((pool for pool in pools if len(pool) >= MIN_MEMBERS), key=lambda pool: int(pool[0]))


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


def _joined(group: I64, ends: I64, count: I64) -> I64:
    """Join groups that mix, the two that mix most first; a group number for each account.

    Args:
        group: int64, group of each account.
        ends: int64, (2, pairs): the accounts of each pair that met.
        count: int64, meetings of each pair.
    """
    while True:
        groups, group = np.unique(group, return_inverse=True)
        size = len(groups)
        if size < 2:
            return group
        between = np.zeros((size, size))
        np.add.at(between, (group[ends[0]], group[ends[1]]), count)
        between += between.T
        degree = between.sum(axis=1)
        mixing = between * degree.sum() / np.maximum(np.outer(degree, degree), 1.0)
        np.fill_diagonal(mixing, 0.0)
        best = int(mixing.argmax())
        one, other = divmod(best, size)
        if mixing[one, other] < MIXING:
            return group
        group[group == other] = one
