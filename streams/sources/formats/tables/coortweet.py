"""The input of CooRTweet: one row for each share."""

from typing import ClassVar

import polars as pl

from streams.sources.cells.null_words import known
from streams.sources.cells.times import times
from streams.sources.formats.format import CsvFormat
from streams.sources.screening import Decoded


class Coortweet(CsvFormat):
    """`object_id, account_id, content_id, timestamp_share` (unix seconds), in any order.

    The format does not say what the objects are, or on which platform. They are kept unchanged, as urls on platform
    `unknown`. A post that shares several objects has several rows; `part` distinguishes them.
    """

    name = "coortweet"
    about = "input of CooRTweet"
    other_names: ClassVar[dict[str, str]] = {"id_user": "account_id"}
    needed = ("object_id", "account_id", "content_id", "timestamp_share")

    def posts(self, rows: pl.DataFrame) -> Decoded:
        """Make one post row of each share."""
        when = rows["timestamp_share"]
        rows = rows.with_columns(known(pl.col("object_id")))
        posts = rows.select(
            pl.col("content_id").alias("post_id"),
            pl.lit("unknown").alias("platform"),
            "account_id",
            times(when).alias("created_at"),
            pl.col("object_id").alias("part"),
            pl.when(pl.col("object_id").is_not_null()).then(pl.concat_list("object_id")).alias("urls"),
        )
        return Decoded(posts, when)
