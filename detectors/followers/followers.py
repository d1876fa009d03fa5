"""Follows between accounts: an exact set of follow edges, and counts of followers for each followed account.

Events may come in any order and more than once. Of each edge the event with the greatest (time, action) decides, so the
state is a function of the set of events. Unfollowed edges stay in memory, because otherwise an older follow that comes
later would bring them back. An edge is identified by a 64-bit mix of both account keys: among 1e7 edges the odds that
any two have the same mix are 3e-6, and such a pair would cost one follower.

Memory: 21-43 bytes an edge, 32-64 bytes a followed account, 8-16 bytes more an edge from the registry. Tables double
when they are three quarters full. At that moment the old table and the new one exist together (64 bytes an edge), and
one pass over both, in order of memory, takes 0.2-0.5 s at 6e6 edges (measured with `benchmarks/followers.py`).
"""

from typing import ClassVar, NamedTuple

import numpy as np

from detectors.arrays.dtypes import I32, I64, U8, U64, Bools
from detectors.arrays.hash_index import power_of_two
from detectors.arrays.sorted_keys import places
from detectors.followers.follow_edges import (
    ACTIONS,
    EDGES,
    FOLLOWEES,
    MISSED_ALL,
    REGISTRY_EDGES,
    TALLY,
    FollowRows,
    FollowTables,
    Numbered,
    apply_follows,
    enter_numbers,
    followees_at,
    move_entries,
    registry_changed,
    registry_followers_of,
)

_FIRST_SIZE = 1 << 14
_STEP = 1 << 16
_LATEST = 1 << 60


class Followees(NamedTuple):
    """The followed accounts, in ascending order of keys."""

    keys: U64
    followers: I64
    """Followers present, among the edges in memory."""
    registry: I64
    """How many of these are accounts of the registry."""
    complete: Bools
    """Whether there was room for every follower."""


