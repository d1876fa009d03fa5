"""Links, hashtags and mentions in the text of a post, and lists written as text."""

import polars as pl

_URL = r"https?://[^\s\"<>]+"
_TRAILING = ".,;:!?)]}'’”»…"  # noqa: RUF001
# Before a hashtag or a mention there is no part of a word; otherwise it is an anchor or a mail address. A hashtag of
# digits only is a number.
_HASHTAG = r"(?:^|[^\w&/])[#＃]\w*[^\W\d_]\w*"  # noqa: RUF001 - the full-width sign is meant
_MENTION = r"(?:^|[^\w@.])[@＠]\w+"  # noqa: RUF001


def urls_in(text: pl.Expr) -> pl.Expr:
    """Links in order, without the punctuation of the sentence around them."""
    return text.str.extract_all(_URL).list.eval(pl.element().str.strip_chars_end(_TRAILING))


def hashtags_in(text: pl.Expr) -> pl.Expr:
    """Hashtags in order, without the sign; anchors of links do not count."""
    return _marked(text, _HASHTAG, "#＃")  # noqa: RUF001


def mentions_in(text: pl.Expr) -> pl.Expr:
    """Handles in order, without the sign; mail addresses do not count."""
    return _marked(text, _MENTION, "@＠")  # noqa: RUF001


def without_urls(text: pl.Expr) -> pl.Expr:
    """Text without its links, with single spaces."""
    return text.str.replace_all(_URL, " ").str.replace_all(r"\s+", " ").str.strip_chars()


def written_list(column: pl.Expr, separator: str) -> pl.Expr:
    """Read lists written as text, `[a, b]` or `['a', 'b']`; `[]` is an empty list, an empty cell is unknown."""
    inner = column.str.strip_chars().str.strip_prefix("[").str.strip_suffix("]")
    items = inner.str.split(separator).list.eval(pl.element().str.strip_chars(" '\""))
    return pl.when(column.is_not_null()).then(_no_blanks(items))


def split_list(column: pl.Expr, separator: str) -> pl.Expr:
    """Split text at a separator; blank items are dropped, an empty cell is unknown."""
    return _no_blanks(column.str.split(separator).list.eval(pl.element().str.strip_chars()))


def known(column: pl.Expr) -> pl.Expr:
    """Null where a tool wrote a word for unknown, such as `nan`."""
    return pl.when(~column.str.to_lowercase().is_in(["nan", "none", "null", "na", "n/a"])).then(column)


def count(column: pl.Expr) -> pl.Expr:
    """Read a count, `12` or `12.0`; null where the text is not a count, since no count is required."""
    number = column.str.strip_chars().cast(pl.Float64, strict=False)
    return pl.when(number >= 0).then(number.floor().cast(pl.Int64, strict=False))


def _marked(text: pl.Expr, pattern: str, signs: str) -> pl.Expr:
    matches = text.str.replace_all(_URL, " ").str.extract_all(pattern)
    return matches.list.eval(pl.element().str.replace(f"^[^{signs}]*[{signs}]", ""))


def _no_blanks(items: pl.Expr) -> pl.Expr:
    return items.list.eval(pl.element().filter(pl.element() != ""))
