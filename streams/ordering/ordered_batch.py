"""What ordering hands on: posts and reports of deletions that all sources have passed."""

from dataclasses import dataclass

import polars as pl

from detectors.post_columns import is_deletion


@dataclass(frozen=True, slots=True)
class OrderedBatch:
    """Posts that all sources have passed."""

    rows: pl.DataFrame
    """Posts, and reports that posts were deleted: columns of `detectors.post_columns.POSTS` and the keys of
    `detectors.traces.traces.keyed`, in event order."""
    until: int
    """Event time before which no more posts will come, seconds."""
    late: int
    """Count of late rows so far."""

    @property
    def posts(self) -> pl.DataFrame:
        """The posts alone."""
        return self.parted()[0]

    def parted(self) -> tuple[pl.DataFrame, pl.DataFrame]:
        """The posts, and the reports of deletions."""
        deletes = is_deletion(self.rows)
        return (
            (self.rows.filter(~deletes), self.rows.filter(deletes))
            if deletes.any()
            else (self.rows, self.rows[:0])
        )
