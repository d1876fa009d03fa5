"""Posts of the X API v2 as a table, as the CSV plugin of twarc writes them."""

import json
from collections.abc import Collection

import polars as pl

from streams.sources.cells.identities import ids
from streams.sources.cells.lists import handles, links, tags
from streams.sources.cells.texts import count, hashtags_in, mentions_in, urls_in
from streams.sources.cells.times import times
from streams.sources.formats.format import CsvFormat
from streams.sources.screening import Decoded

_REFERENCES = {"repost_of": "retweeted", "reply_to": "replied_to", "quote_of": "quoted"}
_COUNTS = {
    "likes": "public_metrics.like_count",
    "reposts": "public_metrics.retweet_count",
    "replies": "public_metrics.reply_count",
    "quotes": "public_metrics.quote_count",
    "views": "public_metrics.impression_count",
    "followers_count": "author.public_metrics.followers_count",
    "following_count": "author.public_metrics.following_count",
}
_LISTS = {"urls": links, "hashtags": tags, "mentions": handles}
_IN_TEXT = {"urls": urls_in, "hashtags": hashtags_in, "mentions": mentions_in}


class TwarcCsv(CsvFormat):
    r"""One row a post, with `entities.*` as JSON. Originals have rows of their own unless they were left out.

    A row has no line ends inside: the plugin writes `\n` for them, or, in its first versions and with
    `--json-encode-text`, texts as JSON. The first versions also have all references in one cell.
    """

    name = "twarc-csv"
    about = "X API v2 as a table: `twarc2 csv`"
    needed = ("id", "author_id", "created_at", "text")
    optional = (
        "lang",
        "referenced_tweets",
        *(f"referenced_tweets.{kind}.id" for kind in _REFERENCES.values()),
        *_COUNTS.values(),
        *(f"entities.{name}" for name in _LISTS),
    )

    @classmethod
    def fits(cls, columns: Collection[str]) -> bool:
        """Whether it has the columns that every post has, and one that only this API has."""
        return super().fits(columns) and any(
            name.startswith(("referenced_tweets.", "public_metrics.", "entities.")) for name in columns
        )

    def posts(self, rows: pl.DataFrame) -> Decoded:
        """Make posts. Cells that are blank leave it to the text."""
        rows = rows.with_columns(_whole(rows["text"]))
        text = pl.col("text")
        posts = rows.select(
            ids(pl.col("id")).alias("post_id"),
            ids(pl.col("author_id")).alias("account_id"),
            *(_reference(kind).alias(name) for name, kind in _REFERENCES.items()),
            pl.lit("x").alias("platform"),
            times(rows["created_at"], "%Y-%m-%dT%H:%M:%S%.3fZ").alias("created_at"),
            text,
            "lang",
            *(
                pl.coalesce(read(pl.col(f"entities.{name}")), _IN_TEXT[name](text)).alias(name)
                for name, read in _LISTS.items()
            ),
            *(count(pl.col(column)).alias(name) for name, column in _COUNTS.items()),
        )
        return Decoded(posts, rows["created_at"])


def _whole(texts: pl.Series) -> pl.Series:
    """Texts with the line ends that they had."""
    in_json = (texts.str.starts_with('"') & texts.str.ends_with('"')).fill_null(value=False).arg_true()
    plain = texts.str.replace_all(r"\n", "\n", literal=True)
    return plain.scatter(in_json, [_from_json(text) for text in texts.gather(in_json)])


def _from_json(text: str) -> str:
    try:
        value = json.loads(text)
    except ValueError:
        return text  # an author's own quotes
    return str(value).encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _reference(kind: str) -> pl.Expr:
    """The post that a post refers to in this way, in a column of its own or in the list of all references."""
    quote, blank = r"[\"']", r"\s*"
    is_kind = rf"{quote}type{quote}:{blank}{quote}{kind}{quote}"
    an_id = rf"{quote}id{quote}:{blank}{quote}?(\d+)"
    listed = pl.col("referenced_tweets")
    return pl.coalesce(
        ids(pl.col(f"referenced_tweets.{kind}.id")),
        listed.str.extract(rf"{is_kind},{blank}{an_id}"),
        listed.str.extract(rf"{an_id}{quote}?,{blank}{is_kind}"),
    )
