"""One form for the many spellings of a URL, so that shares of one page are shares of one object."""

import polars as pl

_TRACKING = (
    r"(?i)([?&;])(?:utm_[a-z_]+|fbclid|gclid|dclid|gbraid|wbraid|msclkid|yclid|twclid|ttclid|igshid|igsh|mc_cid|mc_eid"
    r"|_ga|_gl|_hsenc|_hsmi|mkt_tok|vero_id|oly_anon_id|oly_enc_id|ref_src|ref_url|cmpid|spm|share_id|__twitter_impression)"
    r"=[^&;#]*"
)


def canonical_url(url: pl.Expr) -> pl.Expr:
    """The canonical form of a URL column.

    Tracking parameters, fragment, scheme, user info, default port, `www.` and `m.` go; the host is
    lower-cased; an empty query and a slash at the end go. What does not begin with a scheme or `www.` is an
    opaque id and stays as it is. Null, empty and blank become null.
    """
    trimmed = url.str.strip_chars()
    is_url = trimmed.str.contains(r"(?i)^(?:https?://|www\.)\S")
    bare = (
        trimmed.str.replace(r"(?i)^(?:https?://\s*)+", "")
        .str.replace(r"(?s)#.*$", "")
        .str.replace_all("(?i)&amp;", "&")
        .str.replace_all(_TRACKING, "${1}")
        .str.replace_all(r"([?&;])[&;]+", "${1}")
        .str.replace(r"[?&;\s]+$", "")
    )
    host = (
        bare.str.extract(r"^([^/?]*)")
        .str.replace(r"(?s)^.*@\s*", "")
        .str.to_lowercase()
        .str.replace(r"\.?(?::80|:443)?$", "")
        # a name must be left: mobile.de and m.com are sites of their own
        .str.replace(r"^(?:www\.|mobile\.|m\.)+([^.\s]+\.[^.])", "${1}")
    )
    rest = bare.str.replace(r"^[^/?]*", "").str.replace(r"[/\s]+(\?|$)", "${1}")
    canonical = pl.concat_str(host, rest).str.strip_chars()
    return pl.when(is_url & (canonical != "")).then(canonical).when(~is_url & (trimmed != "")).then(trimmed)
