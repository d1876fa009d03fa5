"""Rows that are left out because they came too late or were counted before: both drivers make dead letters of them."""

from typing import NamedTuple

import polars as pl

from detectors.arrays.dtypes import Bools
from detectors.event_time.duplicates import DuplicateFilter
from schemas.dead_letters import Reason


class RejectedRows(NamedTuple):
    """Rows that could be read, and are not counted."""

    rows: pl.DataFrame
    reason: Reason
    detail: str
    """What was wrong with them, in words."""


def without_late(rows: pl.DataFrame, late: Bools, detail: str) -> tuple[pl.DataFrame, RejectedRows | None]:
    """Part rows into those in time and those that came too late.

    Args:
        rows: in the order of arrival.
        late: bool, one a row, as `Watermark.see` gives them.
        detail: what to say of the late ones.
    """
    if not late.any():
        return rows, None
    mask = pl.Series(late)
    return rows.filter(~mask), RejectedRows(rows.filter(mask), Reason.LATE, detail)


def without_duplicates(
    rows: pl.DataFrame, duplicates: DuplicateFilter
) -> tuple[pl.DataFrame, RejectedRows | None]:
    """Part rows into those of posts that are new and those of posts that were counted before.

    Args:
        rows: in event order, with the columns created_at and row_key.
        duplicates: what it remembers is brought up to date.
    """
    fresh = duplicates.fresh(rows["created_at"].to_numpy(), rows["row_key"].to_numpy())
    if fresh.all():
        return rows, None
    mask = pl.Series(fresh)
    detail = "a post of this id was counted before"
    return rows.filter(mask), RejectedRows(rows.filter(~mask), Reason.DUPLICATE, detail)
