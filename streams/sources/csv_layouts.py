"""Finds the format of a CSV by the names of its columns, and how its columns lie."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from schemas.errors import FormatError, UsageError
from streams.sources.cells.times import is_time
from streams.sources.files.csv_rows import Layout, split_record
from streams.sources.formats.csv_formats import CSV_FORMATS
from streams.sources.formats.format import Format
from streams.sources.formats.tables.column_mapping import EXAMPLE, ColumnMapping
from streams.sources.formats.tables.mapped import Mapped
from streams.sources.formats.tables.toolkit import Toolkit

SEPARATORS = (",", "\t", ";", "|")
_SHOWN = 40


def csv_format(text: str, name: str, format_name: str | None, mapping: ColumnMapping | None) -> Format:
    """Return the format of a CSV that begins with `text`; see `streams.sources.detect.detect`."""
    line = first_record(text)
    layouts = [layout_of(line, separator) for separator in SEPARATORS]
    widest = max(layouts, key=lambda layout: len(layout.columns))
    if format_name == Mapped.name and mapping is None:
        raise UsageError(f"format mapped needs columns named in the configuration, such as:\n{EXAMPLE}")
    if mapping is not None and format_name in (None, Mapped.name):
        wanted = mapping.sources
        fitting = [fitted(layout, wanted) for layout in layouts]
        best = max(fitting, key=lambda layout: sum(column in layout.columns for column in wanted))
        _require(best, wanted, f"{name}: the mapping names columns that the file does not have")
        return Mapped(best, mapping)
    for kind in CSV_FORMATS:
        if format_name not in (None, kind.name):
            continue
        for layout in layouts:
            renamed = fitted(layout, (*kind.needed, *kind.optional), kind.other_names)
            if kind.fits(renamed.columns):
                return kind(renamed)
        if format_name is not None and kind is not Toolkit:
            _require(widest, kind.needed, f"{name}: is not in format {kind.name}")
            raise FormatError(
                f"{name}: is not in format {kind.name}. Its columns are {listed(widest.columns)}."
            )
    if format_name == Toolkit.name or _looks_like_toolkit(widest.columns):
        return Toolkit(_by_position(widest, name))
    raise FormatError(
        f"{name}: no known format has these columns: {listed(widest.columns)}. `lockstep sources` lists the formats. "
        f"For any other table, `lockstep inspect` writes the mapping to start from. It goes into a configuration file, "
        f"which is given with --config:\n{EXAMPLE}"
    )


def first_record(text: str) -> str:
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


def layout_of(line: str, separator: str) -> Layout:
    """The columns of a header line."""
    return Layout(separator, tuple(column.strip() for column in split_record(line, separator)), header=True)


def fitted(layout: Layout, wanted: Sequence[str], other_names: Mapping[str, str] | None = None) -> Layout:
    """Give columns the spelling that a format has: case, and spaces for underscores, do not matter.

    The first of several columns of one name counts.

    Args:
        layout: as the header names the columns.
        wanted: the names that the format knows.
        other_names: one of these by another name of it, which counts where the name itself is not there.
    """
    columns = list(layout.columns)
    for name in wanted:
        if name in columns:
            continue
        folded = _folded(name)
        place = next((at for at, column in enumerate(columns) if _folded(column) == folded), None)
        if place is not None and columns[place] not in wanted:
            columns[place] = name
    for other, name in (other_names or {}).items():
        if name not in columns and other in columns:
            columns[columns.index(other)] = name
    return replace(layout, columns=tuple(columns))


def listed(names: Sequence[str]) -> str:
    """Names for a message, cut where they are long or many."""
    shown = ", ".join(name if len(name) <= _SHOWN else f"{name[:_SHOWN]}..." for name in names[:_SHOWN])
    return f"{shown}, ..." if len(names) > _SHOWN else shown


def _folded(name: str) -> str:
    return re.sub(r"[\s_-]+", "_", name.strip().casefold())


def _looks_like_toolkit(columns: tuple[str, ...]) -> bool:
    """Whether a row without names has a time in its place, and ids without spaces."""
    return (
        len(columns) in (7, 8) and is_time(columns[6]) and all(id_ and " " not in id_ for id_ in columns[:2])
    )


def _by_position(widest: Layout, name: str) -> Layout:
    if len(widest.columns) < 7:
        raise FormatError(
            f"{name}: is not in format toolkit: its first line has {len(widest.columns)} fields, and "
            f"{len(Toolkit.positions)} are expected: {', '.join(Toolkit.positions)}."
        )
    extra = tuple(f"extra_{number}" for number in range(len(widest.columns)))
    columns = (*Toolkit.positions, *extra)[: len(widest.columns)]
    return Layout(widest.separator, columns, header=not is_time(widest.columns[6]))


def _require(layout: Layout, wanted: Sequence[str], problem: str) -> None:
    missing = [column for column in wanted if column not in layout.columns]
    if missing:
        raise FormatError(
            f"{problem}: {', '.join(missing)} is missing. Its columns are {listed(layout.columns)}."
        )
