"""Posts of the X API v2 as a table, as the CSV plugin of twarc writes them."""

from collections.abc import Collection

import polars as pl

from streams.sources.cells.identities import ids
from streams.sources.cells.lists import handles, links, tags
from streams.sources.cells.texts import count, hashtags_in, mentions_in, urls_in
from streams.sources.cells.times import times
from streams.sources.formats.format import CsvFormat
from streams.sources.screening import Decoded

_IDS = {
    "post_id": "id",
    "account_id": "author_id",
    "repost_of": "referenced_tweets.retweeted.id",
    "reply_to": "referenced_tweets.replied_to.id",
    "quote_of": "referenced_tweets.quoted.id",
}
_COUNTS = {
    "likes": "public_metrics.like_count",
    "reposts": "public_metrics.retweet_count",
    "replies": "public_metrics.reply_count",
    "quotes": "public_metrics.quote_count",
    "views": "public_metrics.impression_count",
    "followers_count": "author.public_metrics.followers_count",
    "following_count": "author.public_metrics.following_count",
}
_LISTS = {"urls": links, "hashtags": tags, "mentions": handles}
_IN_TEXT = {"urls": urls_in, "hashtags": hashtags_in, "mentions": mentions_in}


class TwarcCsv(CsvFormat):
    """One row a post, with `entities.*` as JSON. Originals have rows of their own unless they were left out."""

    name = "twarc-csv"
    about = "X API v2 as a table: `twarc2 csv`"
    needed = ("id", "author_id", "created_at", "text")
    optional = (
        "lang",
        *(column for column in _IDS.values() if "." in column),
        *_COUNTS.values(),
        *(f"entities.{name}" for name in _LISTS),
    )

    @classmethod
    def fits(cls, columns: Collection[str]) -> bool:
        """Whether it has the columns that every post has, and one that only this API has."""
        return super().fits(columns) and any(
            name.startswith(("referenced_tweets.", "public_metrics.", "entities.")) for name in columns
        )

    def posts(self, rows: pl.DataFrame) -> Decoded:
        """Make posts. Cells that are blank leave it to the text."""
        text = pl.col("text")
        posts = rows.select(
            *(ids(pl.col(column)).alias(name) for name, column in _IDS.items()),
            pl.lit("x").alias("platform"),
            times(rows["created_at"], "%Y-%m-%dT%H:%M:%S%.3fZ").alias("created_at"),
            text.alias("text"),
            "lang",
            *(
                pl.coalesce(read(pl.col(f"entities.{name}")), _IN_TEXT[name](text)).alias(name)
                for name, read in _LISTS.items()
            ),
            *(count(pl.col(column)).alias(name) for name, column in _COUNTS.items()),
        )
        return Decoded(posts, rows["created_at"])
