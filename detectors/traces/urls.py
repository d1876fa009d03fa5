"""One form for the many spellings of a URL, so that shares of one page are shares of one object.

A URL is taken apart once, by expressions on whole columns. What only few URLs need (a redirector, a platform with
addresses of its own, percent forms) is done on the rows that show a sign of it.
"""

import polars as pl

from detectors.traces.url_parts import PARTS, decoded_hosts, decoded_percents, parts
from detectors.traces.url_platforms import platform_form
from detectors.traces.url_redirects import unwrapped

_TRACKING = (
    r"(?i)([?&;])(?:utm_[a-z_]+|fbclid|gclid|gclsrc|dclid|gbraid|wbraid|msclkid|yclid|ymclid|twclid|ttclid|li_fat_id|igshid|igsh"
    r"|mibextid|mc_cid|mc_eid|_ga|_gl|_hsenc|_hsmi|hsctatracking|mkt_tok|vero_id|oly_anon_id|oly_enc_id|ref_src|ref_url"
    r"|cmpid|cmp|spm|share_id|__twitter_impression|__tn__|__cft__(?:\[\d+\])?|fb_ref|fb_source|fb_action_[a-z]+|fref|hc_ref"
    r"|action_object_map|xtor|at_medium|at_campaign|at_custom\d|at_link_[a-z]+|at_format|at_bbc_team|at_ptr_name|smid|smtyp|s_cid"
    r"|soc_src|soc_trk|sr_share|spref|sthash|ns_[a-z]+|wt_mc|wt\.mc_id|pk_[a-z]+|piwik_[a-z]+|mtm_[a-z]+|matomo_[a-z]+|trk"
    r"|trkcampaign|ocid|ncid|icid|ito|ex_cid|taid|guccounter|guce_referrer(?:_sig)?|outputtype|jsessionid|phpsessid"
    r"|share_from|shared_from|share_source|share_medium|sharetype|share_token|sfnsn|paipv|eav|_rdr|rdid|wtmc|traffic_source)=[^&;#]*"
)
_SHARED_BY = (
    r"(?i)([?&;])(?:(?:ref|source|src|via|from|feature|share|shared)="
    r"(?:share[a-z_]*|sharing|social|tw|twitter|fb|facebook|whatsapp|telegram|linkedin|rss|newsletter|email|youtu\.be"
    r"|desktop_share|mobile_share|twitterwidget|tw-share)|s=\d\d)(&|;|#|$)"
)
_AMP_QUERY = r"(?i)([?&;])amp(?:=(?:1|true)?)?(&|;|#|$)"
_SHORTENERS = (
    "t.co", "bit.ly", "bitly.com", "tinyurl.com", "goo.gl", "ow.ly", "buff.ly", "is.gd", "v.gd", "dlvr.it", "ift.tt",
    "j.mp", "fb.me", "fb.watch", "trib.al", "lnkd.in", "cutt.ly", "rb.gy", "shorturl.at", "t.ly", "rebrand.ly",
    "amzn.to", "wp.me", "clck.ru", "vk.cc", "u.to", "goo.su", "youtu.be", "redd.it", "dld.bz", "su.pr", "soo.gd",
)  # fmt: skip
"""Hosts whose links lead elsewhere. Each link is an object of its own; without a path it is one that was cut off."""


def canonical_url(url: pl.Expr) -> pl.Expr:
    """The canonical form of a URL column; see `canonical_urls`. Each URL is read once, however many posts have it."""
    return url.map_batches(_each_once, return_dtype=pl.String, is_elementwise=True)


def _each_once(urls: pl.Series) -> pl.Series:
    different = urls.unique()
    if 2 * len(different) > len(urls):
        return canonical_urls(urls)
    forms = pl.DataFrame({"url": different, "form": canonical_urls(different)})
    named = urls.alias("url").to_frame()
    return named.join(forms, on="url", how="left", nulls_equal=True, maintain_order="left")["form"].alias(
        urls.name
    )


