"""One network keeps one id through clustering after clustering."""

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.arrays.dtypes import I32
from detectors.networks.networks import Network, NetworkStore
from schemas.networks import Lifecycle

NAMES = [f"x:a{number}" for number in range(64)]


def ints(*numbers: int) -> I32:
    return np.array(sorted(numbers), np.int32)


def follow(
    store: NetworkStore, *groups: range | list[int], now: int = 600, also: tuple[int, ...] = ()
) -> tuple[list[Network], list[tuple[Network, Network]]]:
    """Cluster again: the accounts of `groups`, and those of `also`, which are in no community now."""
    found = [ints(*group) for group in groups]
    return store.update_from_communities(
        ints(*(n for group in groups for n in group), *also), found, now, NAMES
    )


def consistent(store: NetworkStore) -> None:
    """An account is in one network at most, and both sides agree on which."""
    network_of: dict[int, int] = {}
    for number, network in store.alive.items():
        assert network.number == number
        assert not network.core & network.peripheral.keys()
        for account in network.members:
            assert account not in network_of
            network_of[account] = number
    known = {
        int(account): int(store.network_of[account]) for account in np.flatnonzero(store.network_of >= 0)
    }
    assert known == network_of


def test_given_a_community_then_a_network_opens_under_an_id_of_its_founders_and_time() -> None:
    store, again, later, others = (NetworkStore(3) for _ in range(4))

    (network,), merged = follow(store, range(5))

    assert merged == []
    assert network.members == [0, 1, 2, 3, 4]
    assert (network.lifecycle, network.opened_at, network.predecessors) == (Lifecycle.OPENED, 600, ())
    assert re.fullmatch(r"net-[0-9a-f]{12}", network.network_id)
    assert follow(again, range(5))[0][0].network_id == network.network_id
    assert follow(later, range(5), now=1_200)[0][0].network_id != network.network_id
    assert follow(others, range(6))[0][0].network_id != network.network_id


def test_given_too_small_a_community_then_no_network() -> None:
    store = NetworkStore(4)

    assert follow(store, range(3)) == ([], [])
    assert store.alive == {}


def test_given_two_accounts_that_need_no_third_then_they_are_a_network_unless_more_than_three_are_asked_for() -> (
    None
):
    store = NetworkStore(3)
    (pair,), _ = follow(store, range(2))

    assert pair.members == [0, 1]
    assert follow(NetworkStore(4), range(2)) == ([], [])


def test_given_a_community_that_grows_then_its_network_keeps_its_id_and_accounts_that_left_stay() -> None:
    store = NetworkStore(3)
    (first,), _ = follow(store, range(5))

    (second,), merged = follow(store, [1, 2, 3, 4, 5, 6], now=1_200, also=(0,))

    assert second is first
    assert merged == []
    assert second.members == [0, 1, 2, 3, 4, 5, 6]
    assert second.opened_at == 600
    consistent(store)


def test_given_the_same_community_again_then_nothing_has_changed() -> None:
    store = NetworkStore(3)
    follow(store, range(5))

    assert follow(store, range(5), now=1_200) == ([], [])


@pytest.mark.parametrize(("left", "stays"), [(1, True), (2, True), (3, False), (5, False)])
def test_given_a_network_that_no_community_continues_then_the_heir_of_half_its_core_takes_it_in(
    left: int, stays: bool
) -> None:
    store = NetworkStore(3)
    (heir, other), _ = follow(store, range(6), range(10, 16))
    went, left_behind = range(10, 10 + left), tuple(range(10 + left, 16))

    _, merged = follow(store, [*range(6), *went], now=1_200, also=left_behind)

    assert merged == ([] if stays else [(other, heir)])
    assert heir.members == [*range(6), *(went if stays else range(10, 16))]
    assert (other.number in store.alive) == stays
    assert other.members == (list(left_behind) if stays else other.members)
    consistent(store)


def test_given_a_network_that_is_too_small_without_those_who_left_then_it_is_taken_in() -> None:
    store = NetworkStore(3)
    (heir, small), _ = follow(store, range(6), range(10, 13))

    _, merged = follow(store, [*range(6), 10], now=1_200, also=(11, 12))

    assert merged == [(small, heir)]
    assert heir.members == [*range(6), 10, 11, 12]
    consistent(store)


