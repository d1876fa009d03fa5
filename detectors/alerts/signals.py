"""The signals of an alert: what each detector measured among the members, against what chance gives."""

import math
from collections.abc import Iterable

import msgspec

from detectors.alerts.network_facts import NetworkFacts
from detectors.alerts.texts import kind_words
from detectors.covertness.network_context import NetworkContext
from detectors.covertness.terms.term import Measurement
from detectors.pools.company import PROMPT_S
from detectors.pools.pool_facts import PoolFacts
from schemas.evidence import CO_SHARE, PAIR_GATE, ScoreTerm, Signal

_LEAST_P = 1e-300
"""Smaller p-values are given as this: a JSON reader must not see them as 0."""
_P_DIGITS = 4
"""Digits of a p-value: more say nothing, and take room in every alert. Chosen, not measured."""
_FALSE_SHARE = 0.01
"""Share of the pairs behind the false-discovery gate that may be coincidences (`docs/detectors/chance-and-gate.md`)."""


FOUND_TOGETHER = (CO_SHARE, PAIR_GATE, "pool.")
"""Beginnings of the names of detectors that measure what members share together."""


def signals_together(facts: NetworkFacts) -> list[Signal]:
    """Co-shares by kind, pairs that pass the gate by themselves, and pools."""
    return [*_co_shares(facts), *_pairs(facts), *(_pool(facts.pool) if facts.pool is not None else ())]


def about_members(context: NetworkContext) -> list[Signal]:
    """Everything measured of the members themselves."""
    return [_signal_of(measurement) for measurement in context.measurements]


def said_once(signals: Iterable[Signal], terms: Iterable[ScoreTerm]) -> list[Signal]:
    """Signals without the sentences that terms of the score say as well.

    In the alert of a suspected network these are some 700 bytes (measured).
    """
    said = {(term.name, term.summary) for term in terms}
    return [
        msgspec.structs.replace(signal, summary="") if (signal.detector, signal.summary) in said else signal
        for signal in signals
    ]


def _co_shares(facts: NetworkFacts) -> list[Signal]:
    return [
        Signal(
            detector=f"{CO_SHARE}{kind.kind.value}",
            version="1",
            score=round(max(0.0, 1.0 - kind.expected / kind.observed), 4),
            observed=float(kind.observed),
            expected=round(kind.expected, 6),
            n=kind.observed,
            window_s=kind.window_s,
            summary=kind_words.co_shares(kind),
        )
        for kind in facts.kinds
    ]


def _pairs(facts: NetworkFacts) -> list[Signal]:
    """Pairs that pass the false-discovery gate by their own co-shares."""
    if not facts.edges:
        return []
    weakest_p = math.exp(-float(facts.edge_surprise.min()))
    chance = f", each with a chance of at most {weakest_p:.1g}" if weakest_p else ""
    count = "1 pair of members passes" if facts.edges == 1 else f"{facts.edges:,} pairs of members pass"
    return [
        Signal(
            detector=PAIR_GATE,
            version="1",
            score=round(min(1.0, facts.edges / max(len(facts.members) - 1, 1)), 4),
            observed=float(facts.edges),
            expected=round(facts.edges * _FALSE_SHARE, 4),
            p_value=_p_value(weakest_p),
            n=facts.edges,
            window_s=0,
            summary=f"{count} the false-discovery gate{chance}. One in a hundred such pairs may be a coincidence.",
        )
    ]


def _pool(pool: PoolFacts) -> list[Signal]:
    """The two tests that each account of a pool passes; the p-value is that of the weakest."""
    p_value = _p_value(math.exp(-pool.weakest_surprise))
    tests = (
        ("pool.synchrony", pool.met, pool.expected, pool.trials, pool.synchrony),
        ("pool.recurrence", pool.posts_met, pool.posts_expected, pool.posts, pool.recurrence),
    )
    return [
        Signal(
            detector=name,
            version="1",
            score=round(max(0.0, 1.0 - expected / max(observed, 1)), 4),
            observed=float(observed),
            expected=round(expected, 4),
            p_value=p_value,
            n=n,
            window_s=PROMPT_S,
            summary=summary,
        )
        for name, observed, expected, n, summary in tests
    ]


def _signal_of(measurement: Measurement) -> Signal:
    return Signal(
        detector=measurement.detector,
        version="1",
        score=round(measurement.score, 4),
        observed=round(float(measurement.observed), 6),
        expected=round(measurement.expected, 6),
        p_value=_p_value(measurement.p),
        n=measurement.n,
        window_s=0,
        summary=measurement.summary,
    )


def _p_value(p: float) -> float:
    return float(f"{max(p, _LEAST_P):.{_P_DIGITS}g}")
