"""Lists as dumps write them: in Python, JSON, NumPy or PostgreSQL form, or with bars, commas, semicolons or spaces.

Each cell shows by itself which form it has, so a column may mix them. A blank cell or a word for unknown is null; `[]`,
`{}` and a list of blanks are an empty list. Rows of one form are read together, by expressions.
"""

import re
from collections.abc import Callable

import numpy as np
import polars as pl

from streams.sources.cells.null_words import SHORT_BYTES, is_known

URL_KEYS = ("expanded_url", "unwound_url", "expanded", "original", "url", "href", "uri", "link")
"""Where an object in a list of links holds the link, in the order of preference."""
TAG_KEYS = ("tag", "hashtag", "text", "name")
"""Where an object in a list of hashtags holds the tag."""
HANDLE_KEYS = ("username", "screen_name", "acct", "handle", "did", "id_str", "id", "name")
"""Where an object in a list of mentions holds the handle, or else the id."""
ID_KEYS = ("id", "id_str", "hash", "media_key")
"""Where an object in any other list holds its id."""

_MARK = "\x01"
"""Stands for any separator, once it is known to be one."""
_ODD = r"[\s,|;#＃]|^\W|\([\[{(]"  # noqa: RUF001
"""What a cell of one item does not have; nor is it so short that it may be a word for unknown."""
_QUOTED = r"""'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*\""""
_OBJECTS = r"""^[\[(]?\s*\{\s*["'][^"'\\]*["']\s*:"""
_CALL = (
    r"(?s)^\s*(?:\w+\.)?(?:array|list|set|frozenset|tuple|Index|Series)"
    r"\(\s*([\[({].*[\])}])\s*(?:,\s*dtype=.*)?\)\s*$"
)
"""A list as Python shows one of another type: `array(['a'], dtype=object)`."""
_ANCHOR = r"(?i)<a\s[^>]*href="
_ESCAPED = re.compile(
    r"\\\\|\\u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})|\\u([0-9a-fA-F]{4})"
)


def links(column: pl.Expr, separator: str | None = None) -> pl.Expr:
    """Read lists of links.

    Commas, bars and semicolons part two links only where another link begins, since a link may contain them. A cell
    without a scheme holds opaque ids: one, or several if it is in brackets.

    Args:
        column: of texts.
        separator: stands between items of cells without brackets, whatever they are.

    Returns:
        List(String).
    """
    return _lists(column, lambda cells: _read(cells, URL_KEYS, _plain_links, separator))


def tags(column: pl.Expr, separator: str | None = None) -> pl.Expr:
    """Read lists of hashtags as `links` reads links; they are parted at spaces, commas, bars, semicolons and signs."""
    return _stripped(_lists(column, lambda cells: _read(cells, TAG_KEYS, _plain_tags, separator)), "#＃")  # noqa: RUF001


def handles(column: pl.Expr, separator: str | None = None) -> pl.Expr:
    """Read lists of mentioned handles or ids, parted at spaces, commas, bars and semicolons; without their `@`."""
    return _stripped(_lists(column, lambda cells: _read(cells, HANDLE_KEYS, _plain_words, separator)), "@＠")  # noqa: RUF001


def words(column: pl.Expr, separator: str | None = None) -> pl.Expr:
    """Read lists of ids or hashes, parted at spaces, commas, bars and semicolons."""
    return _lists(column, lambda cells: _read(cells, ID_KEYS, _plain_words, separator))


def _lists(column: pl.Expr, read: Callable[[pl.Series], pl.Series]) -> pl.Expr:
    return column.map_batches(read, return_dtype=pl.List(pl.String), is_elementwise=True)


def _stripped(items: pl.Expr, signs: str) -> pl.Expr:
    return items.list.eval(pl.element().str.strip_chars_start(signs))


def _read(
    cells: pl.Series, keys: tuple[str, ...], plain: Callable[[pl.Expr], pl.Expr], separator: str | None
) -> pl.Series:
    """Read the cells of one column: each form by itself, then all in the order of rows."""
    cell = pl.col("cell")
    table = cells.alias("cell").to_frame()
    odd = cell.str.contains(_ODD) | (cell.str.len_bytes() <= SHORT_BYTES)
    if separator is not None:
        odd |= cell.str.contains(separator, literal=True)
    table = table.with_columns(odd=odd)
    if not table["odd"].any():
        # most columns: one item in each cell, or none
        return (
            table.select(pl.when(cell.is_not_null()).then(pl.concat_list(cell))).to_series().alias(cells.name)
        )
    table = table.with_row_index("row").filter(cell.is_not_null())
    rest = table.filter("odd").filter(is_known(cell))
    rest = rest.with_columns(cell.str.replace(_CALL, "${1}"))
    rest = rest.with_columns(
        cell.str.strip_chars(), bracketed=cell.str.contains(r"(?s)^\s*(?:\[.*\]|\(.*\)|\{.*\})\s*$")
    )
    bracketed = pl.col("bracketed")
    parted = plain(cell) if separator is None else cell.str.split(separator)
    parts = [
        table.filter(~pl.col("odd")).select("row", items=pl.concat_list(cell)),
        rest.filter(~bracketed).select("row", items=_without_blanks(parted)),
    ]
    if rest["bracketed"].any():
        parts.append(_bracketed(rest.filter(bracketed), keys, plain))
    read = pl.concat(parts).sort("row")
    return _placed(read, len(cells)).alias(cells.name)


