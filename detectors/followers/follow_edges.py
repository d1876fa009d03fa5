"""Tables of follow edges and of followed accounts, and the kernels that work on them."""

from dataclasses import dataclass
from dataclasses import field as dataclass_field
from typing import Annotated, Any, NamedTuple, TypeAlias

import numpy as np
import polars as pl

from detectors.arrays.ascending import sort
from detectors.arrays.compiled import compiled, inlined
from detectors.arrays.copying import widened
from detectors.arrays.dtypes import I32, I64, U8, U64, Int, StructArray
from detectors.arrays.hash_index import free_place, key_place, place_in_order
from detectors.arrays.hashing import mix
from schemas.events import FollowAction

ACTIONS = (FollowAction.SNAPSHOT, FollowAction.FOLLOW, FollowAction.UNFOLLOW)
SNAPSHOT, FOLLOW, UNFOLLOW = range(3)
"""Codes of actions. Of two events of one edge in one second the greater code decides: an account that was seen
following and unfollowed did so in that order, and in doubt an account is not counted as a follower."""


ACCOUNT_NAMES = {"key": pl.UInt64(), "name": pl.String()}
"""Keys of accounts, and the `platform:account_id` of each."""


@dataclass(frozen=True, slots=True)
class FollowEvents:
    """Follow events, ordered by (at, follower, followee, action); 25 bytes an event and the names of accounts."""

    follower: U64
    """Keys of accounts: `detectors.arrays.hashing.hash_strings` of `platform:account_id`, domain `ACCOUNT_KEYS`."""
    followee: U64
    action: U8
    """Codes as in `ACTIONS`."""
    at: I64
    """Seconds since 1970 UTC."""
    names: Annotated[pl.DataFrame, ACCOUNT_NAMES] = dataclass_field(
        default_factory=lambda: pl.DataFrame(schema=ACCOUNT_NAMES)
    )
    """Names of the accounts of events with action `follow`, ascending by key, each once; snapshots need none."""

    def __len__(self) -> int:
        return len(self.at)

    def without(self, keys: U64) -> "FollowEvents":
        """The events that concern none of the accounts with these keys."""
        kept = ~(np.isin(self.follower, keys) | np.isin(self.followee, keys))
        names = self.names.filter(~pl.Series(np.isin(self.names["key"].to_numpy(), keys)))
        return FollowEvents(self.follower[kept], self.followee[kept], self.action[kept], self.at[kept], names)


EDGES = np.dtype([("key", np.uint64), ("stamp", np.int64)])
"""One edge: the mix of the keys of its two accounts, and time << 2 | action of the event that decided. Key 0: an empty
place of the table."""
FOLLOWEES = np.dtype(
    [
        ("key", np.uint64),
        ("followers", np.int32),  # edges present, of those in memory
        ("registry", np.int32),  # of these, edges from the registry
        ("missed", np.int32),  # follow events for which there was no room, or MISSED_ALL
        ("head", np.int32),  # row of `FollowTables.chains` of the latest edge from the registry, plus 1; or 0
    ]
)
"""One followed account: every account that a follow event was about."""
REGISTRY_EDGES = np.dtype([("number", np.int32), ("before", np.int32)])
"""One edge from the registry, present or not: the follower's number, and the row of the same followee's earlier edge
plus 1, or 0."""

MISSED_ALL = 2**31 - 1
"""Value of `missed` of an account that came when there was no room for accounts: its followers are unknown."""

TALLY = np.dtype(
    [
        ("present", np.int64),  # edges followed now
        ("ordinary", np.int64),  # edges in memory that do not come from the registry
        ("registry", np.int64),  # edges in memory that do
        ("followed", np.int64),  # followed accounts
        ("dropped", np.int64),  # events of edges for which there was no room
    ]
)
Tally: TypeAlias = Any
"""A record of `TALLY`; mypy does not know the fields of numpy's records."""

_AHEAD = (
    8  # events whose places are fetched before they are needed; measured: 1.4 times as fast as one by one
)


class Numbered(NamedTuple):
    """The registry's accounts and their numbers."""

    keys: U64  # ascending
    places: U64  # hash index of keys, in the order of their hashes
    numbers: I32
    out_degree: I64  # edges present, by number


