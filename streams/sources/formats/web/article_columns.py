"""The columns of posts that an article gives, whatever collected it."""

import polars as pl

from detectors.reference.claims import registered_domain
from streams.sources.cells.null_words import known
from streams.sources.cells.texts import hashtags_in, plain_text, urls_in
from streams.sources.cells.times import times

_PICTURE = r"(?is)<(?:img|source|picture)\b[^>]*>"
"""Pictures are no links: many sites show the same ones, such as the emoji of WordPress."""
_HOST = r"(?i)^(?:https?:)?(?://)?([^/:?#\s]+\.[^/:?#\s]+)"


def article_columns(articles: pl.DataFrame) -> list[pl.Expr | pl.Series]:
    """The columns of posts.

    The account is the registered domain of the site that is named, or else of the link. The text is title and body. An
    article shares the links in its body, not its own, and films that it shows.

    Args:
        articles: columns `link`, `when`, `title`, `body` (HTML or text), `site` and `lang`, all of them text.
    """
    # `site` may be a name; only where it has the form of a host does it say more than the link
    host = pl.coalesce(known(pl.col("site")).str.extract(_HOST), pl.col("link").str.extract(_HOST))
    body = pl.col("body")
    text = pl.concat_str(
        plain_text(known(pl.col("title"))), plain_text(known(body)), separator="\n", ignore_nulls=True
    )
    return [
        known(pl.col("link")).alias("post_id"),
        pl.lit("web").alias("platform"),
        _domains(articles.select(host).to_series()).alias("account_id"),
        times(articles["when"]).alias("created_at"),
        text.alias("text"),
        known(pl.col("lang")).alias("lang"),
        urls_in(body.str.replace_all(_PICTURE, " ").str.replace_all("&amp;", "&", literal=True)).alias(
            "urls"
        ),
        hashtags_in(text).alias("hashtags"),
    ]


def _domains(hosts: pl.Series) -> pl.Series:
    """The registered domain of each host, or the host itself if it has none; each host is looked up once."""
    different = hosts.drop_nulls().unique().to_list()
    domains = {host: registered_domain(host) or host.lower() for host in different}
    return hosts.replace_strict(domains, default=None, return_dtype=pl.String)
