"""Facts of large networks are those that going through all pairs would give."""

import numpy as np
import pytest

from detectors.alerts.network_facts import _evidence_between
from detectors.arrays.compiled import compiled
from detectors.arrays.dtypes import F64, I32, I64
from detectors.config import KINDS, MAX_WINDOWS, DetectionConfig
from detectors.evidence.expected_among import counters_of, expected_among
from detectors.evidence.null_model import KIND_COUNT, NullModel, null_model, same_time
from detectors.evidence.pairs import PairStore
from detectors.synchrony.cells import Cells
from detectors.synchrony.co_shares import EXPOSURES
from detectors.synchrony.exposure import ExposureStore
from schemas.shares import TraceKind
from tests.detectors.evidence.pair_oracle import CoShare, records

CONFIG = DetectionConfig()
CELLS = Cells(CONFIG)
URL = KINDS.index(TraceKind.URL)


def pairs_of(accounts: int, count: int, seed: int) -> PairStore:
    """Evidence of random pairs of accounts."""
    draw = np.random.default_rng(seed)
    pairs = PairStore(CONFIG)
    for post in range(count):
        later, earlier = draw.choice(accounts, 2, replace=False).tolist()
        co_share = CoShare(
            100 * post, int(draw.integers(40)), 2 * post + 1, 2 * post, later, earlier, 5, 2, (0,) * 4, URL
        )
        pairs.add(records([co_share]))
    return pairs


@pytest.mark.parametrize("members", [2, 5, 30, 90])
def test_given_members_then_their_evidence_is_every_row_of_two_of_them(members: int) -> None:
    pairs = pairs_of(100, 600, seed=3)
    chosen = np.sort(np.random.default_rng(members).choice(100, members, replace=False)).astype(np.int32)

    first, second = pairs.accounts(pairs.rows["pair"])
    inside = [row for row, ends in enumerate(zip(first, second, strict=True)) if np.isin(ends, chosen).all()]
    assert _evidence_between(chosen, pairs).tolist() == inside


def null_of(accounts: int, seed: int) -> NullModel:
    """A null model of accounts that differ in what they shared, and in how many others did."""
    draw = np.random.default_rng(seed)
    rows = [
        (account, cell, int(draw.integers(1, 9)))
        for account in range(accounts)
        for cell in (int(draw.integers(CELLS.activity)), CELLS.activity + URL)
    ]
    store = ExposureStore(CELLS, 0)
    store.add(np.array([(0, *row) for row in rows], EXPOSURES), accounts)
    return null_model(CONFIG, store, CELLS, np.ones(KIND_COUNT), 3.0, 1.0, np.full(CELLS.activity, np.inf))


@compiled
def _all_same_times(null: NullModel, accounts: int) -> F64:
    out = np.zeros((accounts, accounts))
    for a in range(accounts):
        for b in range(accounts):
            out[a, b] = same_time(null, a, b)
    return out


def pair_by_pair(members: I32, own: F64, null: NullModel) -> F64:
    """The definition, an account with all later ones at a time."""
    out = np.zeros((KIND_COUNT, MAX_WINDOWS))
    together = _all_same_times(null, len(members))
    cells: I64 = np.arange(null.activity).reshape(KIND_COUNT, MAX_WINDOWS, null.strata)
    for kind in range(KIND_COUNT):
        activity = own[:, null.activity + kind]
        scale = null.independent[kind] / max(int(null.mass[kind]), 1)
        for first in range(len(members)):
            mine, theirs = own[first, cells[kind]], own[first + 1 :, cells[kind]]
            met = np.maximum(mine * activity[first + 1 :, None, None], theirs * activity[first])
            met = met * together[first, first + 1 :, None, None]
            out[kind] += (met.sum(axis=(0, 2)) * null.sides[kind]) * scale
    return out


@pytest.mark.parametrize(("accounts", "error"), [(40, 1e-9), (1_700, 0.01)])
@pytest.mark.slow
def test_given_a_network_then_chance_gives_what_all_its_pairs_add_up_to(accounts: int, error: float) -> None:
    null = null_of(accounts, seed=5)
    members = np.arange(accounts, dtype=np.int32)
    own = counters_of(members, null)

    expected = pair_by_pair(members, own, null)
    assert expected[URL].sum() > 0
    assert expected_among(members, own, null) == pytest.approx(expected, rel=error)
