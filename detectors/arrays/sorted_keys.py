"""Looking up keys in an array of ascending keys, the form in which sets and maps of keys are kept outside kernels."""

import numpy as np

from detectors.arrays.dtypes import I64, U64, Bools


def places(ascending: U64, keys: U64) -> tuple[I64, Bools]:
    """The place of each key, and whether it is there. The place of an absent key is arbitrary, but within the array.

    Args:
        ascending: uint64, each once.
        keys: uint64, in any order.

    Returns:
        int64 and bool, both of the length of `keys`. The places are all 0 if `ascending` is empty.
    """
    if not len(ascending):
        return np.zeros(len(keys), np.int64), np.zeros(len(keys), np.bool_)
    found_places = np.minimum(np.searchsorted(ascending, keys), len(ascending) - 1)
    return found_places, np.asarray(ascending[found_places] == keys)
