"""Platforms that have several addresses for one post, video or channel."""

import polars as pl

_SAME_HOST = {
    "twitter.com": "x.com",
    "fxtwitter.com": "x.com",
    "vxtwitter.com": "x.com",
    "fixupx.com": "x.com",
    "nitter.net": "x.com",
    "mbasic.facebook.com": "facebook.com",
    "web.facebook.com": "facebook.com",
    "fb.com": "facebook.com",
    "telegram.me": "t.me",
    "telegram.dog": "t.me",
    "music.youtube.com": "youtube.com",
    "gaming.youtube.com": "youtube.com",
    "youtube-nocookie.com": "youtube.com",
    "old.reddit.com": "reddit.com",
    "new.reddit.com": "reddit.com",
    "np.reddit.com": "reddit.com",
    "i.reddit.com": "reddit.com",
    "instagr.am": "instagram.com",
    "archive.is": "archive.today",
    "archive.ph": "archive.today",
    "archive.fo": "archive.today",
    "archive.li": "archive.today",
    "archive.md": "archive.today",
    "archive.vn": "archive.today",
}
_LANGUAGE_HOST = r"^[a-z]{2}(?:-[a-z]{2})?\.(facebook\.com|linkedin\.com|instagram\.com)$"
_PLATFORMS = (
    "x.com", "facebook.com", "t.me", "youtube.com", "youtu.be", "reddit.com", "redd.it", "instagram.com", "tiktok.com"
)  # fmt: skip

_FACEBOOK_QUERY = ("story_fbid", "fbid", "id", "v", "set", "comment_id", "multi_permalinks", "q")
"""Parameters that say which page of Facebook is meant; the others say how it was reached."""


def platform_form(pages: pl.DataFrame) -> pl.DataFrame:
    """Give links of known platforms one form for each post, video and channel.

    Args:
        pages: columns row, host, path, query and fragment; hosts in their final form.
    """
    host = pl.col("host")
    pages = pages.with_columns(host.replace(_SAME_HOST).str.replace(_LANGUAGE_HOST, "${1}"))
    known = host.is_in(_PLATFORMS)
    theirs = pages.filter(known)
    if not len(theirs):
        return pages
    others = pages.filter(~known)
    done = [others]
    for names, settle in (
        (("x.com",), _x),
        (("youtube.com", "youtu.be"), _youtube),
        (("t.me",), _telegram),
        (("facebook.com",), _facebook),
        (("instagram.com", "tiktok.com"), _pictures),
        (("reddit.com", "redd.it"), _reddit),
    ):
        part = theirs.filter(host.is_in(names))
        if len(part):
            done.append(settle(part).select(pages.columns))
    return pl.concat(done)


def _x(pages: pl.DataFrame) -> pl.DataFrame:
    """A post is named by its id alone: the name before it may be any. Handles have no capitals."""
    path = pl.col("path")
    post = path.str.extract(r"(?i)^/(?:i/web|i|@?\w+)/status(?:es)?/(\d+)")
    search = path.str.contains(r"(?i)^/search/?$")
    return pages.with_columns(
        pl.when(post.is_not_null())
        .then(pl.lit("/i/status/") + post)
        .otherwise(path.str.to_lowercase())
        .alias("path"),
        pl.when(search).then(_kept(("q",))).otherwise(pl.lit("")).alias("query"),
        fragment=pl.lit(""),
    )


def _youtube(pages: pl.DataFrame) -> pl.DataFrame:
    """A video is named by its id; its start, list and sharer say nothing about it."""
    path = pl.col("path")
    short = pl.when(pl.col("host") == "youtu.be").then(path.str.extract(r"^/+([\w-]+)"))
    in_path = path.str.extract(r"(?i)^/+(?:shorts|embed|live|v|e)/([\w-]+)")
    in_query = pl.when(path.str.contains(r"(?i)^/+watch/?$")).then(
        pl.col("query").str.extract(r"(?:^|&)v=([\w-]+)")
    )
    # an embedded list has no video of its own
    in_path = pl.when(in_path != "videoseries").then(in_path)
    video = pl.coalesce(short, in_path, in_query)
    return pages.with_columns(
        host=pl.when(video.is_null()).then("host").otherwise(pl.lit("youtube.com")),
        path=pl.when(video.is_null()).then(path).otherwise(pl.lit("/watch")),
        query=pl.when(video.is_null())
        .then(_kept(("v", "list", "search_query")))
        .otherwise(pl.lit("v=") + video),
        fragment=pl.lit(""),
    )


def _telegram(pages: pl.DataFrame) -> pl.DataFrame:
    """The preview of a channel shows the same posts. Names of channels have no capitals; codes of invitations have."""
    path = pl.col("path").str.replace(r"^/s/", "/")
    name = path.str.extract(r"^(/\w+)")
    invitation = path.str.contains(r"^/(?:\+|joinchat|c/|addstickers|addlist|proxy|share)")
    lowered = pl.concat_str(name.str.to_lowercase(), path.str.replace(r"^/\w+", ""))
    return pages.with_columns(
        pl.when(invitation | name.is_null()).then(path).otherwise(lowered).alias("path"),
        pl.when(path.str.contains(r"^/(?:share|proxy)"))
        .then("query")
        .otherwise(_kept(("comment", "thread")))
        .alias("query"),
    )


def _facebook(pages: pl.DataFrame) -> pl.DataFrame:
    return pages.with_columns(_kept(_FACEBOOK_QUERY).alias("query"), fragment=pl.lit(""))


def _pictures(pages: pl.DataFrame) -> pl.DataFrame:
    """Posts of Instagram are the same as reels and under the name of their author; a query says nothing."""
    post = pl.col("path").str.extract(r"(?i)^/(?:[\w.]+/)?(?:p|reels?|tv)/([\w-]+)")
    is_post = (pl.col("host") == "instagram.com") & post.is_not_null()
    search = pl.col("path").str.contains(r"(?i)^/(?:search|explore|tag|music)")
    return pages.with_columns(
        path=pl.when(is_post).then(pl.lit("/p/") + post).otherwise("path"),
        query=pl.when(search).then("query").otherwise(pl.lit("")),
        fragment=pl.lit(""),
    )


def _reddit(pages: pl.DataFrame) -> pl.DataFrame:
    """A thread is named by its id; the words of its title and the forum before it say nothing more."""
    path = pl.col("path")
    thread = path.str.extract(r"(?i)^/(?:(?:r|user|u)/[\w-]+/)?comments/(\w+)")
    comment = path.str.extract(r"(?i)/comments/\w+/[^/]*/(\w+)")
    short = pl.when(pl.col("host") == "redd.it").then(path.str.extract(r"^/(\w+)/?$"))
    named = pl.coalesce(thread, short)
    threaded = (
        pl.lit("/comments/")
        + named
        + pl.when(comment.is_null()).then(pl.lit("")).otherwise(pl.lit("/_/") + comment)
    )
    return pages.with_columns(
        host=pl.when(named.is_null()).then("host").otherwise(pl.lit("reddit.com")),
        path=pl.when(named.is_null()).then(path).otherwise(threaded),
        query=pl.when(named.is_null()).then("query").otherwise(pl.lit("")),
    )


def _kept(names: tuple[str, ...]) -> pl.Expr:
    """The parameters of these names, in the order of the query."""
    pattern = rf"(?:{'|'.join(names)})=[^&]*"
    return (
        pl.col("query")
        .str.extract_all(rf"(?:^|&){pattern}")
        .list.eval(pl.element().str.strip_chars_start("&"))
        .list.join("&")
    )
