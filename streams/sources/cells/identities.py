"""Who posted, and what: ids of posts and accounts, names of platforms, and reposts that only the text shows."""

import re

import polars as pl

from schemas.values import PLATFORM_ALIASES
from streams.sources.cells.null_words import NULL_WORDS, known

PLACEHOLDERS = (
    "0",
    "-1",
    "[deleted]",
    "[removed]",
    "[unknown]",
    "[anonymous]",
    "(deleted)",
    "(unknown)",
    "<deleted>",
    "<unknown>",
    "deleted",
    "deleted account",
    "deleted user",
    "deleted_user",
    "[deleted user]",
    "facebook user",
    "unknown",
    "anonymous",
)
"""What dumps write for an author who is not known, in lower case. They are no account: all who are not known would be
one."""

_ROUNDED = r"^[+-]?\d(?:\.\d+)?[eE]\+?\d+$"
_WORDS = "|".join(re.escape(word) for word in sorted({*NULL_WORDS, *PLACEHOLDERS}) if word[:1].isalnum())
_ODD = rf"^(?:$|[^0-9A-Za-z]|\d(?:\.\d+)?[eE]\+?\d+$|(?i:{_WORDS})$)"
_EMPTY_LISTS = ("[]", "{}", "()", "['']", '[""]', "[nan]", "[None]")
"""What data frames write where an id would stand in a list."""
_FORMULA = r"""^(?:=?"(.*)"|'(.*))$"""
_NAMED_REPOST = r"^\s*RT\s+@(\w+)\s*:?\s+"


def platforms(column: pl.Expr) -> pl.Expr:
    """Names of platforms as Lockstep writes them, such as `x` for `Twitter` (`schemas.values`)."""
    return column.str.strip_chars().str.to_lowercase().replace(PLATFORM_ALIASES)


def ids(column: pl.Expr) -> pl.Expr:
    """Ids of posts and accounts; null where a cell holds none.

    Spaces go, and what spreadsheets and data frames add: `.0` at the end of a number, `="..."` or an apostrophe before
    it. An id in exponent form, such as `1.72E+18`, stays as it is, so that `rounded` finds it.
    """
    value = known(column).str.strip_chars().str.replace(_FORMULA, "${1}${2}").str.strip_chars()
    # what a spreadsheet wraps may be blank or a word for unknown, too: `=""`
    value = known(value)
    value = pl.when(~value.is_in(_EMPTY_LISTS)).then(value)
    return value.str.replace(r"^(\d+)\.0+$", "${1}")


def odd(column: pl.Expr) -> pl.Expr:
    """Whether an id may be none, a placeholder or rounded, or has to be read by `ids`; false for most, and quick."""
    spaced = column.str.strip_chars_end().str.len_bytes() != column.str.len_bytes()
    return column.str.contains(_ODD) | column.str.ends_with(".0") | spaced


def rounded(column: pl.Expr) -> pl.Expr:
    """Whether an id is a number that lost its last digits: `1.72469E+18`. Many ids become one by it."""
    return column.str.contains(_ROUNDED)


def is_placeholder(column: pl.Expr) -> pl.Expr:
    """Whether an account id stands for an author who is not known."""
    return column.str.strip_chars().str.to_lowercase().is_in(PLACEHOLDERS)


def within(channel: pl.Expr, number: pl.Expr) -> pl.Expr:
    """Ids of posts on platforms that count posts by channel or by server: `channel/number`."""
    return pl.concat_str(channel, number, separator="/")


def fediverse_accounts(acct: pl.Expr, url: pl.Expr) -> pl.Expr:
    """One id for an account of the fediverse, whichever server shows it: `name@domain`, in lower case.

    Args:
        acct: as a server writes it: `name` for its own accounts, `name@domain` for others.
        url: of the account or of a post of it, for the domain of those without one.

    Returns:
        String; null where a name has no domain.
    """
    name = known(acct).str.strip_chars().str.strip_chars_start("@").str.to_lowercase()
    domain = url.str.extract(r"^(?i)https?://([^/:?#]+)").str.to_lowercase()
    return (
        pl.when(name.str.contains("@", literal=True))
        .then(name)
        .otherwise(pl.concat_str(name, domain, separator="@"))
    )


def fediverse_posts(uri: pl.Expr, local_id: pl.Expr) -> pl.Expr:
    """One id for a post of the fediverse: its URI, which is the same on every server; else the id of one server."""
    return pl.coalesce(known(uri), local_id)


def reposts_in(text: pl.Expr) -> pl.Expr:
    """The post that a text says it reposts, where no id is given: `RT @name: text`; null for any other text.

    It is named by the author and the words without links, so all its reposts name the same post: `rt:name:words`. What
    follows an ellipsis at the end is lost in all of them.
    """
    author = text.str.extract(_NAMED_REPOST).str.to_lowercase()
    words = (
        text.str.replace(_NAMED_REPOST, "")
        .str.replace_all(r"https?://\S*", " ")
        .str.replace(r"\s*\S*(?:…|\.\.\.)\s*$", "")
        .str.replace_all(r"\s+", " ")
        .str.strip_chars()
    )
    return pl.when(words != "").then(
        pl.concat_str(pl.lit("rt:"), author, pl.lit(":"), words.str.slice(0, 120))
    )
