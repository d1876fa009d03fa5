"""What the text of a post itself tells: its links, hashtags and mentions; and lists written as text."""

import polars as pl

_URL = r"https?://[^\s\"<>]+"
_TRAILING = ".,;:!?)]}'’”»…"  # noqa: RUF001
# A tag or a mention begins after something that is no part of a word, or else it is an anchor or a
# mail address; a tag of digits alone is a number.
_HASHTAG = r"(?:^|[^\w&/])[#＃]\w*[^\W\d_]\w*"  # noqa: RUF001 - the full-width sign is meant
_MENTION = r"(?:^|[^\w@.])[@＠]\w+"  # noqa: RUF001


def urls_in(text: pl.Expr) -> pl.Expr:
    """Links in order, the punctuation of the sentence around them left off."""
    return text.str.extract_all(_URL).list.eval(pl.element().str.strip_chars_end(_TRAILING))


def hashtags_in(text: pl.Expr) -> pl.Expr:
    """Hashtags in order, without the sign; anchors of links are none."""
    return _marked(text, _HASHTAG, "#＃")  # noqa: RUF001


def mentions_in(text: pl.Expr) -> pl.Expr:
    """Handles in order, without the sign; mail addresses are none."""
    return _marked(text, _MENTION, "@＠")  # noqa: RUF001


def without_urls(text: pl.Expr) -> pl.Expr:
    """Text with its links taken out and its white space made single."""
    return text.str.replace_all(_URL, " ").str.replace_all(r"\s+", " ").str.strip_chars()


def written_list(column: pl.Expr, separator: str) -> pl.Expr:
    """Read lists written as text, `[a, b]` or `['a', 'b']`; `[]` is empty, no text at all is unknown."""
    inner = column.str.strip_chars().str.strip_prefix("[").str.strip_suffix("]")
    items = inner.str.split(separator).list.eval(pl.element().str.strip_chars(" '\""))
    return pl.when(column.is_not_null()).then(_no_blanks(items))


def split_list(column: pl.Expr, separator: str) -> pl.Expr:
    """Split text at a separator; blank items are left out, no text at all is unknown."""
    return _no_blanks(column.str.split(separator).list.eval(pl.element().str.strip_chars()))


def known(column: pl.Expr) -> pl.Expr:
    """Null where a tool wrote its own word for unknown."""
    return pl.when(~column.str.to_lowercase().is_in(["nan", "none", "null", "na", "n/a"])).then(column)


def count(column: pl.Expr) -> pl.Expr:
    """Read a count, `12` or `12.0`; null where a text is none, since a count is never required."""
    number = column.str.strip_chars().cast(pl.Float64, strict=False)
    return pl.when(number >= 0).then(number.floor().cast(pl.Int64, strict=False))


def _marked(text: pl.Expr, pattern: str, signs: str) -> pl.Expr:
    found = text.str.replace_all(_URL, " ").str.extract_all(pattern)
    return found.list.eval(pl.element().str.replace(f"^[^{signs}]*[{signs}]", ""))


def _no_blanks(items: pl.Expr) -> pl.Expr:
    return items.list.eval(pl.element().filter(pl.element() != ""))
