"""Posts of Facebook and Instagram of the Meta Content Library: JSON, or a table with dots in its names."""

from collections.abc import Mapping

import polars as pl

from streams.sources.cells.identities import ids
from streams.sources.cells.lists import handles, tags
from streams.sources.cells.null_words import known
from streams.sources.cells.texts import count, hashtags_in, mentions_in, urls_in
from streams.sources.cells.times import times
from streams.sources.formats.format import CsvFormat
from streams.sources.formats.json_fields import path, struct
from streams.sources.formats.json_format import ROW, JsonFormat, decoded
from streams.sources.screening import Decoded

_PLAIN = ("id", "creation_time", "text", "lang", "link_url", "shared_post_id", "mcl_url")
_COUNTS = {
    "likes": ("like_count", "reaction_count"),
    "reposts": ("share_count",),
    "replies": ("comment_count",),
    "views": ("views", "view_count"),
}
_STATISTICS = tuple(name for names in _COUNTS.values() for name in names)
_OWNER = ("id", "username", "name", "type", "follower_count")


class ContentLibrary(JsonFormat):
    """Posts with `creation_time` and `post_owner`."""

    name = "content-library"
    about = "Meta Content Library as JSON"
    schema = struct(
        *_PLAIN,
        post_owner=struct(*_OWNER),
        statistics=struct(*_STATISTICS),
        link_attachment=struct("link"),
        hashtags=pl.List(pl.String()),
        mentions=pl.List(pl.String()),
    )

    @classmethod
    def fits(cls, record: Mapping[str, object]) -> bool:
        """Whether this is a post of the library."""
        return {"id", "creation_time"} <= record.keys() and isinstance(record.get("post_owner"), dict)

    def posts(self, frame: pl.DataFrame) -> Decoded:
        """Make posts."""
        flat = frame.select(
            ROW,
            pl.col("creation_time").alias("when"),
            *_PLAIN,
            *(path("post_owner", name).alias(f"post_owner.{name}") for name in _OWNER),
            *(path("statistics", name).alias(f"statistics.{name}") for name in _STATISTICS),
            path("link_attachment", "link").alias("link_attachment.link"),
            "hashtags",
            "mentions",
        )
        return decoded(flat.select(ROW, "when", *_columns(flat)))


class ContentLibraryCsv(CsvFormat):
    """The same fields as columns with dots."""

    name = "content-library-csv"
    about = "Meta Content Library as a table"
    needed = ("id", "creation_time", "post_owner.id")
    optional = (
        *_PLAIN[2:],
        *(f"post_owner.{name}" for name in _OWNER[1:]),
        *(f"statistics.{name}" for name in _STATISTICS),
        "link_attachment.link",
        "hashtags",
        "mentions",
    )

    def posts(self, rows: pl.DataFrame) -> Decoded:
        """Make posts."""
        flat = rows.with_columns(tags(pl.col("hashtags")), handles(pl.col("mentions")))
        return Decoded(flat.select(*_columns(flat)), rows["creation_time"])


def _columns(flat: pl.DataFrame) -> list[pl.Expr | pl.Series]:
    """The columns of posts. Only the address in the library tells Instagram from Facebook, and a type of owner."""
    text = pl.col("text")
    is_instagram = pl.col("mcl_url").str.contains("(?i)instagram|/ig") | pl.col(
        "post_owner.type"
    ).str.contains("(?i)instagram|^ig_")
    link = pl.coalesce(known(pl.col("link_url")), known(pl.col("link_attachment.link")))
    return [
        ids(pl.col("id")).alias("post_id"),
        pl.when(is_instagram.fill_null(value=False))
        .then(pl.lit("instagram"))
        .otherwise(pl.lit("facebook"))
        .alias("platform"),
        ids(pl.col("post_owner.id")).alias("account_id"),
        times(flat["creation_time"]).alias("created_at"),
        text.alias("text"),
        known(pl.col("lang")).alias("lang"),
        pl.concat_list(pl.concat_list(link).list.drop_nulls(), urls_in(text).fill_null([]))
        .list.unique(maintain_order=True)
        .alias("urls"),
        pl.coalesce("hashtags", hashtags_in(text)).alias("hashtags"),
        pl.coalesce("mentions", mentions_in(text)).alias("mentions"),
        ids(pl.col("shared_post_id")).alias("repost_of"),
        count(pl.col("post_owner.follower_count")).alias("followers_count"),
        *(
            count(pl.coalesce(f"statistics.{field}" for field in fields)).alias(name)
            for name, fields in _COUNTS.items()
        ),
    ]
