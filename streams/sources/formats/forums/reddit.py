"""Reddit's submissions and comments, as Pushshift's dumps and its successors have them: one an object."""

from collections.abc import Mapping

import polars as pl

from streams.sources.cells.texts import count, urls_in
from streams.sources.cells.times import times
from streams.sources.formats.json_fields import filled, struct
from streams.sources.formats.json_format import ROW, JsonFormat, decoded
from streams.sources.screening import Decoded

_GONE = ("[deleted]", "[removed]")
_MENTION = r"(?:^|[\s(/])u/([\w-]{2,})"
_OWN_LINK = r"(?i)^(?:/r/|https?://(?:\w+\.)?reddit\.com/r/\w+/comments/)"


class Reddit(JsonFormat):
    """Submissions have a title, comments a body. A cross-post is a repost.

    Authors are names. Of a deleted author only `[deleted]` is left, who is nobody: such posts are counted, not read.
    """

    name = "reddit"
    about = "Reddit, submissions and comments: Pushshift and its successors"
    time_ordered = True
    schema = struct(
        "id",
        "name",
        "author",
        "created_utc",
        "title",
        "selftext",
        "body",
        "url",
        "url_overridden_by_dest",
        "parent_id",
        "link_id",
        "crosspost_parent",
        "score",
        "num_comments",
        "num_crossposts",
    )

    @classmethod
    def fits(cls, record: Mapping[str, object]) -> bool:
        """Whether this is a submission or a comment, with any choice of fields beside author and time."""
        return {"id", "author", "created_utc"} <= record.keys() and bool(
            {"subreddit", "subreddit_id", "link_id", "title", "selftext", "body"} & record.keys()
        )

    def posts(self, frame: pl.DataFrame) -> Decoded:
        """Make posts."""
        is_comment = pl.col("link_id").is_not_null() | pl.col("body").is_not_null()
        prefix = pl.when(is_comment).then(pl.lit("t1_")).otherwise(pl.lit("t3_"))
        own = pl.when(~pl.col("selftext").is_in(_GONE)).then("selftext")
        said = pl.when(~pl.col("body").is_in(_GONE)).then("body")
        frame = frame.with_columns(
            _unescaped(pl.col("title", "selftext", "body", "url", "url_overridden_by_dest"))
        )
        frame = frame.with_columns(
            pl.when(is_comment)
            .then(said)
            .otherwise(pl.concat_str(filled(pl.col("title")), filled(own), separator="\n", ignore_nulls=True))
            .alias("text")
        )
        link = filled(pl.coalesce("url_overridden_by_dest", "url"))
        shared = pl.when(~link.str.contains(_OWN_LINK)).then(link)
        text = pl.col("text")
        posts = frame.select(
            ROW,
            pl.col("created_utc").alias("when"),
            pl.when(pl.col("author").is_in(_GONE)).then(pl.lit("posts of deleted authors")).alias("kind"),
            pl.coalesce(filled(pl.col("name")), pl.concat_str(prefix, "id")).alias("post_id"),
            pl.lit("reddit").alias("platform"),
            pl.col("author").alias("account_id"),
            times(frame["created_utc"]).alias("created_at"),
            "text",
            pl.concat_list(pl.concat_list(shared).list.drop_nulls(), urls_in(text).fill_null([]))
            .list.unique(maintain_order=True)
            .alias("urls"),
            text.str.extract_all(_MENTION).list.eval(pl.element().str.extract(_MENTION)).alias("mentions"),
            pl.col("crosspost_parent").alias("repost_of"),
            pl.when(is_comment).then(pl.coalesce("parent_id", "link_id")).alias("reply_to"),
            count(pl.col("score")).alias("likes"),
            count(pl.col("num_comments")).alias("replies"),
            count(pl.col("num_crossposts")).alias("reposts"),
        )
        return decoded(posts, kind="kind")


def _unescaped(text: pl.Expr) -> pl.Expr:
    # the three that Reddit escapes
    for entity, character in (("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&")):
        text = text.str.replace_all(entity, character, literal=True)
    return text
