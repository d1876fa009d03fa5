"""When a change of a network is worth an alert, and the alert records themselves."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

import msgspec

from detectors.accounts import AccountStore
from detectors.alerts.coordination_score import coordination_terms, score
from detectors.alerts.counter_evidence import counter_evidence
from detectors.alerts.evidence import evidence
from detectors.alerts.explanation import explanation, headline
from detectors.alerts.members import members_shown
from detectors.alerts.network_facts import NetworkFacts
from detectors.alerts.signals import signals
from detectors.alerts.suggested_actions import suggested_actions
from detectors.config import DetectionConfig
from detectors.covertness import words
from detectors.covertness.assessed_before import OBSCURITY
from detectors.covertness.assessment import Assessment
from detectors.covertness.covertness import SUSPECTED, Covertness, priority, severity
from detectors.covertness.network_context import NetworkContext
from detectors.networks.networks import Network
from schemas.alerts import (
    SCHEMA_VERSION,
    Alert,
    Mode,
    Reach,
    ScoreTerm,
    Suppression,
    Technique,
)
from schemas.evidence import Privacy, Provenance
from schemas.networks import Lifecycle
from schemas.shares import TraceKind

_TECHNIQUES = {
    TraceKind.REPOST: ("T0049.003", "Bots Amplify via Automated Forwarding and Reposting"),
    TraceKind.TEXT: ("T0084.001", "Use Copypasta"),
    TraceKind.HASHTAG_SEQUENCE: ("T0049.002", "Flood Existing Hashtag"),
}
"""Id and name of the technique of the DISARM framework that a kind of co-share resembles."""
_MOST_LANGUAGES = 5
"""Languages listed, the most frequent first. It bounds the size of an alert; not measured."""
_GROWTH = 1.25
"""Factor of members from which a network is reported at once. A choice for few alerts; not measured."""
_BETWEEN_S = 86_400
"""Seconds between alerts about smaller changes of membership: at most one a day."""


@dataclass(slots=True)
class _LastAlert:
    """The last alert about a network, and what later changes are compared with."""

    revision: int
    members: int
    at: int
    """Event time, seconds."""
    suspected: bool
    strong: set[str]
    """Context terms that were strong in this or an earlier alert."""
    quiet: bool
    """Whether no member had posted for a while."""
    alert: Alert


@dataclass(frozen=True, slots=True)
class RunState:
    """How far a run had come when an alert was written."""

    now: int
    """Event time of the tick, seconds."""
    gate_surprise: float
    """Where the false-discovery gate stands."""
    offsets: dict[str, int]
    """Rows read by then, by input."""
    dropped: int
    """Rows dropped or evicted by then."""


class AlertWriter:
    """Decides which changes are reported, numbers the revisions, and writes the alerts.

    A network is reported at once when it opens, merges, splits or is resolved, or has grown by a quarter; other changes
    of membership at most once a day. Changes of its context are reported at once: suspicion comes or goes, or another
    term would carry it by itself. So is a rule that mutes it or mutes it no more. A suspected network is also reported
    when it goes quiet, and when it posts again.

    Args:
        config: its hash goes into every alert.
        code_version: version of Lockstep.
        mode: live, replay or shadow.
        run_id: the run's id.
    """

    not_state: ClassVar[frozenset[str]] = frozenset({"_digest", "_code_version", "_mode", "_run_id"})
    _last_alerts: dict[int, _LastAlert]

    def __init__(self, config: DetectionConfig, code_version: str, mode: Mode, run_id: str) -> None:
        self._digest = config.digest
        self._code_version = code_version
        self._mode: Mode = mode
        self._run_id = run_id
        self._last_alerts = {}

    def needs_alert(self, network: Network, lifecycle: Lifecycle, now: int) -> bool:
        """Whether a change of membership at event time `now` is reported."""
        last = self._last_alerts.get(network.number)
        if last is None:
            return True
        members = len(network.members)
        if lifecycle is Lifecycle.SPLIT and last.members != members:
            return True
        return members >= last.members * _GROWTH or (members != last.members and now - last.at >= _BETWEEN_S)

    def last_alert_at(self, network: Network) -> int | None:
        """Event time of the network's last alert, seconds; None if there was none."""
        last = self._last_alerts.get(network.number)
        return None if last is None else last.at

    def is_suspected(self, network: Network) -> bool:
        """Whether the network was suspected in its last alert."""
        last = self._last_alerts.get(network.number)
        return last is not None and last.suspected

    def suspicion_changed(self, network: Network, covert: Covertness) -> bool:
        """Whether suspicion has come or gone since the last alert, or another term has become strong."""
        last = self._last_alerts.get(network.number)
        if last is None:
            return False
        return last.suspected is not covert.suspected or (
            covert.suspected and not last.strong.issuperset(covert.strong)
        )

    def quiet_changed(self, network: Network, context: NetworkContext) -> bool:
        """Whether a network that was suspected has gone quiet since its last alert, or posts again."""
        last = self._last_alerts.get(network.number)
        return last is not None and last.suspected and last.quiet is not (context.quiet_since is not None)

    def muting_changed(self, network: Network, muted: Suppression | None) -> bool:
        """Whether another rule mutes the network than at its last alert, or none does any more."""
        last = self._last_alerts.get(network.number)
        return last is not None and last.alert.suppression != muted

    def close(
        self,
        network: Network,
        lifecycle: Lifecycle,
        now: int,
        successor: Network | None,
        muted: Suppression | None = None,
    ) -> Alert | None:
        """The closing alert of a network that was resolved or merged; None if there was no alert about it.

        Args:
            network: the network that ends.
            lifecycle: how it ends.
            now: event time, seconds.
            successor: the network that it was merged into; None: it was resolved.
            muted: the rule that mutes it.
        """
        last = self._last_alerts.pop(network.number, None)
        if last is None:
            return None
        if successor is not None:
            ending = f"The network is now part of {successor.network_id}, which has most of its members."
        else:
            ending = "The network is closed: no new activity for a while."
        return msgspec.structs.replace(
            _under(last.alert, muted),
            alert_id=_alert_id(network.network_id, last.revision + 1),
            revision=last.revision + 1,
            lifecycle=lifecycle,
            successor_id=None if successor is None else successor.network_id,
            emitted_at=words.utc(now),
            explanation=f"{ending} Last report: {last.alert.explanation}",
            assessed_at=_assessed_at(last.alert, last.at),
            suggested_actions=[],
        )

    def write(
        self,
        facts: NetworkFacts,
        assessment: Assessment,
        accounts: AccountStore,
        lifecycle: Lifecycle,
        run: RunState,
    ) -> Alert:
        """Write the next alert about a network.

        Args:
            facts: what the members shared.
            assessment: what is known of the members, and the score drawn from it.
            accounts: names of accounts.
            lifecycle: what happened.
            run: how far the run has come.
        """
        network, covert = facts.network, assessment.covert
        last = self._last_alerts.get(network.number)
        quiet = assessment.context.quiet_since is not None
        alert = self._record(facts, assessment, accounts, _since(last, lifecycle, quiet=quiet), run)
        self._last_alerts[network.number] = _LastAlert(
            revision=alert.revision,
            members=len(facts.members),
            at=run.now,
            suspected=covert.suspected,
            strong=set(covert.strong) | (last.strong if last else set()),
            quiet=quiet,
            alert=alert,
        )
        return alert

    def _record(
        self,
        facts: NetworkFacts,
        assessment: Assessment,
        accounts: AccountStore,
        lifecycle: Lifecycle,
        run: RunState,
    ) -> Alert:
        """The alert itself."""
        network = facts.network
        context, covert, muted = assessment.context, assessment.covert, assessment.muted
        last = self._last_alerts.get(network.number)
        revision = last.revision + 1 if last else 1
        members = len(facts.members)
        platforms = sorted({accounts.names[member].split(":", 1)[0] for member in facts.members})
        terms = _coordination_terms(facts, last)
        coordination = score(terms)
        counter = counter_evidence(facts, context)
        return Alert(
            schema_version=SCHEMA_VERSION,
            alert_id=_alert_id(network.network_id, revision),
            network_id=network.network_id,
            revision=revision,
            lifecycle=lifecycle,
            predecessor_ids=list(network.predecessors),
            emitted_at=words.utc(run.now),
            event_time_start=words.utc(facts.start),
            event_time_end=words.utc(max(facts.end, facts.start)),
            mode=self._mode,
            run_id=self._run_id,
            platforms=platforms,
            languages=list(facts.languages[:_MOST_LANGUAGES]),
            headline=headline(facts, platforms, covert),
            explanation=explanation(facts, context, covert, counter),
            coordination=coordination,
            coordination_terms=terms,
            covertness=covert.score,
            covertness_terms=list(covert.terms),
            assessed_at=None if context.assessed_at is None else words.utc(context.assessed_at),
            severity=severity(covert, coordination, members, muted=muted is not None),
            priority=priority(covert, coordination, members, muted=muted is not None),
            reach=_reach(facts, context, last, run.now),
            members=members_shown(facts, context, accounts, run.gate_surprise),
            member_count=members,
            signals=signals(facts, context),
            evidence=evidence(facts, context, accounts.names),
            ties=facts.ties.listed,
            ties_left_out=facts.ties.left_out,
            counter_evidence=counter,
            techniques=_techniques(facts),
            related_networks=[],
            suggested_actions=suggested_actions(covert, muted),
            suppression=muted,
            provenance=Provenance(
                config_hash=self._digest,
                code_version=self._code_version,
                input_offsets=dict(run.offsets),
                late=0,
                dropped=run.dropped,
            ),
            privacy=Privacy(pseudonymised=False),
        )


