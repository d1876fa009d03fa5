"""Posts of Facebook and Instagram of CrowdTangle's API: its JSON, and tables made of it."""

from collections.abc import Collection, Mapping

import polars as pl

from streams.sources.cells.identities import ids, platforms
from streams.sources.cells.lists import links
from streams.sources.cells.null_words import known
from streams.sources.cells.texts import count, hashtags_in, mentions_in, urls_in
from streams.sources.cells.times import times
from streams.sources.formats.format import CsvFormat
from streams.sources.formats.json_fields import each, path, struct
from streams.sources.formats.json_format import ROW, JsonFormat, decoded
from streams.sources.formats.meta.crowdtangle import followers
from streams.sources.formats.text_keys import text_keys
from streams.sources.screening import Decoded

_COUNTS = {
    "likes": "likeCount",
    "reposts": "shareCount",
    "replies": "commentCount",
    "views": "viewCount",
}
_ACCOUNT = ("platformId", "id", "handle", "name")
_PLAIN = (
    "platformId",
    "platform",
    "date",
    "message",
    "description",
    "title",
    "link",
    "postUrl",
    "subscriberCount",
)


class CrowdTangleApi(JsonFormat):
    """Posts with `account` and `postUrl`, in pages or one an object."""

    name = "crowdtangle-api"
    about = "CrowdTangle's API"
    schema = struct(
        *_PLAIN,
        account=struct(*_ACCOUNT, "platform", "subscriberCount"),
        expandedLinks=pl.List(struct("original", "expanded")),
        statistics=struct(actual=struct(*_COUNTS.values())),
    )

    @classmethod
    def fits(cls, record: Mapping[str, object]) -> bool:
        """Whether this is a post of the API."""
        return {"account", "date"} <= record.keys() and bool({"platformId", "postUrl"} & record.keys())

    def posts(self, frame: pl.DataFrame) -> Decoded:
        """Make posts."""
        flat = frame.select(
            ROW,
            pl.col("date").alias("when"),
            *_PLAIN,
            *(
                path("account", name).alias(f"account.{name}")
                for name in (*_ACCOUNT, "platform", "subscriberCount")
            ),
            each(pl.col("expandedLinks"), "expanded", "original").alias("expanded"),
            *(path("statistics", "actual", name).alias(name) for name in _COUNTS.values()),
        )
        return decoded(flat.select(ROW, "when", *_columns(flat)))


class CrowdTangleTable(CsvFormat):
    """The same fields as columns with dots, in any choice that says who posted, and when."""

    name = "crowdtangle-table"
    about = "CrowdTangle's API as a table"
    needed = ("date",)
    optional = (
        *(name for name in _PLAIN if name != "date"),
        *(f"account.{name}" for name in (*_ACCOUNT, "platform", "subscriberCount")),
        "expandedLinks.expanded",
        "expandedLinks.original",
        "expandedLinks",
        *(f"statistics.actual.{name}" for name in _COUNTS.values()),
    )

    @classmethod
    def fits(cls, columns: Collection[str]) -> bool:
        """Whether it has a date, and an account with its fields as CrowdTangle names them."""
        return super().fits(columns) and any(f"account.{name}" in columns for name in _ACCOUNT)

    def posts(self, rows: pl.DataFrame) -> Decoded:
        """Make posts."""
        flat = rows.with_columns(
            pl.coalesce(
                links(pl.col("expandedLinks.expanded")),
                links(pl.col("expandedLinks.original")),
                links(pl.col("expandedLinks")),
            ).alias("expanded"),
            *(pl.col(f"statistics.actual.{name}").alias(name) for name in _COUNTS.values()),
        )
        return Decoded(flat.select(*_columns(flat)), rows["date"])


def _columns(flat: pl.DataFrame) -> list[pl.Expr | pl.Series]:
    """The columns of posts. The text is what the author wrote; Instagram's is the description."""
    owner = pl.coalesce(*(ids(pl.col(f"account.{name}")) for name in _ACCOUNT))
    text = pl.coalesce(known(pl.col(name)) for name in ("message", "description", "title"))
    identity = flat.select(
        pl.concat_str(owner, "date", text, separator="\x00", ignore_nulls=True)
    ).to_series()
    made = pl.concat_str(pl.lit("text:"), pl.lit(text_keys(identity)))
    link = pl.concat_list(known(pl.col("link"))).list.drop_nulls()
    return [
        pl.coalesce(ids(pl.col("platformId")), known(pl.col("postUrl")), made).alias("post_id"),
        pl.coalesce(
            platforms(known(pl.col("platform"))),
            platforms(known(pl.col("account.platform"))),
            pl.lit("facebook"),
        ).alias("platform"),
        owner.alias("account_id"),
        times(flat["date"], "%Y-%m-%d %H:%M:%S").alias("created_at"),
        text.alias("text"),
        pl.concat_list(pl.coalesce("expanded", link).fill_null([]), urls_in(pl.col("message")).fill_null([]))
        .list.unique(maintain_order=True)
        .alias("urls"),
        hashtags_in(text).alias("hashtags"),
        mentions_in(text).alias("mentions"),
        followers("subscriberCount", "account.subscriberCount").alias("followers_count"),
        *(count(pl.col(field)).alias(name) for name, field in _COUNTS.items()),
    ]
