"""Leaves out what this run has written already: after each reconnect a source repeats a little."""

from collections import deque

import polars as pl

from detectors.arrays.hashing import hash_strings

_MOST = 200_000
"""Rows remembered. Chosen, not measured: more than a source repeats. Detection counts any further repeat once."""
_KEYS = 201
"""Domain of the hashed names."""


class RecentRows:
    """Remembers the latest rows by their name.

    Args:
        most: rows remembered; memory is about 100 bytes for each.
    """

    def __init__(self, most: int = _MOST) -> None:
        self._most = most
        self._known: set[int] = set()
        self._order: deque[int] = deque()

    def fresh(self, rows: pl.DataFrame, *names: str) -> pl.DataFrame:
        """The rows that did not come before, each once.

        Args:
            rows: of any kind.
            names: columns that together name a row.
        """
        if not len(rows):
            return rows
        named = rows.select(pl.concat_str(names, separator="\n", ignore_nulls=True)).to_series()
        keys = hash_strings(named, _KEYS).tolist()
        is_fresh = []
        for key in keys:
            is_fresh.append(key not in self._known)
            if is_fresh[-1]:
                self._known.add(key)
                self._order.append(key)
        while len(self._order) > self._most:
            self._known.discard(self._order.popleft())
        return rows if all(is_fresh) else rows.filter(pl.Series(is_fresh))