def _under(alert: Alert, muted: Suppression | None) -> Alert:
    """An alert under the rule that mutes it now."""
    if alert.suppression == muted:
        return alert
    terms = tuple(alert.covertness_terms)
    strong = tuple(term.name for term in terms if term.name != OBSCURITY and term.value >= SUSPECTED)
    covert = Covertness(alert.covertness, terms, None, strong)
    return msgspec.structs.replace(
        alert,
        suppression=muted,
        severity=severity(covert, alert.coordination, alert.member_count, muted=muted is not None),
        priority=priority(covert, alert.coordination, alert.member_count, muted=muted is not None),
    )


def _assessed_at(alert: Alert, at: int) -> datetime | None:
    """When the covertness of an alert of event time `at` (seconds) was assessed; None: it never was."""
    return alert.assessed_at or (words.utc(at) if alert.covertness is not None else None)


def _coordination_terms(facts: NetworkFacts, last: _LastAlert | None) -> list[ScoreTerm]:
    """The terms of coordination; those of the last alert where all evidence has aged since."""
    others = facts.rhythm_edges + facts.pool_edges + facts.follow_edges + facts.timing_edges
    ties = facts.edges + facts.crowd_edges + facts.copy_edges + others
    if facts.kinds or ties or last is None:
        return coordination_terms(facts)
    return [
        msgspec.structs.replace(term, assessed_at=term.assessed_at or words.utc(last.at))
        for term in last.alert.coordination_terms
    ]


