"""The memory of the co-share engine: a ring of recent shares, the objects they are chained by, and its counts.

Ring and object tables grow by doubling and move. Moving changes no later answer.
"""

from typing import NamedTuple

import numpy as np

from detectors.arrays.compiled import compiled, inlined
from detectors.arrays.copying import put
from detectors.arrays.dtypes import I32, I64, Bools, Int, StructArray
from detectors.arrays.hash_index import key_place, place_by_low_bits, row_place
from detectors.arrays.hashing import mix
from detectors.config import MAX_WINDOWS

_LONG_AGO = -(1 << 62)
"""Time of a place that was never used, in seconds: before every window, and far from overflow."""

COUNTS = np.dtype(
    [
        ("position", np.int64),  # of the next share; shares are numbered from 0 in order of arrival
        ("objects", np.int64),  # slots of the object table in use
        ("own_shares", np.int64),  # places of `ObjectTable.own` in use
        ("evicted_early", np.int64),  # shares that left before their window had passed, for want of room
    ]
)
"""What the engine counts; an array of one record."""


SHARES = np.dtype(
    [
        ("time", np.int64),  # seconds
        ("post", np.int64),
        ("before", np.int64),  # position of the share before on the same object, or -1
        ("after", np.int64),
        ("own_before", np.int64),  # position of the same account's share before on the same object, or -1
        ("account", np.int32),
        ("slot", np.int32),  # of the object; -1: forgotten
        ("marks", np.uint8),  # a bit a window: this is the account's latest share in that window
    ]
)
OBJECTS = np.dtype(
    [
        ("key", np.uint64),
        ("head", np.int64),  # position of the latest share, or -1
        ("shares", np.int64),
        ("kind", np.uint8),
    ]
)
OWN_SHARES = np.dtype([("key", np.uint64), ("position", np.int64)])
"""The latest share of an object by an account: a hash of both, and the share's position + 1."""


class ShareRing(NamedTuple):
    """Recent shares; a share stands at its position modulo the size."""

    shares: StructArray  # of SHARES
    crowd: I32  # (size, MAX_WINDOWS) settled crowds
    seen: I64  # (size, MAX_WINDOWS) shares of the object so far, when settled


class ObjectTable(NamedTuple):
    """Objects with recent shares, by slot.

    Records and few arrays: numba counts references for each array of a tuple that an inlined function takes. With a
    column each, the kernel took half as long again (measured).
    """

    objects: StructArray  # of OBJECTS
    counted: I32  # (slots, MAX_WINDOWS) marks in the window
    tail: I64  # (slots, MAX_WINDOWS) first position in the window
    slots: I32  # index of row numbers (`detectors.arrays.hash_index`) by key
    own: StructArray  # of OWN_SHARES; index of keys


class ShareMemory(NamedTuple):
    """All that the engine remembers of shares."""

    ring: ShareRing
    objects: ObjectTable
    settled: I64  # (lags,) position of the first share that has not settled, for each lag
    counts: StructArray  # of COUNTS, one record


def new_ring(size: int) -> ShareRing:
    """A ring for `size` shares, memory touched."""
    shares = np.zeros(size, SHARES)
    shares["time"] = _LONG_AGO
    for name in ("before", "after", "own_before", "slot"):
        shares[name] = -1
    return ShareRing(
        shares, np.full((size, MAX_WINDOWS), 0, np.int32), np.full((size, MAX_WINDOWS), 0, np.int64)
    )


def new_objects(slots: int) -> ObjectTable:
    """Tables for `slots` objects (a power of two) and as many latest shares, half full at most."""
    objects = np.zeros(slots, OBJECTS)
    objects["head"] = -1
    return ObjectTable(
        objects,
        np.zeros((slots, MAX_WINDOWS), np.int32),
        np.zeros((slots, MAX_WINDOWS), np.int64),
        np.zeros(slots * 2, np.int32),
        np.zeros(slots * 2, OWN_SHARES),
    )


@compiled
def first_since(shares: StructArray, begin: Int, end: Int, oldest: Int) -> Int:
    """The first position in [begin, end) whose time is not below `oldest`, or `end`. Times never fall."""
    low, high = begin, end
    while low < high:
        middle = (low + high) // 2
        if shares[middle % len(shares)].time < oldest:
            low = middle + 1
        else:
            high = middle
    return low


@compiled
def move_ring(old: ShareRing, new: ShareRing, position: Int) -> None:
    """Copy the shares before `position` to a larger ring."""
    for share in range(max(0, position - len(old.shares)), position):
        source, target = share % len(old.shares), share % len(new.shares)
        new.shares[target] = old.shares[source]
        new.crowd[target] = old.crowd[source]
        new.seen[target] = old.seen[source]


@compiled
def alive_objects(ring: ShareRing, table: ObjectTable, in_use: Int, oldest: Int, unsettled: Int) -> Bools:
    """Which objects were shared at or after `oldest`, or have shares from position `unsettled` on."""
    alive = np.zeros(in_use, np.bool_)
    for slot in range(in_use):
        head = table.objects[slot].head
        alive[slot] = head >= 0 and (head >= unsettled or ring.shares[head % len(ring.shares)].time >= oldest)
    return alive


@inlined
def object_place(table: ObjectTable, key: np.uint64) -> Int:
    """Place of an object in the index, whether it is there or belongs there. Keys are hashes already."""
    return row_place(table.slots, table.objects["key"], key, place_by_low_bits(key, len(table.slots)))


@inlined
def own_place(own: StructArray, account: Int, key: np.uint64) -> Int:
    """Place of (account, object) in the table of latest shares; its key is entered."""
    hashed = mix(key ^ (np.uint64(account + 1) * np.uint64(0x9E3779B97F4A7C15)))
    if hashed == 0:
        hashed = np.uint64(1)
    place = key_place(own["key"], hashed, place_by_low_bits(hashed, len(own)))
    own[place].key = hashed
    return place


@compiled
def move_objects(
    ring: ShareRing, old: ObjectTable, new: ObjectTable, alive: Bools, counts: StructArray, oldest: Int
) -> None:
    """Copy the objects that are alive, renumbered, and the latest shares since `oldest`.

    Args:
        ring: shares; their slots are renumbered, -1 where the object is not alive.
        old: objects so far.
        new: empty tables with room for them.
        alive: for each slot of `old` in use, whether its object moves.
        counts: the record of `COUNTS`; objects and own shares are counted anew.
        oldest: seconds.
    """
    position = counts[0].position
    new_slots = np.full(len(alive), -1, np.int32)
    objects = 0
    for slot in range(len(alive)):
        if alive[slot]:
            new_slots[slot] = objects
            new.objects[objects] = old.objects[slot]
            put(old.counted[slot], new.counted[objects], 0)
            put(old.tail[slot], new.tail[objects], 0)
            new.slots[object_place(new, old.objects[slot].key)] = objects + 1
            objects += 1
    own_shares = 0
    for number in range(max(0, position - len(ring.shares)), position):
        share = ring.shares[number % len(ring.shares)]
        if share.slot >= 0:
            share.slot = new_slots[share.slot]
        if share.slot >= 0 and share.time >= oldest:
            own = new.own[own_place(new.own, share.account, new.objects[share.slot].key)]
            own_shares += own.position == 0
            own.position = number + 1
    counts[0].objects = objects
    counts[0].own_shares = own_shares
