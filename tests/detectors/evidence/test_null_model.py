"""Tails against scipy, calibration on simulated noise, and expectations worked out by hand."""

import math

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special, stats

from detectors.arrays.dtypes import F64, I64
from detectors.config import KINDS, MAX_WINDOWS, REFERENCE, TESTED_WINDOWS, CoShareConfig, DetectionConfig
from detectors.evidence.null_model import (
    KIND_COUNT,
    NullModel,
    Tally,
    clear_tally,
    expected_co_shares,
    new_tally,
    null_model,
    pair_surprise,
    same_time,
    tally_up,
)
from detectors.evidence.shared_interest import Interest
from detectors.statistics.active_days import DayStore
from detectors.statistics.tails import LEAST_EXPECTED, fused_surprise, poisson_surprise
from detectors.synchrony.cells import NO_STRATUM, Cells
from detectors.synchrony.co_shares import EXPOSURES
from detectors.synchrony.exposure import Counters, ExposureStore, Spans
from schemas.shares import TraceKind

CONFIG = DetectionConfig(
    co_share=CoShareConfig(
        windows_s={TraceKind.URL: (60, 600), TraceKind.TEXT: (300,)},
        strata=(5, 50),
        settle_s=60,
        reference_s=0,
    )
)
CELLS = Cells(CONFIG)
UNKNOWN = np.full(CELLS.activity, np.inf)
"""No lag profile: interest explains whatever activity does."""
URL, TEXT = KINDS.index(TraceKind.URL), KINDS.index(TraceKind.TEXT)


def log_tail(observed: int, expected: float) -> float:
    """-ln P(X >= observed), every term in the log domain."""
    ks = np.arange(observed, observed + 2_000 + int(2 * expected))
    return float(-special.logsumexp(ks * math.log(expected) - expected - special.gammaln(ks + 1.0)))


def cell(kind: int, window: int, stratum: int) -> int:
    return (kind * MAX_WINDOWS + window) * CELLS.strata + stratum


def ledger_of(*rows: tuple[int, int, int], accounts: int = 8) -> ExposureStore:
    ledger = ExposureStore(CELLS, 0)
    ledger.add(np.array([(0, *row) for row in rows], EXPOSURES), accounts)
    return ledger


def tally_of(counts: dict[tuple[int, int, int], int]) -> Tally:
    """A tally of so many co-shares by (kind, window, stratum)."""
    tally = new_tally(CELLS.strata)
    for (kind, window, stratum), count in counts.items():
        others = 0xFFFF & ~(15 << (4 * window))
        for _ in range(count):
            tally_up(tally, kind, others | stratum << (4 * window), CELLS.strata)
    return tally


def with_profile(null: NullModel, profile: F64) -> NullModel:
    return null._replace(interest=null.interest._replace(profile=profile))


def null_of(ledger: ExposureStore) -> NullModel:
    return null_model(CONFIG, ledger, CELLS, np.ones(KIND_COUNT), 3.0, 1.0, UNKNOWN)


@settings(max_examples=300, deadline=None)
@given(observed=st.integers(1, 3_000), expected=st.floats(1e-6, 2_000))
def test_given_a_count_then_its_surprise_is_the_poisson_tail(observed: int, expected: float) -> None:
    surprise = poisson_surprise(observed, expected)

    if observed <= expected:
        assert surprise == 0
    else:
        assert surprise == pytest.approx(log_tail(observed, expected), rel=1e-9, abs=1e-9)
        tail = special.pdtrc(observed - 1, expected)
        if tail > 1e-290:
            assert math.exp(-surprise) == pytest.approx(tail, rel=1e-8)


@pytest.mark.parametrize(
    ("observed", "expected"), [(5_000, 1e-6), (100_000, 10.0), (1_000_000, 999_000.0), (3, 1e-300)]
)
def test_given_an_extreme_count_then_the_tail_does_not_underflow(observed: int, expected: float) -> None:
    reference = log_tail(observed, expected)

    assert math.isfinite(reference)
    assert poisson_surprise(observed, expected) == pytest.approx(reference, rel=1e-7)


@pytest.mark.parametrize(("observed", "expected"), [(0, 0.5), (-1, 0.5), (3, 3.0), (3, 7.5), (0, 0.0)])
def test_given_no_more_than_expected_then_no_surprise(observed: int, expected: float) -> None:
    assert poisson_surprise(observed, expected) == 0


@pytest.mark.slow
@settings(max_examples=300, deadline=None)
@given(st.lists(st.floats(0, 800), min_size=KIND_COUNT, max_size=KIND_COUNT), st.integers(1, KIND_COUNT))
def test_given_several_kinds_then_the_fusion_is_twice_the_smaller_of_fisher_and_bonferroni(
    values: list[float], kinds: int
) -> None:
    by_kind = np.array(values)
    by_kind[kinds:] = 0
    fused = fused_surprise(by_kind, kinds)

    fisher = -float(stats.chi2.logsf(2 * by_kind.sum(), 2 * kinds))
    # scipy's logarithm of the tail is exact only where the tail itself does not underflow
    if by_kind.sum() < 600:
        both = max(fisher, by_kind.max() - math.log(kinds)) - math.log(2)
        assert fused == pytest.approx(max(0.0, both), rel=1e-8, abs=1e-8)
    series = special.logsumexp(
        [j * math.log(max(by_kind.sum(), 1e-300)) - math.lgamma(j + 1) for j in range(kinds)]
    )
    both = max(by_kind.sum() - series, by_kind.max() - math.log(kinds)) - math.log(2)
    assert fused == pytest.approx(max(0.0, both), rel=1e-8, abs=1e-8)


