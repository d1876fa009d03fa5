"""The frames that cross the edge of the detectors: their columns and dtypes, declared once."""

from collections.abc import Mapping

import numpy as np
import polars as pl

from detectors.arrays.dtypes import U64

POSTS: Mapping[str, pl.DataType] = {
    "post_id": pl.String(),  # never null or empty
    "platform": pl.String(),  # never null or empty
    "account_id": pl.String(),  # never null or empty
    "created_at": pl.Int64(),  # seconds since 1970-01-01 UTC, never null
    "part": pl.String(),  # distinguishes the shares of one post, a row each; null: the row is the whole post
    "text": pl.String(),
    "lang": pl.String(),
    "urls": pl.List(pl.String()),
    "hashtags": pl.List(pl.String()),  # in the order written, without '#'
    "mentions": pl.List(pl.String()),  # handles without '@'
    "repost_of": pl.String(),
    "reply_to": pl.String(),
    "quote_of": pl.String(),
    "media_hashes": pl.List(pl.String()),
    "followers_count": pl.Int64(),
    "following_count": pl.Int64(),
    "likes": pl.Int64(),
    "reposts": pl.Int64(),
    "replies": pl.Int64(),
    "quotes": pl.Int64(),
    "views": pl.Int64(),
    "deleted": pl.Boolean(),  # true: the row reports that the post was deleted, and `created_at` is when
}
"""One row is one post, or one share of a post; then `part` distinguishes the rows. Null means unknown."""


def is_deletion(posts: pl.DataFrame) -> pl.Series:
    """Which rows report that a post was deleted; bool, one a row."""
    return posts["deleted"].fill_null(value=False)


def parted(rows: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The posts, and the reports that posts were deleted."""
    deletes = is_deletion(rows)
    return (rows.filter(~deletes), rows.filter(deletes)) if deletes.any() else (rows, rows[:0])


def deletion_keys(post_keys: U64) -> U64:
    """Row keys of the reports that posts were deleted; uint64, one for each post. They are never 0."""
    return np.maximum(~post_keys, np.uint64(1))


def conform(frame: pl.DataFrame, schema: Mapping[str, pl.DataType] = POSTS) -> pl.DataFrame:
    """Return `frame` with exactly the columns of `schema`, in order; absent columns become null.

    Raises:
        polars.exceptions.InvalidOperationError: a column cannot be cast to its declared dtype.
    """
    absent = [pl.lit(None, dtype=dtype).alias(name) for name, dtype in schema.items() if name not in frame]
    if not frame.width:
        return pl.DataFrame(schema=schema)
    # with_columns first: a selection of nothing but literals would be one row long
    return frame.with_columns(absent).select(pl.col(name).cast(dtype) for name, dtype in schema.items())
