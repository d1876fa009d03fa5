"""What each format is, what it reads, and what it leaves detection without."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from streams.sources.files.csv_rows import Layout
from streams.sources.files.json_sample import LINES
from streams.sources.files.records import Records
from streams.sources.formats.csv_formats import CSV_FORMATS
from streams.sources.formats.format import CsvFormat
from streams.sources.formats.json_format import JsonFormat
from streams.sources.formats.json_formats import JSON_FORMATS
from streams.sources.formats.tables.mapped import Mapped
from streams.sources.formats.web.articles import Articles
from streams.sources.formats.web.feeds import Feeds

EVIDENCE = {
    "reposts": ("repost_of",),
    "links": ("urls",),
    "texts": ("text",),
    "hashtags": ("hashtags",),
    "mentions": ("mentions",),
    "replies": ("reply_to",),
    "media": ("media_hashes",),
    "followers": ("followers_count",),
    "reactions": ("likes", "reposts", "replies", "quotes", "views"),
}
"""What detection looks at beside account and time: the fields of a post that give it, one of them."""


@dataclass(frozen=True, slots=True)
class FormatFacts:
    """One format."""

    name: str
    about: str
    fields: tuple[str, ...]
    """Fields of a post that it can fill; empty: as the mapping says."""

    @property
    def blind(self) -> tuple[str, ...]:
        """What detection has to do without, whatever the input holds."""
        if not self.fields:
            return ()
        return tuple(what for what, fields in EVIDENCE.items() if not set(fields) & set(self.fields))


def catalogue() -> list[FormatFacts]:
    """All formats, in the order in which they are tried. What they fill is what they make of no rows at all."""
    kinds: list[type[JsonFormat] | type[CsvFormat]] = [*JSON_FORMATS, *CSV_FORMATS]
    facts = [FormatFacts(kind.name, kind.about, _fields(kind)) for kind in kinds]
    feeds = FormatFacts(Feeds.name, Feeds.about, _fields(Articles))
    return [*facts, feeds, FormatFacts(Mapped.name, Mapped.about, ())]


def _fields(kind: type[JsonFormat] | type[CsvFormat]) -> tuple[str, ...]:
    none = np.empty(0, np.int64)
    nothing = Records("", b"", none, none, none, np.empty(0, np.uint8), 0)
    if issubclass(kind, JsonFormat):
        posts = kind(LINES).decode(nothing).posts
    else:
        columns = dict.fromkeys((*kind.needed, *kind.optional))
        posts = kind(Layout(",", tuple(columns), header=True)).decode(nothing).posts
    return tuple(name for name, dtype in posts.schema.items() if dtype != pl.Null)