class FollowerStore:
    """The follow edges in memory, and which of them come from the registry.

    There is room for `max_edges` edges that do not come from the registry, and for all that do. Follow events of
    further edges only add to the followee's count, repeats included, so that count is then an upper bound. As long as
    nothing is dropped, the state is a function of the set of events. Afterwards it depends on their order, too, but
    never on where batches end.

    Args:
        registry_keys: uint64, ascending: keys of the registry's accounts.
        max_edges: most edges in memory that do not come from the registry, followed or unfollowed; and most followed
            accounts without followers in the registry.

    Raises:
        ValueError: `registry_keys` are not ascending.
    """

    not_state: ClassVar[frozenset[str]] = frozenset({"_max_edges"})

    def __init__(self, registry_keys: U64, max_edges: int = 10_000_000) -> None:
        keys = _checked(registry_keys)
        self._max_edges = max_edges
        self._tables = FollowTables(
            _numbered(keys),
            np.zeros(_FIRST_SIZE, EDGES),
            np.zeros(_FIRST_SIZE, FOLLOWEES),
            np.zeros(_FIRST_SIZE, REGISTRY_EDGES),
        )
        self._tally = np.zeros(1, TALLY)

    def __len__(self) -> int:
        """Edges present."""
        return int(self._tally["present"][0])

    @property
    def remembered(self) -> int:
        """Edges held in memory, unfollowed ones included."""
        return int(self._tally["ordinary"][0] + self._tally["registry"][0])

    @property
    def from_registry(self) -> int:
        """Edges in memory whose follower is in the registry, unfollowed ones included."""
        return int(self._tally["registry"][0])

    @property
    def dropped(self) -> int:
        """Follow events of edges for which there was no room."""
        return int(self._tally["dropped"][0])

    @property
    def registry_keys(self) -> U64:
        """Keys of the registry's accounts by number, ascending; not a copy."""
        return self._tables.registry.keys

    @property
    def out_degrees(self) -> I64:
        """How many accounts each registry account follows, by number; int64, not a copy."""
        return self._tables.registry.out_degree

    def apply(self, follower: U64, followee: U64, action: U8, at: I64) -> None:
        """Add follow events, in any order.

        Args:
            follower: uint64, keys of the accounts that follow.
            followee: uint64, keys of the accounts that are followed; never 0.
            action: uint8, codes as in `detectors.followers.follow_edges.ACTIONS`.
            at: int64, seconds since 1970 UTC.

        Raises:
            ValueError: lengths differ, or a code, key or time is out of bounds.
        """
        if not len(follower) == len(followee) == len(action) == len(at):
            raise ValueError("follower, followee, action and at must have the same length")
        if not len(at):
            return
        if action.max() >= len(ACTIONS) or followee.min() == 0:
            raise ValueError(f"action codes must be below {len(ACTIONS)}, and followee keys must not be 0")
        if at.min() < -_LATEST or at.max() > _LATEST:
            raise ValueError("times must be within 2^60 seconds of 1970")
        for begin in range(0, len(at), _STEP):
            step = slice(begin, begin + _STEP)
            # copies: arrays of columns may be read-only or strided, and kernels are compiled for neither
            events = FollowRows(
                np.array(follower[step], np.uint64),
                np.array(followee[step], np.uint64),
                np.array(action[step], np.uint8),
                np.array(at[step], np.int64),
            )
            self._reserve(len(events.time))
            apply_follows(events, self._tables, self._tally[0], self._max_edges)

    def set_registry_keys(self, registry_keys: U64) -> None:
        """Continue with other registry accounts, as if they had been the registry's from the start.

        An edge in memory does not say whose it is. So the edges of accounts that are new to the registry are found by a
        look-up for each account and followee: some 40 ns each (measured on two busy cores), or 4 s for 100 accounts
        and 1e6 followees.

        Args:
            registry_keys: as for the constructor.
        """
        keys, before = _checked(registry_keys), self.registry_keys
        if np.array_equal(keys, before):
            return
        place, stays = places(keys, before)
        new = np.flatnonzero(~places(before, keys)[1])
        registry = _numbered(keys)
        renumbered = np.where(stays, place, -1).astype(np.int32)
        chains = registry_changed(self._tables, registry, renumbered, new.astype(np.int32))
        self._tally["ordinary"][0] = self.remembered - len(chains)
        self._tally["registry"][0] = len(chains)
        self._tables = self._tables._replace(registry=registry, chains=chains)

    def followers_of(self, keys: U64) -> tuple[Bools, I64, I64]:
        """The followers of accounts.

        Returns:
            seen (bool): whether a follow event was about the account; if not, its followers are unknown, not zero.
            followers (int64): followers present and those for which there was no room: an upper bound.
            registry (int64): how many of them are in the registry.
        """
        rows = followees_at(self._tables.followees, np.array(keys, np.uint64))
        seen = (rows["key"] != 0) & (rows["missed"] != MISSED_ALL)
        followers = rows["followers"].astype(np.int64) + rows["missed"]
        return seen, np.where(seen, followers, 0), np.where(seen, rows["registry"], 0).astype(np.int64)

    def registry_followers(self, key: int) -> U64:
        """Keys of the registry accounts that follow an account, ascending; uint64."""
        _, numbers = self.registry_follows(np.array([key], np.uint64))
        return self._tables.registry.keys[numbers]

    def registry_follows(self, keys: U64) -> tuple[I64, I32]:
        """The registry followers of several accounts.

        Returns:
            start (int64, len(keys) + 1) and registry numbers (int32): the followers of account i are
            `numbers[start[i]:start[i + 1]]`, ascending.
        """
        return registry_followers_of(np.array(keys, np.uint64), self._tables)

    def followees(self) -> Followees:
        """The followed accounts, except those for which there was no room."""
        held = self._tables.followees["key"] != 0
        rows = self._tables.followees[held & (self._tables.followees["missed"] != MISSED_ALL)]
        rows = rows[np.argsort(rows["key"])]
        return Followees(
            np.ascontiguousarray(rows["key"]),
            rows["followers"].astype(np.int64),
            rows["registry"].astype(np.int64),
            rows["missed"] == 0,
        )

    def _reserve(self, events: int) -> None:
        """Make room for what so many more events can bring."""
        _, edges, followees, chains = self._tables
        from_registry = int(self._tally["registry"][0]) + events
        # edges of accounts that left the registry stay, even if there are events than `max_edges`
        most = max(self._max_edges, int(self._tally["ordinary"][0])) + from_registry
        edge_count = min(self.remembered + events, most)
        if edge_count * 4 > len(edges) * 3:
            edges = np.zeros(_size_for(edge_count), EDGES)
            move_entries(self._tables.edges, edges, True)
        followee_count = min(int(self._tally["followed"][0]) + events, most)
        if followee_count * 4 > len(followees) * 3:
            followees = np.zeros(_size_for(followee_count), FOLLOWEES)
            move_entries(self._tables.followees, followees, False)
        if from_registry > len(chains):
            chains = np.append(chains, np.zeros(from_registry, REGISTRY_EDGES))
        self._tables = self._tables._replace(edges=edges, followees=followees, chains=chains)


def _checked(registry_keys: U64) -> U64:
    keys = np.array(registry_keys, np.uint64)
    if len(keys) and (keys[0] == 0 or not (keys[1:] > keys[:-1]).all()):
        raise ValueError("registry_keys must be ascending, without repeats and without 0")
    return keys


def _numbered(keys: U64) -> Numbered:
    size = power_of_two(len(keys) * 8 + 1, 1 << 8)
    registry = Numbered(
        keys, np.zeros(size, np.uint64), np.zeros(size, np.int32), np.zeros(len(keys), np.int64)
    )
    enter_numbers(registry)
    return registry


def _size_for(entries: int) -> int:
    """The smallest power of two of which `entries` fill at most three quarters."""
    return power_of_two((entries * 4 + 2) // 3, 1)
