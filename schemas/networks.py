"""Networks over time: the members of a community of edges, and the earlier networks it came from."""

from enum import StrEnum
from typing import Annotated

import msgspec
from msgspec import Meta

from schemas.evidence import Evidence, ScoreTerm, Signal
from schemas.shares import TraceKind
from schemas.values import AccountKey, Count, Expectation, Instant, Name, Seconds, Unit


class Lifecycle(StrEnum):
    """What happened to a network since its last revision."""

    OPENED = "opened"
    UPDATED = "updated"
    MERGED = "merged"
    """It took another network in."""
    SPLIT = "split"
    RESOLVED = "resolved"
    QUIET = "quiet"
    """No member has posted for a while. What was assessed before stands."""
    ABSORBED = "absorbed"
    """Another network took it in, and it is gone: its last revision."""


class MemberRole(StrEnum):
    """How an account belongs to its network.

    A core member has edges of its own. A peripheral member joined because its co-shares with all members, taken
    together, are beyond chance, although no single pair is.
    """

    CORE = "core"
    PERIPHERAL = "peripheral"


class Member(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One account of the network.

    A NetworkSnapshot gives all members in full, and a published alert the first ones. Of the others the alert leaves
    out, for length, their followers and when they were created.
    """

    account_id: Annotated[AccountKey, Meta(description="The account, as `platform:account_id`.")]
    handle: Annotated[str | None, Meta(description="Its handle, without @.")] = None
    role: Annotated[MemberRole, Meta(description="Core or peripheral.")]
    membership: Annotated[Unit, Meta(description="How firmly the account belongs to the network, 0-1.")]
    first_seen: Annotated[Instant, Meta(description="Its first co-share with the network, event time, UTC.")]
    last_seen: Annotated[Instant, Meta(description="Its latest co-share with the network, event time, UTC.")]
    created_at: Annotated[Instant | None, Meta(description="When the account was created, UTC.")] = None
    followers: Annotated[Count | None, Meta(description="Followers at the latest observation.")] = None
    registry: Annotated[
        str | None, Meta(description="`entity_id` of the registry entity that openly runs the account.")
    ] = None
    allow_listed: Annotated[
        bool, Meta(description="True when a reviewer marked the account as legitimate.")
    ] = False


class NetworkMember(Member, frozen=True, kw_only=True, omit_defaults=True):
    """One account of the network, in full."""

    p_value: Annotated[
        Unit | None,
        Meta(
            description="Probability of so many co-shares with the members by chance; absent: not assessed."
        ),
    ] = None


class Tie(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What ties two members, of one kind."""

    account_a: Annotated[AccountKey, Meta(description="One of the accounts, as `platform:account_id`.")]
    account_b: Annotated[AccountKey, Meta(description="The other account; it sorts after `account_a`.")]
    kind: Annotated[
        Name,
        Meta(
            description="A kind of trace that both shared, or `recurring_crowd`, `uncredited_copies`, "
            "`rhythm`, `pool`, `same_follows` or `timing`.",
            examples=["url"],
        ),
    ]
    co_shares: Annotated[
        Count | None, Meta(description="Objects that both shared within the window; absent for other ties.")
    ] = None
    expected: Annotated[Expectation | None, Meta(description="Co-shares that chance alone would give.")] = (
        None
    )
    p_value: Annotated[
        Unit | None, Meta(description="Probability of so many independent co-shares by chance.")
    ] = None
    window_s: Annotated[Seconds | None, Meta(description="Time window of the co-shares in seconds.")] = None
    validated: Annotated[
        bool,
        Meta(
            description="True when the pair is an edge of the network: by all its co-shares together, or by this tie."
        ),
    ] = False


class NetworkSnapshot(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A network at one tick: its whole state, not a change."""

    network_id: Annotated[
        Name,
        Meta(description="Id of the network; it stays the same while the network keeps most of its members."),
    ]
    revision: Annotated[
        int, Meta(ge=1, description="Number of this snapshot of the network, from 1, without gaps.")
    ]
    lifecycle: Annotated[Lifecycle, Meta(description="What happened to the network since its last revision.")]
    event_time: Annotated[Instant, Meta(description="The tick, in event time, UTC.")]
    event_time_start: Annotated[Instant, Meta(description="Time of the earliest evidence, event time, UTC.")]
    event_time_end: Annotated[Instant, Meta(description="Time of the latest evidence, event time, UTC.")]
    members: Annotated[
        list[NetworkMember],
        Meta(description="Members, core members first, then by membership. The list may be cut."),
    ]
    member_count: Annotated[Count, Meta(description="Number of all members, also when `members` is cut.")]
    predecessor_ids: Annotated[
        list[Name], Meta(description="Networks that this one took in or split off from, each once.")
    ] = msgspec.field(default_factory=list)
    successor_ids: Annotated[
        list[Name], Meta(description="The network that took this one in; only in its last revision.")
    ] = msgspec.field(default_factory=list)
    edge_count: Annotated[
        Count | None, Meta(description="Number of pairs of members that pass by their own co-shares.")
    ] = None
    kinds: Annotated[
        list[TraceKind], Meta(description="Kinds of trace that hold the network together, strongest first.")
    ] = msgspec.field(default_factory=list)
    covertness_terms: Annotated[
        list[ScoreTerm],
        Meta(description="All terms of `covertness`; alerts have some. Absent before version 0.2."),
    ] = msgspec.field(default_factory=list)
    signals: Annotated[
        list[Signal],
        Meta(
            description="What the detectors measured, strongest first; alerts have some. Absent before 0.2."
        ),
    ] = msgspec.field(default_factory=list)
    evidence: Annotated[
        list[Evidence],
        Meta(description="All samples to check by hand, strongest first; alerts have some of them."),
    ] = msgspec.field(default_factory=list)
    ties: Annotated[
        list[Tie],
        Meta(description="What ties pairs of members, by kind: validated ties first, then by chance."),
    ] = msgspec.field(default_factory=list)
    ties_left_out: Annotated[
        Count, Meta(description="Number of further pairs with a tie, which `ties` leaves out for length.")
    ] = 0
