"""Words that tools write where a cell is empty."""

import polars as pl

NULL_WORDS = (
    "",
    "-",
    "--",
    "nan",
    "none",
    "null",
    "nil",
    "na",
    "n/a",
    "#n/a",
    "<na>",
    "nat",
    "undefined",
    "\\n",
    '""',
    "''",
)
"""In lower case, without the spaces around them: of pandas, R, NumPy, JavaScript, spreadsheets and PostgreSQL."""

SHORT_BYTES = 16
"""Bytes of a cell that may be such a word with a few spaces around it; longer cells are not looked up."""


def known(column: pl.Expr) -> pl.Expr:
    """Null where a cell is blank or holds a word for unknown, such as `nan`.

    Use it for ids, lists, counts and times. In a text such a word may be meant.
    """
    return pl.when(is_known(column)).then(column)


def is_known(column: pl.Expr) -> pl.Expr:
    """Whether a cell holds a value; false for null."""
    trimmed = column.str.strip_chars()
    null_word = (column.str.len_bytes() <= SHORT_BYTES) & trimmed.str.to_lowercase().is_in(NULL_WORDS)
    return column.is_not_null() & (trimmed != "") & ~null_word
