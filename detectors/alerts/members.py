"""The members of an alert, core first."""

import heapq
import math
from collections.abc import Mapping

from detectors.accounts import AccountStore
from detectors.alerts.network_facts import NetworkFacts
from detectors.covertness import words
from detectors.covertness.network_context import NetworkContext
from detectors.networks.networks import Network
from schemas.networks import Member, MemberRole

_MOST_MEMBERS = 1_000
"""Members listed; `member_count` has them all. It bounds the size of an alert; not measured."""
_LEAST_FIRM, _FIRMEST = 0.1, 0.9
"""Bounds of a peripheral member's membership: above none, and below that of a core member, which is 1."""


def members_shown(
    facts: NetworkFacts,
    context: NetworkContext,
    accounts: AccountStore,
    gate_surprise: float,
    before: Mapping[str, Member],
) -> list[Member]:
    """Members, core first, then the firmest, then by name.

    Args:
        facts: the network and when its members were seen.
        context: what is known about each of them.
        accounts: names of accounts.
        gate_surprise: where the false-discovery gate stands. A peripheral member at it has half a membership.
        before: members in the last alert, by name. When they were seen is known though the evidence may have aged.
    """
    network = facts.network
    gate = gate_surprise if math.isfinite(gate_surprise) else 1.0

    def membership(number: int) -> float:
        if number in network.core:
            return 1.0
        return round(
            max(_LEAST_FIRM, min(_FIRMEST, 1.0 - gate / (gate + network.peripheral.get(number, 0.0)))), 4
        )

    ranked = [
        (number not in network.core, -membership(number), accounts.names[number], place)
        for place, number in enumerate(facts.members)
    ]
    # of a network of thousands, most are not listed
    return [
        _shown(facts, network, context, place, -held, name, before.get(name))
        for _, held, name, place in heapq.nsmallest(_MOST_MEMBERS, ranked)
    ]


def _shown(
    facts: NetworkFacts,
    network: Network,
    context: NetworkContext,
    place: int,
    membership: float,
    name: str,
    before: Member | None,
) -> Member:
    """The member at a place of `facts.members`."""
    number, known = facts.members[place], context.members[place]
    opened = network.opened_at if before is None else int(before.first_seen.timestamp())
    first = facts.first_seen.get(number, opened)
    last = facts.last_seen.get(number, first)
    if before is not None:
        first = min(first, int(before.first_seen.timestamp()))
        last = max(last, int(before.last_seen.timestamp()))
    return Member(
        account_id=name,
        role=MemberRole.CORE if number in network.core else MemberRole.PERIPHERAL,
        membership=membership,
        first_seen=words.utc(first),
        last_seen=words.utc(last),
        handle=known.handle,
        created_at=None if known.created is None else words.utc(known.created),
        followers=known.followers,
        registry=known.registry,
        allow_listed=known.allowed,
    )
