"""Networks over time: who belongs to a community of edges, and how it came from earlier ones."""

from enum import StrEnum
from typing import Annotated

import msgspec
from msgspec import Meta

from schemas.shares import TraceKind
from schemas.values import AccountKey, Count, Instant, Name, Unit


class Lifecycle(StrEnum):
    """What became of a network since its last revision."""

    OPENED = "opened"
    UPDATED = "updated"
    MERGED = "merged"
    SPLIT = "split"
    RESOLVED = "resolved"


class MemberRole(StrEnum):
    """How an account belongs to its network.

    A core member holds validated edges of its own. A peripheral one joined because its co-shares
    with all members together beat chance, though no single pair of them does.
    """

    CORE = "core"
    PERIPHERAL = "peripheral"


class NetworkMember(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One account's place in a network."""

    account_id: Annotated[AccountKey, Meta(description="The account, as `platform:account_id`.")]
    role: Annotated[MemberRole, Meta(description="Core or peripheral.")]
    membership: Annotated[Unit, Meta(description="How firmly it belongs, 0-1.")]
    first_seen: Annotated[
        Instant, Meta(description="Event time of its first co-share with the network, UTC.")
    ]
    last_seen: Annotated[
        Instant, Meta(description="Event time of its latest co-share with the network, UTC.")
    ]
    p_value: Annotated[
        Unit | None, Meta(description="Chance of its co-shares with the members; absent: not assessed.")
    ] = None


class NetworkSnapshot(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A network as it stood at one clustering tick: the whole state, not a change."""

    network_id: Annotated[Name, Meta(description="Stable while the network keeps most of its members.")]
    revision: Annotated[
        int, Meta(ge=1, description="Counts the snapshots of this network from 1, without gaps.")
    ]
    lifecycle: Annotated[Lifecycle, Meta(description="What became of it since the last revision.")]
    event_time: Annotated[Instant, Meta(description="The tick, in event time, UTC.")]
    event_time_start: Annotated[Instant, Meta(description="Earliest evidence behind it, event time, UTC.")]
    event_time_end: Annotated[Instant, Meta(description="Latest evidence behind it, event time, UTC.")]
    members: Annotated[
        list[NetworkMember], Meta(description="Core members first, then by membership; may be capped.")
    ]
    member_count: Annotated[Count, Meta(description="Members in all, also when `members` is capped.")]
    edge_count: Annotated[Count | None, Meta(description="Validated pairs among the core members.")] = None
    kinds: Annotated[
        list[TraceKind], Meta(description="Kinds of trace that hold it together, strongest first.")
    ] = msgspec.field(default_factory=list)
    predecessor_ids: Annotated[
        list[Name], Meta(description="Networks it was merged from or split off from.")
    ] = msgspec.field(default_factory=list)
    successor_ids: Annotated[
        list[Name], Meta(description="Networks it went into, when it was merged or split.")
    ] = msgspec.field(default_factory=list)
