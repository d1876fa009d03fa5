"""Screens decoded posts: required fields must be there, and times must be plausible.

One post dated 2100 would push the watermark past every other post. One dated 1970 would start a replay with decades of
empty ticks. Both become dead letters here.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

import numpy as np
import polars as pl

from detectors.arrays.dtypes import I64
from detectors.post_columns import conform, is_deletion
from schemas.dead_letters import Reason
from streams.sources.base import SourceBatch
from streams.sources.cells.identities import rounded
from streams.sources.cells.times import EARLIEST, time_advice
from streams.sources.files.records import Records
from streams.sources.settling import settle

LEEWAY = 86_400
"""Seconds that a post may lie in the future: a clock or a time zone can be wrong by up to a day."""

REQUIRED = ("post_id", "account_id", "platform")


@dataclass(frozen=True, slots=True)
class Decoded:
    """Posts as a format decodes them, before screening."""

    posts: pl.DataFrame
    """Columns of `detectors.post_columns.POSTS`, fewer if the format has fewer; `created_at` null if unreadable."""
    when: pl.Series
    """The time of each post as text, as the file has it; null or empty if it is absent."""
    rows: I64 | None = None
    """The row of the records that each post came from; None when no record was set aside."""
    others: Mapping[str, int] = field(default_factory=dict)
    """What the records hold that is no post, such as likes: how many of each."""


def screen(decoded: Decoded, records: Records, now: Callable[[], float]) -> SourceBatch:
    """Turn unusable posts into dead letters and the rest into a batch."""
    settled = settle(conform(decoded.posts))
    posts = settled.posts
    latest = now() + LEEWAY
    created = pl.col("created_at")
    checks = posts.with_columns(decoded.when.alias("when")).select(
        *(pl.col(name).is_null().alias(name) for name in REQUIRED),
        _blank("when").alias("created_at"),
        *(rounded(pl.col(name)).alias(f"{name}_rounded") for name in settled.rounded),
        (created.is_null() | (created < EARLIEST) | (created > latest)).alias("untimely"),
    )
    bad = checks.select(pl.any_horizontal(pl.all())).to_series()
    rows = np.arange(len(posts)) if decoded.rows is None else decoded.rows
    if bad.any():
        for row in bad.arg_true():
            faults = checks.row(row, named=True)
            missing = [name for name in (*REQUIRED, "created_at") if faults[name]]
            record = row if decoded.rows is None else int(decoded.rows[row])
            shortened = [name for name in settled.rounded if faults[f"{name}_rounded"]]
            if missing:
                records.set_aside(record, Reason.MISSING_FIELD, _absence(missing))
            elif shortened:
                records.set_aside(
                    record, Reason.ROUNDED_ID, _rounding(shortened[0], posts[shortened[0]][row])
                )
            else:
                fault = _time_fault(decoded.when[row], posts["created_at"][row], latest)
                records.set_aside(record, Reason.BAD_TIME, fault)
        posts = posts.filter(~bad)
        rows = rows[~bad.to_numpy()]
    records.dead_letters.sort(key=lambda letter: letter.position)
    others, deletions = decoded.others, int(is_deletion(posts).sum())
    if deletions:
        others = Counter(others) + Counter(deletions=deletions)
    return SourceBatch(
        posts, rows, records.dead_letters, records.bytes_read, others, settled.rounded_references
    )


def _blank(name: str) -> pl.Expr:
    column = pl.col(name)
    return column.is_null() | (column.str.strip_chars() == "")


def _absence(missing: list[str]) -> str:
    if missing == ["account_id"]:
        return "account_id is absent or empty, or says that the author is not known"
    return f"{', '.join(missing)} is absent or empty"


def _rounding(name: str, written: str) -> str:
    return (
        f"{name} {written!r} is rounded: a spreadsheet has cut off its digits, and many ids have become one. Export "
        "again with ids as text, without opening the file in a spreadsheet, or name another column in [source]"
    )


def _time_fault(written: str, seconds: int | None, latest: float) -> str:
    shown = written if len(written) <= 60 else f"{written[:60]}..."
    if seconds is None:
        return f"{shown!r} is not a time that can be read: {time_advice(written)}"
    if seconds < EARLIEST:
        return f"{shown!r} lies before 2000-01-01"
    bound = datetime.fromtimestamp(latest, UTC)
    return f"{shown!r} lies in the future: later than {bound:%Y-%m-%d %H:%M} UTC, a day from now"
