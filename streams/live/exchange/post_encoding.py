"""Posts as the JSON records of the public topic."""

import polars as pl

from detectors.post_columns import POSTS

_METRICS = ("likes", "reposts", "replies", "quotes", "views")
ABSENT = r',"\w+":null|"\w+":null,'
"""Unknown fields. In JSON a quotation mark inside a string follows a backslash, so this never matches inside a text."""


def encode_posts(posts: pl.DataFrame) -> pl.DataFrame:
    """Encode posts as PostEvent.

    Args:
        posts: columns of `detectors.post_columns.POSTS`.

    Returns:
        Columns key (`platform:account_id`), value (JSON; what is unknown is absent) and timestamp (event time,
        milliseconds since 1970 UTC).
    """
    plain = [name for name in POSTS if name not in (*_METRICS, "created_at")]
    when = pl.from_epoch("created_at", time_unit="s").dt.strftime("%Y-%m-%dT%H:%M:%SZ")
    known = pl.any_horizontal(pl.col(name).is_not_null() for name in _METRICS)
    event = pl.struct(
        *plain,
        when.alias("created_at"),
        pl.when(known).then(pl.struct(*_METRICS)).alias("metrics"),
    )
    json = event.struct.json_encode().str.replace_all(ABSENT, "")
    return posts.select(
        key=pl.concat_str("platform", pl.lit(":"), "account_id"),
        value=json,
        timestamp=pl.col("created_at") * 1_000,
    )
