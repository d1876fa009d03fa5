"""Alerts from findings: when a change is worth one, and what it says."""

import hashlib
import math
from dataclasses import dataclass
from typing import ClassVar

import msgspec

from detectors.accounts import AccountStore
from detectors.alerts.alert_parts import (
    co_share_signals,
    members_shown,
    object_evidence,
    suggested_actions,
    utc,
)
from detectors.alerts.coordination_score import coordination_terms, counter_evidence, score
from detectors.alerts.explanation import explanation, headline
from detectors.alerts.network_facts import NetworkFacts
from detectors.config import DetectionConfig
from detectors.covertness.assessment import Assessment
from detectors.covertness.covertness import Covertness, priority, severity
from detectors.networks.networks import Network
from schemas.alerts import (
    SCHEMA_VERSION,
    Alert,
    Mode,
    Privacy,
    Provenance,
    Reach,
    Technique,
)
from schemas.networks import Lifecycle
from schemas.shares import TraceKind

_TECHNIQUES = {
    TraceKind.REPOST: ("T0049.003", "Bots Amplify via Automated Forwarding and Reposting"),
    TraceKind.TEXT: ("T0084.001", "Use Copypasta"),
    TraceKind.HASHTAG_SEQUENCE: ("T0049.002", "Flood Existing Hashtag"),
}


@dataclass(slots=True)
class _Reported:
    """What was last said of a network."""

    revision: int
    members: int
    at: int
    suspected: bool
    strong: set[str]
    """Context terms that were strong in this or an earlier alert."""
    alert: Alert


