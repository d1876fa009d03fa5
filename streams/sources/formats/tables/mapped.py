"""Any table or JSON, with a mapping from the user of which column or field holds what."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import polars as pl

from detectors.post_columns import POSTS
from schemas.errors import FormatError
from streams.sources.cells.lists import handles, links, tags, words
from streams.sources.cells.null_words import known
from streams.sources.cells.texts import count, hashtags_in, mentions_in, urls_in
from streams.sources.cells.times import text_seconds, times, unix_seconds
from streams.sources.files.csv_rows import Layout
from streams.sources.files.json_sample import Framing
from streams.sources.formats.format import CsvFormat
from streams.sources.formats.json_fields import TEXT
from streams.sources.formats.json_format import ROW, JsonFormat
from streams.sources.formats.tables.column_mapping import OBJECTS, ColumnMapping
from streams.sources.formats.text_keys import text_keys
from streams.sources.screening import Decoded

_READERS = {"urls": links, "hashtags": tags, "mentions": handles, "media_hashes": words}
_IN_TEXT = {"urls": urls_in, "hashtags": hashtags_in, "mentions": mentions_in}


class Mapped(CsvFormat):
    """A table read by a `ColumnMapping`. An empty field is unknown.

    An opaque id in a list column is a list of one item. An id for a whole sequence of hashtags becomes one hashtag; a
    setting makes the traces stage treat it as a sequence.
    """

    name = "mapped"
    about = "any other table or JSON, by a mapping in the settings"

    def __init__(self, layout: Layout, mapping: ColumnMapping) -> None:
        super().__init__(layout)
        self._mapping = mapping
        self.needed = mapping.sources

    def posts(self, rows: pl.DataFrame) -> Decoded:
        """Make one post row from each row."""
        return Decoded(_mapped(rows, self._mapping, ()), rows[self._mapping.columns["created_at"]])


@dataclass(frozen=True, slots=True)
class FieldPath:
    """Where a field is in the objects of an input."""

    written: str
    """As the mapping names it."""
    keys: tuple[str, ...]
    many: tuple[bool, ...]
    """For each key, whether its value is a list."""

    def value(self) -> pl.Expr:
        """The value: text, or a list of texts if there may be several."""
        return _below(pl.col(self.keys[0]), self.keys, self.many)


class MappedJson(JsonFormat):
    """JSON objects read by a `ColumnMapping` whose columns are paths."""

    name = "mapped"
    about = Mapped.about

    def __init__(self, framing: Framing, mapping: ColumnMapping, paths: Sequence[FieldPath]) -> None:
        super().__init__(framing)
        self._mapping = mapping
        self._paths = paths
        self.schema = _schema(paths)

    def posts(self, frame: pl.DataFrame) -> Decoded:
        """Make one post from each object."""
        listed = {path.written for path in self._paths if any(path.many)}
        flat = frame.select(ROW, *(path.value().alias(path.written) for path in self._paths))
        absent = [
            pl.lit(None, TEXT).alias(name) for name in self._mapping.sources if name not in flat.columns
        ]
        flat = flat.with_columns(absent)
        when = flat[self._mapping.columns["created_at"]]
        return Decoded(_mapped(flat, self._mapping, listed), when, frame[ROW].to_numpy())


def _below(value: pl.Expr, keys: tuple[str, ...], many: tuple[bool, ...]) -> pl.Expr:
    if len(keys) == 1:
        return value
    inner = (pl.element() if many[0] else value).struct.field(keys[1])
    read = _below(inner, keys[1:], many[1:])
    if not many[0]:
        return read
    return value.list.eval((read.explode() if any(many[1:]) else read).drop_nulls())


def _schema(paths: Sequence[FieldPath]) -> pl.Struct:
    """The fields on all paths, each once."""
    inside: dict[str, list[FieldPath]] = {}
    for path in paths:
        inside.setdefault(path.keys[0], []).append(path)
    fields: dict[str, pl.DataType] = {}
    for key, group in inside.items():
        deeper = [
            FieldPath(path.written, path.keys[1:], path.many[1:]) for path in group if len(path.keys) > 1
        ]
        if deeper and len(deeper) < len(group):
            raise FormatError(f"[source] names {key} and a field inside it. Name the field alone.")
        dtype: pl.DataType = _schema(deeper) if deeper else TEXT
        fields[key] = pl.List(dtype) if group[0].many[0] else dtype
    return pl.Struct(fields)


def _mapped(rows: pl.DataFrame, mapping: ColumnMapping, listed: Collection[str]) -> pl.DataFrame:
    """Columns of posts.

    Args:
        rows: the columns that the mapping names, as text.
        mapping: which column holds what.
        listed: columns that are lists of texts already.
    """
    columns = mapping.columns
    rows = rows.with_columns(
        pl.col(column).list.first()
        for field, column in columns.items()
        if column in listed and not isinstance(POSTS[field], pl.List)
    )
    listed = {column for column in listed if isinstance(rows.schema[column], pl.List)}
    fields = [
        _field(mapping, field, column, column in listed)
        for field, column in columns.items()
        if field != "created_at"
    ]
    if "platform" not in columns:
        fields.append(pl.lit(mapping.platform).alias("platform"))
    if "post_id" not in columns:
        fields.append(_made_id(rows, mapping).alias("post_id"))
    for field in mapping.from_text:
        if field not in columns:
            fields.append(_IN_TEXT[field](pl.col(columns["text"])).alias(field))
    if mapping.row_is_share:
        # A null becomes an empty text, so that the position of an object shows its kind.
        named = [columns[field] for field in OBJECTS if field in columns]
        objects = [
            (pl.col(column).list.join(" ") if column in listed else known(pl.col(column))).fill_null("")
            for column in named
        ]
        fields.append(
            pl.concat_str(objects, separator="|").alias("part") if objects else pl.lit("").alias("part")
        )
    return rows.select(
        _seconds(rows[columns["created_at"]], mapping.time_format).alias("created_at"), *fields
    )


def _made_id(rows: pl.DataFrame, mapping: ColumnMapping) -> pl.Expr:
    """An id for posts without one: the same for rows in which all that is read is the same."""
    parts = [
        pl.col(name).list.join(" ") if isinstance(rows.schema[name], pl.List) else pl.col(name)
        for name in mapping.sources
    ]
    identity = rows.select(pl.concat_str([part.fill_null("") for part in parts], separator="\x00"))
    return pl.concat_str(pl.lit("text:"), pl.lit(text_keys(identity.to_series())))


def _field(mapping: ColumnMapping, field: str, column: str, is_list: bool) -> pl.Expr:
    value = pl.col(column)
    match POSTS[field]:
        case pl.List():
            separator = mapping.separators.get(field, mapping.list_separator)
            items = value.list.drop_nulls() if is_list else _READERS[field](value, separator)
            if field in mapping.from_text:
                some = pl.when(items.list.len() > 0).then(items)
                items = pl.coalesce(some, _IN_TEXT[field](pl.col(mapping.columns["text"])))
            return items.alias(field)
        case pl.Int64():
            return count(known(value)).alias(field)
    # In ids and texts a word such as "null" may be meant literally; screening knows what ids are.
    return value.alias(field)


def _seconds(when: pl.Series, time_format: str | None) -> pl.Series:
    match time_format:
        case None:
            return times(when)
        case "unix":
            return unix_seconds(when)
        case "unix_ms":
            return unix_seconds(when, 1_000)
        case pattern:
            return text_seconds(when, pattern)
