"""Articles that a reader of feeds or a scraper wrote down: one an object."""

from collections.abc import Mapping

import polars as pl

from streams.sources.formats.json_fields import filled, struct
from streams.sources.formats.json_format import ROW, JsonFormat, decoded
from streams.sources.formats.web.article_columns import article_columns
from streams.sources.screening import Decoded

_LINKS = ("link", "url", "id")
_TIMES = ("published", "publish_date", "published_at", "pubDate", "date_publish", "date_published", "updated")
_BODIES = ("content", "text", "maintext", "body", "summary", "description")
_SITES = ("site", "domain", "source_domain", "media_url")


class Articles(JsonFormat):
    """Objects with a link, a title and a time of publication, under the usual names."""

    name = "articles"
    about = "articles of sites: readers of feeds, scrapers of news"
    schema = struct(*_LINKS, *_TIMES, *_BODIES, *_SITES, "title", "language", "lang")

    @classmethod
    def fits(cls, record: Mapping[str, object]) -> bool:
        """Whether this is an article."""
        return (
            "title" in record
            and any(name in record for name in _TIMES)
            and any(str(record.get(name, "")).startswith("http") for name in _LINKS[:2])
        )

    def posts(self, frame: pl.DataFrame) -> Decoded:
        """Make posts."""
        articles = frame.select(
            ROW,
            _first(_LINKS).alias("link"),
            _first(_TIMES).alias("when"),
            "title",
            _first(_BODIES).alias("body"),
            _first(_SITES).alias("site"),
            _first(("language", "lang")).alias("lang"),
        )
        return decoded(articles.select(ROW, "when", *article_columns(articles)))


def _first(names: tuple[str, ...]) -> pl.Expr:
    return pl.coalesce(filled(pl.col(name)) for name in names)
