"""Recognises the format of an input by its first bytes, never by its name."""

import codecs

import msgspec

from schemas.errors import FormatError, UsageError
from streams.sources.files.csv_rows import Layout, split_record
from streams.sources.formats.csv_formats import CSV_FORMATS
from streams.sources.formats.format import Format
from streams.sources.formats.jsonl import Jsonl
from streams.sources.formats.mapped import EXAMPLE, ColumnMapping, Mapped
from streams.sources.formats.toolkit import Toolkit

FORMATS = (Jsonl.name, *(kind.name for kind in CSV_FORMATS), Toolkit.name, Mapped.name)
"""Names of the formats, as `--format` takes them."""

HEAD_SIZE = 256 << 10
"""Bytes read for detection: enough for a header and the first records."""

_SEPARATORS = (",", "\t", ";", "|")
# Not `created_at`: other platforms' records have it too.
_CANONICAL = {"post_id", "account_id"}
_SHOWN = 40


def detect(head: bytes, name: str, format_name: str | None, mapping: ColumnMapping | None) -> Format:
    """Return the format of an input that begins with `head`, fitted to its columns.

    Args:
        head: the first bytes, decompressed and without a byte order mark.
        name: the input's name, for errors.
        format_name: overrides the detection.
        mapping: columns of a CSV in no known format; tried before the known CSV formats.

    Raises:
        FormatError: no format fits, or columns of the requested format are missing.
        UsageError: `format_name` is unknown, or is `mapped` without a mapping.
    """
    if format_name is not None and format_name not in FORMATS:
        raise UsageError(f"unknown format {format_name!r}: known are {', '.join(FORMATS)}")
    _reject_wide(head, name)
    text = head.decode("utf-8", "replace")
    body = text.lstrip()
    if format_name in (None, Jsonl.name):
        if body.startswith("{"):
            _check_canonical(body, name)
            return Jsonl()
        if body.startswith("["):
            raise FormatError(
                f"{name}: is one JSON array, which cannot be read piece by piece. Write one object a line, "
                "for example with: jq -c '.[]'"
            )
        if format_name is not None:
            raise FormatError(f"{name}: is not JSONL: its first line does not begin with {{. {_hint()}")
    return _detect_csv(text, name, format_name, mapping)


def _detect_csv(text: str, name: str, format_name: str | None, mapping: ColumnMapping | None) -> Format:
    line = _first_record(text)
    layouts = [_layout(line, separator) for separator in _SEPARATORS]
    widest = max(layouts, key=lambda layout: len(layout.columns))
    if format_name == Mapped.name and mapping is None:
        raise UsageError(f"format mapped needs columns named in the configuration, such as:\n{EXAMPLE}")
    if format_name == Mapped.name or (format_name is None and mapping is not None):
        assert mapping is not None  # noqa: S101 - for the type checker
        wanted = tuple(dict.fromkeys(mapping.columns.values()))
        best = max(layouts, key=lambda layout: sum(column in layout.columns for column in wanted))
        _require(best, wanted, f"{name}: the mapping names columns that the file does not have")
        return Mapped(best, mapping)
    if format_name == Toolkit.name:
        return Toolkit(_toolkit_layout(line, name))
    for kind in CSV_FORMATS:
        if format_name not in (None, kind.name):
            continue
        for layout in layouts:
            if all(column in layout.columns for column in kind.needed):
                return kind(layout)
        if format_name is not None:
            _require(widest, kind.needed, f"{name}: is not in format {kind.name}")
    if _looks_like_toolkit(_layout(line, ",").columns):
        return Toolkit(_toolkit_layout(line, name))
    raise FormatError(
        f"{name}: no known format has these columns: {_listed(widest.columns)}. {_hint()} For any other CSV "
        f"name its columns in a configuration file and give it with --config:\n{EXAMPLE}"
    )


def _first_record(text: str) -> str:
    """Return the first record: the first line that is not blank, and further lines while a quoted field is open."""
    lines = text.split("\n")
    while lines and not lines[0].strip():
        lines.pop(0)
    record = ""
    for line in lines[:_SHOWN]:
        record = f"{record}\n{line}" if record else line
        if record.count('"') % 2 == 0:
            return record
    return lines[0] if lines else ""


def _layout(line: str, separator: str) -> Layout:
    return Layout(separator, tuple(column.strip() for column in split_record(line, separator)), header=True)


def _looks_like_toolkit(columns: tuple[str, ...]) -> bool:
    if len(columns) not in (7, 8):
        return False
    return columns[:7] == Toolkit.positions[:7] or _is_number(columns[6])


def _toolkit_layout(line: str, name: str) -> Layout:
    widest = max(
        (_layout(line, separator) for separator in (",", "\t")), key=lambda layout: len(layout.columns)
    )
    if len(widest.columns) < 7:
        raise FormatError(
            f"{name}: is not in format toolkit: its first line has {len(widest.columns)} fields, and "
            f"{len(Toolkit.positions)} are expected: {', '.join(Toolkit.positions)}."
        )
    extra = tuple(f"extra_{number}" for number in range(len(widest.columns)))
    columns = (*Toolkit.positions, *extra)[: len(widest.columns)]
    return Layout(widest.separator, columns, header=not _is_number(widest.columns[6]))


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _check_canonical(body: str, name: str) -> None:
    """Refuse JSON objects that are not posts. Lines that cannot be decoded do not count."""
    first: tuple[str, ...] | None = None
    for line in body.split("\n")[:_SHOWN]:
        try:
            record = msgspec.json.decode(line)
        except (msgspec.DecodeError, RecursionError):
            continue
        if not isinstance(record, dict):
            continue
        if _CANONICAL & record.keys():
            return
        first = tuple(record) if first is None else first
    if first is not None:
        raise FormatError(
            f"{name}: its JSON objects are not canonical posts, which have post_id, "
            f"account_id, platform and created_at. The first object has the keys: {_listed(first)}. {_hint()}"
        )


def _reject_wide(head: bytes, name: str) -> None:
    if head.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        encoding = "UTF-32"
    elif head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        encoding = "UTF-16"
    elif len(head) >= 4 and (head[:64:2].count(0) > 8 or head[1:64:2].count(0) > 8):
        # In UTF-16 every other byte of a Latin letter is zero, with or without a byte order mark.
        encoding = "UTF-16"
    else:
        return
    raise FormatError(
        f"{name}: is in {encoding}, and Lockstep reads UTF-8. Convert it: iconv -f {encoding} -t UTF-8"
    )


def _require(layout: Layout, wanted: tuple[str, ...], problem: str) -> None:
    missing = [column for column in wanted if column not in layout.columns]
    if missing:
        raise FormatError(
            f"{problem}: {', '.join(missing)} is missing. Its columns are {_listed(layout.columns)}."
        )


def _hint() -> str:
    return f"Known formats are {', '.join(FORMATS)}; --format overrides the detection."


def _listed(names: tuple[str, ...]) -> str:
    shown = ", ".join(name if len(name) <= _SHOWN else f"{name[:_SHOWN]}..." for name in names[:_SHOWN])
    return f"{shown}, ..." if len(names) > _SHOWN else shown
