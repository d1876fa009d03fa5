"""Videos of TikTok's Research API: pages of JSON, one video an object, or a table of them."""

from collections.abc import Mapping
from typing import ClassVar

import polars as pl

from streams.sources.cells.lists import tags
from streams.sources.cells.null_words import known
from streams.sources.cells.texts import count, mentions_in, urls_in
from streams.sources.cells.times import times
from streams.sources.formats.format import CsvFormat
from streams.sources.formats.json_fields import struct
from streams.sources.formats.json_format import ROW, JsonFormat, decoded
from streams.sources.screening import Decoded

_COUNTS = {"likes": "like_count", "reposts": "share_count", "replies": "comment_count", "views": "view_count"}


class TikTok(JsonFormat):
    """Videos with `video_description`. The account is the name: the API gives no id."""

    name = "tiktok-research"
    about = "TikTok's Research API, pages or one video an object"
    schema = struct(
        "id",
        "username",
        "create_time",
        "video_description",
        *_COUNTS.values(),
        hashtag_names=pl.List(pl.String()),
    )

    @classmethod
    def fits(cls, record: Mapping[str, object]) -> bool:
        """Whether this is a video of the Research API."""
        return {"id", "username", "create_time"} <= record.keys() and bool(
            {"video_description", "hashtag_names", "region_code"} & record.keys()
        )

    def posts(self, frame: pl.DataFrame) -> Decoded:
        """Make posts."""
        posts = frame.select(
            ROW,
            pl.col("create_time").alias("when"),
            *_columns(frame),
            pl.col("hashtag_names").alias("hashtags"),
        )
        return decoded(posts)


class TikTokCsv(CsvFormat):
    """The same fields as a table, also under the names that traktok gives them."""

    name = "tiktok-research-csv"
    about = "TikTok's Research API as a table"
    needed = ("id", "username", "create_time", "video_description")
    optional = ("hashtag_names", *_COUNTS.values())
    other_names: ClassVar[Mapping[str, str]] = {"video_id": "id", "author_name": "username"}  # of traktok

    def posts(self, rows: pl.DataFrame) -> Decoded:
        """Make posts."""
        return Decoded(
            rows.select(*_columns(rows), tags(pl.col("hashtag_names")).alias("hashtags")), rows["create_time"]
        )


def _columns(frame: pl.DataFrame) -> list[pl.Expr | pl.Series]:
    text = pl.col("video_description")
    return [
        known(pl.col("id")).alias("post_id"),
        pl.lit("tiktok").alias("platform"),
        known(pl.col("username")).alias("account_id"),
        times(frame["create_time"]).alias("created_at"),
        text.alias("text"),
        urls_in(text).alias("urls"),
        mentions_in(text).alias("mentions"),
        *(count(pl.col(field)).alias(name) for name, field in _COUNTS.items()),
    ]
