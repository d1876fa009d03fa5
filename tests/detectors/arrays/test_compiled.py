"""What a kernel is compiled for."""

from typing import Any, cast

import numba
import numpy as np
from numba.core import types

from detectors.arrays.compiled import compiled
from detectors.arrays.dtypes import I64


@compiled
def added(values: I64, more: int) -> int:
    """A kernel."""
    return int(values[0] + more)


def test_a_constant_argument_needs_no_second_compilation() -> None:
    dispatcher = cast(Any, added)
    values = numba.typeof(np.zeros(1, np.int64))

    # as numba does for `added(values, 1)` in another kernel
    dispatcher.get_call_template((values, types.literal(1)), {})

    assert added(np.array([5], np.int64), 6) == 11
    assert dispatcher.signatures == [(values, types.int64)]
