"""Bluesky's posts as the API gives them: views in feeds and searches, and records of a repository."""

from collections.abc import Mapping

import polars as pl

from streams.sources.cells.texts import count
from streams.sources.cells.times import times
from streams.sources.formats.bluesky.record_fields import RECORD, kind_of, record_columns, with_subjects
from streams.sources.formats.json_fields import path, struct
from streams.sources.formats.json_format import ROW, JsonFormat, decoded
from streams.sources.screening import Decoded

_COUNTS = {"likes": "likeCount", "reposts": "repostCount", "replies": "replyCount", "quotes": "quoteCount"}
_AUTHOR = struct("did")
_VIEW = {
    "uri": pl.String(),
    "indexedAt": pl.String(),
    "author": _AUTHOR,
    "record": RECORD,
    **dict.fromkeys(_COUNTS.values(), pl.String()),
}


class BlueskyRecords(JsonFormat):
    """Records `{"uri": ..., "value": {...}}` of a repository, as `listRecords` and exports give them."""

    name = "bluesky-records"
    about = "records of Bluesky's repositories: `listRecords`, exports"
    schema = struct("uri", value=RECORD)

    @classmethod
    def fits(cls, record: Mapping[str, object]) -> bool:
        """Whether this is a record of a repository."""
        return str(record.get("uri", "")).startswith("at://") and isinstance(record.get("value"), dict)

    def mended(self, lines: pl.Series) -> pl.Series:
        """Give `subject` one type."""
        return with_subjects(lines)

    def posts(self, frame: pl.DataFrame) -> Decoded:
        """Make posts. The time is the author's own: a repository knows no other."""
        created = path("value", "createdAt")
        posts = frame.select(
            ROW,
            created.alias("when"),
            kind_of(pl.col("uri").str.extract(r"^at://[^/]+/([^/]+)/")).alias("kind"),
            pl.col("uri").alias("post_id"),
            pl.lit("bluesky").alias("platform"),
            pl.col("uri").str.extract(r"^at://([^/]+)").alias("account_id"),
            times(frame.select(created).to_series()).alias("created_at"),
            *record_columns("value"),
        )
        return decoded(posts, kind="kind")


class BlueskyPosts(JsonFormat):
    """Views of posts, as searches give them, or items of a feed, which has reposts as well."""

    name = "bluesky-posts"
    about = "views of Bluesky's API: searches, feeds of authors"
    schema = struct(
        post=pl.Struct(_VIEW),
        reason=struct("$type", "indexedAt", by=_AUTHOR),
        **_VIEW,
    )

    @classmethod
    def fits(cls, record: Mapping[str, object]) -> bool:
        """Whether this is a view of a post, or an item of a feed."""
        view = record.get("post", record)
        return isinstance(view, dict) and {"uri", "author", "record"} <= view.keys()

    def mended(self, lines: pl.Series) -> pl.Series:
        """Give `subject` one type."""
        return with_subjects(lines)

    def posts(self, frame: pl.DataFrame) -> Decoded:
        """Make posts. A repost in a feed has no id of its own here, so one is made of who reposted what."""
        view = pl.when(pl.col("post").is_null()).then(pl.struct(tuple(_VIEW))).otherwise("post")
        frame = frame.with_columns(view.alias("view"))
        record = path("view", "record")
        by = path("reason", "by", "did")
        when = pl.coalesce(
            pl.when(by.is_not_null()).then(path("reason", "indexedAt")),
            path("view", "indexedAt"),
            record.struct.field("createdAt"),
        )
        uri = path("view", "uri")
        written = {column.meta.output_name(): column for column in record_columns("view", "record")}
        frame = frame.select(
            ROW,
            when.alias("when"),
            by.alias("by"),
            uri.alias("uri"),
            path("view", "author", "did").alias("author"),
            *written.values(),
            *(count(path("view", field)).alias(name) for name, field in _COUNTS.items()),
        )
        is_repost = pl.col("by").is_not_null()
        posts = frame.select(
            ROW,
            "when",
            pl.when(is_repost)
            .then(pl.concat_str(pl.lit("at://"), "by", pl.lit("/app.bsky.feed.repost/"), "uri"))
            .otherwise("uri")
            .alias("post_id"),
            pl.lit("bluesky").alias("platform"),
            pl.coalesce("by", "author").alias("account_id"),
            times(frame["when"]).alias("created_at"),
            "text",
            "lang",
            pl.when(is_repost).then("uri").otherwise("repost_of").alias("repost_of"),
            *(pl.when(~is_repost).then(name).alias(name) for name in written if name not in _KEPT),
            *(pl.when(~is_repost).then(name).alias(name) for name in _COUNTS),
        )
        return decoded(posts)


_KEPT = ("text", "lang", "repost_of")
"""Columns that a repost in a feed has."""
