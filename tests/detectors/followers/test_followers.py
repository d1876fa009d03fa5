"""The follow edges against a dictionary."""

import itertools
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from detectors.followers import followers
from detectors.followers.follow_edges import FOLLOW, MISSED_ALL, SNAPSHOT, UNFOLLOW, FollowTables, Numbered
from detectors.followers.followers import FollowerStore

Event = tuple[int, int, int, int]
"""Follower, followee, action, time."""

REGISTRY = [2, 5, 2**63 + 1]
ACCOUNTS = [1, 2, 3, 4, 5, 6, 2**63 + 1, 2**64 - 1]

events = st.lists(
    st.tuples(
        st.sampled_from(ACCOUNTS),
        st.sampled_from(ACCOUNTS),
        st.sampled_from([SNAPSHOT, FOLLOW, UNFOLLOW]),
        st.one_of(st.integers(0, 3), st.sampled_from([-(2**60), 2**60])),
    ),
    max_size=60,
)


@pytest.fixture(params=[2, 14], ids="2^{} places at first".format)
def first_size(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(followers, "_FIRST_SIZE", 1 << request.param)


def keys(numbers: Sequence[int]) -> np.ndarray[tuple[int], np.dtype[np.uint64]]:
    return np.array(numbers, np.uint64)


def apply(store: FollowerStore, rows: Sequence[Event]) -> None:
    columns = list(zip(*rows, strict=True)) if rows else [()] * 4
    store.apply(
        keys(columns[0]), keys(columns[1]), np.array(columns[2], np.uint8), np.array(columns[3], np.int64)
    )


def state(store: FollowerStore) -> tuple[object, ...]:
    """All that a store tells."""
    known = store.followees()
    return (
        len(store),
        store.remembered,
        store.dropped,
        store.out_degrees.tolist(),
        [column.tolist() for column in known],
        [column.tolist() for column in store.followers_of(keys([*ACCOUNTS, 77]))],
        [store.registry_followers(account).tolist() for account in [*ACCOUNTS, 77]],
    )


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=events)
def test_given_events_then_each_edge_is_as_its_latest_event_says(first_size: None, rows: list[Event]) -> None:
    store = FollowerStore(keys(REGISTRY))
    apply(store, rows)

    latest: dict[tuple[int, int], tuple[int, int]] = {}
    for follower, followee, action, at in rows:
        latest[follower, followee] = max(latest.get((follower, followee), (-(2**62), 0)), (at, action))
    present = {edge for edge, (_, action) in latest.items() if action != UNFOLLOW}
    seen = sorted({followee for _, followee in latest})
    followed = {account: sorted(a for a, b in present if b == account) for account in seen}
    known_followed = {account: [a for a in followed[account] if a in REGISTRY] for account in seen}

    assert len(store) == len(present)
    assert store.remembered == len(latest)
    assert store.dropped == 0
    assert store.out_degrees.tolist() == [sum(a == known for a, _ in present) for known in REGISTRY]
    table = store.followees()
    assert table.keys.tolist() == seen
    assert table.followers.tolist() == [len(followed[account]) for account in seen]
    assert table.registry.tolist() == [len(known_followed[account]) for account in seen]
    assert table.complete.all()
    asked = [*ACCOUNTS, 77, 0]
    was_seen, count, registry = store.followers_of(keys(asked))
    assert was_seen.tolist() == [account in seen for account in asked]
    assert count.tolist() == [len(followed.get(account, ())) for account in asked]
    assert registry.tolist() == [len(known_followed.get(account, ())) for account in asked]
    for account in asked:
        assert store.registry_followers(account).tolist() == known_followed.get(account, [])
    start, numbers = store.registry_follows(keys(asked))
    assert [
        [REGISTRY[number] for number in numbers[begin:end]] for begin, end in itertools.pairwise(start)
    ] == [known_followed.get(account, []) for account in asked]


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=events, random=st.randoms(use_true_random=False))
def test_given_another_order_and_repeats_then_the_book_is_the_same(
    first_size: None, rows: list[Event], random: object
) -> None:
    one, other = FollowerStore(keys(REGISTRY)), FollowerStore(keys(REGISTRY))
    apply(one, rows)
    mixed = [*rows, *rows[::2]]
    random.shuffle(mixed)  # type: ignore[attr-defined]
    apply(other, mixed)

    assert state(one) == state(other)


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=events, cuts=st.lists(st.integers(0, 60), max_size=5), room=st.sampled_from([0, 2, 5, 1_000]))
def test_given_any_batches_then_the_book_is_the_same(
    first_size: None, rows: list[Event], cuts: list[int], room: int
) -> None:
    whole, parts = FollowerStore(keys(REGISTRY), room), FollowerStore(keys(REGISTRY), room)
    apply(whole, rows)
    bounds = sorted({0, *cuts, len(rows)})
    for begin, end in itertools.pairwise(bounds):
        apply(parts, rows[begin:end])

    assert state(whole) == state(parts)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=events, room=st.integers(0, 8))
