"""Alerts from findings: when a change is worth one, and what it says."""

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import ClassVar

import msgspec

from detectors.accounts import AccountBook
from detectors.assessment import Assessment
from detectors.config import DetectionConfig
from detectors.covertness import Covertness, priority, severity
from detectors.explanation import explanation, headline, signal_summary
from detectors.findings import Findings, ObjectFinding
from detectors.network_context import NetworkContext
from detectors.networks import Network
from detectors.scoring import coordination_terms, counter_evidence, score
from schemas.alerts import (
    SCHEMA_VERSION,
    Action,
    Alert,
    Evidence,
    Member,
    Mode,
    Privacy,
    Provenance,
    Reach,
    Signal,
    SuggestedAction,
    Suppression,
    Technique,
)
from schemas.networks import Lifecycle, MemberRole
from schemas.shares import TraceKind

MAX_MEMBERS = 1_000
MAX_EVIDENCE_ACCOUNTS = 25

_TECHNIQUES = {
    TraceKind.REPOST: ("T0049.003", "Bots Amplify via Automated Forwarding and Reposting"),
    TraceKind.TEXT: ("T0084.001", "Use Copypasta"),
    TraceKind.HASHTAG_SEQUENCE: ("T0049.002", "Flood Existing Hashtag"),
}
_PERMALINKS = {"x": "https://x.com/i/web/status/{}"}


@dataclass(slots=True)
class _Reported:
    """What was last said of a network."""

    revision: int
    members: int
    at: int
    suspected: bool
    alert: Alert


