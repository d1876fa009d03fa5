"""CSV: from its header to frames of strings."""

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from streams.sources.files.compressed import Block
from streams.sources.files.csv_scan import DECODABLE, LITERAL_QUOTE, csv_explainer, csv_scanner
from streams.sources.files.records import Records, read_records


@dataclass(frozen=True, slots=True)
class Layout:
    """How the fields of a CSV lie."""

    separator: str
    columns: tuple[str, ...]
    """Names by position; of the header line, or made up by a format without one."""
    header: bool
    """Whether the first record is a header."""


def csv_records(blocks: Iterator[Block], source: str, layout: Layout) -> Iterator[Records]:
    """Cut a CSV into records, the header left out; see `read_records`."""
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
    """Decode records to a frame of strings with the `wanted` columns, one row a record.

    An empty field is null, be it quoted or not: CSV has no other way to say unknown.
    """
    schema = dict.fromkeys(wanted, pl.String())
    if not len(records):
        return pl.DataFrame(schema=schema)
    data = records.data
    if (records.verdicts == LITERAL_QUOTE).any():
        data = _requoted(records, layout)
    positions = sorted(layout.columns.index(name) for name in schema)
    try:
        frame = pl.read_csv(
            # A record at the very end without its line end would be lost if it were one empty field.
            io.BytesIO(data + b"\n"),
            has_header=False,
            separator=layout.separator,
            infer_schema=False,
            columns=positions,
        )
    except pl.exceptions.PolarsError:
        frame = pl.DataFrame()
    if len(frame) != len(records):
        # No input is known that two readers of the same grammar see differently; but a run must not
        # stop over one.
        frame = _split_all(records, layout, positions)
    frame.columns = [layout.columns[position] for position in positions]
    return frame.select(pl.when(pl.col(name) != "").then(pl.col(name)).alias(name) for name in schema)


def split_record(record: str, separator: str) -> list[str]:
    """Split one record into its fields, as `csv_scan` reads it: a quote inside an unquoted field is text."""
    fields = []
    at = 0
    record = record.removesuffix("\r")
    while True:
        if record.startswith('"', at):
            end = at + 1
            while (end := record.find('"', end)) >= 0 and record.startswith('"', end + 1):
                end += 2
            end = len(record) if end < 0 else end
            fields.append(record[at + 1 : end].replace('""', '"'))
            end = record.find(separator, end)
        else:
            end = record.find(separator, at)
            fields.append(record[at : len(record) if end < 0 else end])
        if end < 0:
            return fields
        at = end + 1


def _split_all(records: Records, layout: Layout, positions: Sequence[int]) -> pl.DataFrame:
    rows = [split_record(records.raw(row).decode(), layout.separator) for row in range(len(records))]
    return pl.DataFrame(
        {f"{position}": [row[position] for row in rows] for position in positions},
        schema={f"{position}": pl.String() for position in positions},
    )


def _requoted(records: Records, layout: Layout) -> bytes:
    """Write the records with literal quotes anew, as a strict reader wants them. They are few."""
    pieces: list[bytes] = []
    done = 0
    for row in np.flatnonzero(records.verdicts == LITERAL_QUOTE).tolist():
        fields = split_record(records.raw(row).decode(), layout.separator)
        quoted = layout.separator.join('"' + field.replace('"', '""') + '"' for field in fields)
        pieces += [records.data[done : records.starts[row]], quoted.encode()]
        done = int(records.ends[row])
    pieces.append(records.data[done:])
    return b"".join(pieces)
