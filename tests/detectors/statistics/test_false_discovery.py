"""The gate against the exact Benjamini-Hochberg procedure."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.arrays.dtypes import F64
from detectors.statistics.false_discovery import FalseDiscoveryGate, benjamini_hochberg

BIN = 0.02

surprises = st.lists(
    st.one_of(
        st.floats(0, 60),
        st.floats(0, 500),
        st.integers(0, 3_000).map(lambda n: n * BIN),
        st.sampled_from([0.0, 5.0, 5.001, 12.0]),
    ),
    max_size=60,
)
levels = st.sampled_from([0.001, 0.01, 0.05, 0.3])


def passing(surprise: list[float], level: float, hypotheses: float) -> list[bool]:
    """Benjamini and Hochberg (1995), as written: reject the k smallest, k the last with p(k) <= k q / m."""
    ordered = sorted(surprise, reverse=True)
    ranks = [k for k, s in enumerate(ordered, start=1) if s >= math.log(hypotheses / level) - math.log(k)]
    return [s >= ordered[ranks[-1] - 1] for s in surprise] if ranks else [False] * len(surprise)


def filled(surprise: list[float], level: float) -> FalseDiscoveryGate:
    gate = FalseDiscoveryGate(level)
    gate.move(np.zeros(0), np.array(surprise, np.float64))
    return gate


@pytest.mark.slow
@settings(max_examples=300, deadline=None)
@given(surprise=surprises, level=levels, more=st.integers(0, 10_000))
def test_given_any_surprises_then_those_that_pass_are_those_of_the_procedure(
    surprise: list[float], level: float, more: int
) -> None:
    hypotheses = float(len(surprise) + more)
    passed = benjamini_hochberg(np.array(surprise, np.float64), level, hypotheses)

    if surprise and hypotheses:
        assert passed.tolist() == passing(surprise, level, hypotheses)
    else:
        assert not np.any(passed)


@pytest.mark.slow
@settings(max_examples=300, deadline=None)
@given(surprise=surprises, level=levels, more=st.integers(1, 10_000))
def test_given_any_surprises_then_the_gate_is_never_less_strict_and_by_at_most_a_bin(
    surprise: list[float], level: float, more: int
) -> None:
    hypotheses = float(len(surprise) + more)
    passed = np.array(surprise, np.float64) >= filled(surprise, level).threshold(hypotheses)
    # surprises that are zero are no candidates, and surprises above all bins are as good as one another
    counted = [s for s in surprise if 0 < s < 160]
    exact = dict(zip(counted, passing(counted, level, hypotheses), strict=True))
    stricter = dict(zip(counted, passing(counted, level * math.exp(-BIN * 1.001), hypotheses), strict=True))

    for value, ok in zip(surprise, passed, strict=True):
        if value in exact and not any(s >= 160 for s in surprise):
            assert stricter[value] <= ok <= exact[value]


@pytest.mark.slow
@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(surprises, st.integers(0, 60)), max_size=8), levels)
def test_given_pairs_that_come_go_and_change_then_the_gate_is_as_if_built_anew(
    steps: list[tuple[list[float], int]], level: float
) -> None:
    gate = FalseDiscoveryGate(level)
    held: list[float] = []
    for new, changed in steps:
        gone, kept = held[:changed], held[changed:]
        gate.move(np.array(gone, np.float64), np.array(new, np.float64))
        held = kept + new
        assert gate.threshold(5_000) == filled(held, level).threshold(5_000)
    gate.clear()
    assert gate.threshold(5_000) == math.inf


def test_given_nothing_or_no_hypotheses_then_nothing_passes() -> None:
    assert FalseDiscoveryGate(0.01).threshold(100) == math.inf
    assert filled([50.0], 0.01).threshold(0) == math.inf
    assert benjamini_hochberg(np.zeros(0), 0.01, 0).tolist() == []


def test_given_a_surprise_beyond_the_last_bin_then_it_passes() -> None:
    assert filled([1e6], 0.01).threshold(1e12) <= 1e6


@pytest.mark.parametrize("true", [0, 30])
def test_given_noise_when_gated_then_the_false_discovery_rate_is_held(true: int) -> None:
    draw = np.random.default_rng(7)
    rates = []
    for _ in range(200):
        noise: F64 = draw.exponential(1.0, 2_000)  # p-values uniform
        everything = np.append(noise, np.full(true, 25.0))
        gate = FalseDiscoveryGate(0.1)
        gate.move(np.zeros(0), everything)
        passed = everything >= gate.threshold(len(everything))
        rates.append(passed[:2_000].sum() / max(passed.sum(), 1))
    assert np.mean(rates) <= 0.1 + 3 * np.std(rates) / math.sqrt(200)
