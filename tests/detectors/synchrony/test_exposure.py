"""The ledger against a dictionary per day."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from detectors.config import KINDS, MAX_WINDOWS, REFERENCE, DetectionConfig
from detectors.synchrony import exposure
from detectors.synchrony.cells import Cells
from detectors.synchrony.co_shares import EXPOSURES
from detectors.synchrony.exposure import ExposureStore, counted, counter_key

CELLS = Cells(DetectionConfig())
REFERENCE_CELLS = [
    (kind * MAX_WINDOWS + REFERENCE) * CELLS.strata + stratum
    for kind in (0, len(KINDS) - 1)
    for stratum in range(CELLS.strata)
]
SLOW_CELLS = {cell for cell in REFERENCE_CELLS if cell % CELLS.strata < CELLS.reference_strata}

Row = tuple[int, int, int]

rows = st.lists(
    st.tuples(
        st.sampled_from([0, 1, 2, 3, 900, 2_000_000]),
        st.one_of(
            st.integers(0, 8),
            st.sampled_from(REFERENCE_CELLS),
            st.integers(CELLS.activity, CELLS.count - 1),
        ),
        st.integers(1, 5),
    ),
    max_size=25,
)


@pytest.fixture(params=[4, 14], ids="2^{} slots at first".format)
def first_size(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exposure, "_FIRST_SIZE", 1 << request.param)


def values(ledger: ExposureStore) -> Counter[tuple[int, int]]:
    """All counters that are not zero."""
    key, value = ledger.counters
    assert len(np.unique(key[key != 0], return_counts=True)[0]) == np.count_nonzero(key)
    found = ((int(k) - 1, int(v)) for k, v in zip(key, value, strict=True) if k and v)
    return Counter({(k >> 16, k & 0xFFFF): v for k, v in found})


def records(day: list[Row]) -> np.ndarray[tuple[int], np.dtype[np.void]]:
    return np.array([(0, *row) for row in day], EXPOSURES)


@pytest.mark.slow
@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(days=st.lists(rows, max_size=8), keep=st.sampled_from([0, 1, 3]), parts=st.integers(1, 3))
def test_given_days_then_the_counters_are_those_of_the_horizon(
    first_size: None, days: list[list[Row]], keep: int, parts: int
) -> None:
    ledger = ExposureStore(CELLS, keep)
    clock = 0
    starts = [0]
    for number, day in enumerate(days):
        for part in range(parts):
            ledger.add(records(day[part::parts]), 2_000_001)
        clock += sum(cell >= CELLS.activity for _, cell, _ in day)
        inside = [
            row
            for old in (days[max(0, number - keep) : number + 1] if keep else days[: number + 1])
            for row in old
        ]
        truth: Counter[tuple[int, int]] = Counter()
        for account, cell, amount in inside:
            truth[account, cell] += amount
        assert values(ledger) == truth
        assert ledger.mass.tolist() == [
            sum(amount for _, cell, amount in inside if cell == CELLS.activity + kind)
            for kind in range(len(KINDS))
        ]
        for account in {row[0] for row in inside} | {1}:
            own = [row for row in inside if row[0] == account]
            assert ledger.slow.exposure[account] == sum(n for _, cell, n in own if cell in SLOW_CELLS)
            assert ledger.slow.activity[account] == sum(n for _, cell, n in own if cell >= CELLS.activity)
        assert ledger.slow_exposure_ever == sum(
            n for old in days[: number + 1] for _, cell, n in old if cell in SLOW_CELLS
        )
        assert ledger.clock == clock
        assert ledger.horizon_start == starts[max(0, number - keep) if keep else 0]
        ledger.close_day()
        starts.append(clock)


@pytest.mark.slow
@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(day=rows, peels=st.lists(rows, max_size=4))
def test_given_peels_then_each_replaces_the_one_before(
    first_size: None, day: list[Row], peels: list[list[Row]]
) -> None:
    ledger = ExposureStore(CELLS, 2)
    ledger.add(records(day), 2_000_001)
    for peel in [*peels, []]:
        taken: Counter[int] = Counter()
        for account, cell, amount in peel:
            taken[int(counter_key(np.int64(account), np.int64(cell)))] += amount
        ledger.peel(np.array(list(taken), np.uint64), np.array(list(taken.values()), np.int64))
        truth: Counter[tuple[int, int]] = Counter()
        for account, cell, amount in day:
            truth[account, cell] += amount
        for account, cell, amount in peel:
            truth[account, cell] -= amount
        assert values(ledger) == Counter({key: value for key, value in truth.items() if value})
        for (account, cell), value in truth.items():
            assert counted(ledger.counters, account, cell) == max(value, 0)
        assert counted(ledger.counters, 77, 3) == 0


def test_given_activity_then_spans_say_when_on_the_clock_of_all_shares() -> None:
    ledger = ExposureStore(CELLS, 1)
    share = CELLS.activity
    ledger.add(records([(5, share, 1), (6, share + 1, 1), (5, 3, 9), (5, share, 1)]), 7)
    ledger.close_day()
    ledger.add(records([(5_000, share, 1), (6, share, 1)]), 5_001)

    assert (ledger.spans.first[5], ledger.spans.last[5]) == (1, 3)
    assert (ledger.spans.first[6], ledger.spans.last[6]) == (2, 5)
    assert (ledger.spans.first[5_000], ledger.spans.last[5_000]) == (4, 4)
    assert (ledger.spans.first[4], ledger.spans.last[4]) == (-1, -1)


def test_given_a_million_counters_over_days_then_ageing_frees_their_places() -> None:
    ledger = ExposureStore(CELLS, 1)
    for day in range(6):
        batch = np.zeros(100_000, EXPOSURES)
        batch["account"] = np.arange(100_000) + day * 100_000
        batch["amount"] = 2
        ledger.add(batch, (day + 1) * 100_000)
        ledger.close_day()

    assert len(ledger.counters.key) <= 1 << 20
    assert int(ledger.counters.value.sum()) == 200_000
