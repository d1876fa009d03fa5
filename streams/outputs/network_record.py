"""The record of a network: what `networks.v1` and `--networks` have for each alert, and the alert leaves out."""

import msgspec

from schemas.alerts import Alert, Member
from schemas.networks import NetworkMember, NetworkSnapshot


def network_of(alert: Alert) -> NetworkSnapshot:
    """The network that an alert describes, with all members, signals, samples and ties that the alert has.

    Args:
        alert: as detection raises it, with nothing left out.
    """
    return NetworkSnapshot(
        network_id=alert.network_id,
        revision=alert.revision,
        lifecycle=alert.lifecycle,
        event_time=alert.event_time_end,
        event_time_start=alert.event_time_start,
        event_time_end=alert.event_time_end,
        members=[_of_network(member, alert) for member in alert.members],
        member_count=alert.member_count,
        predecessor_ids=alert.predecessor_ids,
        successor_ids=[] if alert.successor_id is None else [alert.successor_id],
        signals=alert.signals,
        evidence=alert.evidence,
        ties=alert.ties,
        ties_left_out=alert.ties_left_out,
    )


def _of_network(member: Member, alert: Alert) -> NetworkMember:
    return NetworkMember(
        account_id=member.account_id,
        role=member.role,
        membership=member.membership,
        first_seen=member.first_seen or alert.event_time_start,
        last_seen=member.last_seen or alert.event_time_end,
        handle=member.handle,
        created_at=member.created_at,
        followers=member.followers,
        registry=member.registry,
        allow_listed=member.allow_listed,
    )


def completed(alert: Alert, network: NetworkSnapshot) -> Alert:
    """A published alert with all that the record of its network has: what is known of members, signals, samples, ties.

    Args:
        alert: as it is published, in brief.
        network: of the same revision.
    """
    known = {member.account_id: member for member in alert.members}
    return msgspec.structs.replace(
        alert,
        members=[_of_alert(member, known.get(member.account_id)) for member in network.members],
        signals=network.signals or alert.signals,
        evidence=network.evidence,
        evidence_left_out=0,
        ties=network.ties,
        ties_left_out=network.ties_left_out,
    )


def _of_alert(member: NetworkMember, known: Member | None) -> Member:
    """A member as an alert describes it: by the alert itself where it has the member in full."""
    if known is not None and known.first_seen is not None:
        return known
    return Member(
        account_id=member.account_id,
        role=member.role,
        membership=member.membership,
        first_seen=member.first_seen,
        last_seen=member.last_seen,
        handle=member.handle,
        created_at=member.created_at,
        followers=member.followers,
        registry=member.registry,
        allow_listed=member.allow_listed,
    )
