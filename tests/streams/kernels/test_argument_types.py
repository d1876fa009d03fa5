"""Types of arguments as plain values, and back."""

from typing import Any, NamedTuple

import msgspec
import numpy as np
import pytest
from numba import typeof
from numba.core import types

from streams.kernels.argument_types import UnknownType, numba_type, plain_type

RECORD = np.dtype([("windows", np.int64, (4,)), ("key", np.uint64), ("kind", np.uint8)])


class Tables(NamedTuple):
    """Arrays that a kernel takes together."""

    rows: np.ndarray[Any, Any]
    least: int


def read_only(array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    array.flags.writeable = False
    return array


@pytest.mark.parametrize(
    "value",
    [
        1,
        0.5,
        True,
        "text",
        None,
        np.uint64(3),
        np.zeros((2, 3), np.float32),
        np.zeros((2, 3), np.float32)[:, ::2],
        read_only(np.zeros(2, np.uint8)),
        np.zeros(2, RECORD),
        np.zeros(1, RECORD)[0],
        Tables(np.zeros(2, RECORD), 4),
        (np.zeros(2), (1, 2)),
    ],
)
def test_a_type_comes_back_from_json(value: object) -> None:
    of = typeof(value)

    assert numba_type(msgspec.json.decode(msgspec.json.encode(plain_type(of)))) == of


def test_other_types_are_refused() -> None:
    with pytest.raises(UnknownType):
        plain_type(types.literal(1))
    for plain in (
        "complex64",
        ["set"],
        ["named", "tests.streams.kernels", "Absent"],
        ["named", "absent", "A"],
    ):
        with pytest.raises(UnknownType):
            numba_type(plain)