class Alerting:
    """Decides which changes are told, numbers the revisions, and writes the alerts.

    A network is told at once when it opens, merges, splits or is resolved, or has grown by a quarter; other
    changes at most once a day.

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

    def due(self, network: Network, lifecycle: Lifecycle, now: int) -> bool:
        """Whether a change at event time `now` is to be told."""
        known = self._reported.get(network.number)
        if known is None:
            return True
        members = len(network.members)
        if lifecycle is Lifecycle.SPLIT and known.members != members:
            return True
        return members >= known.members * 1.25 or (members != known.members and now - known.at >= 86_400)

    def told_at(self, network: Network) -> int | None:
        """Event time at which the network was last told of, seconds; None if never."""
        known = self._reported.get(network.number)
        return None if known is None else known.at

    def suspects(self, network: Network) -> bool:
        """Whether the network was suspected when last told of."""
        known = self._reported.get(network.number)
        return known is not None and known.suspected

    def turned(self, network: Network, *, suspected: bool) -> bool:
        """Whether a network that was told of is suspected now and was not then, or the other way round."""
        known = self._reported.get(network.number)
        return known is not None and known.suspected is not suspected

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
            emitted_at=_utc(now),
            explanation=f"{ending} When last reported: {last.explanation}",
            suggested_actions=[],
        )

    def write(
        self,
        findings: Findings,
        assessment: Assessment,
        accounts: AccountBook,
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
            emitted_at=_utc(now),
            event_time_start=_utc(findings.start),
            event_time_end=_utc(max(findings.end, findings.start)),
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
            members=_members(findings, context, accounts, gate_surprise),
            member_count=members,
            signals=[*_signals(findings, weakest_p), *context.signals],
            evidence=[*context.evidence, *(_evidence(sample, names) for sample in findings.samples)],
            counter_evidence=[*context.counter, *counter_evidence(findings)],
            techniques=[
                Technique(framework="DISARM", id=_TECHNIQUES[k.kind][0], name=_TECHNIQUES[k.kind][1])
                for k in findings.kinds
                if k.kind in _TECHNIQUES
            ],
            related_networks=[],
            suggested_actions=_actions(covert, muted),
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
        self._reported[network.number] = _Reported(revision, members, now, covert.suspected, alert)
        return alert


def _actions(covert: Covertness, muted: Suppression | None) -> list[SuggestedAction]:
    """Steps for a person to consider; a muted network asks for none."""
    if muted is not None:
        return []
    actions = [
        SuggestedAction(
            action=Action.REVIEW,
            reversible=True,
            expires_in_h=168,
            rationale="A person should check the evidence and look for an open reason to act together first.",
        )
    ]
    if covert.suspected:
        actions.append(
            SuggestedAction(
                action=Action.WATCH,
                reversible=True,
                expires_in_h=720,
                rationale="What the members do next, and who follows them, will strengthen or clear the suspicion.",
            )
        )
    if "registry_followers" in covert.strong or "unlabelled_affiliates" in covert.strong:
        actions.append(
            SuggestedAction(
                action=Action.LABEL,
                reversible=True,
                expires_in_h=720,
                rationale="If review confirms a tie to a registry entity, a label tells readers what the profile does "
                "not.",
            )
        )
    return actions


def _alert_id(network_id: str, revision: int) -> str:
    return f"alert-{hashlib.blake2b(f'{network_id}/{revision}'.encode(), digest_size=8).hexdigest()}"


def _members(
    findings: Findings, context: NetworkContext, accounts: AccountBook, gate_surprise: float
) -> list[Member]:
    """Members, core first, by name; membership from how often each was seen with the others."""
    network = findings.network
    gate = gate_surprise if math.isfinite(gate_surprise) else 1.0
    found = []
    for number, known in zip(findings.members, context.members, strict=True):
        core = number in network.core
        surprise = network.peripheral.get(number, 0.0)
        # a peripheral member is less firm; the gate is where it would be worth nothing
        membership = 1.0 if core else round(max(0.1, min(0.9, 1.0 - gate / (gate + surprise))), 4)
        start = findings.first_seen.get(number, network.opened_at)
        found.append(
            Member(
                account_id=accounts.names[number],
                role=MemberRole.CORE if core else MemberRole.PERIPHERAL,
                membership=membership,
                first_seen=_utc(start),
                last_seen=_utc(findings.last_seen.get(number, start)),
                handle=known.handle,
                created_at=None if known.created is None else _utc(known.created),
                followers=known.followers,
                registry=known.registry,
                allow_listed=known.allowed,
            )
        )
    found.sort(key=lambda member: (member.role is not MemberRole.CORE, -member.membership, member.account_id))
    return found[:MAX_MEMBERS]


def _signals(findings: Findings, weakest_p: float | None) -> list[Signal]:
    signals = [
        Signal(
            detector=f"co_share.{kind.kind.value}",
            version="1",
            score=round(max(0.0, 1.0 - kind.expected / kind.observed), 4),
            observed=float(kind.observed),
            expected=round(kind.expected, 6),
            n=kind.observed,
            window_s=kind.window_s,
            summary=signal_summary(kind),
        )
        for kind in findings.kinds
    ]
    if findings.edges:
        weakest = float(findings.edge_surprise.min())
        signals.append(
            Signal(
                detector="pair_gate",
                version="1",
                score=round(min(1.0, findings.edges / max(len(findings.members) - 1, 1)), 4),
                observed=float(findings.edges),
                expected=round(findings.edges * 0.01, 4),
                p_value=max(math.exp(-weakest), 1e-300),
                n=findings.edges,
                window_s=0,
                summary=f"{findings.edges:,} pairs of members each pass the false-discovery gate"
                + (f" at p = {weakest_p:.1g}" if weakest_p else "")
                + "; one in a hundred such pairs may be a coincidence.",
            )
        )
    return signals


def _evidence(sample: ObjectFinding, names: Sequence[str]) -> Evidence:
    shown = sample.accounts[:MAX_EVIDENCE_ACCOUNTS]
    post_ids = list(sample.post_ids[: len(shown)])
    links = [
        _PERMALINKS[platform].format(post_id)
        for platform, post_id in zip((names[a].split(":", 1)[0] for a in shown), post_ids, strict=True)
        if platform in _PERMALINKS and post_id.isdigit()
    ]
    return Evidence(
        kind=sample.kind.value,
        account_ids=[names[a] for a in shown],
        post_ids=post_ids,
        permalinks=links,
        object=sample.label,
        window_start=_utc(sample.start),
        window_end=_utc(sample.end),
        observed=float(len(sample.accounts)),
        expected=round(sample.expected, 6),
    )


def _utc(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
