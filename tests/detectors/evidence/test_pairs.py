"""Pair evidence equals that of a slow oracle, through growth, ageing and eviction."""

import math
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from detectors.config import (
    MAX_WINDOWS,
    TESTED_WINDOWS,
    CoShareConfig,
    DetectionConfig,
    EvidenceConfig,
    GateConfig,
)
from detectors.evidence import pair_table, pairs
from detectors.evidence.null_model import (
    KIND_COUNT,
    NullModel,
    new_tally,
    null_model,
    pair_surprise,
    tally_up,
)
from detectors.evidence.pairs import PairStore
from detectors.evidence.shared_interest import FEW, PRIOR_SPREAD, SLOW_WINDOW, slow_expected
from detectors.synchrony.cells import NO_STRATUM, Cells
from detectors.synchrony.co_shares import EXPOSURES
from detectors.synchrony.exposure import ExposureStore, counter_key
from tests.detectors.evidence.pair_oracle import DAY, CoShare, Evidence, Pair, Row, records

KEEP, SINGLE = 10, 3

thorough = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.fixture(params=[2, 1 << 14], ids="first size {}".format)
def first_size(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pairs, "FIRST_SIZE", request.param)
    monkeypatch.setattr(pair_table, "FIRST_SIZE", request.param)


def config(
    min_objects: int = 2,
    keep_days: int = KEEP,
    singleton_days: int = SINGLE,
    max_pairs: int = 1 << 20,
    cap: int = 100,
) -> DetectionConfig:
    return DetectionConfig(
        co_share=CoShareConfig(cap=cap),
        evidence=EvidenceConfig(keep_days=keep_days, singleton_days=singleton_days, max_pairs=max_pairs),
        gate=GateConfig(min_objects=min_objects),
    )


CELLS = Cells(config())
VIRAL = CELLS.strata - 1
BANDS = (60, 600, 3_600)
ALONE = [0xFFFF & ~(15 << (4 * window)) for window in range(MAX_WINDOWS)]
"""For each window, a word of strata in which only the place of that window is free."""


