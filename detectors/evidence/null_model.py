"""Null model: the co-shares that chance gives two accounts, and the surprise of those they have.

For two accounts, one kind, one window and one crowd stratum, the expected number of co-shares is

    max(exposure_a x activity_b, exposure_b x activity_a) / activity of all

This is a Chung-Lu model of meetings inside a stratum. The expectation is raised where both accounts were active in the
same part of the time, since accounts can only meet others that are active on the same days. Hypergeometric and
unstratified models gave millions of false edges or no power (measured; `docs/concepts.md`).

The p-value of a count is its Poisson tail. Per kind, the least p-value over windows and strata counts, times their
number (Bonferroni). Over kinds, two tests are made: Fisher's combination, with as many degrees of freedom as there are
kinds in the data, and the least p-value times the number of kinds. The first is strong where kinds agree, the second
where one kind has all the evidence. Twice the smaller p-value counts, which the union bound makes valid.

P-values are kept as *surprise*, minus their natural logarithm, so that none underflows.
"""

import math
from typing import NamedTuple

import numpy as np

from detectors.arrays.compiled import compiled_without_references, inlined
from detectors.arrays.dtypes import F64, I64, Int
from detectors.config import KINDS, MAX_WINDOWS, TESTED_WINDOWS, DetectionConfig
from detectors.evidence.shared_interest import Interest, slow_expected, surprise_beyond_interest
from detectors.statistics.active_days import ActiveDays, same_days
from detectors.statistics.tails import LEAST_EXPECTED, fused_surprise, poisson_surprise
from detectors.synchrony.cells import (
    NO_STRATUM,
    Cells,
    cell_of,
    kind_of,
    stratum_in,
    stratum_of,
    window_of,
)
from detectors.synchrony.exposure import Counters, ExposureStore, Spans, counted

KIND_COUNT = len(KINDS)


class NullModel(NamedTuple):
    """The null model at one moment, in arrays that kernels can read."""

    counters: Counters
    spans: Spans
    mass: I64  # (kinds,)
    clock: float
    start: float
    tests: F64  # (kinds,) windows x strata of each kind
    sides: F64  # (kinds, MAX_WINDOWS) both sides of a window over the part of them that was searched
    strata: int
    activity: int  # first activity cell
    kinds: int  # kinds that occur in the data
    independent: F64  # (kinds,) share of a kind's co-shares that are independent evidence
    interest: Interest
    days: ActiveDays


def null_model(
    config: DetectionConfig,
    ledger: ExposureStore,
    cells: Cells,
    independent: F64,
    spread: float,
    slow_ratio: float,
    profile: F64,
) -> NullModel:
    """The null model of the ledger as it is now; arrays are views, not copies.

    Args:
        config: windows.
        ledger: exposure of all accounts.
        cells: numbering of the counters.
        independent: share of each kind's co-shares that are independent evidence; float64 (kinds,).
        spread: how much pairs differ in shared interest (`detectors.evidence.shared_interest`).
        slow_ratio: independent slow co-shares of all pairs over the count that exposure alone would give.
        profile: fast co-shares that interest gives for each slow one (`detectors.evidence.pair_kernels.lag_profile`).
    """
    share = config.co_share
    tests = np.ones(KIND_COUNT)
    sides = np.ones((KIND_COUNT, MAX_WINDOWS))
    bands = np.zeros(TESTED_WINDOWS)
    for kind, spans in share.windows_s.items():
        number = KINDS.index(kind)
        # the last stratum is viral and never evidence, so it is no test
        tests[number] = max(1, len(spans) * (cells.strata - 1))
        for window, span in enumerate(spans):
            sides[number, window] = 2 * span / (span + min(span, share.settle_s))
            bands[window] = max(bands[window], span)
    reference = share.reference_s
    return NullModel(
        ledger.counters,
        ledger.spans,
        ledger.mass,
        ledger.clock,
        ledger.horizon_start,
        tests,
        sides,
        cells.strata,
        cells.activity,
        max(1, int(np.count_nonzero(ledger.mass))),
        independent,
        Interest(
            ledger.slow.exposure,
            ledger.slow.activity,
            spread,
            bands,
            float(reference),
            slow_ratio / max(float(ledger.mass.sum()), 1.0),
            cells.reference_strata,
            profile,
        ),
        ledger.active_days.days,
    )


@inlined
def same_spans(null: NullModel, first_a: float, last_a: float, first_b: float, last_b: float) -> float:
    """As `same_time`, for two spans on a clock that counts the shares of all accounts. Networks have spans, too."""
    first_a, last_a = max(first_a, null.start), last_a + 1.0
    first_b, last_b = max(first_b, null.start), last_b + 1.0
    overlap = min(last_a, last_b) - max(first_a, first_b)
    whole = null.clock - null.start + 1.0
    spread = max(last_a - first_a, 1.0) * max(last_b - first_b, 1.0)
    return float(max(1.0, whole * max(overlap, 0.0) / spread))


