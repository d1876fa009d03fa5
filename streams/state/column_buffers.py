"""Columns of polars frames as plain numpy arrays, and back, so that a codec can check sizes and bytes.

Arrow IPC would do the same, but its readers trust the lengths in the data and allocate that much memory. Here a column
is its values without nulls, and one bit a row for nulls. Strings are their bytes and lengths; lists are their items and
lengths.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl

from detectors.arrays.hashing import utf8_buffer
from detectors.state.state_forms import StateError

Array = np.ndarray[Any, np.dtype[Any]]
Parts = list[Any]
"""Parts of one column: dtype, count of rows, bits of the rows that are not null (or None), lengths (or None), and
values (an array, or the parts of the items)."""

_NUMBERS: Mapping[str, pl.DataType] = {
    dtype.__class__.__name__: dtype
    for dtype in (
        pl.Int8(), pl.Int16(), pl.Int32(), pl.Int64(), pl.UInt8(), pl.UInt16(), pl.UInt32(), pl.UInt64(),
        pl.Float32(), pl.Float64(), pl.Boolean(),
    )
}  # fmt: skip
_STRING, _LIST = "String", "List"
_MOST_DEPTH = 3
_STEP = 1 << 18
"""Rows of strings that are joined at once, which bounds memory: Python takes up to four bytes for each character."""


def parts_of(column: pl.Series, depth: int = 0) -> Parts:
    """Take a column apart.

    Args:
        column: of numbers, Boolean, String, or lists of these.
        depth: how many lists it is inside of.

    Raises:
        StateError: it has another dtype.
    """
    kind = column.dtype.__class__.__name__
    valid = None
    if column.null_count():
        valid = np.packbits(column.is_not_null().to_numpy(), bitorder="little")
    if kind in _NUMBERS:
        filled = column.fill_null(value=False) if kind == "Boolean" else column.fill_null(0)
        return [kind, len(column), valid, None, np.ascontiguousarray(filled.to_numpy())]
    if kind == _STRING:
        lengths = column.str.len_bytes().fill_null(0).cast(pl.UInt32).to_numpy()
        joined = [utf8_buffer(column[begin : begin + _STEP])[0] for begin in range(0, len(column), _STEP)]
        return [kind, len(column), valid, lengths, np.concatenate([np.zeros(0, np.uint8), *joined])]
    if kind == _LIST:
        lengths = column.list.len().fill_null(0).cast(pl.UInt32).to_numpy()
        items = column.filter(pl.Series(lengths > 0)).explode()
        if depth < _MOST_DEPTH:
            return [kind, len(column), valid, lengths, parts_of(items, depth + 1)]
    raise StateError(f"a column of {column.dtype} cannot be saved")


def column_of(name: str, parts: Any, depth: int = 0) -> pl.Series:
    """Put a column together.

    Args:
        name: of the column.
        parts: as `parts_of` gives them, from any source.
        depth: how many lists it is inside of.

    Raises:
        StateError: `parts_of` could not have given these parts.
    """
    _expect(type(parts) is list and len(parts) == 5 and depth <= _MOST_DEPTH)
    kind, rows, valid, lengths, values = parts
    _expect(type(kind) is str and type(rows) is int and rows >= 0)
    not_null = None if valid is None else _bits(valid, rows)
    if kind in _NUMBERS:
        dtype = _NUMBERS[kind]
        wanted = pl.Series(dtype=dtype).to_numpy().dtype
        _expect(_is_array(values, wanted, rows) and lengths is None)
        column = pl.Series(name, values, dtype)
    elif kind == _STRING:
        _expect(_is_array(lengths, np.dtype(np.uint32), rows) and isinstance(values, np.ndarray))
        column = _strings(name, lengths.astype(np.int64), values)
    else:
        _expect(kind == _LIST and _is_array(lengths, np.dtype(np.uint32), rows))
        return _lists(name, lengths.astype(np.int64), column_of("items", values, depth + 1), not_null)
    return column if not_null is None else column.set(pl.Series(~not_null), None)


def _strings(name: str, lengths: "np.ndarray[Any, np.dtype[np.int64]]", values: Array) -> pl.Series:
    _expect(_is_array(values, np.dtype(np.uint8), int(lengths.sum())))
    pieces = [pl.Series(name, [], pl.String)]
    text_begin = 0
    for begin in range(0, len(lengths), _STEP):
        step_lengths = lengths[begin : begin + _STEP]
        ends = np.cumsum(step_lengths)
        text = values[text_begin : text_begin + int(ends[-1])]
        text_begin += len(text)
        # if all bytes together are UTF-8 and no string starts inside a character, each string is UTF-8
        starts = (ends - step_lengths)[step_lengths > 0]
        _expect(bool(((text[starts] & 0xC0) != 0x80).all()) and _is_utf8(text.tobytes()))
        places = pl.DataFrame({"begin": ends - step_lengths, "length": step_lengths})
        sliced = pl.lit(text.tobytes()).bin.slice("begin", "length").cast(pl.String)
        pieces.append(places.select(sliced.alias(name)).to_series())
    return pl.concat(pieces, rechunk=True)


def _lists(
    name: str, lengths: "np.ndarray[Any, np.dtype[np.int64]]", items: pl.Series, not_null: Array | None
) -> pl.Series:
    _expect(len(items) == int(lengths.sum()))
    rows = np.arange(len(lengths))
    items_by_row = (
        pl.DataFrame({"row": np.repeat(rows, lengths), "items": items})
        .group_by("row", maintain_order=True)
        .agg("items")
    )
    empty = pl.lit([], dtype=pl.List(items.dtype))
    known = pl.Series(np.ones(len(rows), np.bool_) if not_null is None else not_null)
    return (
        pl.DataFrame({"row": rows, "known": known})
        .join(items_by_row, on="row", how="left", maintain_order="left")
        .select(pl.when("known").then(pl.col("items").fill_null(empty)).alias(name))
        .to_series()
        .rechunk()
    )


def frame_of(names: Any, columns: Any) -> pl.DataFrame:
    """Put a frame together from the parts of its columns.

    Raises:
        StateError: they do not make a frame.
    """
    _expect(type(names) is list and type(columns) is list and len(names) == len(columns))
    _expect(all(type(name) is str for name in names) and len(set(names)) == len(names))
    made = [column_of(name, parts) for name, parts in zip(names, columns, strict=True)]
    _expect(len({len(column) for column in made}) <= 1)
    return pl.DataFrame(made)


def _bits(valid: Any, rows: int) -> "np.ndarray[Any, np.dtype[np.bool_]]":
    _expect(_is_array(valid, np.dtype(np.uint8), -(-rows // 8)))
    return np.unpackbits(valid, count=rows, bitorder="little").astype(np.bool_)


def _is_array(values: Any, dtype: "np.dtype[Any]", length: int) -> bool:
    return isinstance(values, np.ndarray) and values.dtype == dtype and values.shape == (length,)


def _is_utf8(text: bytes) -> bool:
    try:
        text.decode()
    except UnicodeDecodeError:
        return False
    return True


def _expect(holds: bool) -> None:
    if not holds:
        raise StateError("the saved state is damaged: a column does not fit together")