def canonical_urls(urls: pl.Series) -> pl.Series:
    """The canonical form of URLs.

    Scheme, user info, default port, `www.` and the hosts of mobile and AMP pages go; so do tracking and share
    parameters, an empty query, slashes and `index.html` at the end, and fragments, except those that are routes (`#/`,
    `#!`). Host names are in lower case and Unicode, parameters sorted, percent forms decoded where that is safe. What a
    redirector, an AMP cache or an archive leads to counts as that page. YouTube, X, Telegram, Facebook, Instagram,
    TikTok and Reddit have one form for each post or video.

    What does not begin with a scheme or `www.` is an opaque id and stays as it is. Null, empty and blank become null,
    and so does a URL that is cut off.

    Args:
        urls: String.

    Returns:
        String, of the same length.
    """
    url = pl.col("url")
    table = urls.alias("url").to_frame().with_columns(url.str.strip_chars()).with_row_index("row")
    # as pages write it that are read over http and https
    table = table.with_columns(url.str.replace(r"^//(\w[^\s/]*\.\w)", "https://${1}"))
    is_url = url.str.contains(r"(?i)^(?:https?://|www\.)\S")
    table = table.with_columns(is_url=is_url)
    pages = table.filter("is_url")
    opaque = table.select(pl.when(~pl.col("is_url") & (url != "")).then(url)).to_series()
    if not len(pages):
        return opaque.alias(urls.name)
    cut = url.str.contains(r"…|(?i:%E2%80%A6)|\.\.\.$")
    pages = pages.filter(~cut).select("row", *parts(url))
    pages = unwrapped(pages)
    pages = _settled_hosts(pages)
    pages = _without_tracking(pages)
    pages = platform_form(pages)
    pages = _settled_paths(pages)
    pages = decoded_percents(pages)
    host, path, query, fragment = (pl.col(name) for name in PARTS)
    joined = pl.concat_str(
        host,
        path,
        pl.when(query != "").then(pl.lit("?") + query).otherwise(pl.lit("")),
        pl.when(fragment != "").then(pl.lit("#") + fragment).otherwise(pl.lit("")),
    ).str.strip_chars()
    nowhere = host.is_in(_SHORTENERS) & (path == "")
    forms = pages.select(pl.when((joined != "") & ~nowhere).then(joined)).to_series()
    return opaque.scatter(pages["row"], forms).alias(urls.name)


def _settled_hosts(pages: pl.DataFrame) -> pl.DataFrame:
    host = (
        pl.col("host")
        .str.replace(r"(?s)^.*@\s*", "")
        .str.to_lowercase()
        .str.replace(r"\.?(?::80|:443)?$", "")
        # a name must be left: mobile.de and m.com are sites of their own
        .str.replace(r"^(?:www\.|mobile\.|touch\.|amp\.|m\.)+([^.\s]+\.[^.])", "${1}")
        .str.replace(r"^([a-z]{2,3})\.m\.([^.\s]+\.[^.])", "${1}.${2}")
    )
    return decoded_hosts(pages.with_columns(host))


def _without_tracking(pages: pl.DataFrame) -> pl.DataFrame:
    """Leave out parameters that say how a link was shared, and those that ask for the AMP page."""
    query = pl.col("query")
    rows = pages.select((query != "") | pl.col("fragment").str.contains("?", literal=True)).to_series()
    if not rows.any():
        return pages

    def clean(text: pl.Expr, lead: str) -> pl.Expr:
        marked = pl.lit(lead) + text
        # one more time, since two parameters that follow one another share a sign
        for pattern, kept in (
            (_TRACKING, "${1}"),
            (_SHARED_BY, "${1}${2}"),
            (_SHARED_BY, "${1}${2}"),
            (_AMP_QUERY, "${1}${2}"),
        ):
            marked = marked.str.replace_all(pattern, kept)
        return (
            marked.str.replace_all(r"([?&;])[&;]+", "${1}")
            .str.replace(r"[?&;\s]+$", "")
            .str.strip_prefix(lead)
        )

    tracked = pages.filter(rows).with_columns(
        query=clean(query, "?"),
        fragment=clean(pl.col("fragment"), ""),
    )
    # the order of parameters says nothing
    ordered = query.str.split("&").list.sort().list.join("&")
    tracked = tracked.with_columns(
        pl.when(query.str.contains("&", literal=True)).then(ordered).otherwise(query).alias("query")
    )
    return pl.concat([pages.filter(~rows), tracked])


def _settled_paths(pages: pl.DataFrame) -> pl.DataFrame:
    path = (
        pl.col("path")
        .str.replace_all(r"([^:]|^)/{2,}", "${1}/")
        .str.replace(r"(?i);jsessionid=[^/]*$", "")
        .str.replace(r"(?i)/(?:index|default)\.(?:html?|php|aspx?|jsp)$", "")
        .str.replace(r"(?i)\.amp(\.html?)?$", "${1}")
        .str.replace(r"(?i)/amp(?:\.html?)?/*$", "")
        .str.replace(r"(?i)^/amp/", "/")
    )
    bare = pl.col("query") + pl.col("fragment") == ""
    path = pl.when(bare).then(path.str.replace(r"[,;!'\"»”\s]+$", "")).otherwise(path)
    return pages.with_columns(path.str.replace(r"[/\s]+$", "").alias("path"))
