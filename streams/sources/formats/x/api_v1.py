"""Posts of the Twitter API v1.1, as streams, `twarc` and hydrators wrote them: one an object."""

from collections.abc import Mapping

import polars as pl

from streams.sources.cells.texts import count
from streams.sources.cells.times import times
from streams.sources.formats.json_fields import each, path, struct
from streams.sources.formats.json_format import ROW, JsonFormat, decoded
from streams.sources.screening import Decoded

_ENTITIES = struct(
    urls=pl.List(struct("expanded_url", "url")),
    hashtags=pl.List(struct("text")),
    user_mentions=pl.List(struct("screen_name")),
)
_WRITTEN = {
    "id_str": pl.String(),
    "id": pl.String(),
    "text": pl.String(),
    "full_text": pl.String(),
    "entities": _ENTITIES,
    # a stream cut texts at 140 characters, and gave the whole beside it
    "extended_tweet": struct("full_text", entities=_ENTITIES),
}
_TIME = "%a %b %d %H:%M:%S %z %Y"


class TwitterV1(JsonFormat):
    """Posts with `id_str` and `user`. A repost takes text, links and tags of the original inside it.

    Streams have other messages in between: deletions, and notices of limits and of withheld content.
    """

    name = "twitter-v1"
    about = "Twitter API v1.1: streams, `twarc`, hydrated ids"
    time_ordered = True
    schema = struct(
        "created_at",
        "lang",
        "in_reply_to_status_id_str",
        "in_reply_to_status_id",
        "quoted_status_id_str",
        "quoted_status_id",
        "favorite_count",
        "retweet_count",
        "reply_count",
        "quote_count",
        user=struct("id_str", "id", "followers_count", "friends_count"),
        retweeted_status=pl.Struct(_WRITTEN),
        delete=struct("timestamp_ms", status=struct("id_str", "user_id_str")),
        **dict.fromkeys(
            ("limit", "scrub_geo", "status_withheld", "user_withheld", "disconnect"), struct("track")
        ),
        **_WRITTEN,
    )

    @classmethod
    def fits(cls, record: Mapping[str, object]) -> bool:
        """Whether this is a post of the old API."""
        return {"id_str", "user", "created_at"} <= record.keys() and isinstance(record["user"], dict)

    def posts(self, frame: pl.DataFrame) -> Decoded:
        """Make posts."""
        original = pl.col("retweeted_status")
        fields = tuple(_WRITTEN)
        # The original, or else the post itself, with the same fields.
        written = pl.when(original.is_null()).then(pl.struct(fields)).otherwise(original)
        frame = frame.with_columns(written.alias("written"))
        entities = pl.coalesce(path("written", "extended_tweet", "entities"), path("written", "entities"))
        frame = frame.with_columns(entities.alias("held"))
        deleted = pl.col("delete").is_not_null()
        notices = ("limit", "scrub_geo", "status_withheld", "user_withheld", "disconnect")
        posts = frame.select(
            ROW,
            pl.coalesce("created_at", path("delete", "timestamp_ms")).alias("when"),
            pl.when(deleted & path("delete", "timestamp_ms").is_null())
            .then(pl.lit("deletions without a time"))
            .when(
                pl.any_horizontal(pl.col(name).is_not_null() for name in notices) & pl.col("user").is_null()
            )
            .then(pl.lit("notices of the stream"))
            .alias("kind"),
            pl.coalesce(path("delete", "status", "id_str"), "id_str", "id").alias("post_id"),
            pl.lit("x").alias("platform"),
            pl.coalesce(
                path("delete", "status", "user_id_str"), path("user", "id_str"), path("user", "id")
            ).alias("account_id"),
            pl.when(deleted)
            .then(path("delete", "timestamp_ms").cast(pl.Int64, strict=False) // 1_000)
            .otherwise(times(frame["created_at"], _TIME))
            .alias("created_at"),
            pl.when(deleted).then(pl.lit(value=True)).alias("deleted"),
            pl.coalesce(
                path("written", "extended_tweet", "full_text"),
                path("written", "full_text"),
                path("written", "text"),
            ).alias("text"),
            "lang",
            each(path("held", "urls"), "expanded_url", "url").alias("urls"),
            each(path("held", "hashtags"), "text").alias("hashtags"),
            each(path("held", "user_mentions"), "screen_name").alias("mentions"),
            pl.coalesce(original.struct.field("id_str"), original.struct.field("id")).alias("repost_of"),
            pl.coalesce("in_reply_to_status_id_str", "in_reply_to_status_id").alias("reply_to"),
            pl.coalesce("quoted_status_id_str", "quoted_status_id").alias("quote_of"),
            count(path("user", "followers_count")).alias("followers_count"),
            count(path("user", "friends_count")).alias("following_count"),
            count(pl.col("favorite_count")).alias("likes"),
            count(pl.col("retweet_count")).alias("reposts"),
            count(pl.col("reply_count")).alias("replies"),
            count(pl.col("quote_count")).alias("quotes"),
        )
        return decoded(posts, kind="kind")
