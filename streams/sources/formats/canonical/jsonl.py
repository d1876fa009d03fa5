"""Canonical posts in JSON, usually one object a line."""

from collections.abc import Mapping

import polars as pl

from detectors.post_columns import POSTS
from streams.sources.cells.times import times
from streams.sources.files.json_rows import decode_objects
from streams.sources.files.json_sample import LINES, Framing
from streams.sources.files.records import Records
from streams.sources.formats.json_format import JsonFormat
from streams.sources.screening import Decoded

_METRICS = ("likes", "reposts", "replies", "quotes", "views")
_LISTS = [name for name, dtype in POSTS.items() if isinstance(dtype, pl.List)]

POST_EVENT = pl.Struct(
    {
        **{
            name: pl.String() if name == "created_at" else dtype
            for name, dtype in POSTS.items()
            if name not in _METRICS
        },
        "metrics": pl.Struct(dict.fromkeys(_METRICS, pl.Int64())),
    }
)
"""PostEvent as it is decoded first: times are text, metrics are nested."""


class Jsonl(JsonFormat):
    """PostEvent records. The format assumes nothing about a post, so account and time must be there.

    Args:
        framing: where the records are.
        platform: of posts that do not name theirs; None: they cannot be used.
    """

    name = "jsonl"
    about = "Lockstep's own posts as JSON"
    time_ordered = True
    schema = POST_EVENT

    def __init__(self, framing: Framing = LINES, platform: str | None = None) -> None:
        super().__init__(framing)
        self._platform = platform

    @classmethod
    def fits(cls, record: Mapping[str, object]) -> bool:
        """Whether this is a canonical post. Not by `created_at`: other platforms' records have it, too."""
        return {"post_id", "account_id"} <= record.keys()

    def decode(self, records: Records) -> Decoded:
        """Decode all records at once."""
        frame, rows = decode_objects(records, self.schema)
        when = frame["created_at"]
        # Removing nulls from lists takes a fifth of the decoding time, and most dumps have none.
        listed = _LISTS if b"null" in records.data else []
        posts = frame.with_columns(
            times(when).alias("created_at"),
            *(pl.col(name).list.drop_nulls() for name in listed),
            *(pl.col("metrics").struct.field(name) for name in _METRICS),
        )
        if self._platform is not None:
            posts = posts.with_columns(pl.col("platform").fill_null(self._platform))
        return Decoded(posts, when, rows)
