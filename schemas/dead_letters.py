"""Dead letters: every row that could not be used, with the reason and the original row."""

from enum import StrEnum
from typing import Annotated

import msgspec
from msgspec import Meta


class Reason(StrEnum):
    """Why a row was rejected. Metrics use these values as labels, so there are few."""

    MALFORMED = "malformed"
    """Not decodable as its format: broken JSON, wrong number of CSV fields, wrong type of a field."""
    NOT_UTF8 = "not_utf8"
    OVERSIZED = "oversized"
    """Longer than the limit for one record."""
    MISSING_FIELD = "missing_field"
    """A required field is absent or empty."""
    BAD_TIME = "bad_time"
    """The time cannot be read, or lies outside the plausible range."""
    ROUNDED_ID = "rounded_id"
    """Its id or that of its account lost digits in a spreadsheet, so many share it."""
    COLLISION = "collision"
    """Another post has its id, with another account, time or text."""
    DUPLICATE = "duplicate"
    """A post of this id was already counted."""
    LATE = "late"
    """Its event time was before the watermark of its source when it arrived."""
    CONTRADICTORY = "contradictory"
    """It contradicts records before it: an entity that claims an account, handle or domain of another, for example."""
    DELETED = "deleted"
    """A report that the post was deleted came before the post; what it said is not kept."""


class DeadLetter(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One row that was rejected. It is kept so that nothing is lost silently."""

    source: Annotated[
        str, Meta(description="Where the row came from: a file name as given, or `topic/partition`.")
    ]
    position: Annotated[
        int,
        Meta(
            description="Number of the row in its file, from 1, without the header; for a topic, its offset."
        ),
    ]
    reason: Annotated[Reason, Meta(description="Why the row was rejected.")]
    detail: Annotated[str, Meta(description="What was wrong, in words.")] = ""
    raw: Annotated[
        str,
        Meta(
            description="The original row, cut to a limit; bytes that are not UTF-8 are written as `\\xNN`."
        ),
    ] = ""
    raw_bytes: Annotated[
        int, Meta(description="Length of the whole row in bytes, before it was cut; absent: unknown.")
    ] = 0


RAW_LIMIT = 65_536
"""Limit of `DeadLetter.raw`, characters."""