def test_given_independent_uniform_p_values_then_the_fused_ones_are_no_smaller() -> None:
    draw = np.random.default_rng(11)
    for kinds in (1, 2, KIND_COUNT):
        by_kind = np.zeros((40_000, KIND_COUNT))
        by_kind[:, :kinds] = draw.exponential(1.0, (40_000, kinds))
        p = np.exp(-np.array([fused_surprise(row, kinds) for row in by_kind]))
        for level in (0.2, 0.05, 0.01, 0.001):
            assert np.mean(p <= level) <= level + 3 * math.sqrt(level / len(p))


def test_given_poisson_noise_then_p_values_are_sub_uniform() -> None:
    draw = np.random.default_rng(12)
    for rate in (0.02, 0.5, 3.0, 40.0):
        counts = draw.poisson(rate, 40_000)
        p = np.exp(-np.array([poisson_surprise(int(count), rate) for count in counts]))
        for level in (0.2, 0.05, 0.01, 0.001):
            assert np.mean(p <= level) <= level + 3 * math.sqrt(level / len(p))


@pytest.mark.slow
def test_given_noise_in_every_cell_of_a_pair_then_its_p_value_is_sub_uniform() -> None:
    draw = np.random.default_rng(13)
    rows = [(a, CELLS.activity + kind, 30) for a in (0, 1) for kind in (URL, TEXT)]
    rows += [(2, CELLS.activity + kind, 940) for kind in (URL, TEXT)]
    cells = [(kind, w, s) for kind, spans in ((URL, 2), (TEXT, 1)) for w in range(spans) for s in range(2)]
    rows += [(a, cell(*place), 40) for a in (0, 1) for place in cells]
    null = null_of(ledger_of(*rows))
    together = same_time(null, 0, 1)
    by_kind, slow = np.zeros(KIND_COUNT), np.zeros(TESTED_WINDOWS, np.int64)
    p = []
    for _ in range(20_000):
        counts = {place: draw.poisson(expected_co_shares(null, *place, 0, 1, together)) for place in cells}
        p.append(math.exp(-pair_surprise(null, tally_of(counts), slow, 0, 1, by_kind)))
    for level in (0.2, 0.05, 0.01, 0.001):
        assert np.mean(np.array(p) <= level) <= level + 3 * math.sqrt(level / len(p))


@pytest.mark.slow
def test_given_a_pair_then_its_expectation_and_surprise_are_those_worked_out_by_hand() -> None:
    null = null_of(
        ledger_of(
            (0, CELLS.activity + URL, 10),
            (1, CELLS.activity + URL, 20),
            (2, CELLS.activity + URL, 70),
            (0, CELLS.activity + TEXT, 5),
            (0, cell(URL, 0, 1), 30),
            (1, cell(URL, 0, 1), 8),
        )
    )
    together = same_time(null, 0, 1)

    # 30 x 20 / 100 against 8 x 10 / 100; both sides of 60 s are looked at whole, so nothing is doubled
    assert expected_co_shares(null, URL, 0, 1, 0, 1, 1.0) == pytest.approx(6.0)
    assert expected_co_shares(null, URL, 0, 1, 1, 0, 1.0) == pytest.approx(6.0)
    assert expected_co_shares(null, URL, 0, 0, 0, 1, 1.0) == LEAST_EXPECTED
    counts = tally_of({(URL, 0, 1): 24})
    tally_up(counts, URL, 0xFFF0 | 1, CELLS.strata)
    by_kind = np.full(KIND_COUNT, 99.0)
    slow = np.zeros(TESTED_WINDOWS, np.int64)
    surprise = pair_surprise(null, counts, slow, 0, 1, by_kind)

    alone = -math.log(float(special.pdtrc(24, 6.0 * together))) - math.log(2 * 2)  # viral crowds are no test
    assert by_kind[URL] == pytest.approx(alone)
    assert by_kind.sum() == by_kind[URL]
    # two kinds occur in the data
    fisher = -float(stats.chi2.logsf(2 * alone, 4))
    assert surprise == pytest.approx(max(fisher, alone - math.log(2)) - math.log(2))


