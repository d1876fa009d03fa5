"""Redirectors, AMP caches and archives: the page that a link leads to stands in the link."""

import base64
import binascii
from urllib.parse import unquote

import polars as pl

from detectors.traces.url_parts import PARTS, parts

_HOSTS = (
    r"(?i)^(?:[^@]*@)?(?:www\.|m\.)?(?:"
    r"(?:l|lm|h)\.(?:facebook|instagram|messenger|threads|wl)\.(?:com|net|co)"
    r"|facebook\.com|instagram\.com|google\.[a-z]{2,3}(?:\.[a-z]{2})?|youtube\.com|out\.reddit\.com|t\.umblr\.com"
    r"|(?:away\.)?vk\.com|linkedin\.com|slack-redir\.net|duckduckgo\.com|steamcommunity\.com|translate\.google\.[a-z]{2,3}"
    r"|(?:[a-z0-9-]+\.)?cdn\.ampproject\.org|web\.archive\.org|href\.li|exit\.sc|nullrefer\.com|anonym\.to"
    r"|bing\.com|r\.search\.yahoo\.com|t\.me|[a-z0-9-]+\.safelinks\.protection\.outlook\.com)\.?(?::\d+)?$"
)
_TARGET_PATHS = (
    r"(?i)^/(?:l\.php|flx/warn/?|url|redirect|away(?:\.php)?|redir/redirect|redir/general-malware-page|l|linkfilter|link|translate"
    r"|safety/go|iv)?/?$"
)
_TARGET_QUERY = r"(?i)(?:^|&)(?:u|q|url|to|z|uddg|target|imgrefurl)=(https?(?::|%3A)[^&]+)"
_YAHOO_PATH = r"(?i)/RU=(https?(?::|%3A)[^/]+)/"
_BING_QUERY = r"(?:^|&)u=a1([A-Za-z0-9_-]+)"
"""Bing writes the target in base64 after `a1`."""
_CACHE_PATH = r"(?i)^/(?:amp|[civ]|wp)/(?:s/)?([^/]+\.[^/].*)$"
_ARCHIVE_PATH = r"(?i)^/web/\d{4,14}(?:[a-z]{2}_)?\*?/(?:https?:/+)?([^/]+\.[^/]+.*)$"
_MOST_STEPS = 3
"""Redirectors in a redirector that are followed. Chosen, not measured."""


def unwrapped(pages: pl.DataFrame) -> pl.DataFrame:
    """Replace links of redirectors, AMP caches and archives by the pages they lead to.

    Args:
        pages: columns row and `PARTS`.
    """
    host, path, query = pl.col("host"), pl.col("path"), pl.col("query")
    for _ in range(_MOST_STEPS):
        wrapping = pages.select(host.str.contains(_HOSTS).arg_true()).to_series()
        if not len(wrapping):
            return pages
        always = host.str.contains(r"(?i)^out\.reddit")
        in_query = pl.when(always | path.str.contains(_TARGET_PATHS)).then(query.str.extract(_TARGET_QUERY))
        is_cache = host.str.contains(r"(?i)ampproject\.org|google\.")
        in_path = (
            pl.when(is_cache)
            .then(path.str.extract(_CACHE_PATH))
            .when(host.str.contains(r"(?i)archive\.org"))
            .then(path.str.extract(_ARCHIVE_PATH))
        )
        # href.li writes the target alone after the question mark
        alone = query.str.extract(r"(?i)^(https?(?::|%3A).+)$")
        yahoo = path.str.extract(_YAHOO_PATH)
        bing = pl.when(host.str.contains(r"(?i)bing\.")).then(query.str.extract(_BING_QUERY))
        outer = pages[wrapping].with_columns(
            target=in_query, inner=in_path, alone=alone, yahoo=yahoo, bing=bing
        )
        decoded = [
            _of_base64(hidden) if hidden is not None else None if text is None else unquote(text)
            for text, hidden in outer.select(pl.coalesce("target", "alone", "yahoo"), "bing").iter_rows()
        ]
        # a path goes on in its query
        whole = (
            pl.when(query != "").then(pl.concat_str("inner", pl.lit("?"), query)).otherwise(pl.col("inner"))
        )
        outer = outer.with_columns(url=pl.coalesce(pl.Series(decoded, dtype=pl.String), whole)).drop_nulls(
            "url"
        )
        if not len(outer):
            return pages
        found = outer.select("row", *parts(pl.col("url"))).filter(host.str.contains(r"[^.\s]\.[^.\s]"))
        pages = pl.concat([pages.join(found, on="row", how="anti"), found.select("row", *PARTS)])
    return pages


def _of_base64(text: str) -> str | None:
    """The link that is written in base64; None: there is none."""
    try:
        link = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode()
    except (binascii.Error, UnicodeDecodeError):
        return None
    return link if link.startswith(("http://", "https://")) else None
