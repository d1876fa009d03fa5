"""A table of Mastodon's statuses, as a data frame of what Mastodon.py returns is written."""

import polars as pl

from streams.sources.cells.identities import fediverse_accounts, fediverse_posts, ids
from streams.sources.cells.lists import handles, tags
from streams.sources.cells.null_words import known
from streams.sources.cells.texts import count, plain_text
from streams.sources.cells.times import times
from streams.sources.formats.format import CsvFormat
from streams.sources.formats.mastodon.html_text import links_in_html
from streams.sources.screening import Decoded

_COUNTS = {"likes": "favourites_count", "reposts": "reblogs_count", "replies": "replies_count"}


class MastodonCsv(CsvFormat):
    """One row a status. The author and the original of a boost are objects of Python in their cells."""

    name = "mastodon-csv"
    about = "statuses as a data frame of Mastodon.py is written"
    needed = ("id", "created_at", "account", "content")
    optional = ("uri", "url", "language", "reblog", "tags", "mentions", "in_reply_to_id", *_COUNTS.values())

    def posts(self, rows: pl.DataFrame) -> Decoded:
        """Make posts."""
        when = rows["created_at"]
        reblog = known(pl.col("reblog"))
        original = _inside(reblog, "content")
        content = pl.when(reblog.is_not_null() & (original != "")).then(original).otherwise("content")
        account = pl.col("account")
        posts = rows.select(
            fediverse_posts(pl.col("uri"), ids(pl.col("id"))).alias("post_id"),
            pl.lit("mastodon").alias("platform"),
            fediverse_accounts(
                _inside(account, "acct"),
                pl.coalesce(_inside(account, "url"), known(pl.col("url")), known(pl.col("uri"))),
            ).alias("account_id"),
            times(when).alias("created_at"),
            plain_text(content).alias("text"),
            known(pl.col("language")).alias("lang"),
            links_in_html(content).alias("urls"),
            tags(pl.col("tags")).alias("hashtags"),
            handles(_mentioned(pl.col("mentions")))
            .list.eval(pl.element().str.to_lowercase())
            .alias("mentions"),
            pl.coalesce(_inside(reblog, "uri"), _inside(reblog, "id")).alias("repost_of"),
            ids(pl.col("in_reply_to_id")).alias("reply_to"),
            count(_number(account, "followers_count")).alias("followers_count"),
            count(_number(account, "following_count")).alias("following_count"),
            *(count(pl.col(column)).alias(name) for name, column in _COUNTS.items()),
        )
        return Decoded(posts, when)


def _inside(cell: pl.Expr, key: str) -> pl.Expr:
    """The first text or number of this key in a written object."""
    found = cell.str.extract_groups(
        rf"""['"]{key}['"]\s*:\s*(?:'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)"|(\d+))"""
    )
    text = pl.coalesce(found.struct.field(group) for group in ("1", "2", "3"))
    return text.str.replace_all(r"\\n", "\n").str.replace_all(r"""\\(['"\\/])""", "${1}")


def _number(cell: pl.Expr, key: str) -> pl.Expr:
    return cell.str.extract(rf"""['"]{key}['"]\s*:\s*(\d+)""")


def _mentioned(cell: pl.Expr) -> pl.Expr:
    """Mentions with the server of each account in `acct`: its own server leaves it out, and it is in the `url` before.

    `acct` alone is left of what could name an account: `username` never has a server.
    """
    host_then_name = (
        r"""(['"]url['"]\s*:\s*['"]https?://([^/'"]+)[^{}]*['"]acct['"]\s*:\s*['"][^'"@]+)(['"])"""
    )
    with_server = cell.str.replace_all(host_then_name, "${1}@${2}${3}")
    return with_server.str.replace_all(r"""['"]username['"]\s*:""", "'local':")
