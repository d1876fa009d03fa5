"""The words of a card: why a network is listed, compared with what, what speaks against it, what to do next."""

from collections.abc import Iterable
from dataclasses import dataclass

from detectors.covertness.covertness import SUSPECTED
from detectors.covertness.terms import TERMS
from schemas.alerts import Alert
from schemas.evidence import CO_SHARE, PAIR_GATE, Signal
from schemas.networks import Lifecycle

MOST_WORDS = 60
"""Words that say why: what a person reads in a quarter of a minute."""
_MOST_COMPARED = 5
_OBSCURITY = "obscurity"
_NEXT = {
    "review": "Review",
    "watch": "Watch",
    "label": "Label",
    "limit_reach": "Limit reach",
}


@dataclass(frozen=True, slots=True)
class Compared:
    """A figure of the network beside the figure that chance or ordinary accounts give."""

    what: str
    seen: float
    expected: float


def why(alert: Alert) -> str:
    """At most `MOST_WORDS` words: what the members did together, then the strongest reasons for a suspicion."""
    sentences = [signal.summary for signal in alert.signals if signal.detector.startswith(CO_SHARE)][:2]
    if is_suspected(alert):
        strong = sorted(
            (term for term in alert.covertness_terms if term.value >= SUSPECTED and term.name != _OBSCURITY),
            key=lambda term: -term.value,
        )
        obscure = [term.summary for term in alert.covertness_terms if term.name == _OBSCURITY]
        sentences = [*sentences[:1], *[term.summary for term in strong], *obscure]
    return _shortened(sentences or [alert.explanation])


def _shortened(sentences: Iterable[str]) -> str:
    """Whole sentences up to `MOST_WORDS` words; a first one that is longer is cut."""
    chosen: list[str] = []
    left = MOST_WORDS
    for sentence in sentences:
        words = sentence.split()
        if len(words) <= left:
            chosen.append(sentence)
            left -= len(words)
        elif not chosen:
            return " ".join(words[: MOST_WORDS - 1]) + " \u2026"
    return " ".join(chosen)


def compared(alert: Alert) -> list[Compared]:
    """Counts of the members against what chance or ordinary accounts give, the widest apart first."""
    counts = [signal for signal in alert.signals if signal.detector not in {_OBSCURITY, PAIR_GATE}]
    counts.sort(key=lambda signal: -signal.score)
    return [
        Compared(_figure_name(signal), signal.observed, signal.expected) for signal in counts[:_MOST_COMPARED]
    ]


def _figure_name(signal: Signal) -> str:
    """What a signal counts, in a few words."""
    if signal.detector.startswith(CO_SHARE):
        kind = signal.detector.removeprefix(CO_SHARE).replace("_", " ")
        return f"Times that two members shared a {kind} within {_minutes(signal.window_s)}"
    named = {
        "unattributed_copies": f"Posts, of {signal.n:,}, that copy a registry entity without credit",
        "hidden_mentions": f"Posts, of {signal.n:,}, with a hidden mention",
        "shared_infrastructure": f"Posts, of {signal.n:,}, that link to sites of registry companies",
        "amplified_copies": f"Posts, of {signal.n:,}, that repost a copy without credit",
        "registry_followers": "Follows by accounts of the registry",
        "shared_registry_followers": "Registry followers that pairs of members have in common",
        "rhythm": "Posts of pairs of members in the same minutes",
    }
    return named.get(signal.detector, signal.detector.replace("_", " ").capitalize())


def _minutes(seconds: int) -> str:
    if seconds % 60:
        return f"{seconds:,} seconds"
    return "a minute" if seconds == 60 else f"{seconds // 60:,} minutes"


def obscurity_of(alert: Alert) -> str | None:
    """How little known the members are against accounts like them, in a sentence; None: not assessed."""
    return next((term.summary for term in alert.covertness_terms if term.name == _OBSCURITY), None)


def against(alert: Alert) -> list[str]:
    """What speaks against the finding, what was looked for and not found, and what could not be assessed."""
    facts = [fact.summary for fact in alert.counter_evidence]
    if is_suspected(alert):
        facts += [
            f"Not beyond chance: {term.summary[0].lower()}{term.summary[1:]}"
            for term in alert.covertness_terms
            if term.value < SUSPECTED and term.name != _OBSCURITY
        ]
    known = {term.name for term in alert.covertness_terms}
    unknown = [
        name.replace("_", " ") for name in (_OBSCURITY, *(term.name for term in TERMS)) if name not in known
    ]
    if unknown:
        facts.append(f"Not assessed: {', '.join(unknown)}.")
    if not facts:
        facts.append("Nothing in these data. An open reason may still lie outside them.")
    return facts


def next_steps(alert: Alert) -> list[tuple[str, str]]:
    """Steps to consider, each as a word and its reason. All can be undone."""
    steps = [(_NEXT[step.action.value], step.rationale) for step in alert.suggested_actions]
    if steps:
        return steps
    if alert.suppression is not None:
        return [("Nothing", f"a reviewer muted this network: {alert.suppression.reason}")]
    return [("Nothing", "the network is closed; it is listed for the record.")]


def is_suspected(alert: Alert) -> bool:
    """Whether the network is suspected to be covert."""
    return (alert.covertness or 0.0) >= SUSPECTED


def state_of(alert: Alert) -> str:
    """In which part of the queue an alert stands: `suspected`, `recorded`, `muted` or `closed`."""
    if alert.suppression is not None:
        return "muted"
    if alert.lifecycle is Lifecycle.RESOLVED:
        return "closed"
    return "suspected" if is_suspected(alert) else "recorded"
