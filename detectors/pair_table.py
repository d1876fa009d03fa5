"""The memory of pair evidence: rows chained by pair, and how they are found, aged and moved."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from detectors.co_shares import NO_STRATUM, Records
from detectors.compiled import Int, compiled, inlined
from detectors.config import MAX_WINDOWS, TESTED_WINDOWS
from detectors.exposure import F64
from detectors.hashing import U64, mix

I32 = npt.NDArray[np.int32]
BOOL = npt.NDArray[np.bool_]

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
        ("slow", np.uint8),  # a bit a tested window: some meeting was too far apart for it, and tells of interest
        ("carried", np.uint8),  # a bit a kind: what else the two posts had in common
    ]
)
"""One object co-shared by one pair."""

FIRST_SIZE = 1 << 14


class Pairs(NamedTuple):
    """Pairs by number; `key` holds the smaller account number in its upper half."""

    key: U64
    head: I32  # latest row, or -1
    objects: I32  # independent ones in tested windows
    surprise: F64
    touched: BOOL
    slots: I32  # open addressing by key: number + 1, or 0
    row_index: I32  # open addressing by (pair, object): row + 1, or 0


def power_of_two(least: int) -> int:
    """The least power of two that holds `least`, and no less than the first size."""
    return max(FIRST_SIZE, 1 << (max(least, 1) - 1).bit_length())


def new_pairs(pairs: int, rows: int) -> Pairs:
    """Tables for `pairs` pairs and an index of `rows` rows (powers of two), half full at most."""
    return Pairs(
        np.zeros(pairs, np.uint64),
        np.full(pairs, -1, np.int32),
        np.zeros(pairs, np.int32),
        np.zeros(pairs, np.float64),
        np.zeros(pairs, np.bool_),
        np.zeros(pairs * 2, np.int32),
        np.zeros(rows * 2, np.int32),
    )


def moved_pairs(
    old: Pairs, rows: Records, row_count: int, pair_count: int, pairs: int, all_rows: int
) -> Pairs:
    """The same pairs with more room."""
    new = new_pairs(power_of_two(pairs), power_of_two(all_rows))
    for name in ("key", "head", "objects", "surprise", "touched"):
        getattr(new, name)[:pair_count] = getattr(old, name)[:pair_count]
    index_rows(new, rows, row_count, pair_count)
    return new


@inlined
def pair_place(pairs: Pairs, key: np.uint64) -> Int:
    """Place of a pair in the index, whether it is there or belongs there."""
    mask = len(pairs.slots) - 1
    at = np.int64(mix(key)) & mask
    while pairs.slots[at] != 0 and pairs.key[pairs.slots[at] - 1] != key:
        at = (at + 1) & mask
    return at


@inlined
def row_place(pairs: Pairs, rows: Records, pair: Int, thing: np.uint64) -> Int:
    """Place of (pair, object) in the index of rows, whether it is there or belongs there."""
    mask = len(pairs.row_index) - 1
    at = np.int64(mix(thing ^ (np.uint64(pair + 1) * np.uint64(0x9E3779B97F4A7C15)))) & mask
    while pairs.row_index[at] != 0:
        row = pairs.row_index[at] - 1
        if rows[row].pair == pair and rows[row].object == thing:
            break
        at = (at + 1) & mask
    return at


@compiled
def index_rows(pairs: Pairs, rows: Records, row_count: Int, pair_count: Int) -> None:
    """Enter all pairs and rows into the indexes, which are empty."""
    for pair in range(pair_count):
        pairs.slots[pair_place(pairs, pairs.key[pair])] = pair + 1
    for row in range(row_count):
        pairs.row_index[row_place(pairs, rows, rows[row].pair, rows[row].object)] = row + 1


@compiled
def mark_kept(
    rows: Records, row_count: Int, pairs: Pairs, pair_count: Int, oldest: Int, oldest_single: Int
) -> tuple[BOOL, I32]:
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


@inlined
def widest_stratum(strata_word: Int) -> Int:
    """Crowd stratum of a co-share in the widest window that holds it."""
    widest: Int = 0
    for window in range(MAX_WINDOWS):
        stratum = (strata_word >> (4 * window)) & 15
        if stratum != NO_STRATUM:
            widest = stratum
    return widest


@inlined
def merged_strata(one: Int, other: Int) -> np.uint16:
    """The smaller crowd stratum in each window; a window that holds either co-share holds both."""
    merged = np.uint16(0)
    for window in range(MAX_WINDOWS):
        shift = np.uint16(4 * window)
        a = (np.uint16(one) >> shift) & np.uint16(15)
        b = (np.uint16(other) >> shift) & np.uint16(15)
        merged |= min(a, b) << shift
    return merged


@inlined
def is_tested(strata_word: Int) -> bool:
    """Whether a co-share falls into a window that is tested, not only into the reference window."""
    found = False
    for window in range(TESTED_WINDOWS):
        found = found or ((strata_word >> (4 * window)) & 15) != NO_STRATUM
    return found


@compiled
def rechain(rows: Records, row_count: Int, old: Pairs, number: I32, new: Pairs) -> None:
    """Chain the rows that stayed to their renumbered pairs, oldest first."""
    pair_count = 0
    for pair in range(len(number)):
        if number[pair] >= 0:
            new.key[number[pair]] = old.key[pair]
            new.surprise[number[pair]] = old.surprise[pair]
            new.touched[number[pair]] = old.touched[pair]
            pair_count += 1
    for row in range(row_count):
        pair = number[rows[row].pair]
        rows[row].pair = pair
        rows[row].before = new.head[pair]
        new.head[pair] = row
        new.objects[pair] += rows[row].independent == 1 and is_tested(rows[row].strata)
    index_rows(new, rows, row_count, pair_count)
