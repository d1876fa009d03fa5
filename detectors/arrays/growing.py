"""Arrays that grow row by row: where nothing else refers to one, the system moves it without a copy."""

from typing import Any

import numpy as np

_SPARE = 8
"""An array grows by one in so many rows more than it needs. The more it grows by, the more memory stands empty. Moving
it costs little, since the system moves large blocks by their pages. Chosen, not measured."""


def grown(holder: object, name: str, rows: int) -> np.ndarray[Any, np.dtype[Any]]:
    """Let an array that is an attribute have room for `rows` rows or some more; new rows are zeros.

    A second array beside the first would double the memory of a large table while rows are copied. So the array itself
    grows, unless it has views or other names: then there is a new one.

    Args:
        holder: has the attribute, and keeps it. The caller puts the result in its place.
        name: of the attribute.
        rows: the room wanted.
    """
    room = (rows + rows // _SPARE, *getattr(holder, name).shape[1:])
    try:
        getattr(holder, name).resize(room)  # refuses if anything but the attribute refers to it
    except ValueError:
        old = getattr(holder, name)
        new = np.zeros(room, old.dtype)
        new[: len(old)] = old
        return new
    array: np.ndarray[Any, np.dtype[Any]] = getattr(holder, name)
    return array
