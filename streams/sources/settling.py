"""Settles who posted and what was reposted, for posts of every format, before they are screened."""

from typing import NamedTuple

import polars as pl

from schemas.values import PLATFORM_ALIASES
from streams.sources.cells.identities import ids, is_placeholder, odd, platforms, reposts_in, rounded

REFERENCES = ("repost_of", "reply_to", "quote_of")
"""Fields that name another post."""
_NAMED = ("post_id", "account_id", *REFERENCES)


class Settled(NamedTuple):
    """Posts in the form that all detectors compare."""

    posts: pl.DataFrame
    """Columns of `detectors.post_columns.POSTS`."""
    rounded: tuple[str, ...]
    """Which of `post_id` and `account_id` have rounded ids in some row. These stay as they are."""
    rounded_references: int
    """Count of references that were dropped because they are rounded: each would seem to be one post with others."""


def settle(posts: pl.DataFrame) -> Settled:
    """Give platforms, ids and reposts one form.

    Names of platforms get one form, and ids lose what spreadsheets add. An author who is nobody becomes null, and so
    does a reference to a post whose id is rounded. A repost that only the text shows gets the name of its original.
    Blank ids and platforms become null.

    Args:
        posts: columns of `detectors.post_columns.POSTS`.
    """
    written = [name for name in _NAMED if posts[name].null_count() < len(posts)]
    marked = pl.col("text").str.starts_with("RT @") & pl.col("repost_of").is_null()
    checks = posts.select(
        *(odd(pl.col(name)).any().alias(name) for name in written), marked.any().alias("text")
    )
    columns: list[pl.Expr] = []
    shortened: list[str] = []
    dropped = 0
    for name in written:
        if not checks[name].item():
            continue
        value = ids(pl.col(name))
        count = posts.select(rounded(value).sum()).item()
        if name == "account_id":
            value = pl.when(~is_placeholder(value)).then(value)
        if name in REFERENCES:
            value = pl.when(~rounded(value)).then(value)
            dropped += count
        elif count:
            shortened.append(name)
        columns.append(value.alias(name))
    if not _plain(posts["platform"]):
        platform = platforms(pl.col("platform"))
        columns.append(pl.when(platform != "").then(platform).alias("platform"))
    posts = posts.with_columns(columns) if columns else posts
    if checks["text"].item():
        posts = posts.with_columns(pl.coalesce("repost_of", reposts_in(pl.col("text"))).alias("repost_of"))
    if {"repost_of", "quote_of"} <= set(written):
        # the original quotes what a repost of it shows
        posts = posts.with_columns(quote_of=pl.when(pl.col("repost_of").is_null()).then("quote_of"))
    return Settled(posts, tuple(shortened), dropped)


def _plain(names: pl.Series) -> bool:
    """Whether all names of platforms have the form of `platforms` already."""
    return all(
        name is None or (name != "" and name == name.strip().lower() and name not in PLATFORM_ALIASES)
        for name in names.unique().to_list()
    )
