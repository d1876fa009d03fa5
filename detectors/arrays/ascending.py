"""Sorting and binary search inside kernels.

numba's own `sort` and `searchsorted` are compiled anew in every process that compiles a kernel with them: 2 to 6 CPU
seconds for each dtype (measured). These take a tenth of that.
"""

import numpy as np

from detectors.arrays.compiled import compiled, inlined
from detectors.arrays.dtypes import F64, I32, I64, U32, U64, Int

_Numbers = F64 | I32 | I64 | U32 | U64


@compiled
def sort(values: _Numbers, count: int) -> None:
    """Put the first `count` values in ascending order, in place; none may be NaN.

    A Shell sort whose gaps shrink by 5/11 (Gonnet and Baeza-Yates, Handbook of Algorithms and Data Structures, 2nd
    edition, section 4.1.3). It suits the short arrays of kernels.
    """
    gap = count
    while gap > 1:
        gap = max((gap * 5 - 1) // 11, 1)
        for begin in range(gap, count):
            value = values[begin]
            place = begin
            while place >= gap and values[place - gap] > value:
                values[place] = values[place - gap]
                place -= gap
            values[place] = value


@inlined
def count_below(ascending: _Numbers, begin: Int, end: Int, value: Int | np.floating) -> Int:
    """Count of values below `value` among `ascending[begin:end]`; int64."""
    low, high = np.int64(begin), np.int64(end)
    while low < high:
        middle = (low + high) >> 1
        if ascending[middle] < value:
            low = middle + 1
        else:
            high = middle
    return low - begin


@inlined
def count_up_to(ascending: _Numbers, begin: Int, end: Int, value: Int | np.floating) -> Int:
    """Count of values at or below `value` among `ascending[begin:end]`; int64."""
    low, high = np.int64(begin), np.int64(end)
    while low < high:
        middle = (low + high) >> 1
        if ascending[middle] <= value:
            low = middle + 1
        else:
            high = middle
    return low - begin
