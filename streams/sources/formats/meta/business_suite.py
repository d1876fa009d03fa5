"""Posts of one's own pages and profiles as Meta Business Suite exports them."""

import polars as pl

from streams.sources.cells.identities import ids
from streams.sources.cells.null_words import known
from streams.sources.cells.texts import count, hashtags_in, mentions_in, urls_in
from streams.sources.cells.times import times
from streams.sources.formats.format import CsvFormat
from streams.sources.screening import Decoded

_AMERICAN = r"^(\d{1,2})/(\d{1,2})/(\d{4}) (\d{1,2}:\d{2}(?::\d{2})?)$"


class BusinessSuite(CsvFormat):
    """Pages of Facebook have a page id, profiles of Instagram an account id.

    Times are month/day/year, without a zone.
    """

    name = "business-suite"
    about = "Meta Business Suite, posts of one's own pages and profiles"
    needed = ("Post ID", "Publish time", "Permalink")
    optional = (
        "Page ID",
        "Account ID",
        "Title",
        "Description",
        "Reactions",
        "Likes",
        "Comments",
        "Shares",
        "Views",
        "Impressions",
    )

    def posts(self, rows: pl.DataFrame) -> Decoded:
        """Make posts."""
        when = rows["Publish time"]
        parts = pl.col("Publish time").str.strip_chars().str.extract_groups(_AMERICAN)
        month, day, year, clock = (parts.struct.field(group) for group in "1234")
        iso = pl.concat_str(
            year,
            pl.lit("-"),
            month.str.zfill(2),
            pl.lit("-"),
            day.str.zfill(2),
            pl.lit(" "),
            clock.str.zfill(5),
        )
        written = rows.select(pl.coalesce(iso, "Publish time")).to_series()
        text = pl.coalesce(known(pl.col("Description")), known(pl.col("Title")))
        is_page = pl.col("Page ID").is_not_null()
        posts = rows.select(
            ids(pl.col("Post ID")).alias("post_id"),
            pl.when(is_page).then(pl.lit("facebook")).otherwise(pl.lit("instagram")).alias("platform"),
            ids(pl.coalesce("Page ID", "Account ID")).alias("account_id"),
            times(written, "%Y-%m-%d %H:%M").alias("created_at"),
            text.alias("text"),
            urls_in(text).alias("urls"),
            hashtags_in(text).alias("hashtags"),
            mentions_in(text).alias("mentions"),
            count(pl.coalesce("Reactions", "Likes")).alias("likes"),
            count(pl.col("Shares")).alias("reposts"),
            count(pl.col("Comments")).alias("replies"),
            count(pl.coalesce("Views", "Impressions")).alias("views"),
        )
        return Decoded(posts, when)
