"""The links in the HTML of a post."""

import polars as pl

_LINK = r'(?is)<a\s[^>]*?href="https?://[^"]*"[^>]*>'
_MENTION_OR_TAG = r'(?i)class="[^"]*\b(?:mention|hashtag)\b|rel="[^"]*\btag\b'


def links_in_html(markup: pl.Expr) -> pl.Expr:
    """Where the links of a text lead, without those to mentioned accounts and to hashtags."""
    anchor = pl.element()
    wanted = anchor.filter(~anchor.str.contains(_MENTION_OR_TAG)).str.extract(r'(?i)href="([^"]*)"')
    return markup.str.extract_all(_LINK).list.eval(wanted.str.replace_all("&amp;", "&", literal=True))
