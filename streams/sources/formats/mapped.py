"""Any CSV, with a mapping from the user of which column holds what."""

from collections.abc import Mapping

import msgspec
import polars as pl

from detectors.post_columns import POSTS
from schemas.checks.decoding_faults import decoding_fault
from schemas.errors import UsageError
from streams.sources.cells.lists import handles, links, tags, words
from streams.sources.cells.null_words import known
from streams.sources.cells.texts import count
from streams.sources.cells.times import text_seconds, times, unix_seconds
from streams.sources.files.csv_rows import Layout
from streams.sources.formats.format import CsvFormat
from streams.sources.screening import Decoded

OBJECTS = ("urls", "hashtags", "mentions", "repost_of", "reply_to", "quote_of", "media_hashes")
"""Fields of a post that name an object it shares."""
_REQUIRED = ("post_id", "account_id", "created_at")
_TARGETS = tuple(name for name in POSTS if name != "part")

EXAMPLE = """\
[source]
platform = "unknown"

[source.columns]   # ours = "column of the file"
post_id = "..."
account_id = "..."
created_at = "..."
urls = "..."
"""


class ColumnMapping(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which column of a CSV holds what: the section `[source]` of a configuration file."""

    columns: dict[str, str]
    """Field of a post -> column of the file. `post_id`, `account_id` and `created_at` are required."""
    platform: str = "unknown"
    """Platform of every post, unless `columns` names a column for it."""
    time_format: str | None = None
    """`unix` (seconds), `unix_ms`, or a pattern such as `%d.%m.%Y %H:%M` (UTC unless it has %z). If absent,
    numbers are seconds (milliseconds if they are that large), and anything else is RFC 3339."""
    list_separator: str | None = None
    """The separator between items of a list column; if absent, the column holds one item."""
    row_is_share: bool = False
    """Whether a post has one row for each object that it shares; `part` then distinguishes its rows."""

    def __post_init__(self) -> None:
        if unknown := sorted(set(self.columns) - set(_TARGETS)):
            raise ValueError(
                f"columns: {', '.join(unknown)} is no field of a post; those are {', '.join(_TARGETS)}"
            )
        if missing := [name for name in _REQUIRED if name not in self.columns]:
            raise ValueError(f"columns: {', '.join(missing)} must be given")
        if not self.platform.strip():
            raise ValueError("platform: must not be empty")
        if self.time_format not in (None, "unix", "unix_ms") and "%" not in str(self.time_format):
            raise ValueError("time_format: must be unix, unix_ms or a pattern such as %d.%m.%Y %H:%M")
        if self.list_separator == "":
            raise ValueError("list_separator: must not be empty; leave it out for columns of one item")

    @classmethod
    def from_config(cls, section: Mapping[str, object]) -> "ColumnMapping":
        """Read a `[source]` section.

        Raises:
            UsageError: the section has an unknown key, or a value of the wrong type.
        """
        try:
            return msgspec.convert(dict(section), cls)
        except msgspec.ValidationError as error:
            fault = decoding_fault(error)
            raise UsageError(f"[source] in the configuration: {fault}. An example:\n{EXAMPLE}") from error


class Mapped(CsvFormat):
    """A CSV read by a `ColumnMapping`. An empty field is unknown.

    An opaque id in a list column is a list of one item. An id for a whole sequence of hashtags becomes one hashtag; a
    setting makes the traces stage treat it as a sequence.
    """

    name = "mapped"

    def __init__(self, layout: Layout, mapping: ColumnMapping) -> None:
        super().__init__(layout)
        self._mapping = mapping
        self.needed = tuple(dict.fromkeys(mapping.columns.values()))

    def posts(self, rows: pl.DataFrame) -> Decoded:
        """Make one post row from each row."""
        columns = self._mapping.columns
        when = rows[columns["created_at"]]
        fields = [self._field(name, column) for name, column in columns.items() if name != "created_at"]
        if "platform" not in columns:
            fields.append(pl.lit(self._mapping.platform).alias("platform"))
        if self._mapping.row_is_share:
            # A null becomes an empty text, so that the position of an object shows its kind.
            objects = [known(pl.col(columns[name])).fill_null("") for name in OBJECTS if name in columns]
            fields.append(
                pl.concat_str(objects, separator="|").alias("part") if objects else pl.lit("").alias("part")
            )
        return Decoded(rows.select(self._seconds(when).alias("created_at"), *fields), when)

    def _field(self, name: str, column: str) -> pl.Expr:
        value = known(pl.col(column))
        match POSTS[name]:
            case pl.List():
                return self._list(name, pl.col(column)).alias(name)
            case pl.Int64():
                return count(value).alias(name)
        # In ids and texts a word such as "null" may be meant literally.
        return pl.col(column).alias(name)

    def _list(self, name: str, cell: pl.Expr) -> pl.Expr:
        separator = self._mapping.list_separator
        match name:
            case "urls":
                return links(cell, separator)
            case "mentions":
                return handles(cell, separator)
            case "hashtags":
                return tags(cell, separator)
        return words(cell, separator)

    def _seconds(self, when: pl.Series) -> pl.Series:
        match self._mapping.time_format:
            case None:
                return times(when)
            case "unix":
                return unix_seconds(when)
            case "unix_ms":
                return unix_seconds(when, 1_000)
            case pattern:
                return text_seconds(when, pattern)
