"""The co-share engine against the definition, against a join, and against itself in other batches."""

from collections.abc import Sequence
from itertools import pairwise

import duckdb
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from detectors.config import KINDS, DetectionConfig
from detectors.synchrony import share_part
from detectors.synchrony.cells import NO_STRATUM, Cells
from detectors.synchrony.synchrony_stage import SynchronyStage
from schemas.shares import TraceKind
from tests.detectors.synchrony.co_share_oracle import (
    FOREVER,
    REFERENCE_S,
    WINDOWS,
    Pair,
    Share,
    expected,
    found_by,
    push,
    small_config,
    windows_of,
)

URL, TEXT, MENTION = (KINDS.index(kind) for kind in (TraceKind.URL, TraceKind.TEXT, TraceKind.MENTION))
TRACED = [KINDS.index(kind) for kind in WINDOWS]

thorough = settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.fixture(params=[2, 16, 1 << 14], ids="first size {}".format)
def first_size(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    """Start with next to no room, so that everything grows and moves all the time."""
    size: int = request.param
    monkeypatch.setattr(share_part, "FIRST_SIZE", size)
    return size


@st.composite
def streams(draw: st.DrawFn, most: int = 60) -> list[Share]:
    """Shares in event order, with ties, repeats, bursts and silences of any length."""
    time = draw(st.sampled_from([-40, 0, 1_500_000_000]))
    rows = []
    for post in range(draw(st.integers(0, most))):
        time += draw(st.sampled_from([0, 0, 0, 1, 1, 2, 3, 5, 7, 12, 13, 31, 73, 500]))
        thing = draw(st.integers(0, 5))
        # the kind is part of an object's key
        rows.append(Share(time, draw(st.integers(0, 5)), post, TRACED[thing % 3], (thing + 1) << 40))
    return rows


def cuts_of(shares: Sequence[Share]) -> st.SearchStrategy[list[int]]:
    """Where batches may begin: anywhere between two times."""
    places = [at for at, (a, b) in enumerate(pairwise(shares), start=1) if a.time < b.time]
    return st.lists(st.sampled_from(places), max_size=8) if places else st.just([])


def random_stream(seed: int, count: int, span: int, accounts: int, objects: int) -> list[Share]:
    draw = np.random.default_rng(seed)
    times = np.sort(draw.integers(0, span, count)) + 1_600_000_000
    things = draw.zipf(1.5, count).clip(1, objects)
    who = draw.zipf(1.4, count).clip(1, accounts)
    return [
        Share(int(times[at]), int(who[at]), at, TRACED[int(things[at]) % 3], int(things[at]) << 33)
        for at in range(count)
    ]


@pytest.mark.slow
@thorough
@given(
    shares=streams(),
    cap=st.sampled_from([0, 1, 3, 32]),
    settle_s=st.sampled_from([1, 4, 12, 60, 500]),
    reference_s=st.sampled_from([0, REFERENCE_S]),
    strata=st.sampled_from([(2, 3, 5), (3, 40), (1,)]),
    parts=st.sampled_from([1, 4, 16]),
)
def test_given_any_stream_then_pairs_crowds_and_exposures_are_those_of_the_definition(
    first_size: int,
    shares: list[Share],
    cap: int,
    settle_s: int,
    reference_s: int,
    strata: tuple[int, ...],
    parts: int,
) -> None:
    config = small_config(cap=cap, settle_s=settle_s, reference_s=reference_s, strata=strata)

    assert found_by(SynchronyStage(config, parts=parts), shares) == expected(shares, config)


@pytest.mark.slow
@thorough
@given(
    data=st.data(),
    shares=streams(),
    cap=st.sampled_from([0, 2]),
    eager=st.booleans(),
    parts=st.sampled_from([1, 16]),
)
def test_given_any_batches_and_any_until_then_the_answer_is_the_same(
    first_size: int, data: st.DataObject, shares: list[Share], cap: int, eager: bool, parts: int
) -> None:
    config = small_config(cap=cap)
    cuts = data.draw(cuts_of(shares))

    assert found_by(SynchronyStage(config, parts=parts), shares, cuts, eager) == expected(shares, config)


@pytest.mark.slow
@thorough
@given(data=st.data(), shares=streams(), room=st.integers(1, 24), eager=st.booleans())
def test_given_too_little_room_when_shares_leave_early_then_batches_still_do_not_matter(
    first_size: int, data: st.DataObject, shares: list[Share], room: int, eager: bool
) -> None:
    config = small_config(cap=0, max_recent_shares=room)
    whole, parts = SynchronyStage(config, parts=1), SynchronyStage(config, parts=1)
    cuts = data.draw(cuts_of(shares))

    everything = found_by(whole, shares)

    assert found_by(parts, shares, cuts, eager) == everything
    assert parts.evicted_early == whole.evicted_early


@pytest.mark.slow
@thorough
@given(shares=streams(), room=st.integers(1, 24))
def test_given_too_little_room_then_what_is_found_is_part_of_the_truth(
    first_size: int, shares: list[Share], room: int
) -> None:
    config = small_config(cap=0, max_recent_shares=room)
    engine = SynchronyStage(config, parts=1)

    pairs, _ = found_by(engine, shares)
    truth, exposures = expected(shares, config)
    crowds = {(pair.later_post, pair.earlier_post): pair.crowd for pair in truth}

    assert all(2 <= pair.crowd <= crowds[pair.later_post, pair.earlier_post] for pair in pairs)
    if not engine.evicted_early:
        assert (pairs, exposures) == (truth, exposures)


@pytest.mark.slow
@pytest.mark.parametrize("room", [30, 100, 5_000])
@pytest.mark.parametrize("cap", [0, 4])
def test_given_a_long_stream_in_any_batches_then_the_answer_is_the_same(
    first_size: int, room: int, cap: int
) -> None:
    shares = random_stream(3, 1_500, 600, 60, 40)
    config = small_config(cap=cap, max_recent_shares=room)
    whole = SynchronyStage(config, parts=1)
    answer = found_by(whole, shares)
    edges = [at for at, (a, b) in enumerate(pairwise(shares), start=1) if a.time < b.time]

    for every in (1, 7, 100):
        parts = SynchronyStage(config, parts=1)
        assert found_by(parts, shares, edges[::every], eager=every == 7) == answer
        assert parts.evicted_early == whole.evicted_early
    assert (whole.evicted_early > 0) == (room < 5_000)
    if room == 5_000:
        assert answer == expected(shares, config)


@pytest.mark.slow
def test_given_no_cap_then_pairs_and_crowds_are_those_of_a_join() -> None:
    shares = random_stream(5, 4_000, 3_000, 300, 200)
    config = small_config(cap=0)
    pairs, _ = found_by(SynchronyStage(config, parts=1), shares)
    columns = zip(*shares, strict=True)
    rows = {name: np.array(column, np.int64) for name, column in zip(Share._fields, columns, strict=True)}
    spans = [
        (KINDS.index(kind), number, span, min(span, config.co_share.settle_s))
        for kind in WINDOWS
        for number, span in windows_of(kind, config).items()
    ]
    windows = dict(zip(("kind", "number", "span", "wait"), np.array(spans).T.copy(), strict=True))
    database = duckdb.connect()
    database.register("rows", rows)
    database.register("windows", windows)

    joined = database.sql("""
        with crowds as (
            select a.post, w.number, w.span, count(distinct b.account) as crowd
            from rows a join windows w using (kind)
            join rows b on a.object = b.object and b.time between a.time - w.span and a.time + w.wait
            group by all
        )
        select a.post, b.post, a.time - b.time as gap, x.number, greatest(x.crowd, y.crowd) as crowd
        from rows a join rows b on a.object = b.object and b.post < a.post and a.account <> b.account
        join crowds x on x.post = a.post
        join crowds y on y.post = b.post and y.number = x.number
        where a.time - b.time <= x.span
    """).fetchall()

    strata = config.co_share.strata
    by_window = {
        (pair.later_post, pair.earlier_post, pair.gap, window, (pair.strata >> (4 * window)) & 15)
        for pair in pairs
        for window in range(4)
        if (pair.strata >> (4 * window)) & 15 != NO_STRATUM
    }
    assert by_window == {
        (later, earlier, gap, window, int(np.searchsorted(strata, crowd)))
        for later, earlier, gap, window, crowd in joined
    }
    least = {}
    for later, earlier, _, window, crowd in sorted(joined, key=lambda row: -row[3]):
        least[later, earlier] = crowd
        assert 0 <= window < 4
    assert {(pair.later_post, pair.earlier_post): pair.crowd for pair in pairs} == least


@pytest.mark.parametrize(
    ("cap", "viral", "paired"),
    [(32, 50, 30), (25, 50, 25), (24, 50, 24), (12, 50, 3), (2, 50, 1), (32, 49, 0), (0, 49, 30)],
)
def test_given_a_large_crowd_then_pairs_are_fewer_in_it_none_if_it_is_viral_and_the_crowd_is_whole(
    cap: int, viral: int, paired: int
) -> None:
    shares = [Share(100, account, account, TEXT, 9) for account in range(50)]

    pairs, exposures = found_by(SynchronyStage(small_config(cap=cap, strata=(2, viral)), parts=1), shares)

    assert [pair.earlier for pair in pairs if pair.later == 30] == list(range(29, 29 - paired, -1))
    assert {pair.crowd for pair in pairs} <= {50}
    assert {amount for _, _, amount in exposures} == {1, 49}


def test_given_an_account_that_repeats_itself_then_it_meets_nobody_and_is_active_once() -> None:
    config = small_config()
    shares = [Share(at, 7, at, TEXT, 9) for at in range(40)]

    pairs, exposures = found_by(SynchronyStage(config, parts=1), shares)

    assert pairs == []
    assert exposures == [(7, Cells(config).activity + TEXT, 1)]


def test_given_a_repeat_when_nobody_new_has_come_then_its_exposure_stays() -> None:
    config = small_config()
    shares = [Share(0, 1, 0, URL, 9), Share(1, 2, 1, URL, 9), Share(2, 1, 2, URL, 9)]

    _, exposures = found_by(SynchronyStage(config, parts=1), shares)
    activity = Cells(config).activity

    # within 5 s, 20 s and the reference each has met one other; the repeat at 2 s adds nothing
    assert sum(amount for account, cell, amount in exposures if account == 1 and cell < activity) == 3
    assert sum(amount for account, cell, amount in exposures if account == 2 and cell < activity) == 3


def test_given_a_repeat_whose_first_share_left_early_then_it_is_still_active_once() -> None:
    config = small_config(max_recent_shares=4)
    shares = [Share(0, 1, 0, URL, 9), Share(1, 1, 1, URL, 9)]
    shares += [Share(2, account, account, TEXT, account) for account in range(10, 20)]

    _, exposures = found_by(SynchronyStage(config, parts=1), shares)

    assert [amount for account, _, amount in exposures if account == 1] == [1]


def test_given_an_object_that_was_quiet_for_longer_than_the_horizon_then_it_starts_anew(
    first_size: int,
) -> None:
    config = small_config()
    first = [Share(at, at, at, TEXT, 9) for at in range(5)]
    again = [Share(10_000 + at, at, 5 + at, TEXT, 9) for at in range(5)]

    pairs, exposures = found_by(SynchronyStage(config, parts=1), first + again)

    assert (pairs, exposures) == expected(first + again, config)
    assert {pair.crowd for pair in pairs if pair.later_post >= 5} == {
        pair.crowd for pair in pairs if pair.later_post < 5
    }


def test_given_shares_that_wait_when_the_next_batch_comes_much_later_then_their_objects_are_not_forgotten(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(share_part, "FIRST_SIZE", 4)
    config = small_config()
    early = [Share(100, 1, 0, URL, 11), Share(100, 2, 1, URL, 11), Share(101, 3, 2, TEXT, 12)]
    late = [Share(90_000 + at, at, 3 + at, MENTION, 100 + at) for at in range(12)]
    engine = SynchronyStage(config, parts=1)

    waiting, _ = push(engine, early, 102)
    settled, exposures = push(engine, late, FOREVER)

    assert len(waiting) == 0
    assert settled["object"].tolist() == [11]
    assert settled["kind"].tolist() == [URL]
    assert (0, 1, Cells(config).activity + URL, 1) in exposures.tolist()
    assert (2, 3, Cells(config).activity + TEXT, 1) in exposures.tolist()


def test_given_a_batch_that_fills_the_ring_to_the_last_place_then_nothing_settles_too_soon(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(share_part, "FIRST_SIZE", 8)
    config = small_config(cap=0)
    shares = [Share(100 + at, at, at, TEXT, 9) for at in range(12)]

    assert found_by(SynchronyStage(config, parts=1), shares, [8]) == expected(shares, config)
    assert found_by(SynchronyStage(config, parts=1), shares, [4, 8]) == expected(shares, config)


def test_given_a_kind_without_windows_then_its_shares_say_nothing() -> None:
    shares = [Share(100, account, account, KINDS.index(TraceKind.MEDIA), 9) for account in range(3)]

    assert found_by(SynchronyStage(small_config(), parts=1), shares) == ([], [])


@pytest.mark.parametrize(
    ("reference_s", "gap", "strata"), [(0, 7, 0xFFF0), (60, 7, 0x0FF0), (60, 8, 0x0FFF), (60, 60, 0x0FFF)]
)
def test_given_windows_that_do_not_hold_a_pair_or_do_not_exist_then_they_are_marked_as_no_stratum(
    reference_s: int, gap: int, strata: int
) -> None:
    config = small_config(settle_s=60, reference_s=reference_s)
    pairs, _ = found_by(
        SynchronyStage(config, parts=1), [Share(0, 1, 0, MENTION, 5), Share(gap, 2, 1, MENTION, 5)]
    )

    assert pairs == [Pair(gap, 5, 1, 0, 2, 1, gap, 2, strata, MENTION)]


@pytest.mark.parametrize(("reference_s", "gap"), [(0, 8), (60, 61)])
def test_given_shares_further_apart_than_every_window_then_they_are_no_pair(
    reference_s: int, gap: int
) -> None:
    config = small_config(settle_s=60, reference_s=reference_s)

    shares = [Share(0, 1, 0, MENTION, 5), Share(gap, 2, 1, MENTION, 5)]
    assert found_by(SynchronyStage(config, parts=1), shares)[0] == []


def test_the_wait_of_a_share_is_bounded_by_the_settle_time() -> None:
    assert SynchronyStage(small_config(settle_s=12), parts=1).settle_lag_s == 12
    assert SynchronyStage(small_config(settle_s=500), parts=1).settle_lag_s == 60
    assert SynchronyStage(small_config(settle_s=500, reference_s=0), parts=1).settle_lag_s == 30
    assert SynchronyStage(DetectionConfig(), parts=1).settle_lag_s == 600
