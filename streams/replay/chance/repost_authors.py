"""Whose post a repost repeats, as far as a run of posts shows it.

Three places show it: a text that begins with `RT @name`; an id that names its author before its last part, such as
`at://did:plc:abc/app.bsky.feed.post/3k`, `https://server/users/name/statuses/1` or `channel/123`; and the post itself,
if it is in the data.
"""

import polars as pl

from detectors.arrays.dtypes import U64
from detectors.arrays.hashing import hash_strings
from detectors.traces.traces import POST_KEYS

_AUTHORS = 104
"""Domain of hashed authors; accounts, posts and rows have those before it (`detectors.traces.traces`)."""
_RT_NAME = r"^RT @(\w+)"
_BEFORE_LAST_PART = r"^(.*[^/])/+[^/]+/*$"


def repost_keys(posts: pl.DataFrame) -> tuple[U64, U64]:
    """The author that each post states for the post it repeats, and the key of that post.

    Args:
        posts: columns of `detectors.post_columns.POSTS`.

    Returns:
        Two arrays of uint64, one entry a post: the author's key, 0 where the post states none; and the key that the
        repeated post has in `detectors.traces.traces.keyed`, 0 where it names none.
    """
    repost = pl.col("repost_of").str.len_bytes().fill_null(0) > 0
    named = posts.select(
        author=pl.coalesce(
            pl.concat_str(pl.lit("@"), pl.col("text").str.extract(_RT_NAME).str.to_lowercase()),
            pl.when(repost).then(pl.col("repost_of").str.extract(_BEFORE_LAST_PART)),
        ),
        target=pl.when(repost).then(pl.concat_str("platform", pl.lit(":"), "repost_of")),
        platform="platform",
    )
    authors = named.select(pl.concat_str("platform", pl.lit(":"), "author")).to_series()
    return _keys(authors, _AUTHORS), _keys(named["target"], POST_KEYS)


def _keys(names: pl.Series, domain: int) -> U64:
    """Hash each name; 0 for a null."""
    keys = hash_strings(names, domain)
    keys[names.is_null().to_numpy()] = 0
    return keys
