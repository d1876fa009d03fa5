"""Makes columns of the values of objects: texts are cut from the bytes; lists and texts with escapes are decoded."""

from dataclasses import dataclass, field

import numpy as np
import polars as pl

from detectors.arrays.dtypes import I64, U8, Bools
from streams.sources.files.json_cells.value_spans import (
    ESCAPED,
    LIST,
    OBJECT,
    TEXT,
    TRUTH,
    WHOLE_NUMBER,
    ValueSpans,
    fields,
    find_values,
)


@dataclass(slots=True)
class _Found:
    """The values of objects, and those of the objects inside them."""

    spans: ValueSpans
    inside: dict[int, "_Found"] = field(default_factory=dict)
    """By field: the objects of the rows that have one."""


def readable(schema: pl.Struct) -> bool:
    """Whether `read` knows all types of the schema."""
    return all(
        isinstance(inner.dtype, pl.String | pl.Int64 | pl.Boolean | pl.List)
        or (isinstance(inner.dtype, pl.Struct) and readable(inner.dtype))
        for inner in schema.fields
    )


def read(data: bytes, begins: I64, ends: I64, schema: pl.Struct) -> tuple[pl.DataFrame, Bools]:
    """Read the fields of the objects that are plain.

    Args:
        data: bytes of UTF-8.
        begins: where each object begins.
        ends: one past the last byte of each.
        schema: the fields; `readable` says whether it can be one.

    Returns:
        A row for each plain object, and which objects are plain.

    Raises:
        polars.exceptions.PolarsError: some list has other elements than the schema.
    """
    octets = np.frombuffer(data, np.uint8)
    found, plain = _find(octets, begins, ends, schema)
    kept = None if plain.all() else np.flatnonzero(plain)
    source = pl.Series("data", [data], dtype=pl.Binary)
    return _frame(source, found, schema, len(begins), kept), plain


def _find(octets: U8, begins: I64, ends: I64, schema: pl.Struct) -> tuple[_Found, Bools]:
    wanted = fields([inner.name for inner in schema.fields], [_kind(inner.dtype) for inner in schema.fields])
    spans, plain = find_values(octets, begins, ends, wanted)
    found = _Found(spans)
    for number, inner in enumerate(schema.fields):
        if isinstance(inner.dtype, pl.Struct):
            rows = np.flatnonzero(spans.found[number])
            begin = spans.begin[number, rows]
            found.inside[number], good = _find(octets, begin, begin + spans.length[number, rows], inner.dtype)
            plain[rows[~good]] = False
    return found, plain


def _kind(dtype: object) -> int:
    match dtype:
        case pl.String():
            return TEXT
        case pl.Int64():
            return WHOLE_NUMBER
        case pl.Boolean():
            return TRUTH
        case pl.Struct():
            return OBJECT
        case _:
            return LIST


def _frame(
    source: pl.Series, found: _Found, schema: pl.Struct, height: int, kept: I64 | None
) -> pl.DataFrame:
    """The values of the rows `kept`, of all if it is None."""
    columns: dict[str, pl.Series] = {}
    spans = found.spans
    for number, inner in enumerate(schema.fields):
        parts = (spans.begin[number], spans.length[number], spans.found[number])
        begin, length, state = parts if kept is None else (part[kept] for part in parts)
        if not state.any():
            columns[inner.name] = pl.Series([None], dtype=inner.dtype).new_from_index(0, len(state))
        elif isinstance(inner.dtype, pl.Struct):
            there = np.flatnonzero(spans.found[number])
            rows = None if kept is None else np.flatnonzero(np.isin(there, kept, assume_unique=True))
            objects = _frame(source, found.inside[number], inner.dtype, len(there), rows)
            columns[inner.name] = _spread(objects.to_struct(), state)
        elif isinstance(inner.dtype, pl.Int64):
            columns[inner.name] = _masked(pl.Series(begin), state)
        elif isinstance(inner.dtype, pl.Boolean):
            columns[inner.name] = _masked(pl.Series(begin == 1), state)
        else:
            columns[inner.name] = _cells(source, begin, length, state, inner)
    return pl.DataFrame(columns) if columns else pl.DataFrame(height=height if kept is None else len(kept))


def _cells(source: pl.Series, begin: I64, length: I64, state: U8, inner: pl.Field) -> pl.Series:
    """Texts or lists."""
    whole = state.all()
    rows = slice(None) if whole else np.flatnonzero(state)
    places = pl.DataFrame({"begin": begin[rows], "length": length[rows]})
    cut = pl.lit(source).bin.slice(pl.col("begin"), pl.col("length")).cast(pl.String)
    cells = places.select(cut).to_series()
    if not isinstance(inner.dtype, pl.String):
        cells = cells.str.json_decode(inner.dtype)
    elif (escaped := np.flatnonzero(state[rows] == ESCAPED)).size:
        cells = cells.scatter(escaped, cells.gather(escaped).str.json_decode(pl.String))
    return cells if whole else _spread(cells, state)


def _spread(values: pl.Series, state: U8) -> pl.Series:
    """Values of the rows that have one, null in the others."""
    if len(values) == len(state):
        return values
    place = _masked(pl.Series(np.cumsum(state > 0) - 1), state)
    return values.gather(place)


def _masked(values: pl.Series, state: U8) -> pl.Series:
    if state.all():
        return values
    table = pl.DataFrame({"value": values, "state": state})
    return table.select(pl.when(pl.col("state") > 0).then(pl.col("value"))).to_series()
