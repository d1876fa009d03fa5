"""The record of an alert, part by part: what is known of a network at one tick."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec

from detectors.accounts import AccountStore
from detectors.alerts.counter_evidence import counter_evidence
from detectors.alerts.evidence import term_samples
from detectors.alerts.findings import FoundRecords, FoundTogether
from detectors.alerts.last_alert import LastAlert
from detectors.alerts.members import members_shown
from detectors.alerts.network_facts import NetworkFacts
from detectors.alerts.scores.coordination_score import score
from detectors.alerts.scores.priority import novelty_of, priority
from detectors.alerts.signals import about_members, said_once
from detectors.alerts.texts.explanation import explanation
from detectors.alerts.texts.headline import headline
from detectors.alerts.texts.suggested_actions import suggested_actions
from detectors.covertness import words
from detectors.covertness.assessed_before import OBSCURITY
from detectors.covertness.assessment import Assessment
from detectors.covertness.covertness import SUSPECTED, Covertness, severity
from detectors.covertness.network_context import NetworkContext
from schemas.alerts import SCHEMA_VERSION, Alert, Mode, Reach, Suppression
from schemas.evidence import Evidence, Privacy, Provenance, Signal
from schemas.networks import Lifecycle, Member
from schemas.values import PSEUDONYM

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
    found: FoundTogether,
    parts: FoundRecords,
    assessment: Assessment,
    accounts: AccountStore,
    last: LastAlert | None,
    lifecycle: Lifecycle,
    run: RunState,
    writer: WriterIdentity,
    *,
    stands: bool,
) -> Alert:
    """An alert about a network, without its case and without what changed.

    Args:
        facts: what the members share, as far as it is remembered.
        found: what the alert states of it.
        parts: the same as records.
        assessment: what is known of the members, and the score drawn from it.
        accounts: names of accounts.
        last: the alert before.
        lifecycle: what happened.
        run: how far the run has come.
        writer: what writes it.
        stands: whether `found` stands from an earlier alert, since evidence has aged.
    """
    network = facts.network
    context, covert, muted = assessment.context, assessment.covert, assessment.muted
    revision = last.revision + 1 if last else 1
    members, is_muted = len(facts.members), muted is not None
    platforms = sorted({accounts.names[member].split(":", 1)[0] for member in facts.members})
    coordination = score(parts.terms)
    # copies: an alert shares no objects with what was found
    counter = [*counter_evidence(context), *map(msgspec.structs.replace, found.against)]
    reach = _reach(facts, context, last, run.now)
    kept_signals, kept_samples = _of_kept_terms(context, last)
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
        event_time_start=words.utc(found.start),
        event_time_end=_latest(found, last),
        mode=writer.mode,
        run_id=writer.run_id,
        platforms=platforms,
        languages=parts.languages[:_MOST_LANGUAGES],
        headline=headline(found, facts.members, context, platforms, covert),
        explanation=explanation(found, context, covert, counter, stands=stands),
        coordination=coordination,
        coordination_terms=parts.terms,
        covertness=covert.score,
        covertness_terms=list(covert.terms),
        assessed_at=None if context.assessed_at is None else words.utc(context.assessed_at),
        severity=severity(covert, coordination, members, muted=is_muted),
        priority=priority(
            parts.terms, reach, covert.score, novelty, suspected=covert.suspected and not is_muted
        ),
        reach=reach,
        members=members_shown(facts, context, accounts, run.gate_surprise, _known(last)),
        member_count=members,
        signals=said_once([*parts.signals, *about_members(context), *kept_signals], covert.terms),
        evidence=[*term_samples(context, accounts.names), *kept_samples, *parts.evidence],
        ties=parts.ties,
        ties_left_out=parts.ties_left_out,
        counter_evidence=counter,
        techniques=parts.techniques,
        related_networks=[],  # the writer of alerts fills them in, with the case
        suggested_actions=suggested_actions(covert, muted),
        suppression=muted,
        provenance=_provenance(run, writer),
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


def _provenance(run: RunState, writer: WriterIdentity) -> Provenance:
    """What the alert is computed from."""
    return Provenance(
        config_hash=writer.config_hash,
        code_version=writer.code_version,
        input_offsets=dict(run.offsets),
        late=0,
        dropped=run.dropped,
    )


def _latest(found: FoundTogether, last: LastAlert | None) -> datetime:
    """Time of the latest evidence so far: what was seen stays seen, though it may be forgotten or its account leave."""
    end = words.utc(found.end)
    return end if last is None else max(end, last.alert.event_time_end)


def _known(last: LastAlert | None) -> dict[str, Member]:
    """What the last alert says of members, by account."""
    return {} if last is None else {member.account_id: member for member in last.alert.members}


def _of_kept_terms(context: NetworkContext, last: LastAlert | None) -> tuple[list[Signal], list[Evidence]]:
    """Signals and samples of the terms that stand as they were assessed before: those of the last alert."""
    if last is None or not context.kept:
        return [], []
    there = {measurement.detector for measurement in context.measurements}
    names = tuple(context.kept)
    return (
        [
            signal
            for signal in last.alert.signals
            if signal.detector.endswith(names) and signal.detector not in there
        ],
        [sample for sample in last.alert.evidence if sample.kind in names],
    )


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


def alert_id(network_id: str, revision: int) -> str:
    """The id of an alert: the same finding always has the same."""
    return f"alert-{hashlib.blake2b(f'{network_id}/{revision}'.encode(), digest_size=8).hexdigest()}"


def _pseudonymised(facts: NetworkFacts, names: Sequence[str]) -> bool:
    """Whether all members have pseudonyms. Sites have none: their names are domains."""
    ids = [name for member in facts.members if not (name := names[member]).startswith("web:")]
    return bool(ids) and all(PSEUDONYM.fullmatch(name.partition(":")[2]) is not None for name in ids)
