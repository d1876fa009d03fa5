"""What was written before, by key, so that a figure is written again only when it has changed by enough."""

from typing import ClassVar

import numpy as np

from detectors.arrays.dtypes import F64, I64, U64
from detectors.arrays.sorted_keys import places

NEVER = -1
"""Value of keys that were not written."""


def first_by(rank: F64 | I64, due: I64, most: int) -> I64:
    """At most `most` of what is due, the lowest ranks first, in the order of `due`.

    Ties go to the first, and rows are numbered by the events: so the choice does not depend on batches.

    Args:
        rank: one for each of `due`.
        due: int64, ascending.
        most: how many are taken.
    """
    return np.sort(due[np.argsort(rank, kind="stable")[:most]])


class WrittenFigures:
    """The latest written value of each key; values are 0 or more."""

    not_state: ClassVar[frozenset[str]] = frozenset()

    def __init__(self) -> None:
        self._keys = np.zeros(0, np.uint64)
        self._values = np.zeros(0, np.int64)

    def __len__(self) -> int:
        return len(self._keys)

    def of(self, keys: U64) -> I64:
        """The value written for each key; int64, `NEVER` where none was."""
        if not len(self._keys):
            return np.full(len(keys), NEVER, np.int64)
        place, known = places(self._keys, keys)
        return np.where(known, self._values[place], NEVER)

    def write(self, keys: U64, values: I64) -> None:
        """Remember new values.

        Args:
            keys: uint64, each once.
            values: int64, one for each key.
        """
        kept = ~np.isin(self._keys, keys)
        all_keys = np.concatenate([self._keys[kept], keys])
        order = np.argsort(all_keys)
        self._keys = all_keys[order]
        self._values = np.concatenate([self._values[kept], values])[order]

    def keep(self, keys: U64) -> None:
        """Forget all keys but these."""
        kept = np.isin(self._keys, keys)
        self._keys, self._values = self._keys[kept], self._values[kept]
