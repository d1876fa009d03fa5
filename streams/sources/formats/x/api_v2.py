"""Posts of the X API v2: pages as they came, or one post an object as `twarc2 flatten` writes them."""

from collections.abc import Mapping

import polars as pl

from streams.sources.cells.texts import count, hashtags_in, mentions_in, urls_in
from streams.sources.cells.times import times
from streams.sources.formats.json_fields import TEXT, each, path, struct
from streams.sources.formats.json_format import PAGE_LIMIT, ROW, JsonFormat, decoded
from streams.sources.screening import Decoded

_ENTITIES = struct(
    urls=pl.List(struct("expanded_url", "unwound_url", "url", "media_key")),
    hashtags=pl.List(struct("tag")),
    mentions=pl.List(struct("username")),
)
_NOTE = struct("text", entities=_ENTITIES)  # the whole of a long post, whose `text` is cut
_METRICS = struct("retweet_count", "reply_count", "like_count", "quote_count", "impression_count")
_PUBLIC = struct("followers_count", "following_count")
_OWN = {"id": TEXT, "text": TEXT, "entities": _ENTITIES, "note_tweet": _NOTE}
_POST = {
    **_OWN,
    "author_id": TEXT,
    "created_at": TEXT,
    "lang": TEXT,
    "public_metrics": _METRICS,
    "referenced_tweets": pl.List(struct("type", "id")),
}
_USER = struct("id", public_metrics=_PUBLIC)
_INCLUDES = struct(users=pl.List(_USER), tweets=pl.List(pl.Struct(_OWN)))
_OF_THE_API = {
    "context_annotations",
    "conversation_id",
    "edit_history_tweet_ids",
    "in_reply_to_user_id",
    "possibly_sensitive",
    "public_metrics",
    "referenced_tweets",
    "reply_settings",
}
"""Fields that only posts of this API have beside `author_id`."""
_KINDS = {"repost_of": "retweeted", "reply_to": "replied_to", "quote_of": "quoted"}


class XPosts(JsonFormat):
    """One post an object. Referenced posts and the author may be inside it."""

    name = "x-posts"
    about = "X API v2, one post an object: `twarc2 flatten`, academictwitteR, 4CAT"
    schema = pl.Struct(
        {
            **_POST,
            "author": _USER,
            "author_user": _USER,
            "referenced_tweets": pl.List(pl.Struct({"type": TEXT, **_OWN})),
        }
    )
    limit = PAGE_LIMIT

    @classmethod
    def fits(cls, record: Mapping[str, object]) -> bool:
        """Whether this is a post of the API: `author_id` and one of the fields that only the API has."""
        return {"id", "author_id"} <= record.keys() and bool(_OF_THE_API & record.keys())

    def posts(self, frame: pl.DataFrame) -> Decoded:
        """Make posts; a repost takes text, links and tags of the original if they are there."""
        author = pl.coalesce("author", "author_user")  # as twarc and as 4CAT write it
        return decoded(_posts(frame.with_columns(_referenced("retweeted").alias("original"), author=author)))


class XPages(JsonFormat):
    """Pages `{"data": [...], "includes": {...}}` of any endpoint for posts, one page an object."""

    name = "x-pages"
    about = "X API v2, pages as they came: `twarc2`, or one's own requests"
    schema = struct(
        data=pl.List(pl.Struct(_POST)),
        includes=_INCLUDES,
    )
    limit = PAGE_LIMIT

    @classmethod
    def fits(cls, record: Mapping[str, object]) -> bool:
        """Whether this is a page of posts. Those of a small request have none of the fields, but `meta` does."""
        data = record.get("data")
        meta = record.get("meta")
        posts = [one for one in data if isinstance(one, dict)] if isinstance(data, list) else []
        ranged = isinstance(meta, dict) and {"newest_id", "oldest_id"} <= meta.keys()
        return any(XPosts.fits(one) or (ranged and {"id", "author_id"} <= one.keys()) for one in posts)

    def posts(self, frame: pl.DataFrame) -> Decoded:
        """Make posts, with authors and originals from the rest of their page."""
        posts = frame.select(ROW, "data").explode("data").drop_nulls("data").unnest("data")
        return decoded(_posts(_joined(posts, frame)))


