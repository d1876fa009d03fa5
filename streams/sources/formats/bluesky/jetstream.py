"""Bluesky's Jetstream: one event of the network an object, as a collector wrote it down."""

from collections.abc import Mapping

import polars as pl

from streams.sources.cells.times import times
from streams.sources.formats.bluesky.record_fields import RECORD, kind_of, record_columns, with_subjects
from streams.sources.formats.json_fields import path, struct
from streams.sources.formats.json_format import ROW, JsonFormat, decoded
from streams.sources.screening import Decoded

_CREATES = ("create", "c")  # the first version wrote one letter


class Jetstream(JsonFormat):
    """Events with `did` and `time_us`. Only posts and reposts are posts; all others are counted.

    The time is the one at which the network saw the post: whoever posts may claim any other.
    """

    name = "jetstream"
    about = "Bluesky's event stream, first and second form"
    time_ordered = True
    schema = struct(
        "did",
        "time_us",
        "kind",
        "type",
        commit=struct("operation", "type", "collection", "rkey", record=RECORD),
    )

    @classmethod
    def fits(cls, record: Mapping[str, object]) -> bool:
        """Whether this is an event of Jetstream."""
        return {"did", "time_us"} <= record.keys()

    def mended(self, lines: pl.Series) -> pl.Series:
        """Give `subject` one type."""
        return with_subjects(lines)

    def posts(self, frame: pl.DataFrame) -> Decoded:
        """Make posts."""
        operation = pl.coalesce(path("commit", "operation"), path("commit", "type"))
        posts = frame.select(
            ROW,
            pl.col("time_us").alias("when"),
            pl.when(path("commit").is_null())
            .then(pl.lit("account events"))
            .when(operation.is_in(["delete", "d"]))
            .then(pl.lit("deletions"))
            .when(~operation.is_in(_CREATES))
            .then(pl.lit("changes"))
            .otherwise(kind_of(path("commit", "collection")))
            .alias("kind"),
            pl.concat_str(
                pl.lit("at://"),
                "did",
                pl.lit("/"),
                path("commit", "collection"),
                pl.lit("/"),
                path("commit", "rkey"),
            ).alias("post_id"),
            pl.lit("bluesky").alias("platform"),
            pl.col("did").alias("account_id"),
            times(frame["time_us"]).alias("created_at"),
            *record_columns("commit", "record"),
        )
        return decoded(posts, kind="kind")
