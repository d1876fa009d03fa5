"""What ordering hands on: posts and reports of deletions that all sources have passed."""

from dataclasses import dataclass

import polars as pl

from detectors.post_columns import parted


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
        return parted(self.rows)[0]