class AlertWriter:
    """Decides which changes are told, numbers the revisions, and writes the alerts.

    A network is told at once when it opens, merges, splits or is resolved, or has grown by a quarter; other changes at
    most once a day. So are those of its context: suspicion comes or goes, or another term would carry it by itself.

    Args:
        config: its hash goes into every alert.
        code_version: version of Lockstep.
        mode: live, replay or shadow.
        run_id: the run's id.
    """

    not_state: ClassVar[frozenset[str]] = frozenset({"_digest", "_code_version", "_mode", "_run_id"})
    _reported: dict[int, _Reported]

    def __init__(self, config: DetectionConfig, code_version: str, mode: Mode, run_id: str) -> None:
        self._digest = config.digest
        self._code_version = code_version
        self._mode: Mode = mode
        self._run_id = run_id
        self._reported = {}

    def needs_alert(self, network: Network, lifecycle: Lifecycle, now: int) -> bool:
        """Whether a change at event time `now` is to be told."""
        known = self._reported.get(network.number)
        if known is None:
            return True
        members = len(network.members)
        if lifecycle is Lifecycle.SPLIT and known.members != members:
            return True
        return members >= known.members * 1.25 or (members != known.members and now - known.at >= 86_400)

    def last_alert_at(self, network: Network) -> int | None:
        """Event time at which the network was last told of, seconds; None if never."""
        known = self._reported.get(network.number)
        return None if known is None else known.at

    def is_suspected(self, network: Network) -> bool:
        """Whether the network was suspected when last told of."""
        known = self._reported.get(network.number)
        return known is not None and known.suspected

    def suspicion_changed(self, network: Network, covert: Covertness) -> bool:
        """Whether suspicion has come or gone since the network was told of, or has a strong term that is new."""
        known = self._reported.get(network.number)
        if known is None:
            return False
        return known.suspected is not covert.suspected or (
            covert.suspected and not known.strong.issuperset(covert.strong)
        )

    def close(
        self, network: Network, lifecycle: Lifecycle, now: int, successor: Network | None
    ) -> Alert | None:
        """The last alert of a network that was resolved or merged into another; None if none was ever told."""
        known = self._reported.pop(network.number, None)
        if known is None:
            return None
        last = known.alert
        if successor is not None:
            ending = f"The network has gone into {successor.network_id}, which shares most of its members."
        else:
            ending = "Nothing new has been seen of it for a while, and the network is closed."
        return msgspec.structs.replace(
            last,
            alert_id=_alert_id(network.network_id, known.revision + 1),
            revision=known.revision + 1,
            lifecycle=lifecycle,
            emitted_at=utc(now),
            explanation=f"{ending} When last reported: {last.explanation}",
            suggested_actions=[],
        )

    def write(
        self,
        findings: NetworkFacts,
        assessment: Assessment,
        accounts: AccountStore,
        lifecycle: Lifecycle,
        now: int,
        gate_surprise: float,
        offsets: dict[str, int],
        dropped: int,
    ) -> Alert:
        """Write an alert.

        Args:
            findings: the facts.
            assessment: what is known of the members, and the score drawn from it.
            accounts: who the accounts are.
            lifecycle: what happened.
            now: event time of the tick, seconds.
            gate_surprise: where the false-discovery gate stands.
            offsets: what had been read by then.
            dropped: rows dropped or evicted by then.
        """
        network = findings.network
        context, covert, muted = assessment.context, assessment.covert, assessment.muted
        known = self._reported.get(network.number)
        revision = known.revision + 1 if known else 1
        if known is None and lifecycle in {Lifecycle.UPDATED, Lifecycle.MERGED}:
            lifecycle = Lifecycle.OPENED
        elif known is not None and lifecycle is Lifecycle.OPENED:
            lifecycle = Lifecycle.UPDATED
        names = accounts.names
        platforms = sorted({names[m].split(":", 1)[0] for m in findings.members})
        terms = coordination_terms(findings)
        coordination = score(terms)
        weakest_p = math.exp(-float(findings.edge_surprise.min())) if findings.edges else None
        hours = max((now - network.opened_at) / 3600, 1.0)
        members = len(findings.members)
        followers = [each.followers for each in context.members if each.followers is not None]
        alert = Alert(
            schema_version=SCHEMA_VERSION,
            alert_id=_alert_id(network.network_id, revision),
            network_id=network.network_id,
            revision=revision,
            lifecycle=lifecycle,
            predecessor_ids=list(network.predecessors),
            emitted_at=utc(now),
            event_time_start=utc(findings.start),
            event_time_end=utc(max(findings.end, findings.start)),
            mode=self._mode,
            run_id=self._run_id,
            platforms=platforms,
            languages=list(findings.languages[:5]),
            headline=headline(findings, platforms, covert),
            explanation=explanation(findings, weakest_p, context, covert),
            coordination=coordination,
            coordination_terms=terms,
            covertness=covert.score,
            covertness_terms=list(covert.terms),
            severity=severity(covert, coordination, members, muted=muted is not None),
            priority=priority(covert, coordination, members, muted=muted is not None),
            reach=Reach(
                posts=findings.posts,
                accounts=members,
                followers_sum=sum(followers) if followers else None,
                engagements=context.engagements,
                growth_per_h=round((members - known.members) / hours, 4) if known else 0.0,
            ),
            members=members_shown(findings, context, accounts, gate_surprise),
            member_count=members,
            signals=[*co_share_signals(findings, weakest_p), *context.signals],
            evidence=[*context.evidence, *(object_evidence(sample, names) for sample in findings.samples)],
            counter_evidence=[*context.counter, *counter_evidence(findings)],
            techniques=[
                Technique(framework="DISARM", id=_TECHNIQUES[k.kind][0], name=_TECHNIQUES[k.kind][1])
                for k in findings.kinds
                if k.kind in _TECHNIQUES
            ],
            related_networks=[],
            suggested_actions=suggested_actions(covert, muted),
            suppression=muted,
            provenance=Provenance(
                config_hash=self._digest,
                code_version=self._code_version,
                input_offsets=offsets,
                late=0,
                dropped=dropped,
            ),
            privacy=Privacy(pseudonymised=False),
        )
        strong = set(covert.strong) | (known.strong if known else set())
        self._reported[network.number] = _Reported(revision, members, now, covert.suspected, strong, alert)
        return alert


def _alert_id(network_id: str, revision: int) -> str:
    return f"alert-{hashlib.blake2b(f'{network_id}/{revision}'.encode(), digest_size=8).hexdigest()}"
