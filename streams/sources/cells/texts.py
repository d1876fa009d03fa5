"""Links, hashtags and mentions in the text of a post, text in HTML, and counts."""

import html

import polars as pl

# A link ends at a space, a quote, a bracket of HTML, an invisible character, or punctuation of other scripts. Phones
# begin a text with `Https`.
_URL = (
    r"(?i:https?)://[^\s\"<>\p{Cf}\x{3000}-\x{3003}\x{3008}-\x{3011}，！？；：（）｡"  # noqa: RUF001
    r"\x{60C}\x{61B}\x{61F}\x{6D4}\x{964}]+"
)
_TRAILING = ".,;:!?}'’”»"  # noqa: RUF001
# Before a hashtag or a mention there is no part of a word; otherwise it is an anchor or a mail address. A hashtag of
# digits only is a number.
_HASHTAG = r"(?:^|[^\w&/])[#＃]\w*[^\W\d_]\w*"  # noqa: RUF001 - the full-width sign is meant
_MENTION = r"(?:^|[^\w@.])[@＠]\w+"  # noqa: RUF001
_SHORTEST = len("https://")
_LINE_ENDS = r"(?i)<br\s*/?>|</p>\s*<p[^>]*>"


def urls_in(text: pl.Expr) -> pl.Expr:
    """Links in order, without the punctuation of the sentence around them. A link that is cut off is no link."""
    link = pl.element()
    cut = link.str.contains(r"…|\.\.\.$")
    bare = link.str.strip_chars_end(_TRAILING)
    # a bracket at the end belongs to the link if it was opened in it
    opened, closed = bare.str.count_matches(r"[(\[]"), bare.str.count_matches(r"[)\]]")
    bare = (
        pl.when(opened == 0)
        .then(bare.str.strip_chars_end(_TRAILING + ")]"))
        .when(closed > opened)
        .then(bare.str.replace(r"[)\]]$", ""))
        .otherwise(bare)
    )
    found = text.str.extract_all(_URL)
    return found.list.eval(bare.filter(~cut & (bare.str.len_bytes() > _SHORTEST)))


def hashtags_in(text: pl.Expr) -> pl.Expr:
    """Hashtags in order, without the sign; anchors of links do not count."""
    return _marked(text, _HASHTAG, "#＃")  # noqa: RUF001


def mentions_in(text: pl.Expr) -> pl.Expr:
    """Handles in order, without the sign; mail addresses do not count."""
    return _marked(text, _MENTION, "@＠")  # noqa: RUF001


def without_urls(text: pl.Expr) -> pl.Expr:
    """Text without its links, with single spaces."""
    return text.str.replace_all(_URL, " ").str.replace_all(r"\s+", " ").str.strip_chars()


def plain_text(markup: pl.Expr) -> pl.Expr:
    """Text as readers see it: without the tags of HTML, with its entities as characters."""
    bare = markup.str.replace_all(_LINE_ENDS, "\n").str.replace_all(r"(?s)<!--.*?-->|</?[A-Za-z][^<>]*>", "")
    return bare.map_batches(_without_entities, return_dtype=pl.String, is_elementwise=True)


def count(column: pl.Expr) -> pl.Expr:
    """Read a count, `12`, `12.0` or `1,234,567`; null if the text is not a count, since no count is required."""
    text = column.str.strip_chars()
    grouped = text.str.contains(r"^\d{1,3}(?:,\d{3})+(?:\.\d*)?$")
    number = pl.when(grouped).then(text.str.replace_all(",", "", literal=True)).otherwise(text)
    number = number.cast(pl.Float64, strict=False)
    return pl.when(number >= 0).then(number.floor().cast(pl.Int64, strict=False))


def _marked(text: pl.Expr, pattern: str, signs: str) -> pl.Expr:
    matches = text.str.replace_all(_URL, " ").str.extract_all(pattern)
    return matches.list.eval(pl.element().str.replace(f"^[^{signs}]*[{signs}]", ""))


def _without_entities(texts: pl.Series) -> pl.Series:
    # the standard library knows all entities; few texts have any
    rows = texts.str.contains("&", literal=True).fill_null(value=False).arg_true()
    return texts.scatter(rows, [html.unescape(text) for text in texts.gather(rows)]) if len(rows) else texts
