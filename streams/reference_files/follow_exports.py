"""Follow events in the exports of platforms: pages of followers of the X API, and events of Bluesky's Jetstream."""

from collections.abc import Iterator

import polars as pl

from schemas.errors import FormatError
from streams.sources.files.compressed import Block
from streams.sources.files.json_records import scan_lines
from streams.sources.files.json_rows import decode_objects
from streams.sources.files.json_sample import samples
from streams.sources.files.records import Records, read_records
from streams.sources.formats.bluesky.jetstream import follows_of
from streams.sources.formats.bluesky.record_fields import with_subjects
from streams.sources.formats.json_fields import path, struct
from streams.sources.formats.json_format import PAGE_LIMIT, ROW

_ENDPOINT = r"/users/(\d+)/(followers|following)\b"
_PAGE = struct(data=pl.List(struct("id")), __twarc=struct("url", "retrieved_at"))
_EVENT = struct(
    "did", "time_us", commit=struct("operation", "type", "collection", record=struct(subject=struct("did")))
)


class FollowExport:
    """One kind of export: its records, and the follow events that they give."""

    def records(self, blocks: Iterator[Block], source: str) -> Iterator[Records]:
        """Cut the input into lines."""
        yield from read_records(
            blocks, source, lambda data, final: scan_lines(data, final, PAGE_LIMIT), str, limit=PAGE_LIMIT
        )

    def events(self, records: Records) -> pl.DataFrame:
        """The fields of follow events as text, and `ROW`, the record of each."""
        raise NotImplementedError


class XFollowerPages(FollowExport):
    """Pages of `/2/users/:id/followers` or `following`, as twarc keeps them: with address and time of the request.

    They say who follows an account, and not since when: `snapshot`.
    """

    def events(self, records: Records) -> pl.DataFrame:
        """One snapshot of an edge for each user of a page."""
        frame, rows = decode_objects(records, _PAGE)
        asked = path("__twarc", "url").str.extract_groups(_ENDPOINT)
        pages = frame.select(
            pl.Series(ROW, rows),
            "data",
            asked.struct.field("1").alias("asked"),
            (asked.struct.field("2") == "following").alias("outward"),
            path("__twarc", "retrieved_at").alias("at"),
        )
        seen = pages.explode("data").drop_nulls("data")
        user, outward = path("data", "id"), pl.col("outward")
        return seen.select(
            ROW,
            pl.lit("x").alias("platform"),
            pl.when(outward).then("asked").otherwise(user).alias("follower_id"),
            pl.when(outward).then(user).otherwise("asked").alias("followee_id"),
            pl.lit("snapshot").alias("action"),
            "at",
        )


class JetstreamFollows(FollowExport):
    """Follows among the events of Jetstream; all other events are passed over.

    The end of a follow does not say which account it was, so it is passed over as well.
    """

    def events(self, records: Records) -> pl.DataFrame:
        """One follow for each record of a follow."""
        frame, rows = decode_objects(records, _EVENT, with_subjects)
        return follows_of(frame.with_columns(pl.Series(ROW, rows)))


def follow_export(head: str, name: str) -> FollowExport | None:
    """The export that begins with `head`; None for follow events in their own form.

    Raises:
        FormatError: pages of users do not say which account was asked about.
    """
    sample = next(samples(head), None)
    if sample is None:
        return None
    for record in sample.objects:
        data = record.get("data")
        if {"did", "time_us"} <= record.keys():
            return JetstreamFollows()
        if isinstance(data, list) and data and isinstance(data[0], dict) and "username" in data[0]:
            # of a page that is longer than the head, the end is not known
            if sample.framing.lines and "__twarc" not in record:
                raise FormatError(
                    f"{name}: its pages of users do not say whose followers they are. twarc adds that as `__twarc`; or "
                    "write follow events, one a line: platform, follower_id, followee_id, action, at."
                )
            return XFollowerPages()
    return None
