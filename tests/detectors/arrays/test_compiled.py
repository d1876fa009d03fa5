"""What a kernel is compiled for."""

from typing import Any, cast

import numpy as np

from detectors.arrays.compiled import compiled
from detectors.arrays.dtypes import I64


@compiled
def added(values: I64, more: int) -> int:
    """A kernel that another one calls."""
    return int(values[0] + more)


@compiled
def added_twice(values: I64) -> int:
    """Calls it with a constant, and with a value that changes."""
    total = added(values, 1)
    for more in range(len(values)):
        total += added(values, more)
    return total


def test_a_constant_argument_needs_no_second_compilation() -> None:
    assert added_twice(np.array([5, 6], np.int64)) == 6 + 5 + 6
    on_disk = cast(Any, added)._cache._cache_file._load_index()  # numba has no public question for this
    assert len(on_disk) == 1
