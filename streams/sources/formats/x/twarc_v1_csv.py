"""Posts of the Twitter API v1.1 as a table, as twarc's `json2csv` wrote them."""

from collections.abc import Mapping
from typing import ClassVar

import polars as pl

from streams.sources.cells.identities import ids
from streams.sources.cells.lists import links, tags
from streams.sources.cells.null_words import known
from streams.sources.cells.texts import count, mentions_in
from streams.sources.cells.times import times
from streams.sources.formats.format import CsvFormat
from streams.sources.screening import Decoded

_COUNTS = {
    "likes": "favorite_count",
    "reposts": "retweet_count",
    "followers_count": "user_followers_count",
    "following_count": "user_friends_count",
}


class TwarcV1Csv(CsvFormat):
    """One row a post; lists are parted by spaces. `tweet_type` says what `retweet_or_quote_id` is."""

    name = "twarc-v1-csv"
    about = "Twitter API v1.1 as a table: `json2csv` of twarc"
    needed = ("id", "created_at", "user_id", "text", "user_screen_name")
    optional = (
        "tweet_type",
        "retweet_or_quote_id",
        "in_reply_to_status_id",
        "lang",
        "hashtags",
        "urls",
        *_COUNTS.values(),
    )
    other_names: ClassVar[Mapping[str, str]] = {
        "reweet_or_quote_id": "retweet_or_quote_id"  # as `json2csv` wrote it for years
    }

    def posts(self, rows: pl.DataFrame) -> Decoded:
        """Make posts."""
        when = rows["created_at"]
        other = ids(pl.col("retweet_or_quote_id"))
        posts = rows.select(
            ids(pl.col("id")).alias("post_id"),
            pl.lit("x").alias("platform"),
            ids(pl.col("user_id")).alias("account_id"),
            times(when, "%a %b %d %H:%M:%S %z %Y").alias("created_at"),
            pl.col("text"),
            known(pl.col("lang")).alias("lang"),
            links(pl.col("urls")).alias("urls"),
            tags(pl.col("hashtags")).alias("hashtags"),
            mentions_in(pl.col("text")).alias("mentions"),
            pl.when(pl.col("tweet_type") == "retweet").then(other).alias("repost_of"),
            pl.when(pl.col("tweet_type") == "quote").then(other).alias("quote_of"),
            ids(pl.col("in_reply_to_status_id")).alias("reply_to"),
            *(count(pl.col(column)).alias(name) for name, column in _COUNTS.items()),
        )
        return Decoded(posts, when)