def test_given_two_networks_in_one_community_then_the_smaller_is_merged_into_the_larger() -> None:
    store = NetworkStore(3)
    (large, small), _ = follow(store, range(6), range(10, 14))

    changed, merged = follow(store, [*range(6), *range(10, 14)], now=1_200)

    assert merged == [(small, large)]
    assert changed == [large]
    assert large.members == [*range(6), *range(10, 14)]
    assert large.predecessors == (small.network_id,)
    assert large.lifecycle is Lifecycle.MERGED
    assert list(store.alive.values()) == [large]
    consistent(store)


def test_given_a_merge_then_peripheral_members_and_accounts_that_left_are_merged_too() -> None:
    store = NetworkStore(3)
    (large, small), _ = follow(store, range(6), range(10, 15))
    store.join(small.number, 30, 4.0, 600)

    follow(store, [*range(6), *range(10, 14)], now=1_200, also=(14,))

    assert store.network_of[[14, 30]].tolist() == [large.number] * 2
    assert (14 in large.core, large.peripheral) == (True, {30: 4.0})
    consistent(store)


def test_given_a_network_in_two_communities_then_the_smaller_splits_off() -> None:
    store = NetworkStore(3)
    (whole,), _ = follow(store, range(9))

    changed, merged = follow(store, range(5), range(5, 9), now=1_200)

    assert merged == []
    old, new = changed
    assert old is whole
    assert old.members == [0, 1, 2, 3, 4]
    assert new.members == [5, 6, 7, 8]
    assert (new.lifecycle, new.predecessors) == (Lifecycle.SPLIT, (whole.network_id,))
    assert new.network_id != whole.network_id
    consistent(store)


def test_given_peripheral_members_that_stop_passing_then_they_stay_for_a_while_and_leave() -> None:
    store = NetworkStore(3)
    (one, other), _ = follow(store, range(5), range(10, 15))
    store.join(one.number, 20, 5.0, 600)
    store.join(one.number, 21, 6.0, 900)
    store.join(other.number, 22, 7.0, 900)

    held = store.part_from_peripheral()
    assert store.network_of[[20, 21, 22]].tolist() == [-1, -1, -1]
    store.join(other.number, 22, 8.0, 1_200)  # passed again

    assert store.take_back(held, since=700) == [one]
    assert (one.peripheral, other.peripheral) == ({21: 6.0}, {22: 8.0})
    consistent(store)
    # a member that was kept without passing is kept until its last pass is too old
    assert store.take_back(store.part_from_peripheral(), since=1_000) == [one]
    assert (one.peripheral, other.peripheral) == ({}, {22: 8.0})
    consistent(store)


def test_given_a_peripheral_member_that_passed_exactly_at_the_limit_then_it_stays() -> None:
    store = NetworkStore(3)
    (network,), _ = follow(store, range(5))
    store.join(network.number, 20, 5.0, 600)

    for _ in range(2):
        assert store.take_back(store.part_from_peripheral(), since=600) == []
        assert network.peripheral == {20: 5.0}
    assert store.take_back(store.part_from_peripheral(), since=601) == [network]
    assert network.peripheral == {}


def test_given_a_new_community_then_it_split_off_if_half_of_it_was_in_one_network() -> None:
    for elsewhere, split in (([30], True), ([20, 30], False)):
        store = NetworkStore(3)
        (whole, *others), _ = follow(store, range(9), range(10, 15), range(20, 25))

        # two from the first network, one from each of some others, and one that was in none
        community = [7, 8, 10, *elsewhere]
        changed, _ = follow(store, range(7), range(11, 15), range(21, 25), community, now=1_200)

        new = changed[-1]
        assert changed[:-1] == [whole, *others][: len(changed) - 1]
        assert new.members == community
        assert new.predecessors == ((whole.network_id,) if split else ())
        assert new.lifecycle is (Lifecycle.SPLIT if split else Lifecycle.OPENED)
        consistent(store)


def test_given_a_peripheral_member_that_passes_in_another_network_then_it_moves_there() -> None:
    store = NetworkStore(3)
    (one, other), _ = follow(store, range(5), range(10, 15))
    store.join(one.number, 20, 5.0, 600)

    held = store.part_from_peripheral()
    store.join(other.number, 20, 9.0, 900)

    assert store.take_back(held, since=0) == [one]
    assert (one.peripheral, other.peripheral) == ({}, {20: 9.0})
    consistent(store)


def test_given_accounts_that_leave_then_they_are_in_no_network() -> None:
    store = NetworkStore(3)
    (one, other), _ = follow(store, range(5), range(10, 15))

    assert store.leave(ints(4, 10, 11)) == [one, other]

    assert (one.members, other.members) == ([0, 1, 2, 3], [12, 13, 14])
    consistent(store)
    assert store.leave(ints()) == []