class FollowTables(NamedTuple):
    """All that is in memory. Edges and followees are hash indexes of keys (`detectors.arrays.hash_index`)."""

    registry: Numbered
    edges: StructArray  # of EDGES
    followees: StructArray  # of FOLLOWEES
    chains: StructArray  # of REGISTRY_EDGES, in the order in which they came


class FollowRows(NamedTuple):
    """Follow events, in any order."""

    follower: U64
    followee: U64
    action: U8
    time: I64  # seconds


@inlined
def _edge_key(follower: np.uint64, followee: np.uint64) -> np.uint64:
    key = mix(follower ^ mix(followee))
    return key if key != 0 else np.uint64(1)


@inlined
def _place(table: StructArray, key: np.uint64, hashed: np.uint64) -> Int:
    """The place of a key, whether it is there or belongs there; `hashed` is the key itself if it is a mix."""
    return key_place(table["key"], key, place_in_order(hashed, len(table)))


@inlined
def _registry_number(registry: Numbered, key: np.uint64) -> Int:
    """Number of a registry account, -1 for any other."""
    place = key_place(registry.places, key, place_in_order(mix(key), len(registry.places)))
    return np.int64(registry.numbers[place]) if registry.places[place] != 0 else np.int64(-1)


@compiled
def enter_numbers(registry: Numbered) -> None:
    """Fill the table of registry numbers, which is empty."""
    for number in range(len(registry.keys)):
        begin = place_in_order(mix(registry.keys[number]), len(registry.places))
        place = free_place(registry.places, begin)
        registry.places[place] = registry.keys[number]
        registry.numbers[place] = number


@compiled
def apply_follows(events: FollowRows, tables: FollowTables, tally: Tally, max_edges: int) -> int:
    """Add events. The caller has made room for all of them.

    Args:
        events: in any order.
        tables: changed in place.
        tally: record of `TALLY`; changed in place.
        max_edges: most edges in memory that do not come from the registry, and most followed accounts.

    Returns:
        A number without meaning: it keeps the compiler from leaving out the loads that only fetch memory.
    """
    follower, followee, action, time = events
    registry, edges, followees, chains = tables
    keys = np.empty(_AHEAD, np.uint64)
    fetched = 0
    for begin in range(0, len(time), _AHEAD):
        end = min(begin + _AHEAD, len(time))
        # places are scattered over memory: asking for several at once hides most of the wait
        for row in range(begin, end):
            keys[row - begin] = _edge_key(follower[row], followee[row])
            fetched += edges[place_in_order(keys[row - begin], len(edges))].stamp & 1
            fetched += followees[place_in_order(mix(followee[row]), len(followees))].head & 1
        for row in range(begin, end):
            place = _place(edges, keys[row - begin], keys[row - begin])
            stamp = time[row] << 2 | np.int64(action[row])
            new = edges[place].key == 0
            if not new and stamp <= edges[place].stamp:
                continue
            number = _registry_number(registry, follower[row])
            target = _place(followees, followee[row], mix(followee[row]))
            room = number >= 0 or not new or tally.ordinary < max_edges
            if followees[target].key == 0:
                full = tally.followed >= max_edges
                if full and number < 0:
                    tally.dropped += 1
                    continue
                followees[target].key = followee[row]
                followees[target].missed = MISSED_ALL if full else 0
                tally.followed += 1
            if not room:
                tally.dropped += 1
                if action[row] != UNFOLLOW and followees[target].missed < MISSED_ALL - 1:
                    followees[target].missed += 1
                continue
            if new:
                edges[place].key = keys[row - begin]
                if number < 0:
                    tally.ordinary += 1
                else:
                    tally.registry += 1
                    chains[tally.registry - 1].number = number
                    chains[tally.registry - 1].before = followees[target].head
                    followees[target].head = tally.registry
            was_present = not new and edges[place].stamp & 3 != UNFOLLOW
            change = np.int64(action[row] != UNFOLLOW) - np.int64(was_present)
            edges[place].stamp = stamp
            followees[target].followers += change
            tally.present += change
            if number >= 0:
                followees[target].registry += change
                registry.out_degree[number] += change
    return fetched


