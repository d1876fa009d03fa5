"""Evidence: what was measured of a network, and samples of what its members did, for a person to check by hand.

Also what an alert was computed from, and how the personal data in it are protected.
"""

from collections.abc import Iterable
from typing import Annotated

import msgspec
from msgspec import Meta

from schemas.registry import EntityKind
from schemas.values import AccountKey, Count, Expectation, Instant, Name, Seconds, Unit


class EntityTie(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The registry entity that a sample is about, and what the entity did: published the original, or follows."""

    entity_id: Annotated[Name, Meta(description="Id of the entity in the registry.")]
    name: Annotated[Name, Meta(description="Name of the entity.")]
    kind: Annotated[EntityKind, Meta(description="What sort of organisation or person the entity is.")]
    account_id: Annotated[
        AccountKey | None,
        Meta(description="The account of the entity that wrote the original, or that follows the member."),
    ] = None
    post_id: Annotated[str | None, Meta(description="Id of the original that was copied.")] = None
    text: Annotated[str | None, Meta(description="The original, or its beginning.")] = None
    published_at: Annotated[Instant | None, Meta(description="When the original was published, UTC.")] = None
    permalink: Annotated[
        str | None,
        Meta(description="Address of the original, or of the follower's profile, where it can be built."),
    ] = None


class Evidence(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One sample for a person to check: which accounts did what, when, in which posts."""

    kind: Annotated[Name, Meta(description="A kind of trace, or the name of the detector.", examples=["url"])]
    account_ids: Annotated[
        list[AccountKey],
        Meta(
            description="Accounts, in the order in which they acted; the list may be cut, `observed` counts all."
        ),
    ]
    post_ids: Annotated[
        list[str],
        Meta(description="Ids of their posts, in the same order; empty where the source has no ids."),
    ]
    permalinks: Annotated[
        list[str], Meta(description="Addresses of these posts, or of the first, where they can be built.")
    ]
    object: Annotated[str, Meta(description="What they acted on: a URL, a post id, a text, or tags.")]
    window_start: Annotated[Instant, Meta(description="Time of the first of these posts, UTC.")]
    window_end: Annotated[Instant, Meta(description="Time of the last of these posts, UTC.")]
    observed: Annotated[
        float, Meta(description="Number of members that acted on the object within the window.")
    ]
    expected: Annotated[Expectation, Meta(description="Number of members that chance alone would give.")]
    entity: Annotated[
        EntityTie | None,
        Meta(description="The registry entity that the sample is about; absent: it is about none."),
    ] = None


CO_SHARE = "co_share."
"""Beginning of the names of detectors of co-shares; the kind of trace follows."""
PAIR_GATE = "pair_gate"
"""The detector that counts pairs of members that pass by their own co-shares."""


class ScoreTerm(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One part of a score."""

    name: Annotated[
        Name,
        Meta(description="Name of the term; it does not change between versions.", examples=["obscurity"]),
    ]
    value: Annotated[Unit, Meta(description="Its value, 0-1.")]
    weight: Annotated[Unit, Meta(description="Its weight in the score, 0-1.")]
    summary: Annotated[str, Meta(description="What was observed, in one sentence.")]
    assessed_at: Annotated[
        Instant | None,
        Meta(
            description="When it was assessed, event time, UTC, where nothing newer is known; absent: for this alert."
        ),
    ] = None


class Signal(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What one detector measured, and what chance alone would give."""

    detector: Annotated[Name, Meta(description="Name of the detector.", examples=["co_share.url"])]
    version: Annotated[Name, Meta(description="Version of the method; it changes when results may change.")]
    score: Annotated[Unit, Meta(description="Strength of the signal, 0-1.")]
    observed: Annotated[float, Meta(description="The measured quantity, which `summary` names.")]
    expected: Annotated[float, Meta(description="The quantity that chance alone would give.")]
    p_value: Annotated[
        Unit | None,
        Meta(
            description="Probability of such a value, or a more extreme one, by chance; absent where no test applies."
        ),
    ] = None
    n: Annotated[Count, Meta(description="Number of observations: co-shares, posts or followers.")]
    window_s: Annotated[Seconds, Meta(description="Time window of the measurement in seconds; 0: no window.")]
    summary: Annotated[str, Meta(description="The finding; empty if the term of this name states it.")]


def kinds_shared(signals: Iterable[Signal]) -> list[str]:
    """Kinds of trace that members shared together, as signals have them, in their order."""
    detectors = (signal.detector for signal in signals)
    return [detector.removeprefix(CO_SHARE) for detector in detectors if detector.startswith(CO_SHARE)]


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
