"""How far the live service has come: where detection is, for people, for checks and for a worker that takes over."""

from typing import Annotated

import msgspec
from msgspec import Meta

from schemas.values import Count, Instant, Name


class Progress(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Where detection stands in the log of frames: the whole state, not a change."""

    worker_id: Annotated[Name, Meta(description="The worker that runs detection, new at each of its starts.")]
    frame_offset: Annotated[
        int, Meta(ge=-1, description="Offset of the last frame that was applied; -1: none so far.")
    ]
    watermark: Annotated[
        Instant | None,
        Meta(description="Event time up to which posts have been judged, UTC; absent: none so far."),
    ] = None
    least_latest: Annotated[
        Instant | None,
        Meta(
            description="Latest event time of the source partition that is furthest behind, UTC; absent: a "
            "partition has not shown any."
        ),
    ] = None
    latest: Annotated[
        Instant | None, Meta(description="Latest event time seen in any partition, UTC; absent: none so far.")
    ] = None
    held_rows: Annotated[Count, Meta(description="Rows that wait for the watermark.")]
    at: Annotated[Instant, Meta(description="When this was written, by the wall clock, UTC.")]
