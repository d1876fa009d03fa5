"""Watermark, rows that wait and duplicates together, as the drivers use them."""

from collections.abc import Iterable

import polars as pl

from detectors.event_time.held_rows import HeldRows
from detectors.event_time.rejected_rows import without_late
from detectors.event_time.watermark import Watermark


class EventOrder:
    """Rows of several sources, in event order."""

    def __init__(self, lateness_s: int, sources: Iterable[str]) -> None:
        self.watermark = Watermark(lateness_s)
        self.watermark.open(sources)
        self.held = HeldRows()

    def add(self, source: str, rows: pl.DataFrame) -> pl.DataFrame:
        """Take rows as they arrive; returns those that came too late."""
        late = self.watermark.see(source, rows["created_at"].to_numpy())
        in_time, rejected = without_late(rows, late, "late")
        self.held.add(in_time)
        return rows.clear() if rejected is None else rejected.rows

    def release(self) -> pl.DataFrame | None:
        """The rows that all sources have passed."""
        return self.held.release(self.watermark.passed)
