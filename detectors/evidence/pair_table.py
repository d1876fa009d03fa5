"""The memory of pair evidence: rows chained by pair, and how they are found, aged and moved."""

from typing import NamedTuple

import numpy as np

from detectors.arrays.compiled import compiled, inlined
from detectors.arrays.dtypes import F64, I32, U64, Bools, Int, Record, StructArray
from detectors.arrays.growing import grown
from detectors.arrays.hash_index import (
    free_place,
    is_full,
    place_in_order,
    roomy,
    tagged,
    tagged_place,
    tagged_place_of_two,
    tagged_row,
)
from detectors.arrays.hashing import mix
from detectors.synchrony.cells import is_tested

ROWS = np.dtype(
    [
        ("object", np.uint64),
        ("time", np.int64),  # latest co-share, seconds
        ("later_post", np.int64),  # of the first co-share
        ("earlier_post", np.int64),
        ("pair", np.int32),
        ("before", np.int32),  # row before of the same pair, or -1
        ("later", np.int32),  # account that came later in the first co-share
        ("gap", np.int32),  # smallest, seconds
        ("crowd", np.int32),  # smallest
        ("strata", np.uint16),
        ("kind", np.uint8),
        ("independent", np.uint8),
        (
            "slow",
            np.uint8,
        ),  # a bit a tested window: some meeting was too far apart for it, and tells of interest
        ("carried", np.uint8),  # a bit a kind: what else the two posts had in common
    ]
)
"""One object co-shared by one pair."""

FIRST_SIZE = 1 << 14


class PairTable(NamedTuple):
    """Pairs by number; `key` holds the smaller account number in its upper half.

    The two indexes are open-addressing tables. An entry is the upper half of a hash and, below it, a number + 1; 0 is
    an empty place. It stands at the upper bits of its hash or after, so that a larger table is filled in order.
    """

    key: U64
    head: I32  # latest row; meaningless in places that no pair has
    objects: I32  # independent ones in tested windows
    surprise: F64
    touched: Bools
    slots: U64  # pairs by key
    row_index: U64  # rows by pair and object


def new_pairs(pairs: int, rows: int) -> PairTable:
    """Tables with room for `pairs` pairs and an index with room for `rows` rows, and more."""
    room = max(pairs, FIRST_SIZE)
    return PairTable(
        np.zeros(room, np.uint64),
        np.zeros(room, np.int32),
        np.zeros(room, np.int32),
        np.zeros(room, np.float64),
        np.zeros(room, np.bool_),
        np.zeros(roomy(pairs, 2 * FIRST_SIZE), np.uint64),
        np.zeros(roomy(rows, 2 * FIRST_SIZE), np.uint64),
    )


def with_room(table: PairTable, pairs: int, rows: int) -> PairTable:
    """The same pairs with room for `pairs` pairs and `rows` rows in all, and no less than before."""
    if pairs > len(table.key):
        columns = ("key", "head", "objects", "surprise", "touched")
        table = table._replace(**{name: grown(table, name, pairs) for name in columns})
    if is_full(len(table.slots), pairs):
        table = table._replace(slots=_moved(table.slots, pairs))
    if is_full(len(table.row_index), rows):
        table = table._replace(row_index=_moved(table.row_index, rows))
    return table


def _moved(index: U64, items: int) -> U64:
    """The same index with room for so many items, and more."""
    larger = np.zeros(roomy(items, 2 * FIRST_SIZE), np.uint64)
    move_index(index, larger)
    return larger


@inlined
def pair_hash(key: np.uint64) -> np.uint64:
    """Hash of a pair."""
    return mix(key)


@inlined
def row_hash(key: np.uint64, thing: np.uint64) -> np.uint64:
    """Hash of an object of a pair."""
    return mix(thing ^ mix(key))


@inlined
def pair_place(pairs: PairTable, key: np.uint64, hashed: np.uint64) -> Int:
    """Place of a pair in the index, whether it is there or belongs there."""
    return tagged_place(pairs.slots, pairs.key, key, hashed)


@inlined
def pair_number(pairs: PairTable, key: np.uint64) -> Int:
    """Number of a pair, -1 if it is not there."""
    return tagged_row(pairs.slots[pair_place(pairs, key, pair_hash(key))])


@inlined
def row_place(pairs: PairTable, rows: StructArray, pair: Int, thing: np.uint64, hashed: np.uint64) -> Int:
    """Place of (pair, object) in the index of rows, whether it is there or belongs there."""
    return tagged_place_of_two(pairs.row_index, rows["pair"], pair, rows["object"], thing, hashed)


@inlined
def is_counted(row: Record) -> bool:
    """Whether a row is one of the objects of its pair that count: independent, and in a tested window."""
    return bool(row.independent == 1 and is_tested(row.strata))


@compiled
def move_index(old: U64, new: U64) -> None:
    """Enter everything of one index into another, which is empty."""
    for entry in old:
        if entry != 0:
            new[free_place(new, place_in_order(entry, len(new)))] = entry


@compiled
def renumber_index(old: U64, new: U64, number: I32) -> None:
    """As `move_index`, under new numbers. What has no new number (-1) is left out."""
    for entry in old:
        if entry != 0 and number[tagged_row(entry)] >= 0:
            place = free_place(new, place_in_order(entry, len(new)))
            new[place] = tagged(entry, number[tagged_row(entry)])


@compiled
def mark_kept(
    rows: StructArray, row_count: Int, pairs: PairTable, pair_count: Int, oldest: Int, oldest_single: Int
) -> tuple[Bools, I32]:
    """Which rows stay, and the new number of each pair (-1: gone)."""
    held = np.zeros(pair_count, np.int32)
    for row in range(row_count):
        if rows[row].time >= oldest:
            held[rows[row].pair] += 1
    kept = np.zeros(row_count, np.bool_)
    number = np.full(pair_count, -1, np.int32)
    for row in range(row_count):
        pair = rows[row].pair
        kept[row] = rows[row].time >= oldest and (held[pair] > 1 or rows[row].time >= oldest_single)
        if kept[row]:
            number[pair] = 0
    count = 0
    for pair in range(pair_count):
        if number[pair] == 0:
            number[pair] = count
            count += 1
    return kept, number


@compiled
def rechain(rows: StructArray, row_count: Int, old: PairTable, number: I32, new: PairTable) -> None:
    """Chain the rows that stayed to their renumbered pairs, oldest first."""
    for pair in range(len(number)):
        if number[pair] >= 0:
            new.head[number[pair]] = -1
            new.key[number[pair]] = old.key[pair]
            new.surprise[number[pair]] = old.surprise[pair]
            new.touched[number[pair]] = old.touched[pair]
    for row in range(row_count):
        pair = number[rows[row].pair]
        rows[row].pair = pair
        rows[row].before = new.head[pair]
        new.head[pair] = row
        new.objects[pair] += is_counted(rows[row])