def test_given_slow_co_shares_then_the_surprise_is_that_beyond_the_interest_they_show() -> None:
    share = msgspec.structs.replace(CONFIG.co_share, reference_s=1_200, cap=32)
    config = msgspec.structs.replace(CONFIG, co_share=share)
    slow_cell = cell(URL, REFERENCE, 0)
    ledger = ledger_of(
        *((a, CELLS.activity + URL, amount) for a, amount in ((0, 10), (1, 20), (2, 70))),
        (0, slow_cell, 30),
        (1, slow_cell, 8),
        (0, cell(URL, REFERENCE, 2), 500),  # viral crowds tell nothing
        (0, cell(URL, 0, 1), 3),
    )
    null = null_model(config, ledger, Cells(config), np.ones(KIND_COUNT), 2.0, 0.5, UNKNOWN)
    together = same_time(null, 0, 1)
    counts = tally_of({(URL, 0, 1): 9})
    by_kind = np.zeros(KIND_COUNT)
    pair_surprise(null, counts, np.array([4, 0, 0]), 0, 1, by_kind)

    # 30 x 20 / 100 slow meetings within 1,200 s, half of them independent, of which those count that lie
    # outside the first window of every kind: texts have 300 s
    due = together * 0.5 * 6.0 * (1 - 300 / 1_200)
    expected = together * 3 * 20 / 100
    shape = 1 / 2.0 + 4
    rate = min(1 / 2.0 + due, shape)
    tail = float(stats.nbinom.logsf(8, shape, rate / (rate + expected)))
    assert by_kind[URL] == pytest.approx(-tail - math.log(2 * 2))
    assert by_kind.sum() == by_kind[URL]

    # meetings that go with slow ones are half as many as that: interest explains less, activity all the same
    profile = np.full(CELLS.activity, 0.5 * expected / due)
    pair_surprise(with_profile(null, profile), counts, np.array([4, 0, 0]), 0, 1, by_kind)
    tail = float(stats.nbinom.logsf(8, shape, rate / (rate + 0.5 * expected)))
    activity = poisson_surprise(9, expected)
    assert by_kind[URL] == pytest.approx(min(activity, -tail) - math.log(2 * 2))
    pair_surprise(with_profile(null, profile * 1e-6), counts, np.array([4, 0, 0]), 0, 1, by_kind)
    assert by_kind[URL] == pytest.approx(activity - math.log(2 * 2))


def test_given_a_window_whose_far_side_is_cut_then_the_expectation_is_raised() -> None:
    null = null_of(
        ledger_of((0, CELLS.activity + URL, 50), (1, CELLS.activity + URL, 50), (0, cell(URL, 1, 0), 4))
    )

    # 600 s back and 60 s ahead were looked at; a pair may be 600 s apart either way
    assert expected_co_shares(null, URL, 1, 0, 0, 1, 1.0) == pytest.approx(4 * 50 / 100 * 1_200 / 660)


def spans_null(first: list[float], last: list[float], clock: float, start: float = 0.0) -> NullModel:
    empty = Counters(np.zeros(2, np.uint64), np.zeros(2, np.int64))
    mass: I64 = np.ones(KIND_COUNT, np.int64)
    spans = Spans(np.array(first), np.array(last))
    nothing = np.zeros(len(first))
    return NullModel(
        empty,
        spans,
        mass,
        clock,
        start,
        np.ones(KIND_COUNT),
        np.ones((KIND_COUNT, MAX_WINDOWS)),
        3,
        84,
        1,
        np.ones(KIND_COUNT),
        Interest(nothing, nothing, 1.0, np.zeros(TESTED_WINDOWS), 0.0, 1.0, 2, np.full(84, np.inf)),
        DayStore(0).days,
    )


@pytest.mark.parametrize(
    ("first", "last", "start", "factor"),
    [
        ([0, 0], [999, 999], 0, 1.0),  # both there all the time
        ([500, 500], [599, 599], 0, 10.0),  # both there in one tenth of it
        ([0, 900], [999, 999], 0, 1.0),  # one all the time: no news
        ([0, 500], [499, 999], 0, 1.0),  # never together: no less than 1
        ([0, 50], [99, 149], 0, 1_000 * 50 / 100 / 100),  # half of each
        ([0, 0], [999, 999], 500, 1.0),  # what lies before the horizon does not count
        ([0, 0], [599, 599], 500, 500 / 100),
        ([700, 700], [700, 700], 0, 1_000.0),  # one share each, the same moment
    ],
)
def test_given_when_two_accounts_were_active_then_meeting_is_likelier_by(
    first: list[float], last: list[float], start: float, factor: float
) -> None:
    null = spans_null([float(x) for x in first], [float(x) for x in last], 999.0, float(start))

    assert same_time(null, 0, 1) == pytest.approx(factor)
    assert same_time(null, 1, 0) == pytest.approx(factor)


def test_given_a_strata_word_then_every_tested_window_that_holds_the_pair_is_counted() -> None:
    tally = new_tally(3)
    cells = [(2 * MAX_WINDOWS + w) * 3 + s for w, s in ((1, 0), (2, 2))]

    for _ in range(2):
        tally_up(tally, 2, NO_STRATUM | 0 << 4 | 2 << 8 | 1 << 12, 3)

    assert np.flatnonzero(tally.counts).tolist() == cells
    assert tally.counts[cells].tolist() == [2, 2]
    assert tally.cells[: tally.used[0]].tolist() == cells
    clear_tally(tally)
    assert not tally.counts.any()
    assert tally.used[0] == 0