@st.composite
def posts(draw: st.DrawFn, most: int = 25) -> list[list[CoShare]]:
    """The co-shares of successive posts: on some objects, with some of the last posts."""
    made: list[tuple[int, int, set[int]]] = []
    groups = []
    time = 1_000 * DAY
    for number in range(draw(st.integers(1, most))):
        time += draw(st.sampled_from([0, 1, 30, 3_600, DAY // 2, DAY, 4 * DAY]))
        account = draw(st.integers(0, 4))
        things = draw(st.sets(st.integers(1, 6), min_size=1, max_size=4))
        group = []
        for thing in sorted(things):
            for before in range(number - 1, max(-1, number - 6), -1):
                _, other, others = made[before]
                if other == account or thing not in others:
                    continue
                strata = [draw(st.integers(0, VIRAL)) for _ in range(MAX_WINDOWS)]
                narrow = draw(st.integers(0, TESTED_WINDOWS))
                nibbles = (*([NO_STRATUM] * narrow), *strata[narrow:])
                if narrow < TESTED_WINDOWS and draw(st.booleans()):
                    nibbles = (*nibbles[:TESTED_WINDOWS], NO_STRATUM)
                crowd = draw(st.integers(2, 6))
                gap = draw(st.sampled_from([0, 40, 60, 61, 600, 601, 3_600, 3_601, 7_000]))
                group.append(
                    CoShare(time, thing << 50, number, before, account, other, gap, crowd, nibbles, thing % 3)
                )
        made.append((time, account, things))
        if group:
            groups.append(group)
    return groups


def rows_by_pair(evidence: PairStore) -> dict[Pair, dict[int, Row]]:
    """All rows by pair and object."""
    a, b = evidence.accounts(np.arange(evidence.size))
    out: dict[Pair, dict[int, Row]] = {(int(x), int(y)): {} for x, y in zip(a, b, strict=True)}
    assert len(out) == evidence.size
    for row in evidence.rows:
        pair = int(a[row["pair"]]), int(b[row["pair"]])
        strata = tuple((int(row["strata"]) >> (4 * window)) & 15 for window in range(MAX_WINDOWS))
        assert int(row["object"]) not in out[pair]
        names = ("time", "later_post", "earlier_post", "later", "gap", "crowd")
        fields = [int(row[name]) for name in names]
        slow, carried = bits(row["slow"]), bits(row["carried"])
        known = int(row["kind"]), bool(row["independent"]), slow, carried
        out[pair][int(row["object"])] = Row(*fields, strata, *known)
    return out


def bits(mask: int) -> frozenset[int]:
    return frozenset(bit for bit in range(8) if int(mask) >> bit & 1)


def named(evidence: PairStore, numbers: Sequence[int]) -> list[Pair]:
    a, b = evidence.accounts(np.array(numbers, np.int32))
    return list(zip(a.tolist(), b.tolist(), strict=True))


def noise_null(accounts: int = 5) -> NullModel:
    ledger = ExposureStore(CELLS, 0)
    draw = np.random.default_rng(2)
    rows = np.zeros(2_000, EXPOSURES)
    rows["account"] = draw.integers(0, accounts, 2_000)
    rows["cell"] = draw.integers(0, CELLS.count, 2_000)
    rows["amount"] = draw.integers(1, 4, 2_000)
    ledger.add(rows, accounts)
    profile = draw.uniform(0.1, 9.0, CELLS.activity)
    return null_model(config(), ledger, CELLS, np.full(KIND_COUNT, 0.7), PRIOR_SPREAD, 0.4, profile)


def surprise_of(oracle: Evidence, pair: Pair, null: NullModel) -> float:
    tally = new_tally(CELLS.strata)
    for (kind, window, stratum), count in oracle.counts(pair).items():
        for _ in range(count):
            tally_up(tally, kind, ALONE[window] & 0xFFFF | stratum << (4 * window), CELLS.strata)
    slow = np.array([oracle.slow(pair, window) for window in range(TESTED_WINDOWS)])
    return pair_surprise(null, tally, slow, *pair, np.zeros(KIND_COUNT))


def slow_pairs_of(oracle: Evidence, left_out: set[Pair], null: NullModel) -> int:
    """Pairs with two slow co-shares, where activity gives few, and not many more fast ones than interest gives."""
    pairs = 0
    shape = null.interest.profile.reshape(KIND_COUNT, MAX_WINDOWS, CELLS.strata)
    share = shape[:, SLOW_WINDOW].sum() / (1 + shape[:, SLOW_WINDOW].sum())
    exposure, activity = null.interest.exposure, null.interest.activity
    for (a, b), rows in oracle.pairs.items():
        expected_slow = slow_expected(
            null.interest, exposure[a], activity[a], exposure[b], activity[b], SLOW_WINDOW
        )
        fast = sum(row.independent and row.gap <= BANDS[SLOW_WINDOW] for row in rows.values())
        slow = oracle.slow((a, b), SLOW_WINDOW)
        usual = share * (slow + fast) + 2 * math.sqrt(share * (1 - share) * (slow + fast)) + 1
        pairs += slow >= 2 and fast <= usual and expected_slow <= FEW and (a, b) not in left_out
    return pairs


def test_given_pairs_with_up_to_sixty_objects_then_the_surprise_of_each_is_that_of_the_definition() -> None:
    accounts = 12
    evidence, oracle = PairStore(config()), Evidence(2, VIRAL, BANDS, CELLS.reference_strata, False)
    draw = np.random.default_rng(5)
    everybody = [(one, other) for one in range(accounts) for other in range(one)]
    most = {pair: int(draw.integers(1, 61)) for pair in everybody}
    for thing in range(60):  # object by object, so that the rows of a pair lie apart
        for number, (one, other) in enumerate(everybody):
            if thing < most[one, other]:
                post = 1_000 * thing + number
                strata = (int(draw.integers(0, VIRAL)),) * MAX_WINDOWS
                gap = int(draw.integers(0, 7_000))
                share = CoShare(
                    DAY + post, (thing + 1) << 50, post, post - 1, one, other, gap, 3, strata, thing % 3
                )
                evidence.add(records([share]))
                oracle.add([share])
    null = noise_null(accounts)

    numbers = evidence.candidates()

    assert len(numbers) > 50
    found = evidence.evaluate(numbers, null).tolist()
    assert found == [surprise_of(oracle, pair, null) for pair in named(evidence, numbers.tolist())]


@pytest.mark.slow
@thorough
@given(
    data=st.data(),
    stream=posts(),
    min_objects=st.integers(1, 3),
    horizons=st.sampled_from([(KEEP, SINGLE), (0, 0), (2, 5), (KEEP, 0)]),
    keep_all=st.booleans(),
)
def test_given_co_shares_and_ageing_then_all_evidence_equals_that_of_the_definition(
    first_size: None,
    data: st.DataObject,
    stream: list[list[CoShare]],
    min_objects: int,
    horizons: tuple[int, int],
    keep_all: bool,
) -> None:
    keep, single = horizons
    evidence = PairStore(config(min_objects, keep, single, cap=0 if keep_all else 100))
    oracle = Evidence(min_objects, VIRAL, BANDS, CELLS.reference_strata, keep_all)
    null = noise_null()
    for group in stream:
        evidence.add(records(group))
        oracle.add(group)
        action = data.draw(st.sampled_from(["nothing", "nothing", "take", "age", "evaluate"]))
        if action == "take":
            taken = evidence.take_touched()
            assert taken.tolist() == sorted(taken.tolist())
            assert sorted(named(evidence, taken.tolist())) == sorted(oracle.touched)
            oracle.touched = set()
        elif action == "age":
            now = group[0].time + DAY
            evidence.age(now)
            oldest = now - keep * DAY if keep else -(1 << 60)
            oracle.age(oldest, max(now - single * DAY, oldest) if single else oldest)
        elif action == "evaluate":
            numbers = evidence.candidates()
            surprises = evidence.evaluate(numbers, null)
            for pair, surprise in zip(named(evidence, numbers.tolist()), surprises, strict=True):
                assert surprise == surprise_of(oracle, pair, null)
        assert rows_by_pair(evidence) == oracle.pairs
        assert set(named(evidence, evidence.candidates().tolist())) == oracle.candidates()
    assert sorted(named(evidence, evidence.take_touched().tolist())) == sorted(oracle.touched)

    every = np.array([oracle.every[kind] for kind in range(KIND_COUNT)])
    independent = np.array([oracle.independent_ever[kind] for kind in range(KIND_COUNT)])
    assert evidence.independent_share.tolist() == ((independent + 1) / (every + 1)).tolist()
    chosen = {pair for pair in oracle.pairs if data.draw(st.booleans())}
    validated = np.array([pair in chosen for pair in named(evidence, range(evidence.size))], np.bool_)
    quiet = null._replace(
        interest=null.interest._replace(scale=data.draw(st.sampled_from([0.0, 0.002, 1.0])))
    )
    assert evidence.slow_pairs(quiet, validated) == slow_pairs_of(oracle, chosen, quiet)
    keys, amounts = evidence.explained(validated, CELLS.strata)
    assert dict(zip(keys.tolist(), amounts.tolist(), strict=True)) == {
        int(counter_key(np.int64(a), np.int64((kind * MAX_WINDOWS + w) * CELLS.strata + s))): count
        for (a, kind, w, s), count in oracle.explained(chosen).items()
    }


@pytest.mark.slow
@thorough
@given(stream=posts(), data=st.data())
def test_given_posts_in_one_batch_or_in_many_then_the_evidence_is_the_same(
    first_size: None, stream: list[list[CoShare]], data: st.DataObject
) -> None:
    one, many = PairStore(config()), PairStore(config())
    one.add(records([row for group in stream for row in group]))
    batch: list[CoShare] = []
    for group in stream:
        batch += group
        if data.draw(st.booleans()):
            many.add(records(batch))
            batch = []
    many.add(records(batch))

    assert one.rows.tobytes() == many.rows.tobytes()
    assert one.keys.tolist() == many.keys.tolist()
    assert one.take_touched().tolist() == many.take_touched().tolist()


def co_share(later: int, earlier: int, thing: int, crowd: int = 3, day: float = 0) -> CoShare:
    """A co-share of two posts whose last digits are their accounts."""
    nibbles = (0, *[NO_STRATUM] * 3)
    return CoShare(int(day * DAY), thing, later, earlier, later % 10, earlier % 10, 5, crowd, nibbles, 1)


def test_given_two_posts_that_share_several_objects_then_the_smallest_crowd_is_the_evidence() -> None:
    posts = records([co_share(12, 1, 100, 50), co_share(12, 1, 101, 2), co_share(12, 1, 102, 2)])
    evidence, audit = PairStore(config()), PairStore(config(cap=0))
    evidence.add(posts)
    audit.add(posts)

    assert evidence.rows["object"].tolist() == [101]
    assert evidence.candidates().tolist() == audit.candidates().tolist() == []
    # an audit keeps them all, one of them as evidence
    assert audit.rows["object"].tolist() == [100, 101, 102]
    assert audit.rows["independent"].tolist() == [0, 1, 0]


def test_given_an_object_known_as_evidence_then_it_stays_the_evidence_of_further_posts() -> None:
    evidence = PairStore(config())
    evidence.add(records([co_share(12, 1, 100, 50)]))
    evidence.add(records([co_share(22, 11, 100, 50), co_share(22, 11, 101, 2)]))

    assert evidence.rows["object"].tolist() == [100]
    evidence.add(records([co_share(32, 21, 101, 2)]))
    assert evidence.rows["independent"].tolist() == [1, 1]
    assert evidence.take_touched().tolist() == [0]


def test_given_a_viral_co_share_then_it_is_kept_and_is_no_evidence() -> None:
    evidence = PairStore(config(min_objects=1))
    evidence.add(records([co_share(12, 1, 100)._replace(strata=(0, 1, VIRAL, NO_STRATUM))]))

    assert evidence.rows["independent"].tolist() == [0]
    assert evidence.candidates().tolist() == evidence.take_touched().tolist() == []

    evidence.add(records([co_share(22, 11, 101)._replace(strata=(VIRAL, VIRAL, 1, NO_STRATUM))]))
    assert evidence.rows["independent"].tolist() == [0, 1]
    assert evidence.candidates().tolist() == [0]


def test_given_a_co_share_in_the_reference_window_only_then_it_measures_interest_and_is_no_evidence() -> None:
    evidence = PairStore(config(min_objects=1))
    only = (NO_STRATUM, NO_STRATUM, NO_STRATUM, 0)
    evidence.add(records([co_share(12, 1, 100)._replace(strata=only, gap=5_000)]))

    assert evidence.rows["independent"].tolist() == [1]
    assert evidence.slow_co_shares == 1
    assert evidence.candidates().tolist() == evidence.take_touched().tolist() == []

    # met again on the same object within a minute: now it is evidence
    evidence.add(records([co_share(22, 11, 100)]))
    assert evidence.candidates().tolist() == evidence.take_touched().tolist() == [0]


def test_given_a_pair_that_ages_below_a_candidate_then_it_is_neither_touched_nor_surprising() -> None:
    evidence = PairStore(config(singleton_days=0))
    ledger, profile = ExposureStore(CELLS, 0), np.full(CELLS.activity, np.inf)
    empty = null_model(config(), ledger, CELLS, np.ones(KIND_COUNT), PRIOR_SPREAD, 1.0, profile)
    evidence.add(records([co_share(12, 1, 100)]))
    evidence.add(records([co_share(22, 11, 101, day=2.5)]))
    evidence.evaluate(evidence.candidates(), empty._replace(spans=noise_null().spans))
    before = evidence.surprise.tolist()

    evidence.age((KEEP + 1) * DAY)

    assert before[0] > 0
    assert evidence.rows["object"].tolist() == [101]
    assert evidence.surprise.tolist() == [0.0]
    assert evidence.take_touched().tolist() == []


@pytest.mark.parametrize("limit", [10, 50, 199])
def test_given_more_rows_than_there_is_room_for_then_singletons_leave_first_and_all_are_counted(
    limit: int,
) -> None:
    evidence = PairStore(config(max_pairs=limit))
    for number in range(100):
        evidence.add(records([co_share(10 * number + 2, 10 * number + 1, number, day=number / 24)]))
    many = [
        CoShare(number * 3_600, 7, 5_000 + number, 4_000, 1_000 + number, 500, 5, 3, (0, 15, 15, 15), 1)
        for number in range(100)
    ]
    evidence.add(records(many))

    evidence.make_room(100 * 3_600)

    assert len(evidence.rows) <= limit
    assert evidence.evicted_early == 200 - len(evidence.rows)
    recurring = evidence.rows[evidence.keys[evidence.rows["pair"]] == (1 << 32 | 2)]
    assert len(recurring) == (min(limit // 2, 100) if limit < 100 else 100)
    assert recurring["time"].max() == 99 * 3_600


def test_given_room_then_nothing_leaves() -> None:
    evidence = PairStore(config(max_pairs=2))
    evidence.add(records([co_share(12, 1, 100), co_share(13, 1, 100)]))

    evidence.make_room(1 << 40)

    assert len(evidence.rows) == 2
    assert evidence.evicted_early == 0


def test_given_nothing_then_nothing() -> None:
    evidence = PairStore(config())
    evidence.add(records([]))
    evidence.age(100 * DAY)
    evidence.make_room(100 * DAY)

    assert evidence.size == 0
    assert evidence.take_touched().tolist() == []
    assert evidence.candidates().tolist() == []
    assert [part.tolist() for part in evidence.explained(np.zeros(0, np.bool_), CELLS.strata)] == [[], []]
