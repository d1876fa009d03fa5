"""Where an alert comes from, and how the personal data in it are protected."""

from typing import Annotated

import msgspec
from msgspec import Meta

from schemas.values import Count, Instant, Name


class Provenance(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the alert was computed from, so that it can be computed again."""

    config_hash: Annotated[Name, Meta(description="Hash of all settings that affect detection.")]
    code_version: Annotated[Name, Meta(description="Version of Lockstep.")]
    input_offsets: Annotated[
        dict[str, int],
        Meta(description="Last record read from each input, by `topic/partition` or file name."),
    ]
    late: Annotated[
        Count,
        Meta(description="Number of rows rejected as too late, from the start of the run until this alert."),
    ]
    dropped: Annotated[
        Count,
        Meta(
            description="Number of rows rejected or evicted early, from the start of the run until this alert."
        ),
    ]


class Privacy(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How the personal data in the alert are protected, and how long they may be kept."""

    pseudonymised: Annotated[bool, Meta(description="True when account ids and handles are keyed hashes.")]
    key_id: Annotated[
        str | None, Meta(description="Id of the key that hashed them; never the key itself.")
    ] = None
    retain_until: Annotated[Instant | None, Meta(description="Delete the alert after this time, UTC.")] = None
