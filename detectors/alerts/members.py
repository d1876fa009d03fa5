"""The members of an alert, core first."""

import math

from detectors.accounts import AccountStore
from detectors.alerts.network_facts import NetworkFacts
from detectors.covertness import words
from detectors.covertness.network_context import NetworkContext
from schemas.alerts import Member
from schemas.networks import MemberRole

_MOST_MEMBERS = 1_000
"""Members listed; `member_count` has them all. It bounds the size of an alert; not measured."""
_LEAST_FIRM, _FIRMEST = 0.1, 0.9
"""Bounds of a peripheral member's membership: above none, and below that of a core member, which is 1."""


def members_shown(
    facts: NetworkFacts, context: NetworkContext, accounts: AccountStore, gate_surprise: float
) -> list[Member]:
    """Members, core first, then the firmest, then by name.

    Args:
        facts: the network and when its members were seen.
        context: what is known about each of them.
        accounts: names of accounts.
        gate_surprise: where the false-discovery gate stands. A peripheral member at it has half a membership.
    """
    network = facts.network
    gate = gate_surprise if math.isfinite(gate_surprise) else 1.0
    members = []
    for number, known in zip(facts.members, context.members, strict=True):
        core = number in network.core
        surprise = network.peripheral.get(number, 0.0)
        peripheral_membership = max(_LEAST_FIRM, min(_FIRMEST, 1.0 - gate / (gate + surprise)))
        start = facts.first_seen.get(number, network.opened_at)
        members.append(
            Member(
                account_id=accounts.names[number],
                role=MemberRole.CORE if core else MemberRole.PERIPHERAL,
                membership=1.0 if core else round(peripheral_membership, 4),
                first_seen=words.utc(start),
                last_seen=words.utc(facts.last_seen.get(number, start)),
                handle=known.handle,
                created_at=None if known.created is None else words.utc(known.created),
                followers=known.followers,
                registry=known.registry,
                allow_listed=known.allowed,
            )
        )
    members.sort(
        key=lambda member: (member.role is not MemberRole.CORE, -member.membership, member.account_id)
    )
    return members[:_MOST_MEMBERS]
