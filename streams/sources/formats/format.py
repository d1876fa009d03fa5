"""What a format must provide; everything else is the same for all formats."""

from collections.abc import Collection, Iterator, Mapping
from typing import ClassVar, Protocol

import polars as pl

from streams.sources.files.compressed import Block
from streams.sources.files.csv_rows import Layout, csv_records, read_rows
from streams.sources.files.records import Records
from streams.sources.screening import Decoded


class Format(Protocol):
    """One format, set up for one input."""

    name: str
    """The name of the format, as `--format` takes it."""
    time_ordered: bool
    """Whether dumps of this format are usually in time order."""

    def records(self, blocks: Iterator[Block], source: str) -> Iterator[Records]:
        """Cut the input into records."""
        ...

    def decode(self, records: Records) -> Decoded:
        """Decode records, all columns at once."""
        ...


class CsvFormat:
    """The part that all CSV formats share.

    A format sets `name`, `about`, `needed` and `optional`, and implements `posts`.
    """

    name: str
    about: str
    """What it is, in a few words."""
    time_ordered = False
    needed: tuple[str, ...] = ()
    """Columns that must be there. They also identify the format, unless it has a `fits` of its own."""
    optional: tuple[str, ...] = ()
    """Columns that are read if they are there; otherwise they are null."""
    other_names: ClassVar[Mapping[str, str]] = {}
    """Names of these columns in other versions of the format: a name of above by the other one."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout

    @classmethod
    def fits(cls, columns: Collection[str]) -> bool:
        """Whether a table with these columns is in this format."""
        return all(name in columns for name in cls.needed)

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
        """Make posts from rows that have every needed and optional column as text.

        Returns:
            Columns of `detectors.post_columns.POSTS`, as many as the format has, and the time as text beside them.
        """
        raise NotImplementedError
