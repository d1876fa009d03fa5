"""The record of a network: what `networks.v1` and `--networks` have for each alert, with all samples."""

from schemas.alerts import Alert
from schemas.networks import NetworkMember, NetworkSnapshot


def network_of(alert: Alert) -> NetworkSnapshot:
    """The network that an alert describes, with all samples and ties that the alert has."""
    return NetworkSnapshot(
        network_id=alert.network_id,
        revision=alert.revision,
        lifecycle=alert.lifecycle,
        event_time=alert.event_time_end,
        event_time_start=alert.event_time_start,
        event_time_end=alert.event_time_end,
        members=[
            NetworkMember(
                account_id=member.account_id,
                role=member.role,
                membership=member.membership,
                first_seen=member.first_seen,
                last_seen=member.last_seen,
            )
            for member in alert.members
        ],
        member_count=alert.member_count,
        predecessor_ids=alert.predecessor_ids,
        successor_ids=[] if alert.successor_id is None else [alert.successor_id],
        evidence=alert.evidence,
        ties=alert.ties,
        ties_left_out=alert.ties_left_out,
    )
