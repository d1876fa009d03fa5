"""Decodes records with one JSON object each to a frame: a whole block at once, row by row only where that fails.

Plain objects are read by column (`streams.sources.files.json_cells`), with the same result. A decoder reads all others.
The result for a record must not depend on its neighbours in the block. So the decoder of whole blocks also decides
about single records; the pass over rows only finds the faulty ones and words the reason.
"""

import re
from collections import deque
from collections.abc import Callable, Iterable, Sequence

import msgspec
import numpy as np
import polars as pl

from detectors.arrays.dtypes import I64
from schemas.dead_letters import Reason
from streams.sources.files.json_cells.columns import read, readable
from streams.sources.files.records import Records

_SURROGATE = r"\\u[dD][89a-fA-F]"
# The pattern matches an escaped backslash first, so that a `u` after it does not count as an escape.
_ESCAPE = re.compile(
    r"\\\\"
    r"|\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
    r"|(\\u[dD][89a-fA-F][0-9a-fA-F]{2})"
)
# Some writers put these where a number is unknown; JSON has no such words. Texts are matched first, and stay.
_WORD = r"[:,\[]\s*(?:NaN|-?Infinity)\s*[,\]}]"
_WORDS = re.compile(r'"(?:[^"\\]|\\.)*"|(-?\b(?:NaN|Infinity)\b)')


def decode_objects(
    records: Records, schema: pl.Struct, mend: Callable[[pl.Series], pl.Series] | None = None
) -> tuple[pl.DataFrame, I64]:
    """Decode records to the fields of `schema`; absent fields are null.

    Where text is expected, numbers and truth values become text. Where a list of texts is expected, a single text
    becomes a list of one. An empty object in place of a list is an empty list, and an empty list in place of an object
    is none: R and PHP do not tell the two apart. Half of a surrogate pair becomes U+FFFD, and `NaN` becomes null.
    Records that are not an object, or that have other types than `schema`, become dead letters.

    Args:
        records: with one JSON object each.
        schema: the fields to read.
        mend: changes the texts of the records before, one by one, where a field may have several types. Without it,
            plain objects are read by column, five times as fast.

    Returns:
        The frame and, for each of its rows, the row of `records` that it came from.
    """
    rows = np.arange(len(records), dtype=np.int64)
    if not len(records):
        return _empty(schema), rows
    if mend is not None or not readable(schema):
        return decode_lines(records, schema, mend)
    try:
        frame, plain = read(records.data, records.starts, records.ends, schema)
    except pl.exceptions.PolarsError:
        return decode_lines(records, schema)
    if len(frame) == len(records):
        return frame, rows
    if not len(frame):
        return decode_lines(records, schema)
    others = rows[~plain]
    rest, found = decode_lines(records.picked(others), schema)
    rows = np.concatenate((rows[plain], others[found]))
    order = np.argsort(rows)
    return pl.concat([frame, rest])[order], rows[order]


def decode_lines(
    records: Records, schema: pl.Struct, mend: Callable[[pl.Series], pl.Series] | None = None
) -> tuple[pl.DataFrame, I64]:
    """As `decode_objects`, all by the decoder of polars."""
    rows = np.arange(len(records), dtype=np.int64)
    # Few and large expressions: each call on a series takes a tenth of a millisecond of planning.
    line = pl.col("line")
    table = pl.Series("line", [records.data], dtype=pl.Binary).to_frame()
    table = table.select(line.cast(pl.String).str.split("\n").explode().str.strip_chars(" \t\r"))
    is_object = line.str.starts_with("{") & line.str.ends_with("}")
    is_odd = line.str.contains(f"{_SURROGATE}|{_WORD}")
    whole, mending = table.select(is_object.all(), is_odd.any().alias("mending")).row(0)
    lines = table["line"] if mend is None else mend(table["line"])
    if mending:
        where = table.select(is_odd.arg_true()).to_series()
        lines = lines.scatter(where, [_mended(text) for text in lines.gather(where)])
    if whole and (_stand_alone(records.data.split(b"\n")) or (mending and _stand_alone(lines))):
        frame = _decoded(lines, schema)
        if frame is not None:
            return frame, rows
    objects = table.select(is_object).to_series()
    for row in objects.not_().arg_true():
        records.set_aside(row, Reason.MALFORMED, _fault(lines[row], schema) or "not a JSON object")
    return _sieved(records, lines, objects.arg_true(), schema)


class _Object(msgspec.Struct):
    """Any JSON object, with any content."""


_object = msgspec.json.Decoder(_Object)


def _stand_alone(lines: Iterable[bytes | str]) -> bool:
    """Whether each line is one whole object; takes 0.3 µs a line (measured).

    The decoder joins lines with commas. Without this check `{"a":[{}` and `{}]}` would pass as rows, and shift the rows
    between them.
    """
    try:
        deque(map(_object.decode, lines), maxlen=0)
    except (msgspec.DecodeError, ValueError, RecursionError):
        return False
    return True


def _decoded(lines: pl.Series, schema: pl.Struct) -> pl.DataFrame | None:
    try:
        frame = lines.str.json_decode(schema).struct.unnest()
    except pl.exceptions.PolarsError:
        return None
    # another number of rows than lines means that lines were joined or split
    return frame if len(frame) == len(lines) else None


