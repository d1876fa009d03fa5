"""Twitter's information-operations archive: the tweets CSV of its releases."""

import polars as pl

from streams.sources.cells.lists import handles, links, tags
from streams.sources.cells.null_words import known
from streams.sources.cells.texts import count
from streams.sources.cells.times import times
from streams.sources.formats.format import CsvFormat
from streams.sources.screening import Decoded


class TwitterIo(CsvFormat):
    """Columns by name, since two of them swap places between releases. Times are UTC, to the minute.

    Mentions are user ids, as in the archive.
    """

    name = "twitter-io"
    about = "Twitter's archive of information operations"
    needed = ("tweetid", "userid", "tweet_time")
    optional = (
        "tweet_text",
        "tweet_language",
        "hashtags",
        "urls",
        "user_mentions",
        "retweet_tweetid",
        "in_reply_to_tweetid",
        "quoted_tweet_tweetid",
        "follower_count",
        "following_count",
        "like_count",
        "retweet_count",
        "reply_count",
        "quote_count",
    )

    def posts(self, rows: pl.DataFrame) -> Decoded:
        """Make posts."""
        when = rows["tweet_time"]
        ids = {
            "post_id": "tweetid",
            "account_id": "userid",
            "lang": "tweet_language",
            "repost_of": "retweet_tweetid",
            "reply_to": "in_reply_to_tweetid",
            "quote_of": "quoted_tweet_tweetid",
        }
        counts = {
            "followers_count": "follower_count",
            "following_count": "following_count",
            "likes": "like_count",
            "reposts": "retweet_count",
            "replies": "reply_count",
            "quotes": "quote_count",
        }
        posts = rows.select(
            *(known(pl.col(column)).alias(name) for name, column in ids.items()),
            pl.lit("x").alias("platform"),
            times(when, usual="%Y-%m-%d %H:%M").alias("created_at"),
            pl.col("tweet_text").alias("text"),
            links(pl.col("urls")).alias("urls"),
            tags(pl.col("hashtags")).alias("hashtags"),
            handles(pl.col("user_mentions")).alias("mentions"),
            *(count(pl.col(column)).alias(name) for name, column in counts.items()),
        )
        return Decoded(posts, when)
