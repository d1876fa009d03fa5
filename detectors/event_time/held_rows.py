"""Rows that wait until the watermark has passed them, and how often to look through them."""

import math
from collections.abc import Sequence
from typing import ClassVar

import numpy as np
import polars as pl

ORDER = ("created_at", "post_key", "row_key")
"""Columns that put posts in event order; `detectors.traces.traces.keyed` adds the keys."""


_MERGED_ROWS = 1 << 16
"""Frames of fewer rows are merged, so that their number stays small. Chosen, not measured."""


class HeldRows:
    """Rows that wait for the watermark, in frames sorted by time, so that a look takes time only for what it releases.

    Args:
        order: columns by which rows are released; the first is event time, seconds.
    """

    not_state: ClassVar[frozenset[str]] = frozenset({"_order"})
    _frames: list[pl.DataFrame]
    _whole: list[int]
    """Count of rows that each frame had before some were released: a part of a frame keeps all of it in memory."""

    def __init__(self, order: Sequence[str] = ORDER) -> None:
        self._order = list(order)
        self._frames = []
        self._whole = []
        self._count = 0

    def __len__(self) -> int:
        return self._count

    @property
    def frames(self) -> Sequence[pl.DataFrame]:
        """What waits: frames in the order of arrival, each sorted by time."""
        return self._frames

    @property
    def consistent(self) -> bool:
        """Whether its counts are those of its frames; for a state that was saved."""
        counts = [len(rows) for rows in self._frames]
        if self._count != sum(counts) or len(counts) != len(self._whole):
            return False
        return all(whole >= count for whole, count in zip(self._whole, counts, strict=True))

    def add(self, rows: pl.DataFrame) -> None:
        """Take rows; all have the same columns."""
        if not len(rows):
            return
        self._count += len(rows)
        self._keep(self._by_time(rows))
        # frames of about the same size are merged: each row moves as often as the size can double
        while len(self._frames) > 1 and len(self._frames[-2]) <= min(2 * len(self._frames[-1]), _MERGED_ROWS):
            last, before = self._frames.pop(), self._frames.pop()
            del self._whole[-2:]
            self._keep(self._by_time(pl.concat([before, last])))

    def release(self, before: float) -> pl.DataFrame | None:
        """The rows of event time below `before`, seconds, in their order; None when there are none."""
        parts = []
        frames, wholes = self._frames, self._whole
        self._frames, self._whole = [], []
        for rows, whole in zip(frames, wholes, strict=True):
            passed = self._passed(rows, before)
            if passed:
                parts.append(rows[:passed])
                rows = rows[passed:]  # noqa: PLW2901 - what is left of it
                if len(rows) * 2 < whole:
                    rows, whole = rows.filter(pl.repeat(True, len(rows), eager=True)), len(rows)  # noqa: PLW2901 - a copy
            if len(rows):
                self._frames.append(rows)
                self._whole.append(whole)
        if not parts:
            return None
        rows = pl.concat(parts) if len(parts) > 1 else parts[0]
        self._count -= len(rows)
        # rows that are equal in all of these columns stay in the order of arrival
        return rows.sort(self._order, maintain_order=True)

    def _passed(self, rows: pl.DataFrame, before: float) -> int:
        """Count of the rows of a sorted frame that are of a time below `before`."""
        if before == math.inf:
            return len(rows)
        times = rows[self._order[0]].to_numpy()
        return 0 if times[0] >= before else int(np.searchsorted(times, math.ceil(before), side="left"))

    def _keep(self, rows: pl.DataFrame) -> None:
        self._frames.append(rows)
        self._whole.append(len(rows))

    def _by_time(self, rows: pl.DataFrame) -> pl.DataFrame:
        time = self._order[0]
        return rows if rows[time].is_sorted() else rows.sort(time, maintain_order=True)


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
