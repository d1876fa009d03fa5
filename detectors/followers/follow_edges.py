"""The memory of follow edges: hash tables of edges and of who is followed, and the kernels that work on them."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from detectors.arrays.compiled import compiled, inlined
from detectors.arrays.dtypes import I32, I64, U8, U64, Int, StructArray
from detectors.arrays.hashing import mix
from schemas.events import FollowAction

ACTIONS = (FollowAction.SNAPSHOT, FollowAction.FOLLOW, FollowAction.UNFOLLOW)
SNAPSHOT, FOLLOW, UNFOLLOW = range(3)
"""Actions by code. Of two events of one edge in one second the greater code decides: an account that is seen
following and unfollows did so in that order, and in doubt nobody is counted as a follower."""


@dataclass(frozen=True, slots=True)
class FollowEvents:
    """Follow events in the order of (at, follower, followee, action); 25 bytes an event. Names are not kept."""

    follower: U64
    """Keys of accounts: `detectors.arrays.hashing.hash_strings` of `platform:account_id`, domain `ACCOUNT_KEYS`."""
    followee: U64
    action: U8
    """Codes as in `ACTIONS`."""
    at: I64
    """Seconds since 1970 UTC."""

    def __len__(self) -> int:
        return len(self.at)


EDGES = np.dtype([("key", np.uint64), ("stamp", np.int64)])
"""One edge: the mix of its accounts, and time << 2 | action of the event that decided. Key 0: an empty place."""
FOLLOWEES = np.dtype(
    [
        ("key", np.uint64),
        ("followers", np.int32),  # present, of those remembered
        ("registry", np.int32),  # of these, followers in the registry
        ("missed", np.int32),  # follow events that found no room, or MISSED_ALL
        ("head", np.int32),  # latest edge from the registry + 1, or 0
    ]
)
"""One account that a follow event was about."""
REGISTRY_EDGES = np.dtype([("number", np.int32), ("before", np.int32)])
"""An edge from the registry, present or not: the follower's number and the edge before of its followee + 1, or 0."""

MISSED_ALL = 2**31 - 1
"""The account came when there was no room for accounts: its followers are unknown."""

PRESENT, ORDINARY, REGISTRY, FOLLOWED, DROPPED, TALLIES = range(6)
"""What is tallied: edges present; edges remembered, from others and from the registry; accounts; events dropped."""

_AHEAD = 8  # events whose places are fetched before they are needed; measured, 1.4 times as fast as 1


class Numbered(NamedTuple):
    """The registry's accounts and their numbers."""

    keys: U64  # ascending
    places: U64  # open addressing by key, a power of two
    numbers: I32
    out_degree: I64  # edges present, by number


class FollowTables(NamedTuple):
    """What is remembered; edges and followees are open-addressing tables of a power of two."""

    registry: Numbered
    edges: StructArray  # of EDGES
    followees: StructArray  # of FOLLOWEES
    chains: StructArray  # of REGISTRY_EDGES, in order of arrival


class FollowRows(NamedTuple):
    """Follow events, in any order."""

    follower: U64
    followee: U64
    action: U8
    at: I64  # seconds


@inlined
def _edge_key(follower: np.uint64, followee: np.uint64) -> np.uint64:
    key = mix(follower ^ mix(followee))
    return key if key != 0 else np.uint64(1)


@inlined
def _first_place(size: Int, hashed: np.uint64) -> Int:
    """Where to begin to look. Hashes keep their order in a table, so that it grows in order."""
    return np.int64(((hashed >> np.uint64(32)) * np.uint64(size)) >> np.uint64(32))


@inlined
def _place(table: StructArray, key: np.uint64, hashed: np.uint64) -> Int:
    """Where a key is or belongs; `hashed` is the key itself where it is a mix already."""
    at = _first_place(len(table), hashed)
    while table[at].key != 0 and table[at].key != key:
        at = (at + 1) & (len(table) - 1)
    return at


@inlined
def _registry_number(registry: Numbered, key: np.uint64) -> Int:
    """Number of a registry account, -1 for any other."""
    at = _first_place(len(registry.places), mix(key))
    while registry.places[at] != 0 and registry.places[at] != key:
        at = (at + 1) & (len(registry.places) - 1)
    return np.int64(registry.numbers[at]) if registry.places[at] != 0 else np.int64(-1)


@compiled
def enter_numbers(registry: Numbered) -> None:
    """Fill the table of numbers, which is empty."""
    for number in range(len(registry.keys)):
        at = _first_place(len(registry.places), mix(registry.keys[number]))
        while registry.places[at] != 0:
            at = (at + 1) & (len(registry.places) - 1)
        registry.places[at] = registry.keys[number]
        registry.numbers[at] = number


