"""Copies of rows inside kernels, row by row.

To assign an array to a slice of another makes numba compile a message for arrays of other lengths, which takes 4 CPU
seconds in each process that compiles kernels (measured). The loops here need none.
"""

from typing import Any

import numpy as np

from detectors.arrays.compiled import inlined
from detectors.arrays.dtypes import Int


@inlined
def widened(rows: np.ndarray[Any, Any], room: Int) -> np.ndarray[Any, Any]:
    """An array with room for `room` rows that begins with these; the other rows hold anything."""
    wider = np.empty(room, rows.dtype)
    for row in range(len(rows)):
        wider[row] = rows[row]
    return wider


@inlined
def put(rows: np.ndarray[Any, Any], target: np.ndarray[Any, Any], place: Int) -> None:
    """Copy rows to `target`, from `place` on."""
    for row in range(len(rows)):
        target[place + row] = rows[row]