def test_given_components_that_were_not_touched_then_their_networks_stay_as_they_are() -> None:
    store = NetworkStore(3)
    (one, other), _ = follow(store, range(5), range(10, 15))

    changed, merged = follow(store, range(10, 17), now=1_200)

    assert (changed, merged) == ([other], [])
    assert one.members == [0, 1, 2, 3, 4]


def test_given_an_account_in_a_network_then_it_joins_no_other_and_becomes_core_when_it_has_edges() -> None:
    store = NetworkStore(3)
    (one, other), _ = follow(store, range(5), range(10, 15))

    store.join(one.number, 20, 5.0, 600)
    store.join(other.number, 20, 50.0, 600)
    store.join(other.number, 0, 50.0, 600)

    assert one.peripheral == {20: 5.0}
    assert other.peripheral == {}
    assert follow(store, [0, 1, 2, 3, 4, 20], now=1_200)[0] == [one]
    assert (one.core, one.peripheral) == ({0, 1, 2, 3, 4, 20}, {})
    consistent(store)


def test_given_a_network_that_is_resolved_then_its_accounts_are_free_and_come_back_under_another_id() -> None:
    store = NetworkStore(3)
    (network,), _ = follow(store, range(5))
    store.join(network.number, 9, 5.0, 600)

    store.resolve(network)

    assert network.lifecycle is Lifecycle.RESOLVED
    assert store.alive == {}
    assert (store.network_of == -1).all()
    (again,), _ = follow(store, range(5), now=1_200)
    assert again.network_id != network.network_id
    assert (again.lifecycle, again.number, again.predecessors) == (Lifecycle.OPENED, 1, ())


def test_given_more_accounts_then_there_is_room_and_all_stay_in_their_networks() -> None:
    store = NetworkStore(3)
    follow(store, range(5))
    store.reserve(5_000)

    assert len(store.network_of) >= 5_000
    assert np.flatnonzero(store.network_of >= 0).tolist() == [0, 1, 2, 3, 4]


steps = st.lists(
    st.tuples(
        # the community of each account at this step; -1: its edges are gone, -2: it was not touched
        st.lists(st.integers(-2, 3), min_size=16, max_size=16),
        st.lists(st.tuples(st.integers(0, 5), st.integers(0, 15)), max_size=3),
        st.sampled_from([False, False, False, True]),
    ),
    max_size=8,
)


@pytest.mark.slow
@settings(max_examples=200, deadline=None)
@given(steps)
def test_given_any_clusterings_then_an_account_is_in_one_network_and_ids_are_deterministic(
    history: list[tuple[list[int], list[tuple[int, int]], bool]],
) -> None:
    store, again = NetworkStore(3), NetworkStore(3)
    ids: set[str] = set()
    for at, (labels, joins, resolve) in enumerate(history):
        touched = [n for n, label in enumerate(labels) if label >= -1]
        groups = [[n for n, label in enumerate(labels) if label == group] for group in range(4)]
        groups = sorted(group for group in groups if group)
        before = set(store.alive)
        changed, merged = store.update_from_communities(
            ints(*touched), [ints(*group) for group in groups], 600 * at, NAMES
        )
        same, same_merged = again.update_from_communities(
            ints(*touched), [ints(*group) for group in groups], 600 * at, NAMES
        )

        consistent(store)
        assert [n.network_id for n in changed] == [n.network_id for n in same]
        assert [n.number for pair in merged for n in pair] == [n.number for p in same_merged for n in p]
        assert [n.number for n in changed] == sorted({n.number for n in changed})
        assert all(store.alive[n.number] is n for n in changed)
        assert all(
            old.number not in store.alive and old.network_id in heir.predecessors for old, heir in merged
        )
        assert before - set(store.alive) == {old.number for old, _ in merged if old.number in before}
        opened = {n.network_id for number, n in store.alive.items() if number not in before}
        assert not opened & ids
        ids |= opened
        # every community is inside one network
        for group in groups:
            if len(group) >= 3:
                assert len(set(store.network_of[group].tolist())) == 1
                assert store.network_of[group[0]] >= 0
        for pick, account in joins:
            if store.alive:
                number = sorted(store.alive)[pick % len(store.alive)]
                store.join(number, account, 1.0, 600)
                again.join(number, account, 1.0, 600)
        for each in (store, again):
            each.take_back(each.part_from_peripheral(), since=600 * (at % 3))
        consistent(store)
        if resolve and store.alive:
            number = min(store.alive)
            store.resolve(store.alive[number])
            again.resolve(again.alive[number])
        consistent(store)
