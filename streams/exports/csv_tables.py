"""A table as CSV that a spreadsheet opens without running any of it."""

from typing import BinaryIO

import polars as pl
import polars.selectors as cs

_RUN = r"^[\s\x00]*[=+\-@\uff1d\uff0b\uff0d\uff20\t\r\n|%]"
"""How a cell begins that a spreadsheet may take for a formula or a command (OWASP, CSV Injection)."""


def write_csv(file: BinaryIO, table: pl.DataFrame) -> None:
    """Write a table in UTF-8, with a line of names. Times are RFC 3339, lists are joined by spaces.

    A text that a spreadsheet would run gets an apostrophe in front, as a spreadsheet itself marks text.
    """
    plain = table.with_columns(
        cs.datetime().dt.strftime("%Y-%m-%dT%H:%M:%SZ"),
        cs.list().list.join(" "),
    )
    texts = [name for name, dtype in plain.schema.items() if dtype == pl.String]
    plain.with_columns(_as_text(pl.col(name)).alias(name) for name in texts).write_csv(file)


def _as_text(cell: pl.Expr) -> pl.Expr:
    return pl.when(cell.str.contains(_RUN)).then(pl.lit("'") + cell).otherwise(cell)
