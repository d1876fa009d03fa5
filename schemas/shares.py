"""Traces, shares and pair evidence: what accounts acted on, and what two of them acted on together."""

from enum import StrEnum
from typing import Annotated

import msgspec
from msgspec import Meta

from schemas.values import AccountKey, Count, Expectation, Instant, Name, Seconds, Unit


class TraceKind(StrEnum):
    """What sort of thing an account acted on.

    The order of the members is part of the contract: kernels number the kinds by it. New kinds are
    added at the end.
    """

    REPOST = "repost"
    URL = "url"
    TEXT = "text"
    HASHTAG_SEQUENCE = "hashtag_sequence"
    MENTION = "mention"
    REPLY = "reply"
    MEDIA = "media"


class Share(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One account acted on one object, once."""

    at: Annotated[Instant, Meta(description="When, in event time, UTC.")]
    account: Annotated[AccountKey, Meta(description="Who, as `platform:account_id`.")]
    kind: Annotated[TraceKind, Meta(description="What sort of object it was.")]
    object: Annotated[
        Name,
        Meta(description="The object in canonical form: a cleaned URL, a post id, a hash, a tag sequence."),
    ]
    post_id: Annotated[str | None, Meta(description="The post that did it, where the source says.")] = None


class CoShareSample(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One object that both accounts of a pair shared within the window: checkable by hand."""

    object: Annotated[Name, Meta(description="The object in canonical form.")]
    at_a: Annotated[Instant, Meta(description="When `account_a` shared it, UTC.")]
    at_b: Annotated[Instant, Meta(description="When `account_b` shared it, UTC.")]
    post_id_a: Annotated[str | None, Meta(description="The post of `account_a`.")] = None
    post_id_b: Annotated[str | None, Meta(description="The post of `account_b`.")] = None
    crowd: Annotated[
        Count | None, Meta(description="Accounts that shared the object within the window; 2 is telling.")
    ] = None


class PairEvidence(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How often two accounts shared the same objects within a window, against what chance would give."""

    account_a: Annotated[AccountKey, Meta(description="The account whose key sorts first.")]
    account_b: Annotated[AccountKey, Meta(description="The other account.")]
    kind: Annotated[TraceKind, Meta(description="The kind of trace that was counted.")]
    window_s: Annotated[Seconds, Meta(description="The greatest time between the two shares, in seconds.")]
    co_shares: Annotated[Count, Meta(description="Distinct objects that both shared within the window.")]
    expected: Annotated[
        Expectation | None, Meta(description="Co-shares that chance would have given; absent: not assessed.")
    ] = None
    p_value: Annotated[
        Unit | None,
        Meta(description="Chance of at least so many co-shares, before correction; absent: not assessed."),
    ] = None
    validated: Annotated[bool, Meta(description="Whether the pair passed the false-discovery gate.")]
    samples: Annotated[
        list[CoShareSample], Meta(description="Some of the co-shared objects, smallest crowds first; capped.")
    ] = msgspec.field(default_factory=list)
