"""The record of an alert, part by part: what is known of a network at one tick."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec

from detectors.accounts import AccountStore
from detectors.alerts.counter_evidence import counter_evidence
from detectors.alerts.evidence import evidence
from detectors.alerts.last_alert import LastAlert
from detectors.alerts.members import members_shown
from detectors.alerts.network_facts import NetworkFacts
from detectors.alerts.scores.coordination_score import coordination_terms, score
from detectors.alerts.scores.priority import novelty_of, priority
from detectors.alerts.signals import signals
from detectors.alerts.suggested_actions import suggested_actions
from detectors.alerts.texts.explanation import explanation
from detectors.alerts.texts.headline import headline
from detectors.covertness import words
from detectors.covertness.assessed_before import OBSCURITY
from detectors.covertness.assessment import Assessment
from detectors.covertness.covertness import SUSPECTED, Covertness, severity
from detectors.covertness.network_context import NetworkContext
from schemas.alerts import SCHEMA_VERSION, Alert, Mode, Reach, ScoreTerm, Suppression, Technique
from schemas.evidence import Privacy, Provenance
from schemas.networks import Lifecycle
from schemas.shares import TraceKind
from schemas.values import PSEUDONYM

_TECHNIQUES = {
    TraceKind.REPOST: ("T0049.003", "Bots Amplify via Automated Forwarding and Reposting"),
    TraceKind.TEXT: ("T0084.001", "Use Copypasta"),
    TraceKind.HASHTAG_SEQUENCE: ("T0049.002", "Flood Existing Hashtag"),
}
"""Id and name of the technique of the DISARM framework that a kind of co-share resembles."""
_MOST_LANGUAGES = 5
"""Languages listed, the most frequent first. It bounds the size of an alert; not measured."""


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


@dataclass(frozen=True, slots=True)
class WriterIdentity:
    """What writes alerts: the run, and the program with its settings."""

    config_hash: str
    code_version: str
    mode: Mode
    run_id: str


def alert_record(
    facts: NetworkFacts,
    assessment: Assessment,
    accounts: AccountStore,
    last: LastAlert | None,
    lifecycle: Lifecycle,
    run: RunState,
    writer: WriterIdentity,
) -> Alert:
    """An alert about a network, without its case and without what changed.

    Args:
        facts: what the members shared.
        assessment: what is known of the members, and the score drawn from it.
        accounts: names of accounts.
        last: the alert before.
        lifecycle: what happened.
        run: how far the run has come.
        writer: what writes it.
    """
    network = facts.network
    context, covert, muted = assessment.context, assessment.covert, assessment.muted
    revision = last.revision + 1 if last else 1
    members, is_muted = len(facts.members), muted is not None
    platforms = sorted({accounts.names[member].split(":", 1)[0] for member in facts.members})
    terms = _coordination_terms(facts, last)
    coordination = score(terms)
    counter = counter_evidence(facts, context)
    reach = _reach(facts, context, last, run.now)
    joined = len(set(facts.members) - last.ever) if last else 0
    novelty = novelty_of(run.now - network.opened_at, joined, members)
    return Alert(
        schema_version=SCHEMA_VERSION,
        alert_id=alert_id(network.network_id, revision),
        network_id=network.network_id,
        revision=revision,
        lifecycle=_since(last, lifecycle, quiet=context.quiet_since is not None),
        predecessor_ids=list(network.predecessors),
        emitted_at=words.utc(run.now),
        event_time_start=words.utc(facts.start),
        event_time_end=words.utc(max(facts.end, facts.start)),
        mode=writer.mode,
        run_id=writer.run_id,
        platforms=platforms,
        languages=list(facts.languages[:_MOST_LANGUAGES]),
        headline=headline(facts, context, platforms, covert),
        explanation=explanation(facts, context, covert, counter),
        coordination=coordination,
        coordination_terms=terms,
        covertness=covert.score,
        covertness_terms=list(covert.terms),
        assessed_at=None if context.assessed_at is None else words.utc(context.assessed_at),
        severity=severity(covert, coordination, members, muted=is_muted),
        priority=priority(terms, reach, covert.score, novelty, suspected=covert.suspected and not is_muted),
        reach=reach,
        members=members_shown(facts, context, accounts, run.gate_surprise),
        member_count=members,
        signals=signals(facts, context),
        evidence=evidence(facts, context, accounts.names),
        ties=facts.ties.listed,
        ties_left_out=facts.ties.left_out,
        counter_evidence=counter,
        techniques=_techniques(facts),
        related_networks=[],  # the writer of alerts fills them in, with the case
        suggested_actions=suggested_actions(covert, muted),
        suppression=muted,
        provenance=Provenance(
            config_hash=writer.config_hash,
            code_version=writer.code_version,
            input_offsets=dict(run.offsets),
            late=0,
            dropped=run.dropped,
        ),
        privacy=Privacy(pseudonymised=_pseudonymised(facts, accounts.names)),
    )


def under(alert: Alert, muted: Suppression | None) -> Alert:
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
        priority=priority(
            alert.coordination_terms,
            alert.reach,
            alert.covertness,
            0.0,
            suspected=covert.suspected and muted is None,
        ),
    )


def assessed_at(alert: Alert, at: int) -> datetime | None:
    """When the covertness of an alert of event time `at` (seconds) was assessed; None: it never was."""
    return alert.assessed_at or (words.utc(at) if alert.covertness is not None else None)


def _coordination_terms(facts: NetworkFacts, last: LastAlert | None) -> list[ScoreTerm]:
    """The terms of coordination; those of the last alert where all evidence has aged since."""
    others = facts.rhythm_edges + facts.pool_edges + facts.follow_edges + facts.timing_edges
    ties = facts.edges + facts.crowd_edges + facts.copy_edges + others
    if facts.kinds or ties or last is None:
        return coordination_terms(facts)
    return [
        msgspec.structs.replace(term, assessed_at=term.assessed_at or words.utc(last.at))
        for term in last.alert.coordination_terms
    ]


def _since(last: LastAlert | None, lifecycle: Lifecycle, *, quiet: bool) -> Lifecycle:
    """What happened since the last alert: the first one opens a network, later ones do not open it again."""
    if last is None and lifecycle in {Lifecycle.UPDATED, Lifecycle.MERGED}:
        return Lifecycle.OPENED
    if last is not None and lifecycle is Lifecycle.OPENED:
        lifecycle = Lifecycle.UPDATED
    return Lifecycle.QUIET if quiet and lifecycle is Lifecycle.UPDATED else lifecycle


def _reach(facts: NetworkFacts, context: NetworkContext, last: LastAlert | None, now: int) -> Reach:
    """How far the members' posts could have gone, and how fast the network grows."""
    members = len(facts.members)
    followers = [member.followers for member in context.members if member.followers is not None]
    hours = max((now - facts.network.opened_at) / 3600, 1.0)
    return Reach(
        posts=facts.posts,
        accounts=members,
        followers_sum=sum(followers) if followers else None,
        engagements=context.engagements,
        growth_per_h=round((members - len(last.members)) / hours, 4) if last else 0.0,
    )


def _techniques(facts: NetworkFacts) -> list[Technique]:
    """What the kinds of co-share resemble. Made anew for each alert: saved alerts share no objects."""
    return [
        Technique(framework="DISARM", id=_TECHNIQUES[kind.kind][0], name=_TECHNIQUES[kind.kind][1])
        for kind in facts.kinds
        if kind.kind in _TECHNIQUES
    ]


def alert_id(network_id: str, revision: int) -> str:
    """The id of an alert: the same finding always has the same."""
    return f"alert-{hashlib.blake2b(f'{network_id}/{revision}'.encode(), digest_size=8).hexdigest()}"


def _pseudonymised(facts: NetworkFacts, names: Sequence[str]) -> bool:
    """Whether all members have pseudonyms. Sites have none: their names are domains."""
    ids = [name for member in facts.members if not (name := names[member]).startswith("web:")]
    return bool(ids) and all(PSEUDONYM.fullmatch(name.partition(":")[2]) is not None for name in ids)
