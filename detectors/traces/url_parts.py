"""The parts of a URL, and the encodings of its host and path."""

import re
from urllib.parse import unquote_to_bytes

import idna
import polars as pl

PARTS = ("host", "path", "query", "fragment")
"""Columns of a URL that was taken apart: texts, never null, without `?` and `#`."""

_LEAD = r"(?i)^(?:https?:/{1,2}\s*)+"
_AMPERSAND = r"(?i)&amp(?:;|%3B)"
_ESCAPES = re.compile(r"(?:%[0-9a-fA-F]{2})+")
_UNRESERVED = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")


def parts(url: pl.Expr) -> list[pl.Expr]:
    """The parts of URLs, with or without a scheme. A fragment is kept if it is a route: it begins with `/` or `!`."""
    bare = url.str.replace(_LEAD, "").str.replace_all(_AMPERSAND, "&")
    fields = bare.str.extract_groups(r"(?s)^([^/?#]*)([^?#]*)(?:\?([^#]*))?(?:#(.*))?$").struct
    fragment = fields.field("4").fill_null("")
    return [
        fields.field("1").fill_null("").alias("host"),
        fields.field("2").fill_null("").alias("path"),
        fields.field("3").fill_null("").alias("query"),
        pl.when(fragment.str.contains(r"^[/!].")).then(fragment).otherwise(pl.lit("")).alias("fragment"),
    ]


def decoded_hosts(pages: pl.DataFrame) -> pl.DataFrame:
    """Write internationalised host names in Unicode: `xn--mnchen-3ya.example` is `münchen.example`."""
    host = pl.col("host")
    foreign = host.str.contains(r"xn--|[^\x00-\x7F]")
    if not pages.select(foreign.any()).item():
        return pages
    names = pages.filter(foreign)["host"].unique().to_list()
    return pages.with_columns(host.replace({name: _unicode_host(name) for name in names}))


def decoded_percents(pages: pl.DataFrame) -> pl.DataFrame:
    """Decode percent forms of letters and digits in paths and queries, and write the others in capitals.

    `%C3%A4` is `ä`, and `%7e` is `~`. Escapes of signs that have a meaning in URLs stay, and so do bytes that are no
    UTF-8.
    """
    for name in ("path", "query", "fragment"):
        text = pl.col(name)
        rows = pages.select(text.str.contains("%", literal=True).arg_true()).to_series()
        if len(rows):
            decoded = pl.Series(
                [percents_decoded(value) for value in pages[name].gather(rows)], dtype=pl.String
            )
            pages = pages.with_columns(pages[name].scatter(rows, decoded))
        if pages.select(text.str.contains(r"[^\x00-\x7F]").any()).item():
            pages = pages.with_columns(text.str.normalize("NFC"))
    return pages


def percents_decoded(text: str) -> str:
    """One text with its percent forms decoded as `decoded_percents` does it."""

    def decode(match: re.Match[str]) -> str:
        octets = unquote_to_bytes(match.group())
        characters = octets.decode("utf-8", "surrogateescape")
        return "".join(map(_written, characters))

    return _ESCAPES.sub(decode, text)


def _written(character: str) -> str:
    point = ord(character)
    if 0xDC80 <= point <= 0xDCFF:
        return f"%{point - 0xDC00:02X}"  # a byte that is no UTF-8
    if point < 0x80:
        return character if point in _UNRESERVED else f"%{point:02X}"
    # invisible characters stay escaped, or two links that look the same would differ
    return character if character.isprintable() else "".join(f"%{octet:02X}" for octet in character.encode())


def _unicode_host(host: str) -> str:
    """A host name in Unicode; the host itself if it is not a valid name."""
    try:
        return idna.decode(host, uts46=True)
    except (idna.IDNAError, UnicodeError):
        return host
