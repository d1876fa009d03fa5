"""How surely a network is coordinated: a score made of named terms.

`coordination` is the weighted mean of four terms, each between 0 and 1 and each a plain ratio that anyone can check.
It says nothing about covertness, which needs context that co-sharing does not have (`detectors.covertness.covertness`).
"""

import numpy as np

from detectors.alerts.network_facts import NetworkFacts
from detectors.covertness import words
from schemas.evidence import ScoreTerm

_MINUTE_S = 60
_HALF_SYNCHRONY_S = 600.0
"""Median gap at which synchrony is one half: ten minutes, the middle of the three windows. A choice; not measured."""
_BEYOND_WITHOUT_CO_SHARES = 0.99
"""Value of `beyond_chance` for edges without co-shares: they passed a gate that allows one false edge in a hundred."""
_WHOLE_TIES = 2
"""Ties for each member beyond the first at which cohesion is 1: a tree has one. A choice; not measured."""


def coordination_terms(facts: NetworkFacts) -> list[ScoreTerm]:
    """The terms of the coordination score."""
    observed = sum(kind.observed for kind in facts.kinds)
    expected = sum(kind.expected for kind in facts.kinds)
    others = facts.tied - facts.edges
    if observed:
        beyond = max(0.0, 1.0 - expected / observed)
    else:
        beyond = _BEYOND_WITHOUT_CO_SHARES if others else 0.0
    members = len(facts.members)
    ties = facts.edges + others
    cohesion = min(1.0, ties / max(members - 1, 1) / _WHOLE_TIES)
    objects = float(np.median(facts.objects_per_edge)) if len(facts.objects_per_edge) else 1.0
    repetition = 1.0 - 1.0 / max(objects, 1.0)
    synchrony = 1.0 / (1.0 + facts.median_gap_s / _HALF_SYNCHRONY_S)
    return [
        ScoreTerm(
            name="beyond_chance",
            value=_rounded(beyond),
            weight=0.4,
            summary=f"{words.plural(observed, 'account')} followed two others within "
            f"{words.span(facts.kinds[0].window_s)}; chance would give {words.number(expected)}."
            if facts.only_follows
            else f"Pairs of members have {words.plural(observed, 'co-share')}; chance would give "
            f"{words.number(expected)}."
            if observed or not others
            else "Pairs of members are tied without co-shares, by tests that allow one false finding in a hundred.",
        ),
        ScoreTerm(
            name="repetition",
            value=_rounded(repetition),
            weight=0.25,
            summary=f"A typical member follows {objects:.0f} of the same accounts."
            if facts.only_follows
            else f"A typical linked pair shared {words.plural(round(objects), 'object')}."
            if len(facts.objects_per_edge)
            else "No linked pair shared an object; this counts as one.",
        ),
        ScoreTerm(
            name="synchrony",
            value=_rounded(synchrony),
            weight=0.2,
            summary=f"Half of the {'follows' if facts.only_follows else 'co-shares'} lay within "
            f"{_duration(facts.median_gap_s)} of each other.",
        ),
        ScoreTerm(
            name="cohesion",
            value=_rounded(cohesion),
            weight=0.15,
            summary=f"{words.plural(ties, 'pair')} among {members:,} members {'is' if ties == 1 else 'are'} tied: "
            f"{', '.join(_ties(facts))}.",
        ),
    ]


def _ties(facts: NetworkFacts) -> list[str]:
    """Ties by their ground, in words."""
    ties = [f"{facts.edges:,} by their own co-shares"]
    if facts.crowd_edges:
        ties.append(f"{facts.crowd_edges:,} by a recurring crowd")
    if facts.copy_edges:
        ties.append(f"{facts.copy_edges:,} by repeating the same originals without credit")
    if facts.rhythm_edges:
        ties.append(f"{facts.rhythm_edges:,} by posting in the same minutes")
    if facts.pool_edges:
        ties.append(f"{facts.pool_edges:,} as accounts of one pool")
    if facts.follow_edges:
        ties.append(f"{facts.follow_edges:,} by following the same accounts")
    if facts.timing_edges:
        ties.append(f"{facts.timing_edges:,} by sharing closer in time than is usual")
    return ties


def score(terms: list[ScoreTerm]) -> float:
    """Weighted mean of the terms, 0-1, to four decimals."""
    weight = sum(term.weight for term in terms)
    return _rounded(sum(term.value * term.weight for term in terms) / weight) if weight else 0.0


def _rounded(value: float) -> float:
    return round(min(1.0, max(0.0, value)), 4)


def _duration(seconds: float) -> str:
    """A measured time, rounded."""
    if seconds < _MINUTE_S:
        return words.plural(round(seconds), "second")
    if seconds < 120 * _MINUTE_S:
        return words.plural(round(seconds / 60), "minute")
    return words.plural(round(seconds / 3600), "hour")
