"""Dead letters: every row that could not be used, with the reason and the raw row."""

from enum import StrEnum
from typing import Annotated

import msgspec
from msgspec import Meta


class Reason(StrEnum):
    """Why a row was set aside. A bounded set: it labels metrics."""

    MALFORMED = "malformed"
    """Not decodable as its format: broken JSON, wrong number of CSV fields, wrong type of a field."""
    NOT_UTF8 = "not_utf8"
    OVERSIZED = "oversized"
    """Longer than the limit for one record."""
    MISSING_FIELD = "missing_field"
    """A required field is absent or empty."""
    BAD_TIME = "bad_time"
    """The time cannot be read, or lies outside the plausible range."""
    DUPLICATE = "duplicate"
    """A post of this id was already counted."""
    LATE = "late"
    """Arrived after the lateness bound of its source had passed its event time."""


class DeadLetter(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One row that was set aside, kept so that nothing is lost silently."""

    source: Annotated[
        str, Meta(description="Where it came from: a file's name as given, or `topic/partition`.")
    ]
    position: Annotated[
        int,
        Meta(
            description="The record's number in its source, from 1 (header excluded); an offset for a topic."
        ),
    ]
    reason: Annotated[Reason, Meta(description="Why it was set aside.")]
    detail: Annotated[str, Meta(description="What was wrong, in words, for a person.")] = ""
    raw: Annotated[
        str,
        Meta(description="The row as it came, cut to a limit; bytes that are not UTF-8 as `\\xNN`."),
    ] = ""
    raw_bytes: Annotated[
        int, Meta(description="Length of the whole row in bytes, before any cut; absent: unknown.")
    ] = 0


RAW_LIMIT = 65_536
"""The cut of `DeadLetter.raw`, in characters."""
