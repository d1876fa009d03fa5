"""Frames of posts, profiles or follow events as the records that Lockstep reads."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl

from schemas.errors import UsageError

_METRICS = ("likes", "reposts", "replies", "quotes", "views")
_NEEDED = {
    "posts": ("post_id", "account_id", "created_at", "platform"),
    "accounts": ("platform", "account_id", "observed_at"),
    "follows": ("platform", "follower_id", "followee_id", "action", "at"),
}
_TEXTS = ("post_id", "account_id", "follower_id", "followee_id", "repost_of", "reply_to", "quote_of")
"""Ids: numbers are written as texts, whole."""


def write_records(
    frame: object, path: Path, use: str, columns: Mapping[str, str] | None = None, platform: str | None = None
) -> None:
    """Write a frame as JSON lines.

    Args:
        frame: of polars or pandas. Times without a zone are UTC.
        path: of the file.
        use: `posts`, `accounts` or `follows`.
        columns: the name of the frame's column by field, where it differs.
        platform: of all rows, where the frame has no such column.

    Raises:
        UsageError: `frame` is no frame, a column that is needed is absent, or ids are fractions.
    """
    table = _polars(frame, use)
    for field, column in (columns or {}).items():
        if column not in table.columns:
            raise UsageError(
                f"{use}: has no column {column!r} for {field}. It has: {', '.join(table.columns)}."
            )
    renamed = {column: field for field, column in (columns or {}).items() if column != field}
    # a column of a field's own name gives way to the one that was named for it
    table = table.drop([name for name in renamed.values() if name in table.columns]).rename(renamed)
    if platform is not None and "platform" not in table.columns:
        table = table.with_columns(platform=pl.lit(platform))
    absent = [name for name in _NEEDED[use] if name not in table.columns]
    if absent:
        hint = "; name the platform with platform=" if absent == ["platform"] else "; name them with columns="
        raise UsageError(f"{use}: has no column {', '.join(absent)}{hint if use == 'posts' else ''}.")
    _whole_ids(table, use)
    times = [name for name, dtype in table.schema.items() if dtype.base_type() in {pl.Datetime, pl.Date}]
    table = table.with_columns(
        *(_rfc3339(table, name) for name in times),
        *(pl.col(name).cast(pl.String) for name in _TEXTS if name in table.columns),
    )
    metrics = [name for name in _METRICS if name in table.columns]
    if metrics and "metrics" not in table.columns:
        table = table.with_columns(metrics=pl.struct(metrics)).drop(metrics)
    table.write_ndjson(path)


def _rfc3339(table: pl.DataFrame, name: str) -> pl.Expr:
    zoned = getattr(table.schema[name], "time_zone", None) is not None
    time = pl.col(name).cast(pl.Datetime("us")) if not zoned else pl.col(name).dt.convert_time_zone("UTC")
    return time.dt.strftime("%Y-%m-%dT%H:%M:%S%.6fZ").alias(name)


def _whole_ids(table: pl.DataFrame, use: str) -> None:
    """Refuse ids that were read as fractions: above 2^53, other ids have become the same number."""
    broken = [name for name in _TEXTS if name in table.columns and table.schema[name].is_float()]
    if broken:
        raise UsageError(
            f"{use}: {', '.join(broken)} are fractions, so ids have lost digits. Read ids as texts: "
            "pandas.read_csv(..., dtype=str)."
        )


def _polars(frame: object, use: str) -> pl.DataFrame:
    if isinstance(frame, pl.LazyFrame):
        return frame.collect()
    if isinstance(frame, pl.DataFrame):
        return frame
    if type(frame).__module__.partition(".")[0] == "pandas" and hasattr(frame, "columns"):
        return pl.DataFrame({str(name): _column(frame[name], str(name)) for name in frame.columns})  # type: ignore[index] # a pandas frame
    raise UsageError(
        f"{use}: expected a frame of polars or pandas, or the path of a file; got {type(frame).__name__}."
    )


def _column(column: Any, name: str) -> pl.Series:
    """A column of pandas, whose missing values become null; pyarrow is not needed."""
    missing = column.isna()
    values = column.astype(object).where(~missing, None).tolist()
    if not missing.all() and column.dtype.kind in "iu":
        return pl.Series(name, values, pl.Int64)
    return pl.Series(name, [getattr(value, "to_pydatetime", lambda value=value: value)() for value in values])