def test_given_no_room_then_followers_are_never_too_few_and_the_registry_is_exact(
    first_size: None, rows: list[Event], room: int
) -> None:
    exact, full = FollowerStore(keys(REGISTRY)), FollowerStore(keys(REGISTRY), room)
    # each edge is followed once: an unfollow without room cannot be told from one of nobody
    once = {(a, b): (a, b, FOLLOW, at) for a, b, _, at in rows}
    apply(exact, list(once.values()))
    apply(full, list(once.values()))

    assert full.remembered <= room + sum(a in REGISTRY for a, _ in once)
    assert full.dropped == len(once) - full.remembered
    assert full.out_degrees.tolist() == exact.out_degrees.tolist()
    seen, count, registry = full.followers_of(keys(ACCOUNTS))
    _, true_count, true_registry = exact.followers_of(keys(ACCOUNTS))
    assert (count[seen] >= true_count[seen]).all()
    assert (registry[seen] == true_registry[seen]).all()
    known = full.followees()
    _, true_count, true_registry = exact.followers_of(known.keys)
    assert (known.followers[known.complete] == true_count[known.complete]).all()
    for account in ACCOUNTS:
        assert full.registry_followers(account).tolist() == exact.registry_followers(account).tolist()


def test_given_no_room_then_a_repeat_counts_again_and_an_account_without_record_is_unknown() -> None:
    store = FollowerStore(keys([9]), max_edges=1)
    apply(store, [(1, 100, FOLLOW, 0), (2, 100, FOLLOW, 0), (2, 100, SNAPSHOT, 5), (2, 200, FOLLOW, 6)])
    apply(store, [(9, 100, FOLLOW, 7), (9, 200, FOLLOW, 8), (1, 100, UNFOLLOW, 9)])

    seen, count, registry = store.followers_of(keys([100, 200]))
    assert seen.tolist() == [True, False]
    assert count.tolist() == [3, 0]
    assert registry.tolist() == [1, 0]
    assert store.dropped == 3
    assert store.followees().keys.tolist() == [100]
    assert not store.followees().complete.any()
    assert store.registry_followers(200).tolist() == [9]


def test_given_a_snapshot_after_an_unfollow_then_the_edge_is_back() -> None:
    store = FollowerStore(keys([1]))
    apply(store, [(1, 7, SNAPSHOT, 30), (1, 7, FOLLOW, 10), (1, 7, UNFOLLOW, 20)])
    assert store.registry_followers(7).tolist() == [1]
    apply(store, [(1, 7, UNFOLLOW, 30)])
    assert store.registry_followers(7).tolist() == []
    assert store.followers_of(keys([7]))[0].all()


def test_given_many_edges_then_tables_grow_and_nothing_is_lost() -> None:
    random = np.random.default_rng(8)
    follower = random.integers(1, 1_000, 300_000, dtype=np.uint64)
    followee = random.integers(1, 2_000, 300_000, dtype=np.uint64)
    store = FollowerStore(np.arange(1, 20, dtype=np.uint64))
    store.apply(follower, followee, np.zeros(300_000, np.uint8), np.arange(300_000))
    pairs, _ = np.unique(follower * np.uint64(10_000) + followee, return_counts=True)

    assert len(store) == len(pairs)
    table = store.followees()
    assert (
        table.followers.tolist()
        == np.bincount((pairs % 10_000).astype(np.int64), minlength=2_000)[1:].tolist()
    )
    inside = pairs[pairs // 10_000 < 20]
    assert (
        table.registry.tolist()
        == np.bincount((inside % 10_000).astype(np.int64), minlength=2_000)[1:].tolist()
    )
    assert (
        store.out_degrees.tolist()
        == np.bincount((inside // 10_000).astype(np.int64), minlength=20)[1:].tolist()
    )


def test_given_columns_that_are_read_only_or_strided_then_they_are_taken() -> None:
    column = np.arange(1, 9, dtype=np.uint64)
    column.flags.writeable = False
    store = FollowerStore(column[4:])
    store.apply(column[::2], column[1::2], np.ones(4, np.uint8), np.arange(4))
    assert len(store) == 4


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        ((1, 2, 3, 0), "action codes must be below 3"),
        ((1, 0, FOLLOW, 0), "keys must not be 0"),
        ((1, 2, FOLLOW, 2**61), "2.60 seconds"),
        ((1, 2, FOLLOW, -(2**61)), "2.60 seconds"),
    ],
)
def test_given_an_impossible_event_then_it_is_refused_and_nothing_changes(row: Event, fault: str) -> None:
    store = FollowerStore(keys(REGISTRY))
    with pytest.raises(ValueError, match=fault):
        apply(store, [(1, 3, FOLLOW, 0), row])
    assert len(store) == 0


def test_given_columns_of_different_lengths_then_they_are_refused() -> None:
    with pytest.raises(ValueError, match="same length"):
        FollowerStore(keys([])).apply(keys([1]), keys([1, 2]), np.zeros(1, np.uint8), np.zeros(1, np.int64))


@pytest.mark.parametrize("registry", [[2, 1], [1, 1], [0, 1]])
def test_given_registry_keys_out_of_order_then_they_are_refused(registry: list[int]) -> None:
    with pytest.raises(ValueError, match="ascending"):
        FollowerStore(keys(registry))


def test_given_more_missed_followers_than_a_counter_holds_then_it_stays_at_most(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    store = FollowerStore(keys([]), max_edges=1)
    apply(store, [(1, 7, FOLLOW, 0), (2, 7, FOLLOW, 0)])
    tables: FollowTables = store._tables
    assert isinstance(tables.registry, Numbered)
    tables.followees["missed"][tables.followees["key"] == 7] = MISSED_ALL - 1
    apply(store, [(3, 7, FOLLOW, 0)])
    seen, count, _ = store.followers_of(keys([7]))
    assert seen.all()
    assert count.tolist() == [MISSED_ALL]