def _placed(read: pl.DataFrame, rows: int) -> pl.Series:
    """The items of each row; null for rows that were not read."""
    if len(read) == rows:
        return read["items"]
    places = np.full(rows, len(read), np.uint32)  # beyond the last item that was read stands a null
    places[read["row"].to_numpy()] = np.arange(len(read), dtype=np.uint32)
    null = pl.Series("items", [None], dtype=pl.List(pl.String))
    return pl.concat([read["items"], null]).gather(places)


def _bracketed(
    table: pl.DataFrame, keys: tuple[str, ...], plain: Callable[[pl.Expr], pl.Expr]
) -> pl.DataFrame:
    """Rows whose cells are in brackets: objects, quoted items or bare items."""
    cell = pl.col("cell")
    escaped = table.select(cell.str.contains(r"\\u[0-9a-fA-F]{4}").arg_true()).to_series()
    if len(escaped):
        column = table["cell"]
        table = table.with_columns(
            column.scatter(escaped, [_unescaped(text) for text in column.gather(escaped)])
        )
    objects = cell.str.contains(_OBJECTS)
    quoted = cell.str.contains(r"""[\[({,\s][bu]?['"]""") & ~objects
    inner = cell.str.slice(1, cell.str.len_chars() - 2).str.strip_chars()
    # a link in brackets may contain a comma, but never a comma and a space
    bare = plain(inner.str.replace_all(r",\s+", _MARK))
    return pl.concat(
        [
            table.filter(objects).select("row", items=_cleaned(_values(cell, keys))),
            table.filter(quoted).select("row", items=_cleaned(_unquoted(cell.str.extract_all(_QUOTED)))),
            table.filter(~objects & ~quoted).select("row", items=_cleaned(bare)),
        ]
    ).sort("row")


def _values(cell: pl.Expr, keys: tuple[str, ...]) -> pl.Expr:
    """The values of the first of the keys that a cell has."""
    found = []
    for key in keys:
        name = rf"""["']{key}["']\s*:\s*"""
        matches = cell.str.extract_all(rf"{name}(?:{_QUOTED}|[-\w.:]+)")
        found.append(_unquoted(matches.list.eval(pl.element().str.replace(f"^{name}", ""))))
    some = [pl.when(values.list.len() > 0).then(values) for values in found]
    return pl.coalesce(*some, cell.str.extract_all(r"""https?://[^\s"'\\<>]+"""))


def _unquoted(items: pl.Expr) -> pl.Expr:
    item = pl.element()
    bare = item.str.replace(r"""^(?s)['"](.*)['"]$""", "${1}")
    return items.list.eval(bare.str.replace_all(r"""\\(['"/\\])""", "${1}"))


def _cleaned(items: pl.Expr) -> pl.Expr:
    """Items without blanks and words for unknown."""
    items = items.list.eval(pl.element().str.strip_chars())
    return items.list.eval(pl.element().filter(is_known(pl.element())))


def _without_blanks(items: pl.Expr) -> pl.Expr:
    items = items.list.eval(pl.element().str.strip_chars())
    return items.list.eval(pl.element().filter(pl.element() != ""))


def _plain_links(cell: pl.Expr) -> pl.Expr:
    # without a link or a path in it, a cell with spaces is one opaque id
    has_link = cell.str.contains(r"(?i)https?://|www\.|\S\.\S+/")
    spaced = pl.when(has_link).then(cell.str.replace_all(r"\s+", _MARK)).otherwise(cell)
    spaced = spaced.str.replace(r"(?i)^<(https?://[^<>]*)>$", "${1}").str.strip_chars_end(",;|")
    parted = spaced.str.replace_all(r"(?i)[\x01,|;]+(https?://|www\.)", _MARK + "${1}").str.split(_MARK)
    hrefs = cell.str.extract_all(r"""(?i)href=["']?[^\s"'<>]+""")
    hrefs = hrefs.list.eval(pl.element().str.replace(r"""(?i)^href=["']?""", ""))
    return pl.when(cell.str.contains(_ANCHOR)).then(hrefs).otherwise(parted)


def _plain_tags(cell: pl.Expr) -> pl.Expr:
    return cell.str.replace_all(r"[\s\x01,|;#＃]+", _MARK).str.split(_MARK)  # noqa: RUF001


def _plain_words(cell: pl.Expr) -> pl.Expr:
    return cell.str.replace_all(r"[\s\x01,|;]+", _MARK).str.split(_MARK)


def _unescaped(text: str) -> str:
    r"""Replace `\uXXXX`; half of a surrogate pair becomes U+FFFD."""

    def character(match: re.Match[str]) -> str:
        high, low, single = match.groups()
        if high is not None:
            return chr(0x10000 + ((int(high, 16) - 0xD800) << 10) + (int(low, 16) - 0xDC00))
        if single is None:
            return match.group(0)  # an escaped backslash
        point = int(single, 16)
        return "\ufffd" if 0xD800 <= point < 0xE000 else chr(point)

    return _ESCAPED.sub(character, text)
