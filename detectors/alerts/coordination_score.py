"""How surely a network is coordinated, as a score made of named terms, and what speaks against it.

`coordination` is the weighted mean of four terms, each between 0 and 1 and each a plain ratio that anyone can check.
It says nothing about covertness, which needs context that co-sharing does not have (`detectors.covertness.covertness`).
"""

import numpy as np

from detectors.alerts.network_facts import NetworkFacts
from schemas.alerts import CounterEvidence, ScoreTerm
from schemas.shares import TraceKind

_FEW_OBJECTS = 3
_MINUTE = 60


def coordination_terms(findings: NetworkFacts) -> list[ScoreTerm]:
    """The terms of the coordination score."""
    observed = sum(kind.observed for kind in findings.kinds)
    expected = sum(kind.expected for kind in findings.kinds)
    others = findings.crowd_edges + findings.copy_edges + findings.rhythm_edges
    # edges without co-shares have passed a gate of their own, at one false in a hundred
    beyond = max(0.0, 1.0 - expected / observed) if observed else 0.99 if others else 0.0
    members = len(findings.members)
    ties = findings.edges + others
    cohesion = min(1.0, ties / max(members - 1, 1) / 2)
    objects = float(np.median(findings.objects_per_edge)) if len(findings.objects_per_edge) else 1.0
    repetition = 1.0 - 1.0 / max(objects, 1.0)
    synchrony = 1.0 / (1.0 + findings.median_gap_s / 600.0)
    return [
        ScoreTerm(
            name="beyond_chance",
            value=_rounded(beyond),
            weight=0.4,
            summary=f"{observed:,} co-shares of pairs of members were seen, {_number(expected)} expected by chance."
            if observed or not others
            else "Pairs of members are tied by what one false finding in a hundred is allowed for, without co-shares.",
        ),
        ScoreTerm(
            name="repetition",
            value=_rounded(repetition),
            weight=0.25,
            summary=f"A typical linked pair shared {objects:.0f} different objects together.",
        ),
        ScoreTerm(
            name="synchrony",
            value=_rounded(synchrony),
            weight=0.2,
            summary=f"Half of the co-shares lay within {_duration(findings.median_gap_s)} of each other.",
        ),
        ScoreTerm(
            name="cohesion",
            value=_rounded(cohesion),
            weight=0.15,
            summary=f"{ties:,} pairs among {members} members are tied: {findings.edges:,} stand out on their own, "
            f"{_other_ties(findings)}.",
        ),
    ]


def _other_ties(findings: NetworkFacts) -> str:
    """Ties of other grounds than a pair's own co-shares, in words."""
    told = [f"{findings.crowd_edges:,} by a crowd that came together again"]
    if findings.copy_edges:
        told.append(f"{findings.copy_edges:,} by originals that both repeat without credit")
    if findings.rhythm_edges:
        told.append(f"{findings.rhythm_edges:,} by posting in the same minutes")
    return ", ".join(told)


def score(terms: list[ScoreTerm]) -> float:
    """Weighted mean of the terms, 0-1, to four decimals."""
    weight = sum(term.weight for term in terms)
    return _rounded(sum(term.value * term.weight for term in terms) / weight) if weight else 0.0


def counter_evidence(findings: NetworkFacts) -> list[CounterEvidence]:
    """Facts that speak for an innocent explanation, the weightiest first."""
    found: list[CounterEvidence] = []
    objects = float(np.median(findings.objects_per_edge)) if len(findings.objects_per_edge) else 0.0
    if objects < _FEW_OBJECTS:
        found.append(
            CounterEvidence(
                kind="few_posts",
                summary=f"The evidence rests on few posts: a typical linked pair shared only {objects:.0f} objects.",
            )
        )
    if findings.crowded > 0.1:
        found.append(
            CounterEvidence(
                kind="breaking_event",
                summary=f"{findings.crowded:.0%} of the co-shares are of objects that more than 50 accounts shared at "
                "about the same time, as happens when news breaks.",
            )
        )
    host = _common_host(findings)
    if host is not None:
        found.append(
            CounterEvidence(
                kind="shared_newsroom",
                summary=f"Most of the links shown lead to {host}: colleagues, a feed or readers of one site may "
                "share them at the same time openly.",
            )
        )
    if findings.kinds and all(
        k.kind in {TraceKind.HASHTAG_SEQUENCE, TraceKind.MENTION} for k in findings.kinds
    ):
        found.append(
            CounterEvidence(
                kind="fandom",
                summary="Only tags and mentions are shared, no links or texts: a campaign, fans or an event's "
                "audience do the same.",
            )
        )
    if findings.minute_clock:
        found.append(
            CounterEvidence(
                kind="coarse_clock",
                summary="The source gives times to the minute only, so shares a minute apart may be up to two minutes "
                "apart.",
            )
        )
    return found


def _common_host(findings: NetworkFacts) -> str | None:
    """The site that at least two thirds of the sampled links lead to, when there are three or more."""
    hosts = [
        sample.label.split("/")[0].split("?")[0]
        for sample in findings.samples
        if sample.kind is TraceKind.URL
    ]
    hosts = [host for host in hosts if "." in host]
    for host in sorted(set(hosts)):
        if len(hosts) >= 3 and hosts.count(host) * 3 >= 2 * len(hosts):
            return host
    return None


def _rounded(value: float) -> float:
    return round(min(1.0, max(0.0, value)), 4)


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 10 else f"{value:.2g}" if value >= 0.01 else "less than 0.01"


def _duration(seconds: float) -> str:
    if seconds < _MINUTE:
        return f"{seconds:.0f} s"
    if seconds < 120 * _MINUTE:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.0f} h"