@inlined
def same_time(null: NullModel, a: Int, b: Int) -> float:
    """How many times likelier two accounts meet because they are active at the same time; at least 1.

    Spans know of times within a day, and days of times within a span.
    """
    spans = null.spans
    by_span = same_spans(null, spans.first[a], spans.last[a], spans.first[b], spans.last[b])
    return float(max(by_span, same_days(null.days, a, b)))


@inlined
def expected_co_shares(
    null: NullModel, kind: Int, window: Int, stratum: Int, a: Int, b: Int, together: float
) -> float:
    """Co-shares that chance gives two accounts in one cell."""
    activity_a = counted(null.counters, a, null.activity + kind)
    activity_b = counted(null.counters, b, null.activity + kind)
    return expected_in_cell(null, kind, window, stratum, a, activity_a, b, activity_b, together)


@inlined
def expected_in_cell(
    null: NullModel,
    kind: Int,
    window: Int,
    stratum: Int,
    a: Int,
    activity_a: Int,
    b: Int,
    activity_b: Int,
    together: float,
) -> float:
    """As `expected_co_shares`, with activities in the kind that the caller has looked up."""
    cell = cell_of(kind, window, stratum, null.strata)
    met = max(
        float(counted(null.counters, a, cell)) * activity_b,
        float(counted(null.counters, b, cell)) * activity_a,
    )
    expected = met * null.sides[kind, window] * together / max(null.mass[kind], 1)
    return float(max(expected, LEAST_EXPECTED))


class Tally(NamedTuple):
    """Independent co-shares by cell, and a list of the cells that have any; empty between uses."""

    counts: I64  # (cells,) by (kind, window, stratum)
    cells: I64  # (cells,) the first `used` are those with a count
    used: I64  # (1,)


@inlined
def new_tally(strata: Int) -> Tally:
    """An empty tally."""
    size = KIND_COUNT * MAX_WINDOWS * strata
    return Tally(np.zeros(size, np.int64), np.zeros(size, np.int64), np.zeros(1, np.int64))


@inlined
def tally_up(tally: Tally, kind: Int, strata_word: Int, strata: Int) -> None:
    """Add one co-share to the counts by (kind, window, stratum)."""
    for window in range(TESTED_WINDOWS):
        stratum = stratum_in(strata_word, window)
        if stratum != NO_STRATUM:
            cell = cell_of(kind, window, stratum, strata)
            if tally.counts[cell] == 0:
                tally.cells[tally.used[0]] = cell
                tally.used[0] += 1
            tally.counts[cell] += 1


@inlined
def clear_tally(tally: Tally) -> None:
    """Set all counts to zero."""
    for index in range(tally.used[0]):
        tally.counts[tally.cells[index]] = 0
    tally.used[0] = 0


@inlined
def cell_surprise(
    null: NullModel, observed: Int, cell: Int, expected: float, slow: float, expected_slow: float
) -> float:
    """Surprise of a count in one cell, beyond activity and beyond shared interest; corrected for all cells of a kind.

    The exposure of accounts that act together is higher than their interest alone would make it. So interest explains
    at most the expected slow co-shares, times the fast co-shares that interest gives for each slow one.
    """
    interest = null.interest
    surprise = poisson_surprise(observed, expected)
    if interest.reference_s > 0.0:
        organic = expected
        # slow co-shares are not counted in larger crowds
        if stratum_of(cell, null.strata) < interest.strata and expected_slow > 0.0:
            organic = max(min(expected, interest.profile[cell] * expected_slow), LEAST_EXPECTED)
        surprise = min(surprise, surprise_beyond_interest(interest, observed, organic, slow, expected_slow))
    return float(surprise - math.log(null.tests[kind_of(cell, null.strata)]))


@compiled_without_references
def pair_surprise(null: NullModel, tally: Tally, slow: I64, a: Int, b: Int, by_kind: F64) -> float:
    """Fused surprise of one pair.

    Args:
        null: the null model.
        tally: independent co-shares by cell.
        slow: int64 (TESTED_WINDOWS,), independent objects with a slow co-share, for each window.
        a: number of one account.
        b: number of the other account.
        by_kind: float64 (kinds,), filled with the surprise of each kind.
    """
    together = same_time(null, a, b)
    interest = null.interest
    by_kind[:] = 0.0
    looked_up: Int = np.int64(-1)
    activity_a: Int = np.int64(0)
    activity_b: Int = np.int64(0)
    for index in range(tally.used[0]):
        cell = tally.cells[index]
        kind = kind_of(cell, null.strata)
        if kind != looked_up:
            looked_up = kind
            activity_a = counted(null.counters, a, null.activity + kind)
            activity_b = counted(null.counters, b, null.activity + kind)
        window = window_of(cell, null.strata)
        expected_slow = together * slow_expected(
            interest,
            interest.exposure[a],
            interest.activity[a],
            interest.exposure[b],
            interest.activity[b],
            window,
        )
        expected = expected_in_cell(
            null, kind, window, stratum_of(cell, null.strata), a, activity_a, b, activity_b, together
        )
        surprise = cell_surprise(null, tally.counts[cell], cell, expected, slow[window], expected_slow)
        by_kind[kind] = max(by_kind[kind], surprise)
    return fused_surprise(by_kind, null.kinds)
