"""Two numbers of 32 bits in one 64-bit key: the first in the upper half, the second in the lower.

Keys of this form sort by the first number, then by the second. Account pairs hold the smaller account number first.
"""

import numpy as np

from detectors.arrays.compiled import inlined
from detectors.arrays.dtypes import I32, U64, Int, Integers

_HALF = np.uint64(32)
_LOWER_HALF = np.uint64(0xFFFFFFFF)


@inlined
def pair_key(first: Int, second: Int) -> np.uint64:
    """The key of two numbers, for kernels; each 0 or more and below 2^32."""
    return np.uint64(first) << _HALF | np.uint64(second)


@inlined
def unordered_pair_key(one: Int, other: Int) -> np.uint64:
    """The key of two numbers whose order does not matter, for kernels: the smaller first."""
    return np.uint64(min(one, other)) << _HALF | np.uint64(max(one, other))


@inlined
def first_of(key: np.uint64) -> Int:
    """The first number of a key, for kernels; int64."""
    return np.int64(key >> _HALF)


@inlined
def second_of(key: np.uint64) -> Int:
    """The second number of a key, for kernels; int64."""
    return np.int64(key & _LOWER_HALF)


def pair_keys(first: Integers, second: Integers) -> U64:
    """The keys of numbers two by two; uint64, of the shape of both.

    Args:
        first: integers, each 0 or more and below 2^32.
        second: integers of the same range and shape.
    """
    return first.astype(np.uint64) << _HALF | second.astype(np.uint64)


def numbers_of(keys: U64) -> tuple[I32, I32]:
    """The first and the second number of each key, all below 2^31; int32, of the shape of `keys`."""
    return (keys >> _HALF).astype(np.int32), (keys & _LOWER_HALF).astype(np.int32)
