"""Canonical posts, one JSON object on each line."""

from collections.abc import Iterator

import polars as pl

from detectors.post_columns import POSTS
from streams.sources.cells.times import times
from streams.sources.files.compressed import Block
from streams.sources.files.json_rows import decode_objects
from streams.sources.files.lines import scan_lines
from streams.sources.files.records import Records, read_records
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


class Jsonl:
    """PostEvent records. The format assumes nothing, so platform and time must be there."""

    name = "jsonl"
    time_ordered = True

    def records(self, blocks: Iterator[Block], source: str) -> Iterator[Records]:
        """Cut the input into lines."""
        return read_records(blocks, source, scan_lines, str)

    def decode(self, records: Records) -> Decoded:
        """Decode all lines at once."""
        frame, rows = decode_objects(records, POST_EVENT)
        when = frame["created_at"]
        # Removing nulls from lists takes a fifth of the decoding time, and most dumps have none.
        listed = _LISTS if b"null" in records.data else []
        posts = frame.with_columns(
            times(when).alias("created_at"),
            *(pl.col(name).list.drop_nulls() for name in listed),
            *(pl.col("metrics").struct.field(name) for name in _METRICS),
        )
        return Decoded(posts, when, rows)
