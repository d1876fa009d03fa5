"""The record of a network: what `networks.v1` and `--networks` have for each alert, and the alert leaves out."""

import msgspec

from schemas.alerts import Alert
from schemas.evidence import PAIR_GATE, kinds_shared
from schemas.networks import Member, NetworkMember, NetworkSnapshot
from schemas.shares import TraceKind


def network_of(alert: Alert) -> NetworkSnapshot:
    """The network that an alert describes, with all members, terms, signals, samples and ties that the alert has.

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
        members=[NetworkMember(**msgspec.structs.asdict(member)) for member in alert.members],
        member_count=alert.member_count,
        edge_count=next((signal.n for signal in alert.signals if signal.detector == PAIR_GATE), None),
        kinds=list(map(TraceKind, kinds_shared(alert.signals))),
        predecessor_ids=alert.predecessor_ids,
        successor_ids=[] if alert.successor_id is None else [alert.successor_id],
        covertness_terms=alert.covertness_terms,
        signals=alert.signals,
        evidence=alert.evidence,
        ties=alert.ties,
        ties_left_out=alert.ties_left_out,
    )


def completed(alert: Alert, network: NetworkSnapshot) -> Alert:
    """A published alert with all that the record of its network has: members, terms, signals, samples and ties.

    Args:
        alert: as it is published, in brief.
        network: of the same revision. Written by version 0.1, it has samples and ties, and the alert has the rest.
    """
    alert = msgspec.structs.replace(
        alert,
        evidence=network.evidence,
        evidence_left_out=0,
        ties=network.ties,
        ties_left_out=network.ties_left_out,
    )
    if not network.signals:
        return alert
    return msgspec.structs.replace(
        alert,
        members=[_of_alert(member) for member in network.members],
        covertness_terms=network.covertness_terms,
        signals=network.signals,
    )


def _of_alert(member: NetworkMember) -> Member:
    known = msgspec.structs.asdict(member)
    return Member(**{name: known[name] for name in Member.__struct_fields__})
