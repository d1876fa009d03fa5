"""How far detection has come: for operators, for checks, and for ingest."""

from typing import Annotated

import msgspec
from msgspec import Meta

from schemas.values import Count, Instant, Name


class Progress(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Where detection is in the log of frames: the whole position, not a change."""

    worker_id: Annotated[
        Name, Meta(description="Id of the worker that runs detection; each start of a worker has a new one.")
    ]
    frame_offset: Annotated[
        int, Meta(ge=-1, description="Offset of the last frame that was applied; -1: none so far.")
    ]
    watermark: Annotated[
        Instant | None,
        Meta(description="Event time up to which posts have been applied, UTC; absent: none so far."),
    ] = None
    least_latest: Annotated[
        Instant | None,
        Meta(
            description="Latest event time of the partition that is furthest behind, UTC; absent: some "
            "partition has none yet."
        ),
    ] = None
    latest: Annotated[
        Instant | None, Meta(description="Latest event time of any post, UTC; absent: none so far.")
    ] = None
    held_rows: Annotated[Count, Meta(description="Number of posts that wait for the watermark.")]
    settling: Annotated[
        bool,
        Meta(description="Whether more will be applied as time passes, without another record."),
    ] = False
    holding: Annotated[
        list[str],
        Meta(
            max_length=10_000,
            description="Partitions that are furthest behind in event time, by topic without prefix and number, for "
            "example `posts.v1/3`.",
        ),
    ] = []
    at: Annotated[Instant, Meta(description="When this was written, by the wall clock, UTC.")]