def _sieved(
    records: Records, lines: pl.Series, rows: pl.Series, schema: pl.Struct
) -> tuple[pl.DataFrame, I64]:
    changed = {row: emptied for row in rows if (emptied := _with_empties(lines[row], schema)) is not None}
    if changed:
        lines = lines.scatter(list(changed), list(changed.values()))
    faults = {row: fault for row in rows if (fault := _fault(lines[row], schema))}
    kept: list[tuple[pl.DataFrame, Sequence[int]]] = []
    heaps = [[row] for row in faults]
    heaps.append([row for row in rows if row not in faults])
    while heaps:
        heap = heaps.pop()
        frame = _decoded(lines.gather(heap), schema) if heap else None
        if frame is not None:
            kept.append((frame, heap))
        elif len(heap) == 1:
            detail = faults.get(heap[0], "not JSON of the expected types")
            records.set_aside(heap[0], Reason.MALFORMED, detail)
        elif heap:
            # The check of single rows has missed a fault: halve until the faulty row is alone.
            heaps += [heap[: len(heap) // 2], heap[len(heap) // 2 :]]
    if not kept:
        return _empty(schema), np.empty(0, np.int64)
    found = np.concatenate([np.array(heap, dtype=np.int64) for _, heap in kept])
    order = np.argsort(found)
    return pl.concat([frame for frame, _ in kept])[order], found[order]


_EMPTY = re.compile(r":\s*(?:\{\s*\}|\[\s*\])")


def _with_empties(line: str, schema: pl.Struct) -> str | None:
    """A record with its empty lists and objects as the schema has them, or None if nothing is to be changed."""
    if not _EMPTY.search(line):
        return None
    try:
        record = msgspec.json.decode(line)
    except (msgspec.DecodeError, RecursionError):
        return None
    if not isinstance(record, dict) or not _settle_empties(record, schema):
        return None
    return msgspec.json.encode(record).decode()


def _settle_empties(record: dict[str, object], schema: pl.Struct) -> bool:
    """Settle the empty lists and objects of a record in place; whether there were any."""
    changed = False
    for field in schema.fields:
        match field.dtype, record.get(field.name):
            case pl.List(), {} as empty if not empty:
                record[field.name] = []
                changed = True
            case pl.Struct(), [] as empty if not empty:
                record[field.name] = None
                changed = True
            case pl.Struct() as inner, dict() as within:
                changed |= _settle_empties(within, inner)
            case pl.List(inner=pl.Struct() as inner), list() as several:
                found = [_settle_empties(one, inner) for one in several if isinstance(one, dict)]
                changed |= any(found)
    return changed


def _fault(line: str, schema: pl.Struct) -> str | None:
    """Say what is wrong with one record, or None when nothing seems to be."""
    try:
        record = msgspec.json.decode(line)
    except RecursionError:
        return "nested too deeply"
    except msgspec.DecodeError as error:
        return f"not JSON: {error}"
    if not isinstance(record, dict):
        return f"not a JSON object but {_noun(record)}"
    return _type_fault(record, schema, "")


def _type_fault(record: dict[str, object], schema: pl.Struct, path: str) -> str | None:
    for field in schema.fields:
        value = record.get(field.name)
        if value is not None and (fault := _value_fault(value, field.dtype, f"{path}{field.name}")):
            return fault
    return None


def _value_fault(value: object, dtype: object, path: str) -> str | None:
    match dtype:
        case pl.Struct() as inner:
            if not isinstance(value, dict):
                return f"field {path} is {_noun(value)}, an object is expected"
            return _type_fault(value, inner, f"{path}.")
        case pl.List(inner=pl.Struct() | pl.List() as inner):
            if not isinstance(value, list):
                return f"field {path} is {_noun(value)}, a list is expected"
            faults = (_value_fault(item, inner, f"{path}[]") for item in value if item is not None)
            return next(filter(None, faults), None)
        case pl.List():
            items = value if isinstance(value, list) else [value]
            if any(isinstance(item, dict | list) for item in items):
                return f"field {path} is not a list of texts"
        case pl.String():
            if isinstance(value, dict | list):
                return f"field {path} is {_noun(value)}, text is expected"
        case pl.Boolean():
            if not isinstance(value, bool):
                return f"field {path} is {_noun(value)}, true or false is expected"
        case _:
            if isinstance(value, dict | list | str):
                return f"field {path} is {_noun(value)}, a number is expected"
    return None


def _noun(value: object) -> str:
    nouns = {dict: "an object", list: "a list", str: "text", bool: "true or false", type(None): "null"}
    return nouns.get(type(value), "a number")


def _mended(line: str) -> str:
    line = _ESCAPE.sub(lambda match: "\\ufffd" if match.group(1) else match.group(0), line)
    return _WORDS.sub(lambda match: "null" if match.group(1) else match.group(0), line)


def _empty(schema: pl.Struct) -> pl.DataFrame:
    return pl.DataFrame(schema={field.name: field.dtype for field in schema.fields})