class XStream(JsonFormat):
    """Messages `{"data": {...}, "includes": {...}}` of the filtered or sampled stream: one post an object."""

    name = "x-stream"
    about = "X API v2, messages of the filtered or sampled stream"
    schema = struct(data=pl.Struct(_POST), includes=_INCLUDES)

    @classmethod
    def fits(cls, record: Mapping[str, object]) -> bool:
        """Whether this is a message of a stream of posts."""
        data = record.get("data")
        return isinstance(data, dict) and XPosts.fits(data)

    def posts(self, frame: pl.DataFrame) -> Decoded:
        """Make posts, with authors and originals from the rest of their message."""
        return decoded(_posts(_joined(frame.select(ROW, "data").unnest("data"), frame)))


def _joined(posts: pl.DataFrame, pages: pl.DataFrame) -> pl.DataFrame:
    """Add `author` and `original` from the includes of each post's own page."""
    users = _included(pages, "users")
    tweets = _included(pages, "tweets")
    return (
        posts.with_columns(_referenced("retweeted").struct.field("id").alias("retweeted"))
        .join(
            users.select(
                ROW, pl.col("one").struct.field("id").alias("author_id"), pl.col("one").alias("author")
            ),
            on=[ROW, "author_id"],
            how="left",
            maintain_order="left",
        )
        .join(
            tweets.select(
                ROW, pl.col("one").struct.field("id").alias("retweeted"), pl.col("one").alias("original")
            ),
            on=[ROW, "retweeted"],
            how="left",
            maintain_order="left",
        )
    )


def _included(pages: pl.DataFrame, what: str) -> pl.DataFrame:
    """The included objects of all pages, each once a page."""
    listed = pages.select(ROW, path("includes", what).alias("one")).explode("one").drop_nulls("one")
    return listed.filter(pl.struct(ROW, pl.col("one").struct.field("id")).is_first_distinct())


def _posts(frame: pl.DataFrame) -> pl.DataFrame:
    """Columns of posts from columns of the API, `author` and `original`; null where there is none."""
    original = pl.col("original")
    written = pl.coalesce(
        original.struct.field("note_tweet").struct.field("text"),
        original.struct.field("text"),
        path("note_tweet", "text"),
        "text",
    )
    entities = [
        original.struct.field("note_tweet").struct.field("entities"),
        original.struct.field("entities"),
        path("note_tweet", "entities"),
        pl.col("entities"),
    ]
    frame = frame.with_columns(
        pl.when(original.struct.field("text").is_null())
        .then(pl.coalesce(entities[2:]))
        .otherwise(pl.coalesce(entities[:2]))
        .alias("held")
    )
    # A link with a media key leads to the post's own picture.
    links = path("held", "urls").list.eval(
        pl.element().filter(pl.element().struct.field("media_key").is_null())
    )
    counts = {
        "likes": "like",
        "reposts": "retweet",
        "replies": "reply",
        "quotes": "quote",
        "views": "impression",
    }
    return frame.select(
        ROW,
        pl.col("created_at").alias("when"),
        pl.col("id").alias("post_id"),
        pl.lit("x").alias("platform"),
        pl.col("author_id").alias("account_id"),
        times(frame["created_at"], usual="%Y-%m-%dT%H:%M:%S%.3fZ").alias("created_at"),
        written.alias("text"),
        "lang",
        # Without entities, which are left out of a page on request, the text has to do.
        pl.coalesce(each(links, "unwound_url", "expanded_url", "url"), urls_in(written)).alias("urls"),
        pl.coalesce(each(path("held", "hashtags"), "tag"), hashtags_in(written)).alias("hashtags"),
        pl.coalesce(each(path("held", "mentions"), "username"), mentions_in(written)).alias("mentions"),
        *(_referenced(kind).struct.field("id").alias(name) for name, kind in _KINDS.items()),
        *(count(path("public_metrics", f"{field}_count")).alias(name) for name, field in counts.items()),
        count(path("author", "public_metrics", "followers_count")).alias("followers_count"),
        count(path("author", "public_metrics", "following_count")).alias("following_count"),
    )


def _referenced(kind: str) -> pl.Expr:
    """The post that a post refers to in this way."""
    is_kind = pl.element().struct.field("type") == kind
    return pl.col("referenced_tweets").list.eval(pl.element().filter(is_kind)).list.first()
