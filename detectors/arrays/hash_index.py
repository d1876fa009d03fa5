"""Open-addressing hash indexes in plain arrays: where a key stands, or the empty place where it belongs.

A key's hash gives the place where the search begins; the search goes on to the next place, round the end, until it
meets the key or an empty place. 0 marks an empty place, and keys are never removed one by one. At least one place stays
empty, so every search ends. An index that is searched by low bits has a power of two of places; callers keep half of
them empty. One in the order of hashes has any number of places; callers keep a third of them empty (`is_full`). There
are three kinds of index:

- **keys** (`key_place`): the 64-bit keys themselves; values stand at the same places of other arrays.
- **row numbers** (`row_place`, `row_place_of_two`): a row's number plus one; the row's key stands in columns of a
  table.
- **tagged row numbers** (`tagged_place`, `tagged_place_of_two`): as row numbers, with the upper half of the hash above
  the number. A search passes rows of other hashes without a look at the table, which would cost a cache miss each.

The caller fills the place it was given; the functions change nothing. All of them are inlined into their kernels.
"""

import numpy as np

from detectors.arrays.compiled import inlined, inlined_number
from detectors.arrays.dtypes import Int, Integers

_UPPER_HALF = np.uint64(0xFFFFFFFF00000000)
_LOWER_HALF = np.uint64(0xFFFFFFFF)


def power_of_two(least: int, smallest: int) -> int:
    """The smallest power of two that is not below `least`, nor below `smallest`, itself a power of two."""
    return max(smallest, 1 << (max(least, 1) - 1).bit_length())


def is_full(places: int, items: int) -> bool:
    """Whether an index in the order of hashes has too few places for so many items.

    A search for a new key passes 5 places on average when a third are empty, in one or two cache lines (Knuth, The Art
    of Computer Programming, volume 3, section 6.4).
    """
    return 3 * items > 2 * places


def least_places(items: int) -> int:
    """The fewest places with which an index in the order of hashes is not full of so many items."""
    return items * 3 // 2 + 1


def roomy(items: int, smallest: int) -> int:
    """Places of an index in the order of hashes that has so many items, and room for half as many again."""
    return max(items * 9 // 4 + 1, smallest)


@inlined_number
def next_place(place: Int, places: Int) -> Int:
    """The place where a search goes on."""
    place += 1
    return place if place < places else 0


@inlined_number
def place_by_low_bits(hashed: np.uint64, places: Int) -> Int:
    """Where a search begins: the low bits of the hash. One instruction."""
    return np.int64(hashed) & (places - 1)


@inlined_number
def place_in_order(hashed: np.uint64, places: Int) -> Int:
    """Where a search begins in an index of up to 2^32 places: hashes keep their order.

    An index is then moved to a larger one in order of memory, not at random. Only the upper half of the hash counts, so
    an entry of a tagged index serves as its own hash.
    """
    return np.int64(((hashed >> np.uint64(32)) * np.uint64(places)) >> np.uint64(32))


@inlined
def key_place(keys: Integers, key: np.uint64, begin: Int) -> Int:
    """Place of a key in an index of keys, whether it is there or belongs there.

    Args:
        keys: uint64, 0 where empty; a column of a structured array will do.
        key: not 0.
        begin: where the search begins.
    """
    place = begin
    while keys[place] != 0 and keys[place] != key:
        place = next_place(place, len(keys))
    return place


@inlined
def free_place(index: Integers, begin: Int) -> Int:
    """The first empty place from `begin` on, for a key that is known to be new."""
    place = begin
    while index[place] != 0:
        place = next_place(place, len(index))
    return place


@inlined
def row_place(index: Integers, column: Integers, key: Int, begin: Int) -> Int:
    """Place of the row with this key in an index of row numbers, whether it is there or belongs there.

    Args:
        index: integers; row + 1, or 0 where empty.
        column: the key of each row.
        key: of the same dtype as `column`.
        begin: where the search begins.
    """
    place = begin
    while index[place] != 0 and column[index[place] - 1] != key:
        place = next_place(place, len(index))
    return place


@inlined
def row_place_of_two(
    index: Integers, first: Integers, key: Int, second: Integers, other: Int, begin: Int
) -> Int:
    """As `row_place`, for rows whose key is `key` in the column `first` and `other` in the column `second`."""
    place = begin
    while index[place] != 0 and not (first[index[place] - 1] == key and second[index[place] - 1] == other):
        place = next_place(place, len(index))
    return place


@inlined_number
def tagged(hashed: np.uint64, row: Int) -> np.uint64:
    """The entry of a row in a tagged index. `hashed` may also be an older entry of the row."""
    return (hashed & _UPPER_HALF) | np.uint64(row + 1)


@inlined_number
def tagged_row(entry: np.uint64) -> Int:
    """The row of an entry of a tagged index, -1 where the place is empty; int64."""
    return np.int64(entry & _LOWER_HALF) - 1


@inlined
def tagged_place(index: Integers, column: Integers, key: np.uint64, hashed: np.uint64) -> Int:
    """Place of the row with this key in a tagged index, whether it is there or belongs there.

    Args:
        index: uint64; entries as `tagged` makes them, in the order of their hashes (`place_in_order`).
        column: the key of each row.
        key: of the same dtype as `column`.
        hashed: the hash of the key.
    """
    place = place_in_order(hashed, len(index))
    while index[place] != 0:
        if (index[place] ^ hashed) >> np.uint64(32) == 0 and column[tagged_row(index[place])] == key:
            break
        place = next_place(place, len(index))
    return place


@inlined
def tagged_place_of_two(
    index: Integers, first: Integers, key: Int, second: Integers, other: np.uint64, hashed: np.uint64
) -> Int:
    """As `tagged_place`, for rows whose key is `key` in the column `first` and `other` in the column `second`."""
    place = place_in_order(hashed, len(index))
    while index[place] != 0:
        if (index[place] ^ hashed) >> np.uint64(32) == 0:
            row = tagged_row(index[place])
            if first[row] == key and second[row] == other:
                break
        place = next_place(place, len(index))
    return place
