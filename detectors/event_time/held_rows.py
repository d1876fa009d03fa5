"""Rows that wait until the watermark has passed them, and how often to look through them."""

import math
from collections.abc import Sequence
from typing import ClassVar

import polars as pl

ORDER = ("created_at", "post_key", "row_key")
"""Columns that put posts in event order; `detectors.traces.traces.keyed` adds the keys."""


class HeldRows:
    """Rows that wait for the watermark.

    Args:
        order: columns by which rows are released; the first is event time, seconds.
    """

    not_state: ClassVar[frozenset[str]] = frozenset({"_order"})
    _frames: list[pl.DataFrame]

    def __init__(self, order: Sequence[str] = ORDER) -> None:
        self._order = list(order)
        self._frames = []
        self._count = 0

    def __len__(self) -> int:
        return self._count

    @property
    def frames(self) -> Sequence[pl.DataFrame]:
        """What waits, in the order of arrival."""
        return self._frames

    def add(self, rows: pl.DataFrame) -> None:
        """Take rows; all have the same columns."""
        if len(rows):
            self._frames.append(rows)
            self._count += len(rows)

    def release(self, before: float) -> pl.DataFrame | None:
        """The rows of event time below `before`, seconds, in their order; None when there are none."""
        if not self._frames:
            return None
        rows = pl.concat(self._frames) if len(self._frames) > 1 else self._frames[0]
        if before < math.inf:
            passed = rows[self._order[0]] < before
            rest = rows.filter(~passed)
            rows = rows.filter(passed)
            self._frames = [rest] if len(rest) else []
        else:
            self._frames = []
        self._count -= len(rows)
        # rows that are equal in all of these columns stay in the order of arrival
        return rows.sort(self._order, maintain_order=True) if len(rows) else None


class ReleasePace:
    """When to look through the rows that wait: when there are twice as many as were left the last time.

    To look through all of them for each frame that arrives would take time quadratic in the number of frames.
    """

    not_state: ClassVar[frozenset[str]] = frozenset()

    def __init__(self) -> None:
        self.left = 0
        """Count of rows that still had to wait after the last look."""

    def due(self, waiting: int) -> bool:
        """Whether to look now, when `waiting` rows wait."""
        return waiting >= 2 * self.left

    def looked(self, left: int) -> None:
        """They were looked through, and `left` rows still have to wait."""
        self.left = left
