"""What was found among the members of a network at one tick, as its alerts state it.

Evidence is remembered for some weeks (`evidence.keep_days`). A network that stops acting together loses its evidence
day by day, though nothing speaks against what was found. So what was found stands, with its date, until members share
something together again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import msgspec

from detectors.alerts.co_share_count import CoShareCount
from detectors.alerts.counter_evidence import shared_against
from detectors.alerts.evidence import object_samples
from detectors.alerts.network_facts import NetworkFacts
from detectors.alerts.scores.coordination_score import coordination_terms
from detectors.alerts.signals import FOUND_TOGETHER, signals_together
from detectors.alerts.texts import found_words
from detectors.covertness import words
from detectors.covertness.network_context import NetworkContext
from schemas.alerts import Alert, CounterEvidence, Technique
from schemas.evidence import Evidence, ScoreTerm, Signal
from schemas.networks import Tie
from schemas.shares import TraceKind

_TECHNIQUES = {
    TraceKind.REPOST: ("T0049.003", "Bots Amplify via Automated Forwarding and Reposting"),
    TraceKind.TEXT: ("T0084.001", "Use Copypasta"),
    TraceKind.HASHTAG_SEQUENCE: ("T0049.002", "Flood Existing Hashtag"),
}
"""Id and name of the technique of the DISARM framework that a kind of co-share resembles."""
_KINDS = frozenset(TraceKind)


@dataclass(frozen=True, slots=True)
class FoundTogether:
    """Counts and words of what was found; the figures of the alert that first stated it are `FoundRecords`."""

    at: int
    """Event time at which it was found, seconds."""
    objects: int
    """Distinct objects that members had co-shared."""
    start: int
    end: int
    acts: str
    """`posted the same 2 links within 10 minutes of each other`."""
    such_as: str
    first: list[int]
    """Accounts that were first with the object that most members shared."""
    together: str
    also: list[str]
    against: list[CounterEvidence]
    """What speaks for an innocent explanation in what they shared."""


class FoundRecords(NamedTuple):
    """The parts of an alert that say what was found among members."""

    languages: list[str]
    terms: list[ScoreTerm]
    signals: list[Signal]
    evidence: list[Evidence]
    ties: list[Tie]
    ties_left_out: int
    techniques: list[Technique]


def found_together(facts: NetworkFacts, context: NetworkContext, at: int) -> FoundTogether:
    """What is found at event time `at`, seconds.

    Args:
        facts: what the members shared.
        context: what is known about them.
        at: seconds.
    """
    return FoundTogether(
        at=at,
        objects=facts.co_shared.objects,
        start=facts.start,
        end=max(facts.start, facts.end),
        acts=found_words.acts(facts),
        such_as=found_words.such_as(facts),
        first=[account for sample in facts.samples[:1] for account in sample.accounts],
        together=found_words.together(facts),
        also=found_words.also(facts, context),
        against=shared_against(facts),
    )


def records(facts: NetworkFacts, names: Sequence[str]) -> FoundRecords:
    """The same as records. Each alert has records of its own: saved alerts share no objects.

    Args:
        facts: what the members shared.
        names: `platform:account_id` by account number.
    """
    return FoundRecords(
        languages=list(facts.languages),
        terms=coordination_terms(facts),
        signals=signals_together(facts),
        evidence=object_samples(facts, names),
        ties=facts.ties.listed,
        ties_left_out=facts.ties.left_out,
        techniques=[
            Technique(framework="DISARM", id=_TECHNIQUES[kind.kind][0], name=_TECHNIQUES[kind.kind][1])
            for kind in facts.kinds
            if kind.kind in _TECHNIQUES
        ],
    )


def standing(found: FoundTogether, alert: Alert) -> FoundRecords:
    """The records of an earlier alert that stand; the terms say since when.

    Args:
        found: what the alert states.
        alert: the last one about the network.
    """
    since = words.utc(found.at)
    return FoundRecords(
        languages=list(alert.languages),
        terms=[
            msgspec.structs.replace(term, assessed_at=term.assessed_at or since)
            for term in alert.coordination_terms
        ],
        signals=[signal for signal in alert.signals if signal.detector.startswith(FOUND_TOGETHER)],
        evidence=[sample for sample in alert.evidence if sample.kind in _KINDS],
        ties=list(alert.ties),
        ties_left_out=alert.ties_left_out,
        techniques=list(alert.techniques),
    )


def has_aged(found: FoundTogether, seen: CoShareCount) -> bool:
    """Whether less is left of what was found, and nothing telling has come since.

    Args:
        found: what the last alert states.
        seen: what the same members have co-shared, as far as it is remembered.
    """
    return seen.objects < found.objects and not (seen.latest > found.at and seen.kinds)
