"""The input of coordination-network-toolkit: columns by name, or by position where they have no names."""

from typing import ClassVar

import polars as pl

from streams.sources.cells.lists import links
from streams.sources.cells.null_words import known
from streams.sources.cells.texts import hashtags_in, mentions_in
from streams.sources.cells.times import times
from streams.sources.formats.format import CsvFormat
from streams.sources.screening import Decoded


class Toolkit(CsvFormat):
    """Message, user, name, repost, reply, text, unix time, urls."""

    name = "toolkit"
    about = "input of coordination-network-toolkit"
    time_ordered = True
    positions: ClassVar[tuple[str, ...]] = (
        "message_id",
        "user_id",
        "username",
        "repost_id",
        "reply_id",
        "message",
        "timestamp",
        "urls",
    )
    needed = ("message_id", "user_id", "message", "timestamp")
    optional = ("repost_id", "reply_id", "urls")

    def posts(self, rows: pl.DataFrame) -> Decoded:
        """Make posts; hashtags and mentions come from the text."""
        when = rows["timestamp"]
        text = pl.col("message")
        posts = rows.select(
            pl.col("message_id").alias("post_id"),
            pl.lit("x").alias("platform"),
            pl.col("user_id").alias("account_id"),
            times(when).alias("created_at"),
            text.alias("text"),
            links(pl.col("urls")).alias("urls"),
            hashtags_in(text).alias("hashtags"),
            mentions_in(text).alias("mentions"),
            known(pl.col("repost_id")).alias("repost_of"),
            known(pl.col("reply_id")).alias("reply_to"),
        )
        return Decoded(posts, when)