def _since(last: _LastAlert | None, lifecycle: Lifecycle, *, quiet: bool) -> Lifecycle:
    """What happened since the last alert: the first one opens a network, later ones do not open it again."""
    if last is None and lifecycle in {Lifecycle.UPDATED, Lifecycle.MERGED}:
        return Lifecycle.OPENED
    if last is not None and lifecycle is Lifecycle.OPENED:
        lifecycle = Lifecycle.UPDATED
    return Lifecycle.QUIET if quiet and lifecycle is Lifecycle.UPDATED else lifecycle


def _reach(facts: NetworkFacts, context: NetworkContext, last: _LastAlert | None, now: int) -> Reach:
    """How far the members' posts could have gone, and how fast the network grows."""
    members = len(facts.members)
    followers = [member.followers for member in context.members if member.followers is not None]
    hours = max((now - facts.network.opened_at) / 3600, 1.0)
    return Reach(
        posts=facts.posts,
        accounts=members,
        followers_sum=sum(followers) if followers else None,
        engagements=context.engagements,
        growth_per_h=round((members - last.members) / hours, 4) if last else 0.0,
    )


def _techniques(facts: NetworkFacts) -> list[Technique]:
    """What the kinds of co-share resemble. Made anew for each alert: saved alerts share no objects."""
    return [
        Technique(framework="DISARM", id=_TECHNIQUES[kind.kind][0], name=_TECHNIQUES[kind.kind][1])
        for kind in facts.kinds
        if kind.kind in _TECHNIQUES
    ]


def _alert_id(network_id: str, revision: int) -> str:
    return f"alert-{hashlib.blake2b(f'{network_id}/{revision}'.encode(), digest_size=8).hexdigest()}"
