"""The memory of the co-share engine: a ring of recent shares and the objects they are chained by.

Both grow by doubling and move; what is moved changes no later answer.
"""

from typing import NamedTuple

import numpy as np

from detectors.arrays.compiled import compiled, inlined
from detectors.arrays.dtypes import I32, I64, U8, U64, Bools, Int
from detectors.arrays.hash_index import key_place, place_by_low_bits, row_place
from detectors.arrays.hashing import mix
from detectors.config import MAX_WINDOWS

FIRST_SIZE = 1 << 14

_LONG_AGO = -(1 << 62)
"""Time of a place that was never used: before every window, and far from overflow."""


class ShareRing(NamedTuple):
    """Recent shares, by position modulo the size."""

    time: I64
    account: I32
    post: I64
    slot: I32  # of the object; -1: forgotten
    before: I64  # position of the share before on the same object, or -1
    after: I64
    own_before: I64  # position of the same account's share before on the same object, or -1
    marks: U8  # a bit a window: this is the account's latest share in that window
    crowd: I32  # (size, MAX_WINDOWS) settled crowds
    seen: I64  # (size, MAX_WINDOWS) shares of the object so far, when settled


class ObjectTable(NamedTuple):
    """Objects with recent shares, by slot."""

    key: U64
    kind: U8
    head: I64  # position of the latest share
    shares: I64
    counted: I32  # (slots, MAX_WINDOWS) marks in the window
    tail: I64  # (slots, MAX_WINDOWS) first position in the window
    slots: I32  # open addressing by key: slot + 1, or 0
    own_key: U64  # open addressing by (account, object)
    own_position: I64


def new_ring(size: int) -> ShareRing:
    """A ring for `size` shares, memory touched."""
    return ShareRing(
        np.full(size, _LONG_AGO, np.int64),
        np.zeros(size, np.int32),
        np.zeros(size, np.int64),
        np.full(size, -1, np.int32),
        np.full(size, -1, np.int64),
        np.full(size, -1, np.int64),
        np.full(size, -1, np.int64),
        np.zeros(size, np.uint8),
        np.zeros((size, MAX_WINDOWS), np.int32),
        np.zeros((size, MAX_WINDOWS), np.int64),
    )


def new_objects(slots: int) -> ObjectTable:
    """Tables for `slots` objects (a power of two) and as many latest shares, half full at most."""
    return ObjectTable(
        np.zeros(slots, np.uint64),
        np.zeros(slots, np.uint8),
        np.full(slots, -1, np.int64),
        np.zeros(slots, np.int64),
        np.zeros((slots, MAX_WINDOWS), np.int32),
        np.zeros((slots, MAX_WINDOWS), np.int64),
        np.zeros(slots * 2, np.int32),
        np.zeros(slots * 2, np.uint64),
        np.zeros(slots * 2, np.int64),
    )


@compiled
def first_since(times: I64, begin: Int, end: Int, oldest: Int) -> Int:
    """The first position in [begin, end) whose time is not below `oldest` (times never fall)."""
    low, high = begin, end
    while low < high:
        middle = (low + high) // 2
        if times[middle % len(times)] < oldest:
            low = middle + 1
        else:
            high = middle
    return low


@compiled
def move_ring(old: ShareRing, new: ShareRing, position: Int) -> None:
    """Copy the shares before `position` to a larger ring."""
    for at in range(max(0, position - len(old.time)), position):
        source, target = at % len(old.time), at % len(new.time)
        new.time[target] = old.time[source]
        new.account[target] = old.account[source]
        new.post[target] = old.post[source]
        new.slot[target] = old.slot[source]
        new.before[target] = old.before[source]
        new.after[target] = old.after[source]
        new.own_before[target] = old.own_before[source]
        new.marks[target] = old.marks[source]
        new.crowd[target] = old.crowd[source]
        new.seen[target] = old.seen[source]


@compiled
def alive_objects(ring: ShareRing, objects: ObjectTable, in_use: Int, oldest: Int, unsettled: Int) -> Bools:
    """Which objects were shared at or after `oldest`, or have shares from position `unsettled` on."""
    alive = np.zeros(in_use, np.bool_)
    for slot in range(in_use):
        head = objects.head[slot]
        alive[slot] = head >= 0 and (head >= unsettled or ring.time[head % len(ring.time)] >= oldest)
    return alive


@inlined
def object_place(objects: ObjectTable, key: np.uint64) -> Int:
    """Place of an object in the index, whether it is there or belongs there. Keys are hashes already."""
    return row_place(objects.slots, objects.key, key, place_by_low_bits(key, len(objects.slots)))


@inlined
def own_place(objects: ObjectTable, account: Int, key: np.uint64) -> Int:
    """Place of (account, object) in the table of latest shares; its key is entered."""
    own = mix(key ^ (np.uint64(account + 1) * np.uint64(0x9E3779B97F4A7C15)))
    if own == 0:
        own = np.uint64(1)
    place = key_place(objects.own_key, own, place_by_low_bits(own, len(objects.own_key)))
    objects.own_key[place] = own
    return place


@compiled
def move_objects(
    ring: ShareRing,
    old: ObjectTable,
    new: ObjectTable,
    alive: Bools,
    state: I64,
    position: Int,
    oldest: Int,
) -> None:
    """Copy the objects that are alive, renumbered, and the latest shares since `oldest`."""
    size = len(ring.time)
    renamed = np.full(len(alive) + 1, -1, np.int32)
    count = 0
    for slot in range(len(alive)):
        if alive[slot]:
            renamed[slot] = count
            new.key[count] = old.key[slot]
            new.kind[count] = old.kind[slot]
            new.head[count] = old.head[slot]
            new.shares[count] = old.shares[slot]
            new.counted[count] = old.counted[slot]
            new.tail[count] = old.tail[slot]
            new.slots[object_place(new, old.key[slot])] = count + 1
            count += 1
    own = 0
    for at in range(max(0, position - size), position):
        place = at % size
        slot = ring.slot[place]
        ring.slot[place] = renamed[slot] if slot >= 0 else -1
        slot = ring.slot[place]
        if slot >= 0 and ring.time[place] >= oldest:
            to = own_place(new, ring.account[place], new.key[slot])
            own += new.own_position[to] == 0
            new.own_position[to] = at + 1
    state[-3] = count
    state[-2] = own


@compiled
def evict(ring: ShareRing, objects: ObjectTable, position: Int, oldest: Int, state: I64) -> None:
    """Take the oldest share out of its object's windows before its place is used again."""
    place = position % len(ring.time)
    slot = ring.slot[place]
    if ring.time[place] >= oldest:
        state[-1] += 1
    for window in range(MAX_WINDOWS):
        if objects.tail[slot, window] == position:
            if ring.marks[place] & (1 << window):
                objects.counted[slot, window] -= 1
            objects.tail[slot, window] = ring.after[place]
    if objects.head[slot] == position:
        objects.head[slot] = -1
    ring.slot[place] = -1
