"""Rows that are left out because they came too late or were counted before: both drivers make dead letters of them."""

import math
from typing import NamedTuple

import polars as pl

from detectors.arrays.dtypes import Bools
from detectors.event_time.duplicates import DuplicateFilter
from detectors.post_columns import POSTS, deletion_keys, is_deletion
from schemas.dead_letters import Reason

DUPLICATE = "a post of this id was counted before"
EDITED = "a post of this id, account and time was counted before, with another text"
DELETED = "the post was deleted before it came"
ANOTHER_POST = (
    "another post has this id, of another account or another time: ids that were rounded, or that count by channel or "
    "server, are the usual reasons"
)


class RejectedRows(NamedTuple):
    """Rows that could be read, and are not counted."""

    rows: pl.DataFrame
    reason: Reason
    detail: str
    """What was wrong with them, in words."""


def without_late(rows: pl.DataFrame, late: Bools, detail: str) -> tuple[pl.DataFrame, RejectedRows | None]:
    """Part rows into those in time and those that came too late.

    A report of a deletion never comes too late: see `deletions_in_time`.

    Args:
        rows: in the order of arrival.
        late: bool, one a row, as `Watermark.see` gives them.
        detail: what to say of the late ones.
    """
    if not late.any():
        return rows, None
    mask = pl.Series(late)
    return rows.filter(~mask), RejectedRows(rows.filter(mask), Reason.LATE, detail)


_ABOUT = tuple(
    name for name in POSTS if name not in ("post_id", "platform", "account_id", "created_at", "part")
)
"""Columns of what a post says, which nobody may see once it was deleted."""


def deletions_in_time(rows: pl.DataFrame, passed: float) -> pl.DataFrame:
    """The rows; reports of deletions that event time has passed get the time that it has reached.

    Args:
        rows: in the order of arrival.
        passed: event time before which everything has been applied, seconds; minus infinity: nothing has.
    """
    deletes = is_deletion(rows)
    if math.isinf(passed) or not deletes.any():
        return rows
    late = deletes & (rows["created_at"] < passed)
    reached = pl.lit(math.ceil(passed), pl.Int64)
    return rows.with_columns(created_at=pl.when(late).then(reached).otherwise(pl.col("created_at")))


def without_duplicates(
    rows: pl.DataFrame, duplicates: DuplicateFilter
) -> tuple[pl.DataFrame, list[RejectedRows]]:
    """Part rows into those of posts that are new and those whose id was counted before.

    A post that comes again, as it was, is a duplicate. With another account, time or text it is another post that has
    the same id, or one that was edited: a collision. A post whose deletion was reported before it does not count, and
    its content is dropped. Further reports of one deletion are passed over.

    Args:
        rows: in event order, with the columns created_at, post_key, row_key, account_key, text and deleted.
        duplicates: what it remembers is brought up to date.

    Returns:
        The new rows, reports of deletions among them, and the others by kind; no kind is empty.
    """
    deletes = is_deletion(rows)
    barring = bool(deletes.any())
    bars = deletion_keys(rows["post_key"].to_numpy())
    if barring:
        bars[deletes.to_numpy()] = 0
    fresh, barred = duplicates.fresh_and_barred(
        rows["created_at"].to_numpy(), rows["row_key"].to_numpy(), bars, barring=barring
    )
    if fresh.all() and not barred.any():
        return rows, []
    gone = rows.filter(pl.Series(barred))
    kept = ~barred & (fresh | ~deletes.to_numpy())
    if not kept.all():
        rows, fresh = rows.filter(pl.Series(kept)), fresh[kept]
    rejected = []
    if len(gone):
        nothing = gone.with_columns(pl.lit(None, POSTS[name]).alias(name) for name in _ABOUT)
        rejected.append(RejectedRows(nothing, Reason.DELETED, DELETED))
    mask = pl.Series("fresh", fresh)
    again = rows.filter(~mask)
    # Rows of one id and one time are released together, the one that counts first. If it is not here, it was counted
    # at another time.
    same = ["created_at", "row_key"]
    first = rows.filter(mask).join(again.select(same).unique(), on=same, how="semi")
    first = first.select(*same, first_account="account_key", first_text="text")
    kinds = again.select(*same, "account_key", "text").join(first, on=same, how="left", maintain_order="left")
    other = (pl.col("account_key") != pl.col("first_account")).fill_null(value=True)
    edited = ~other & pl.col("text").ne_missing(pl.col("first_text"))
    flags = kinds.select(other=other, edited=edited)
    parts = (
        (~(flags["other"] | flags["edited"]), Reason.DUPLICATE, DUPLICATE),
        (flags["edited"], Reason.COLLISION, EDITED),
        (flags["other"], Reason.COLLISION, ANOTHER_POST),
    )
    rejected += [
        RejectedRows(again.filter(rows), reason, detail) for rows, reason, detail in parts if rows.any()
    ]
    return rows.filter(mask), rejected
