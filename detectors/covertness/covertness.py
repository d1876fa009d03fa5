"""How far a coordinated network seems to hide what it is: a score made of named terms that anyone can check.

`covertness` is no probability, and is never blended with `coordination`. Two things have to come together, and the
score is no stronger than the weaker of them:

* the members are *obscure* among accounts of similar volume and age (`detectors.engagement.obscurity`), and
* named *context* is beyond chance (`detectors.covertness.terms`): who follows them, or whose content they carry without
  saying so.

    context    = -log10(p) / 8, at most 1; p combines the sources of evidence by Fisher's method, each with its least
                 chance times the number of its terms, over what could be assessed
    covertness = min(obscurity, context), of the members that are not open; 0 if most are open

So .5 needs a context with a chance of less than 1 in 10,000, among obscure members. Together, these two conditions kept
obscure, openly coordinated clubs out in simulation (`docs/concepts.md`). Where members have as few followers and
reactions as possible, and so have most others, obscurity says nothing. Then

    covertness = context / 2

and a suspicion needs a context with a chance of 1 in 100 million.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import scipy  # its parts load when first used

from detectors.covertness import words
from detectors.covertness.member_obscurity import MemberObscurity
from detectors.covertness.network_context import NetworkContext
from detectors.covertness.terms import TERMS
from detectors.covertness.terms.term import EvidenceSource, strength
from schemas.alerts import Severity
from schemas.evidence import ScoreTerm

SUSPECTED = 0.5
"""Covertness from which a network is called suspected covert.

It is a convention of the scale: obscurity and context are scaled so that their bounds lie at .5
(`docs/decisions/0011-covertness.md`).
"""
MOSTLY_OPEN = 0.5
"""Share of open members above which the network is open and its covertness 0: a majority. Not measured."""
_LARGE = 100
"""Members from which a suspected network with two strong terms is critical. A choice for triage; not measured."""


@dataclass(frozen=True, slots=True)
class Covertness:
    """The score, or why there is none."""

    score: float | None
    """0-1; None: too little is known."""
    terms: tuple[ScoreTerm, ...]
    context_p: float | None
    """Chance of so much context; None where no term with a chance could be assessed."""
    strong: tuple[str, ...]
    """Context terms that would carry the suspicion by themselves."""

    @property
    def suspected(self) -> bool:
        """Whether the network is suspected to be covert."""
        return self.score is not None and self.score >= SUSPECTED


def covertness(context: NetworkContext) -> Covertness:
    """Score a network's context."""
    results = context.results
    strong = tuple(name for name, result in results.items() if _rounded(result.value) >= SUSPECTED)
    shown = {name: (result.value, result.summary) for name, result in results.items()}
    obscurity = context.obscurity.value if isinstance(context.obscurity, MemberObscurity) else None
    if isinstance(context.obscurity, MemberObscurity):
        shown = {"obscurity": (context.obscurity.value, context.obscurity.summary), **shown}
    terms = tuple(
        ScoreTerm(
            name=name,
            value=_rounded(value),
            weight=1.0,
            summary=summary,
            assessed_at=words.utc(context.kept[name].at) if name in context.kept else None,
        )
        for name, (value, summary) in shown.items()
    )
    p = combined_chance(_chances_by_source(context))
    untested = [result.value for result in results.values() if result.chance is None]
    strongest = max(strength(p) if p is not None else 0.0, *untested, 0.0)
    assessed = p is not None or bool(untested)
    if context.open_share > MOSTLY_OPEN:
        score: float | None = 0.0
    elif obscurity is None:
        # obscurity says nothing either way where most accounts are as unknown; context has to suffice alone
        score = _rounded(strongest / 2) if context.lowest and assessed else None
    elif assessed:
        score = _rounded(min(obscurity, strongest))
    else:
        # no context could raise covertness above obscurity
        score = _rounded(obscurity) if obscurity < SUSPECTED else None
    return Covertness(score, terms, p, strong)


def combined_chance(chances: Mapping[EvidenceSource, Sequence[float]]) -> float | None:
    """One chance for all context that could be assessed; None if none was.

    Terms of one source depend on one another: the least of their chances counts, times their number (Bonferroni).
    Sources are independent, so their chances combine by Fisher's method (1932).

    Args:
        chances: of the terms that could be assessed, by source.
    """
    by_source = [min(1.0, min(each) * len(each)) for each in chances.values() if each]
    if not by_source:
        return None
    half = -sum(math.log(max(p, 1e-300)) for p in by_source)
    return float(scipy.special.gammaincc(len(by_source), half))


def _chances_by_source(context: NetworkContext) -> dict[EvidenceSource, list[float]]:
    chances: dict[EvidenceSource, list[float]] = {}
    for term in TERMS:
        result = context.results.get(term.name)
        if result is not None and result.chance is not None:
            chances.setdefault(term.source, []).append(result.chance)
    return chances


def severity(covert: Covertness, coordination: float, members: int, *, muted: bool) -> Severity:
    """How much attention to ask for.

    A network that is not suspected covert, or that a reviewer muted, is recorded and pages no one. The others are
    `medium`; `low` where coordination itself is weak; `high` with two strong terms; `critical` with two and `_LARGE`
    members.
    """
    if muted or not covert.suspected:
        return Severity.INFO
    if coordination < SUSPECTED:
        return Severity.LOW
    if len(covert.strong) < 2:
        return Severity.MEDIUM
    return Severity.CRITICAL if members >= _LARGE else Severity.HIGH


def _rounded(value: float) -> float:
    return round(min(1.0, max(0.0, value)), 4)
