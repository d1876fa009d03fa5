"""How far a coordinated network seems to hide what it is: a score made of named terms that anyone can check.

`covertness` is no probability, and never blended with `coordination`. Two things have to come together, and the score
is no stronger than the weaker of them:

* the members are *obscure* among accounts of like volume and age (`detectors.engagement.obscurity`), and
* named *context* is beyond chance: who follows them, or whose content they carry without saying so.

    context    = -log10(p) / 8, at most 1; p combines what they publish (the least p of four, times four) and who
                 follows them by Fisher's method, over what could be assessed
    covertness = min(obscurity, context), of the members that are not known openly; 0 if most are

So .5 needs a context with a chance of less than 1 in 10,000 among members of whom the same is rare enough. Chances of
1 in 10,000 and obscurity together kept obscure, openly coordinated clubs out in simulation (`docs/concepts.md`). Where
members have as few followers and reactions as can be, and so have most others, obscurity tells nothing: then

    covertness = context / 2

and it takes a context with a chance of 1 in 100 million.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from scipy import special

from detectors.covertness.network_context import NetworkContext
from schemas.alerts import ScoreTerm, Severity

SUSPECTED = 0.5
"""Covertness from which a network is called suspected covert."""
MOSTLY = 0.5
_DECADES = 8.0
_CONTENT = ("unattributed_copies", "hidden_mentions", "shared_infrastructure", "amplified_copies")


@dataclass(frozen=True, slots=True)
class Covertness:
    """The score, or why there is none."""

    score: float | None
    """0-1; None: too little is known."""
    terms: tuple[ScoreTerm, ...]
    context_p: float | None
    """Chance of so much context; None where none could be assessed."""
    strong: tuple[str, ...]
    """Context terms that would carry the suspicion by themselves."""

    @property
    def suspected(self) -> bool:
        """Whether the network is suspected to be covert."""
        return self.score is not None and self.score >= SUSPECTED


def strength(p: float) -> float:
    """A chance as a value from 0 (1 in 1) to 1 (1 in 100 million or less)."""
    return min(1.0, max(0.0, -math.log10(max(p, 1e-300)) / _DECADES))


def covertness(context: NetworkContext) -> Covertness:
    """Score a network's context."""
    values = {name: strength(p) for name, p in context.chances.items()}
    if context.unlabelled_share:
        values["unlabelled_affiliates"] = context.unlabelled_share
    strong = tuple(name for name, value in values.items() if _rounded(value) >= SUSPECTED)
    if context.obscurity is not None:
        values = {"obscurity": context.obscurity, **values}
    terms = tuple(
        ScoreTerm(name=name, value=_rounded(value), weight=1.0, summary=context.said[name])
        for name, value in values.items()
    )
    p = combined_chance(context.chances)
    reach = max(strength(p) if p is not None else 0.0, context.unlabelled_share)
    if context.open_share > MOSTLY:
        return Covertness(0.0, terms, p, strong)
    told = p is not None or context.unlabelled_share > 0
    if context.obscurity is None:
        # as little known as can be, like most: no sign for it and none against it, so that context has to do it alone
        alone = _rounded(reach / 2) if context.lowest and told else None
        return Covertness(alone, terms, p, strong)
    if not told:
        # whatever the context would be, it could not be covert beyond this
        known = context.obscurity if context.obscurity < SUSPECTED else None
        return Covertness(None if known is None else _rounded(known), terms, p, strong)
    return Covertness(_rounded(min(context.obscurity, reach)), terms, p, strong)


def combined_chance(chances: Mapping[str, float]) -> float | None:
    """One chance for all context that could be assessed; None if none was.

    What members publish is one source, told in ways that depend on one another: the least of them counts, times
    how many were looked at (Bonferroni). Who follows them is another. Both together by Fisher's method.
    """
    content = [p for name, p in chances.items() if name in _CONTENT]
    sources = [min(1.0, min(content) * len(content))] if content else []
    sources += [p for name, p in chances.items() if name not in _CONTENT]
    if not sources:
        return None
    half = -sum(math.log(max(p, 1e-300)) for p in sources)
    return float(special.gammaincc(len(sources), half))


def severity(found: Covertness, coordination: float, members: int, *, muted: bool) -> Severity:
    """How much attention to ask for.

    What is not suspected covert, or was muted by a reviewer, is recorded and pages nobody. The rest is `medium`;
    `low` where coordination itself is weak; `high` with two strong terms; `critical` if such a network is large, too.
    """
    if muted or not found.suspected:
        return Severity.INFO
    if coordination < SUSPECTED:
        return Severity.LOW
    if len(found.strong) < 2:
        return Severity.MEDIUM
    return Severity.CRITICAL if members >= 100 else Severity.HIGH


def priority(found: Covertness, coordination: float, members: int, *, muted: bool) -> int:
    """Rank among alerts, 0-100: suspected ones from 50 by covertness, coordination and size; all others below."""
    size = min(1.0, math.log10(max(members, 1)) / 3)
    if muted or not found.suspected or found.score is None:
        return round(49 * coordination * (0.6 + 0.4 * size))
    return round(50 + 50 * (0.6 * found.score + 0.3 * coordination + 0.1 * size))


def _rounded(value: float) -> float:
    return round(min(1.0, max(0.0, value)), 4)
