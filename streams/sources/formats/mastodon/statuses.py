"""Mastodon's statuses, as its API gives them and most other servers of the fediverse as well."""

from collections.abc import Mapping

import polars as pl

from streams.sources.cells.identities import fediverse_accounts, fediverse_posts
from streams.sources.cells.texts import count, plain_text
from streams.sources.cells.times import times
from streams.sources.formats.json_fields import each, filled, path, struct
from streams.sources.formats.json_format import ROW, JsonFormat, decoded
from streams.sources.formats.mastodon.html_text import links_in_html
from streams.sources.screening import Decoded

_ACCOUNT = struct("id", "acct", "username", "url", "uri", "followers_count", "following_count")
_WRITTEN = {
    "id": pl.String(),
    "uri": pl.String(),
    "content": pl.String(),
    "language": pl.String(),
    "tags": pl.List(struct("name")),
    "mentions": pl.List(struct("acct", "url")),
    "card": struct("url"),
}


class Mastodon(JsonFormat):
    """Statuses. A boost takes text, links and tags of the original inside it.

    A status and its author have the same ids whichever server shows them: its URI, and `name@domain`.
    """

    name = "mastodon"
    about = "statuses of Mastodon's API, one an object or in pages"
    schema = struct(
        "created_at",
        "url",
        "in_reply_to_id",
        "reblogs_count",
        "favourites_count",
        "replies_count",
        "quotes_count",
        account=_ACCOUNT,
        reblog=pl.Struct(_WRITTEN),
        quote=struct("quoted_status_id", "id", "uri", quoted_status=struct("id", "uri")),
        quote_id=pl.String(),
        quote_of_id=pl.String(),
        **_WRITTEN,
    )

    @classmethod
    def fits(cls, record: Mapping[str, object]) -> bool:
        """Whether this is a status."""
        return {"account", "created_at", "content"} <= record.keys() and isinstance(record["account"], dict)

    def posts(self, frame: pl.DataFrame) -> Decoded:
        """Make posts."""
        reblog = pl.col("reblog")
        written = pl.when(reblog.is_null()).then(pl.struct(tuple(_WRITTEN))).otherwise(reblog)
        frame = frame.with_columns(written.alias("written"))
        content = path("written", "content")
        links = links_in_html(content)
        card = path("written", "card", "url")
        posts = frame.select(
            ROW,
            pl.col("created_at").alias("when"),
            fediverse_posts(pl.col("uri"), pl.col("id")).alias("post_id"),
            pl.lit("mastodon").alias("platform"),
            fediverse_accounts(
                pl.coalesce(path("account", "acct"), path("account", "username")),
                pl.coalesce(path("account", "url"), path("account", "uri"), "url", "uri"),
            ).alias("account_id"),
            times(frame["created_at"], "%Y-%m-%dT%H:%M:%S%.3fZ").alias("created_at"),
            plain_text(content).alias("text"),
            pl.coalesce("language", path("written", "language")).alias("lang"),
            # the card may show what a text without a link of its own is about
            pl.when((links.list.len() == 0) & card.is_not_null())
            .then(pl.concat_list(card))
            .otherwise(links)
            .alias("urls"),
            each(path("written", "tags"), "name").alias("hashtags"),
            path("written", "mentions").list.eval(_mentioned().drop_nulls()).alias("mentions"),
            pl.when(reblog.is_not_null())
            .then(fediverse_posts(reblog.struct.field("uri"), reblog.struct.field("id")))
            .alias("repost_of"),
            filled(pl.col("in_reply_to_id")).alias("reply_to"),
            _quoted().alias("quote_of"),
            count(path("account", "followers_count")).alias("followers_count"),
            count(path("account", "following_count")).alias("following_count"),
            count(pl.col("favourites_count")).alias("likes"),
            count(pl.col("reblogs_count")).alias("reposts"),
            count(pl.col("replies_count")).alias("replies"),
            count(pl.col("quotes_count")).alias("quotes"),
        )
        return decoded(posts)


def _quoted() -> pl.Expr:
    """The post that a status quotes. Truth Social, Gab and others have it in `quote` itself."""
    return pl.coalesce(
        path("quote", "quoted_status", "uri"),
        path("quote", "quoted_status", "id"),
        path("quote", "quoted_status_id"),
        path("quote", "uri"),
        path("quote", "id"),
        filled(pl.col("quote_id")),
        filled(pl.col("quote_of_id")),
    )


def _mentioned() -> pl.Expr:
    """An account in a list of mentions, as `account_id` has it. Its own server writes its name alone."""
    one = pl.element().struct
    return pl.coalesce(fediverse_accounts(one.field("acct"), one.field("url")), one.field("acct"))
