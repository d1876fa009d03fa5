"""Rolling engagement against a dictionary of posts that is read anew for every question."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.arrays.dtypes import I32
from detectors.engagement import engagement, post_kernels
from detectors.engagement.engagement import EngagementStore
from tests.detectors.engagement.post_oracle import DAY, HOUR, UNKNOWN, Oracle, Row, counts_of, feed, link

keys = st.integers(1, 12)


counts = st.sampled_from([-1, -1, 0, 1, 3])


timelines = st.lists(
    st.tuples(
        st.sampled_from([0, 0, 0, 1, 1_800, HOUR, 5 * HOUR, 2 * DAY]),
        st.integers(0, 4),
        keys,
        st.tuples(*[st.one_of(st.just(0), keys)] * 3),
        st.tuples(*[counts] * 4),
    ),
    max_size=40,
)


def laid_out(steps: list[tuple[int, int, int, tuple[int, int, int], tuple[int, int, int, int]]]) -> list[Row]:
    rows = []
    time = -HOUR // 2
    for step, account, key, targets, metrics in steps:
        time += step
        rows.append(Row(account, time, key, targets, metrics))
    return rows


@pytest.mark.slow
@settings(max_examples=150, deadline=None)
@given(steps=timelines, cuts=st.sets(st.integers(0, 40)), later=st.integers(0, 2 * DAY), asked=st.booleans())
def test_given_rows_then_counts_are_those_of_the_oracle_wherever_batches_end(
    steps: list[tuple[int, int, int, tuple[int, int, int], tuple[int, int, int, int]]],
    cuts: set[int],
    later: int,
    asked: bool,
) -> None:
    rows = laid_out(steps)
    oracle = Oracle(HOUR, 24)
    oracle.add(rows)
    store = EngagementStore(HOUR, 1, resolved_share=0.4)
    bounds = sorted({0, *(cut for cut in cuts if cut < len(rows)), len(rows)})
    for begin, end in pairwise(bounds):
        if asked:
            store.expire(rows[begin].time)
        feed(store, rows[begin:end])
    now = (rows[-1].time if rows else 0) + 1 + later
    assert counts_of(store, now, 6) == oracle.table(now, 6, 0.4)
    assert len(store) == len(oracle.posts)
    assert (store.unresolved, store.conflicts) == (oracle.unresolved, oracle.conflicts)
    members = [3, 0, 2]
    assert store.received_from(np.array(members, np.int32)).tolist() == oracle.received_from(members)
    # everything leaves as it came
    assert counts_of(store, now + 10 * DAY, 6) == [(0, 0, 0)] * 6
    assert store.received_from(np.arange(6, dtype=np.int32)).tolist() == [0] * 6


@pytest.mark.slow
@pytest.mark.parametrize("step", [7, 1_000])
def test_given_a_long_stream_when_tables_grow_and_turn_over_then_counts_are_still_those_of_the_oracle(
    step: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engagement, "_FIRST_SIZE", 16)
    monkeypatch.setattr(engagement, "_STEP", step)
    rng = np.random.default_rng(5)
    rows = []
    for at in range(6_000):
        targets = [0, 0, 0]
        if at and rng.random() < 0.5:
            targets[rng.integers(3)] = int(rng.integers(max(1, at - 400), at + 2))
        metrics = tuple(rng.integers(-1, 5, 4).tolist()) if rng.random() < 0.3 else UNKNOWN
        rows.append(Row(int(rng.integers(90)), at * 60, at + 1, tuple(targets), metrics))
        if rng.random() < 0.1:
            rows.append(Row(rows[-1].account, at * 60, at + 1, (0, at, 0), (9, 9, 9, 9)))
    oracle = Oracle(HOUR, 24)
    oracle.add(rows)
    store = EngagementStore(HOUR, 1)
    for begin in range(0, len(rows), 500):
        feed(store, rows[begin : begin + 500])
    now = rows[-1].time + 1
    assert counts_of(store, now, 90) == oracle.table(now, 90, 0.5)
    assert len(store) < 2_000
    assert store.evicted_early == 0


def test_given_a_number_and_events_of_one_kind_when_counted_then_the_greater_counts_once() -> None:
    store = EngagementStore()
    rows = [Row(0, 0, 1, metrics=(2, -1, -1, 5))]
    rows += [Row(1 + at, 10 + at, 10 + at, (1, 0, 0)) for at in range(3)]
    rows += [Row(9, 20, 20, (0, 1, 0)), Row(0, 21, 21, (0, 1, 0)), Row(0, 22, 1, metrics=(1, 1, 0, 4))]
    feed(store, rows)
    # three reposts seen against two told, one reply by somebody else, no quotes, five likes
    assert counts_of(store, 60, 1) == [(2, 3 + 1 + 0 + 5, 2)]


def test_given_a_repost_when_counted_then_numbers_and_reactions_are_the_originals() -> None:
    store = EngagementStore()
    feed(
        store,
        [Row(0, 0, 1, (77, 0, 0), (900, 80, 7, 6_000)), Row(1, 1, 2, (1, 0, 0)), Row(1, 2, 3, (0, 1, 0))],
    )
    assert counts_of(store, 60, 2)[0] == (1, 0, 0)
    assert store.unresolved == 1
    assert store.received_from(np.array([0, 1], np.int32)).tolist() == [0, 0]


def test_given_no_numbers_and_no_reactions_seen_then_engagement_is_unknown_not_zero() -> None:
    store = EngagementStore()
    feed(store, [Row(at % 5, at, 100 + at, (0 if at % 2 else 5_000 + at, 0, 0)) for at in range(200)])
    assert {known for _, _, known in counts_of(store, 300, 5)} == {0}
    assert store.unresolved == 100


def test_given_a_platform_that_carries_reactions_then_it_alone_has_known_zeros() -> None:
    store = EngagementStore()
    rows = [Row(at % 4, at, 100 + at, (99 + at if at % 4 == 3 else 0, 0, 0)) for at in range(400)]
    feed(store, rows, [row.account // 2 % 2 for row in rows])
    # accounts 2 and 3 are on platform 1; 3 reposts what 2 wrote
    assert counts_of(store, 1_000, 4) == [(100, 0, 0), (100, 0, 0), (100, 100, 100), (100, 0, 0)]


def test_given_a_stream_that_mostly_answers_itself_then_it_is_not_taken_to_carry_reactions() -> None:
    store = EngagementStore()
    threads = [Row(at % 3, at, 10 + at, (0, 7 + at if at > 2 else 0, 0)) for at in range(90)]
    strangers = [Row(at % 3, 100 + at, 200 + at, (9_000 + at, 0, 0)) for at in range(10)]
    feed(store, [*threads, *strangers])
    assert [known for _, _, known in counts_of(store, 300, 3)] == [0, 0, 0]


def test_given_a_handful_of_reactions_in_a_large_stream_then_it_is_not_taken_to_carry_them() -> None:
    store = EngagementStore()
    posts = [Row(at % 7, at, 10 + at) for at in range(1_000)]
    feed(store, [*posts, Row(8, 2_000, 5_000, (0, 0, 12))])
    assert counts_of(store, 3_000, 9)[2] == (143, 1, 0)


def test_given_links_to_sites_then_they_are_reactions_of_the_pane_of_the_link() -> None:
    store = EngagementStore(HOUR, 1)
    feed(store, [Row(0, 0, 1), Row(1, 0, 2), Row(2, 0, 3)], [1, 1, 0])
    link(store, [(0, 2, 10), (0, 0, 11), (0, 1, 12)])
    link(store, [(0, 3, 30 * HOUR)])
    # both sites are known by the links that the stream carries, and the account on the other platform is not
    early = EngagementStore(HOUR, 1)
    feed(early, [Row(0, 0, 1), Row(1, 0, 2), Row(2, 0, 3)], [1, 1, 0])
    link(early, [(0, 2, 10), (0, 0, 11), (0, 1, 12)])
    assert counts_of(early, 24 * HOUR, 3) == [(1, 2, 1), (1, 0, 1), (1, 0, 0)]
    assert early.received_from(np.array([0, 1], np.int32)).tolist() == [1, 0]
    assert counts_of(store, 30 * HOUR, 3) == [(0, 1, 0), (0, 0, 0), (0, 0, 0)]
    assert counts_of(store, 60 * HOUR, 3)[0] == (0, 0, 0)


def test_given_too_little_room_then_the_oldest_leave_early_and_all_counts_stay_whole() -> None:
    whole, parts = EngagementStore(max_posts=50), EngagementStore(max_posts=50)
    rows = [
        Row(at % 5, at // 3, 1 + at, (0, max(0, at - 30 * (at % 2)), 0), (at % 3, -1, -1, 1))
        for at in range(500)
    ]
    feed(whole, rows)
    for begin in range(0, 500, 7):
        feed(parts, rows[begin : begin + 7])
    assert counts_of(whole, 200, 5) == counts_of(parts, 200, 5)
    assert (len(whole), whole.evicted_early) == (50, 450) == (len(parts), parts.evicted_early)
    posts, _, known = whole.table(200, 5)
    assert posts.sum() == known.sum() == 50
    link(whole, [(0, 1, 200 + at) for at in range(70)])
    assert whole.evicted_early == 470
    assert whole.received_from(np.array([0, 1], np.int32))[0] >= 50
    assert counts_of(whole, 30 * DAY, 5) == [(0, 0, 0)] * 5


def test_given_a_steady_stream_then_memory_is_that_of_a_window() -> None:
    store = EngagementStore(HOUR, 1)
    sizes = []
    for day in range(8):
        rows = [
            Row(
                at % 7, day * DAY + at * 20, day * 4_320 + at + 1, (0, day * 4_320 + at, 0), (1, 0, 0, at % 2)
            )
            for at in range(4_320)
        ]
        feed(store, rows)
        sizes.append(store.nbytes)
    assert sizes[-1] == sizes[3]
    assert sizes[-1] < 1.3 * sizes[1]


def test_given_a_post_that_has_left_then_reactions_to_it_have_left_though_their_posts_are_there() -> None:
    store = EngagementStore(HOUR, 1)
    feed(store, [Row(0, 0, 1), Row(0, 9 * HOUR, 2), Row(1, 10 * HOUR, 3, (0, 1, 2))])
    pair = np.array([0, 1], np.int32)
    assert store.received_from(pair).tolist() == [2, 0]
    assert counts_of(store, 30 * HOUR, 2) == [(1, 1, 1), (1, 0, 1)]
    assert store.received_from(pair).tolist() == [1, 0]


def test_given_a_post_that_left_early_while_its_reference_waited_then_the_reaction_counts_for_none() -> None:
    store = EngagementStore(max_posts=2)
    # within one second: the first refers to the last, but is gone when that second ends
    feed(store, [Row(0, 5, 1, (0, 4, 0)), Row(1, 5, 2), Row(1, 5, 3), Row(2, 5, 4)])
    assert counts_of(store, 6, 3) == [(0, 0, 0), (1, 0, 0), (1, 0, 0)]
    assert (store.unresolved, store.evicted_early) == (0, 2)


@pytest.mark.slow
def test_given_one_second_of_unresolved_references_then_no_more_than_the_bound_wait(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(engagement, "_STEP", 1 << 20)
    count = post_kernels.MOST_WAITING + 10
    store = EngagementStore(max_posts=1 << 21)
    targets = np.zeros((count, 3), np.uint64)
    targets[:, 1] = np.arange(count, dtype=np.uint64) + np.uint64(1 << 40)
    post_keys = np.arange(1, count + 1, dtype=np.uint64)
    store.add(
        np.zeros(count, np.int32), np.zeros(count, np.int64), post_keys, targets, np.full((count, 4), -1)
    )
    assert store.unresolved == 10
    store.expire(1)
    assert store.unresolved == count


def test_given_extreme_values_then_nothing_overflows() -> None:
    store = EngagementStore()
    feed(store, [Row(0, -(1 << 50), 1, metrics=(1 << 62, 1 << 62, 1 << 62, 1 << 62))])
    assert counts_of(store, -(1 << 50), 1) == [(1, 4 * ((1 << 31) - 1), 1)]
    feed(store, [Row(0, 1 << 50, (1 << 64) - 1, (0, (1 << 64) - 1, 1))])
    assert counts_of(store, (1 << 50) + 1, 1) == [(1, 0, 0)]
    assert counts_of(store, (1 << 50) + 1, 0) == []


def test_given_input_out_of_order_or_bounds_then_it_is_refused_and_nothing_has_changed() -> None:
    store = EngagementStore()
    feed(store, [Row(0, 100, 1)])
    for rows in ([Row(0, 99, 2)], [Row(0, 101, 2), Row(0, 100, 3)], [Row(-1, 101, 2)]):
        with pytest.raises(ValueError, match=r"order|start at 0"):
            feed(store, rows)
    with pytest.raises(ValueError, match="n, 3"):
        store.add(*_columns(2)[:3], np.zeros((2, 2), np.uint64), np.full((2, 4), -1))
    with pytest.raises(ValueError, match="earlier"):
        store.expire(99)
    store.expire(200)
    with pytest.raises(ValueError, match="order"):
        feed(store, [Row(0, 150, 2)])
    with pytest.raises(ValueError, match="order"):
        link(store, [(0, 1, 150)])
    assert counts_of(store, 200, 1) == [(1, 0, 0)]
    with pytest.raises(ValueError, match="multiple"):
        EngagementStore(pane_s=7_000, window_days=1)


def _columns(
    count: int,
) -> tuple[I32, ...]:
    return np.zeros(count, np.int32), np.full(count, 1_000), np.arange(1, count + 1, dtype=np.uint64)