@compiled
def apply_follows(events: FollowRows, tables: FollowTables, tally: I64, max_edges: int) -> int:
    """Take in events; room for all of them has been made.

    Args:
        events: in any order.
        tables: what is remembered.
        tally: int64, (TALLIES,).
        max_edges: edges remembered that do not come from the registry, and accounts likewise.

    Returns:
        Nothing of meaning: it keeps the compiler from leaving out loads that only fetch.
    """
    follower, followee, action, at = events
    registry, edges, followees, chains = tables
    keys = np.empty(_AHEAD, np.uint64)
    fetched = 0
    for begin in range(0, len(at), _AHEAD):
        end = min(begin + _AHEAD, len(at))
        # the places lie all over memory: asking for several at once hides most of the wait
        for row in range(begin, end):
            keys[row - begin] = _edge_key(follower[row], followee[row])
            fetched += edges[_first_place(len(edges), keys[row - begin])].stamp & 1
            fetched += followees[_first_place(len(followees), mix(followee[row]))].head & 1
        for row in range(begin, end):
            place = _place(edges, keys[row - begin], keys[row - begin])
            stamp = at[row] << 2 | np.int64(action[row])
            new = edges[place].key == 0
            if not new and stamp <= edges[place].stamp:
                continue
            number = _registry_number(registry, follower[row])
            to = _place(followees, followee[row], mix(followee[row]))
            room = number >= 0 or not new or tally[ORDINARY] < max_edges
            if followees[to].key == 0:
                full = tally[FOLLOWED] >= max_edges
                if full and number < 0:
                    tally[DROPPED] += 1
                    continue
                followees[to].key = followee[row]
                followees[to].missed = MISSED_ALL if full else 0
                tally[FOLLOWED] += 1
            if not room:
                tally[DROPPED] += 1
                if action[row] != UNFOLLOW and followees[to].missed < MISSED_ALL - 1:
                    followees[to].missed += 1
                continue
            if new:
                edges[place].key = keys[row - begin]
                tally[ORDINARY if number < 0 else REGISTRY] += 1
                if number >= 0:
                    chains[tally[REGISTRY] - 1].number = number
                    chains[tally[REGISTRY] - 1].before = followees[to].head
                    followees[to].head = tally[REGISTRY]
            was = not new and edges[place].stamp & 3 != UNFOLLOW
            change = np.int64(action[row] != UNFOLLOW) - np.int64(was)
            edges[place].stamp = stamp
            followees[to].followers += change
            tally[PRESENT] += change
            if number >= 0:
                followees[to].registry += change
                registry.out_degree[number] += change
    return fetched


@compiled
def move_entries(old: StructArray, new: StructArray, mixed: bool) -> None:
    """Enter everything of one table into another, which is empty; `mixed`: keys are mixes already."""
    for place in range(len(old)):
        key = old[place].key
        if key != 0:
            new[_place(new, key, key if mixed else mix(key))] = old[place]


@compiled
def rechained(tables: FollowTables, registry: Numbered, renumbered: I32, new: I32) -> StructArray:
    """Make other accounts the registry's; followees are changed in place, and degrees counted.

    Args:
        tables: what is remembered, with the registry so far.
        registry: the other one; nothing has been counted.
        renumbered: int32, by number so far: the number in the other registry, or -1.
        new: int32, numbers in the other registry of accounts that are new to it.

    Returns:
        The edges from it, records of `REGISTRY_EDGES`.
    """
    edges, followees, old = tables.edges, tables.followees, tables.chains
    likely = _bits_of(edges) if len(new) else np.zeros(1, np.uint8)
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
            at = _place(edges, edge, edge)
            if edges[at].key == 0:
                continue
            if made == len(chains):
                longer = np.zeros(2 * made, old.dtype)
                longer[:made] = chains
                chains = longer
            chains[made].number = number
            chains[made].before = followees[place].head
            made += 1
            followees[place].head = made
            present = np.int64(edges[at].stamp & 3 != UNFOLLOW)
            followees[place].registry += present
            registry.out_degree[number] += present
    return chains[:made].copy()


@compiled
def _bits_of(edges: StructArray) -> U8:
    """Bits by the low end of edges' keys, 2 bytes a place: most edges that are not there are told by them.

    To ask the table itself takes three to four times as long (measured: 150 ns against 40).
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
    """Numbers of the registry accounts that follow each account: where each list begins, and the lists."""
    followees, chains = tables.followees, tables.chains
    start = np.zeros(len(keys) + 1, np.int64)
    for row in range(len(keys)):
        start[row + 1] = start[row] + followees[_place(followees, keys[row], mix(keys[row]))].registry
    numbers = np.empty(start[-1], np.int32)
    for row in range(len(keys)):
        found = start[row]
        link = followees[_place(followees, keys[row], mix(keys[row]))].head
        while link != 0:
            number = chains[link - 1].number
            key = _edge_key(tables.registry.keys[number], keys[row])
            if tables.edges[_place(tables.edges, key, key)].stamp & 3 != UNFOLLOW:
                numbers[found] = number
                found += 1
            link = chains[link - 1].before
        numbers[start[row] : found].sort()
    return start, numbers
