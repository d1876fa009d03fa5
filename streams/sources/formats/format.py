"""What a dump format has to say for itself; everything else is the same for all."""

from collections.abc import Iterator
from typing import Protocol

import polars as pl

from streams.sources.files.compressed import Block
from streams.sources.files.csv_rows import Layout, csv_records, read_rows
from streams.sources.files.records import Records
from streams.sources.screening import Decoded


class Format(Protocol):
    """One dump format, fitted to one input."""

    name: str
    time_ordered: bool

    def records(self, blocks: Iterator[Block], source: str) -> Iterator[Records]:
        """Cut the input into records."""
        ...

    def decode(self, records: Records) -> Decoded:
        """Decode records, all columns at once."""
        ...


class CsvFormat:
    """The shared half of the formats that are CSV; `columns` and `posts` are theirs to say."""

    name: str
    time_ordered = False
    needed: tuple[str, ...] = ()
    """Columns that the format is nothing without."""
    optional: tuple[str, ...] = ()

    def __init__(self, layout: Layout) -> None:
        self.layout = layout

    def records(self, blocks: Iterator[Block], source: str) -> Iterator[Records]:
        """Cut the input into records."""
        return csv_records(blocks, source, self.layout)

    def decode(self, records: Records) -> Decoded:
        """Decode records, all columns at once."""
        present = [name for name in (*self.needed, *self.optional) if name in self.layout.columns]
        rows = read_rows(records, self.layout, present)
        absent = [pl.lit(None, dtype=pl.String).alias(name) for name in self.optional if name not in present]
        return self.posts(rows.with_columns(absent))

    def posts(self, rows: pl.DataFrame) -> Decoded:
        """Make posts of rows that hold every needed and optional column as text."""
        raise NotImplementedError
