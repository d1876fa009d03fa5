"""Decodes the records of a CSV to frames of strings."""

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from streams.sources.files.compressed import Block
from streams.sources.files.csv_scan import DECODABLE, UNQUOTED, csv_explainer, csv_scanner
from streams.sources.files.records import Records, read_records


@dataclass(frozen=True, slots=True)
class Layout:
    """The separator and columns of a CSV."""

    separator: str
    columns: tuple[str, ...]
    """Names by position: from the header line, or set by a format without a header."""
    header: bool
    """Whether the first record is a header."""


def csv_records(blocks: Iterator[Block], source: str, layout: Layout) -> Iterator[Records]:
    """Cut a CSV into records, without the header; see `read_records`."""
    fields = len(layout.columns)
    return read_records(
        blocks,
        source,
        csv_scanner(layout.separator, fields),
        csv_explainer(fields),
        decodable=DECODABLE,
        first_number=0 if layout.header else 1,
    )


def read_rows(records: Records, layout: Layout, wanted: Sequence[str]) -> pl.DataFrame:
    """Decode records to a frame of strings with the `wanted` columns, one row for each record.

    An empty field is null, quoted or not: CSV has no other way to write an unknown value.
    """
    schema = dict.fromkeys(wanted, pl.String())
    if not len(records):
        return pl.DataFrame(schema=schema)
    data = records.data
    if records.verdicts.any():
        data = _requoted(records, layout)
    positions = sorted(layout.columns.index(name) for name in schema)
    try:
        frame = pl.read_csv(
            # Without a line end, a last record of one empty field would be lost.
            io.BytesIO(data + b"\n"),
            has_header=False,
            separator=layout.separator,
            infer_schema=False,
            columns=positions,
        )
    except pl.exceptions.PolarsError:
        frame = pl.DataFrame()
    if len(frame) != len(records):
        # No input is known that the two readers of this grammar read differently. If there is one, the run
        # must not stop.
        frame = _split_all(records, layout, positions)
    frame.columns = [layout.columns[position] for position in positions]
    return frame.select(pl.when(pl.col(name) != "").then(pl.col(name)).alias(name) for name in schema)


def split_record(record: str, separator: str) -> list[str]:
    """Split one record into fields like `csv_scan`: a quote inside an unquoted field is text."""
    fields = []
    begin = 0
    record = record.removesuffix("\r")
    while True:
        if record.startswith('"', begin):
            end = begin + 1
            while (end := record.find('"', end)) >= 0 and record.startswith('"', end + 1):
                end += 2
            end = len(record) if end < 0 else end
            fields.append(record[begin + 1 : end].replace('""', '"'))
            end = record.find(separator, end)
        else:
            end = record.find(separator, begin)
            fields.append(record[begin : len(record) if end < 0 else end])
        if end < 0:
            return fields
        begin = end + 1


def _split_all(records: Records, layout: Layout, positions: Sequence[int]) -> pl.DataFrame:
    rows = [_fields(records, row, layout) for row in range(len(records))]
    rows = [row + [""] * (len(layout.columns) - len(row)) for row in rows]
    return pl.DataFrame(
        {f"{position}": [row[position] for row in rows] for position in positions},
        schema={f"{position}": pl.String() for position in positions},
    )


def _fields(records: Records, row: int, layout: Layout) -> list[str]:
    record = records.raw(row).decode()
    if records.verdicts[row] == UNQUOTED:
        return record.removesuffix("\r").split(layout.separator)
    return split_record(record, layout.separator)


def _requoted(records: Records, layout: Layout) -> bytes:
    """Quote records with literal quotes again, pad short ones and cut long ones, as a strict reader wants them."""
    pieces: list[bytes] = []
    done = 0
    for row in np.flatnonzero(records.verdicts).tolist():
        fields = _fields(records, row, layout)
        fields = fields[: len(layout.columns)] + [""] * (len(layout.columns) - len(fields))
        quoted = layout.separator.join('"' + field.replace('"', '""') + '"' for field in fields)
        pieces += [records.data[done : records.starts[row]], quoted.encode()]
        done = int(records.ends[row])
    pieces.append(records.data[done:])
    return b"".join(pieces)
