"""Lists of stories as Media Cloud exports them."""

import polars as pl

from streams.sources.formats.format import CsvFormat
from streams.sources.formats.web.article_columns import article_columns
from streams.sources.screening import Decoded


class MediaCloud(CsvFormat):
    """One row a story, with its title and without its text. Times are often days."""

    name = "media-cloud"
    about = "Media Cloud, lists of stories"
    needed = ("publish_date", "title", "url")
    optional = ("media_url", "media_name", "language")

    def posts(self, rows: pl.DataFrame) -> Decoded:
        """Make posts."""
        articles = rows.select(
            pl.col("url").alias("link"),
            pl.col("publish_date").alias("when"),
            "title",
            pl.lit(None, pl.String).alias("body"),
            pl.col("media_url").alias("site"),
            pl.col("language").alias("lang"),
        )
        return Decoded(articles.select(*article_columns(articles)), articles["when"])
