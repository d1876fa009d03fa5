"""Bluesky's Jetstream: one event of the network an object, as a collector wrote it down."""

from collections.abc import Mapping

import polars as pl

from streams.sources.cells.times import times
from streams.sources.formats.bluesky.record_fields import RECORD, kind_of, record_columns, with_subjects
from streams.sources.formats.json_fields import path, struct
from streams.sources.formats.json_format import ROW, JsonFormat, decoded
from streams.sources.screening import Decoded

_CREATES = ("create", "c")  # the first version wrote one letter
_DELETES = ("delete", "d")
_FOLLOW = "app.bsky.graph.follow"
_MESSAGE = "network.bsky.jetstream.subscribeEvents#"
"""What the names of the second server's messages begin with."""


class Jetstream(JsonFormat):
    """Events with `did` and `time_us`. Posts and reposts, and the deletions of these; all others are counted.

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
        posts = frame.select(
            ROW,
            pl.col("time_us").alias("when"),
            pl.when(path("commit").is_null())
            .then(pl.lit("account events"))
            .when(_operation().is_in(_DELETES) & ~_is_post())
            .then(pl.lit("deletions"))
            .when(~_operation().is_in(_CREATES) & ~_operation().is_in(_DELETES))
            .then(pl.lit("changes"))
            .otherwise(kind_of(path("commit", "collection")))
            .alias("kind"),
            _uri().alias("post_id"),
            pl.lit("bluesky").alias("platform"),
            pl.col("did").alias("account_id"),
            times(frame["time_us"]).alias("created_at"),
            *record_columns("commit", "record"),
            pl.when(_operation().is_in(_DELETES)).then(pl.lit(value=True)).alias("deleted"),
        )
        return decoded(posts, kind="kind")


class JetstreamMessages(Jetstream):
    """Messages of Jetstream's second server: `{"$type": "message", "payload": {...}}`, one event in each."""

    name = "jetstream-v2"
    about = "Bluesky's event stream as messages of `network.bsky.jetstream.subscribeEvents`"
    schema = struct(
        "$type",
        payload=struct(
            "$type", "did", "seq", "time", "witnessedAt", "operation", "collection", "rkey", record=RECORD
        ),
    )

    @classmethod
    def fits(cls, record: Mapping[str, object]) -> bool:
        """Whether this is a message of that server."""
        payload = record.get("payload")
        return isinstance(payload, dict) and str(payload.get("$type", "")).startswith(_MESSAGE)

    def posts(self, frame: pl.DataFrame) -> Decoded:
        """Make posts."""
        return super().posts(as_events(frame))


def as_events(frame: pl.DataFrame) -> pl.DataFrame:
    """Messages of the second server in the form of the first one; what its payload has beside is kept.

    The time is when the server saw the event (`witnessedAt`), and where it does not say so, the one it shows (`time`).
    """
    payload = frame.select(ROW, pl.col("payload")).unnest("payload")
    commit = [name for name in ("operation", "collection", "rkey", "record") if name in payload.columns]
    others = [name for name in payload.columns if name not in ("$type", "time", "witnessedAt", *commit)]
    return payload.select(
        *others,
        pl.coalesce("witnessedAt", "time").alias("time_us"),
        pl.col("$type").str.strip_prefix(_MESSAGE).alias("kind"),
        pl.when(pl.col("$type") == f"{_MESSAGE}commit")
        .then(pl.struct(*commit, pl.lit(None, pl.String).alias("type")))
        .alias("commit"),
    )


def follows_of(frame: pl.DataFrame) -> pl.DataFrame:
    """Follows among events: the fields of follow events as text, and `ROW`.

    The end of a follow does not say which account it was, so it is passed over.

    Args:
        frame: fields of `Jetstream.schema`, of the record at least its subject; and `ROW`.
    """
    when = pl.from_epoch(times(frame["time_us"])).dt.strftime("%Y-%m-%dT%H:%M:%SZ").alias("at")
    return (
        frame.with_columns(when)
        .filter((path("commit", "collection") == _FOLLOW) & _operation().is_in(_CREATES))
        .select(
            ROW,
            pl.lit("bluesky").alias("platform"),
            pl.col("did").alias("follower_id"),
            path("commit", "record", "subject", "did").alias("followee_id"),
            pl.lit("follow").alias("action"),
            "at",
        )
    )


def _is_post() -> pl.Expr:
    """Whether a record is a post or a repost."""
    return kind_of(path("commit", "collection")).is_null()


def _operation() -> pl.Expr:
    return pl.coalesce(path("commit", "operation"), path("commit", "type"))


def _uri() -> pl.Expr:
    return pl.concat_str(
        pl.lit("at://"), "did", pl.lit("/"), path("commit", "collection"), pl.lit("/"), path("commit", "rkey")
    )