@compiled
def move_entries(old: StructArray, new: StructArray, mixed: bool) -> None:
    """Copy the entries of one table to another, which is empty. `mixed`: whether keys are mixes already."""
    for place in range(len(old)):
        key = old[place].key
        if key != 0:
            new[_place(new, key, key if mixed else mix(key))] = old[place]


@compiled
def registry_changed(tables: FollowTables, registry: Numbered, renumbered: I32, new: I32) -> StructArray:
    """Change which accounts are the registry's. Followees are changed in place, and degrees counted.

    Args:
        tables: all that is in memory, with the registry so far.
        registry: the next registry; its degrees are 0.
        renumbered: int32, by number so far: the number in the next registry, or -1.
        new: int32, numbers in the next registry of accounts that are not in the present one.

    Returns:
        The edges from the next registry, records of `REGISTRY_EDGES`.
    """
    edges, followees, old = tables.edges, tables.followees, tables.chains
    likely = _key_bits(edges) if len(new) else np.zeros(1, np.uint8)
    chains = np.zeros(len(old) + 64, old.dtype)
    made = 0
    for place in range(len(followees)):
        key = followees[place].key
        if key == 0:
            continue
        link = np.int64(followees[place].head)
        followees[place].head = 0
        followees[place].registry = 0
        asked = 0
        while link != 0 or asked < len(new):
            if link != 0:
                number = np.int64(renumbered[old[link - 1].number])
                link = np.int64(old[link - 1].before)
                if number < 0:
                    continue
                edge = _edge_key(registry.keys[number], key)
            else:
                number = np.int64(new[asked])
                asked += 1
                edge = _edge_key(registry.keys[number], key)
                bit = edge & np.uint64(8 * len(likely) - 1)
                if not likely[bit >> np.uint64(3)] >> (bit & np.uint64(7)) & np.uint64(1):
                    continue
            entry = _place(edges, edge, edge)
            if edges[entry].key == 0:
                continue
            if made == len(chains):
                chains = widened(chains, 2 * made)
            chains[made].number = number
            chains[made].before = followees[place].head
            made += 1
            followees[place].head = made
            present = np.int64(edges[entry].stamp & 3 != UNFOLLOW)
            followees[place].registry += present
            registry.out_degree[number] += present
    return chains[:made].copy()


@compiled
def _key_bits(edges: StructArray) -> U8:
    """A bit for each edge, at the low end of its key; 2 bytes for each place of the table.

    Where the bit is not set, there is no such edge, so most absent edges cost one look at this smaller array. A look
    at the table takes three to four times as long (measured: 150 ns against 40).
    """
    bits = np.zeros(2 * len(edges), np.uint8)
    for place in range(len(edges)):
        if edges[place].key != 0:
            bit = edges[place].key & np.uint64(8 * len(bits) - 1)
            bits[bit >> np.uint64(3)] |= np.uint8(1) << np.uint8(bit & np.uint64(7))
    return bits


@compiled
def followees_at(followees: StructArray, keys: U64) -> StructArray:
    """The record of each account, with key 0 where there is none."""
    out = np.zeros(len(keys), followees.dtype)
    for row in range(len(keys)):
        out[row] = followees[_place(followees, keys[row], mix(keys[row]))]
    return out


@compiled
def registry_followers_of(keys: U64, tables: FollowTables) -> tuple[I64, I32]:
    """The registry accounts that follow each account.

    Returns:
        Where each account's list begins (int64, len(keys) + 1), and the lists of registry numbers (int32).
    """
    followees, chains = tables.followees, tables.chains
    start = np.zeros(len(keys) + 1, np.int64)
    for row in range(len(keys)):
        start[row + 1] = start[row] + followees[_place(followees, keys[row], mix(keys[row]))].registry
    numbers = np.empty(start[-1], np.int32)
    for row in range(len(keys)):
        end = start[row]
        link = followees[_place(followees, keys[row], mix(keys[row]))].head
        while link != 0:
            number = chains[link - 1].number
            key = _edge_key(tables.registry.keys[number], keys[row])
            if tables.edges[_place(tables.edges, key, key)].stamp & 3 != UNFOLLOW:
                numbers[end] = number
                end += 1
            link = chains[link - 1].before
        sort(numbers[start[row] : end], end - start[row])
    return start, numbers
