"""Where keys stand in an array that is in ascending order: how sets and maps of keys are looked up all over."""

import numpy as np

from detectors.arrays.dtypes import I64, U64, Bools


def places(ascending: U64, keys: U64) -> tuple[I64, Bools]:
    """The place of each key, and whether it is there at all; where not, the place is any that exists.

    Args:
        ascending: uint64, each once.
        keys: uint64, in any order.
    """
    if not len(ascending):
        return np.zeros(len(keys), np.int64), np.zeros(len(keys), np.bool_)
    at = np.minimum(np.searchsorted(ascending, keys), len(ascending) - 1)
    return at, np.asarray(ascending[at] == keys)
