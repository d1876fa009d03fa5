"""Pairs of accounts that share registry followers, against a slow count and organic worlds."""

import numpy as np
import pytest

from detectors.followers.follower_overlap import MOST_FOLLOWED, FollowNullModel
from tests.detectors.followers.follow_worlds import PLANTED, World, organic, planted


def test_given_pairs_that_are_compared_then_they_do_not_set_their_own_bar() -> None:
    world = planted(organic(9_521, "gamma", 5e-4), 9_522)
    told = FollowNullModel(world.store()).overlapping_pairs(PLANTED, max_p=1.0)
    before = FollowNullModel(world.store(), PLANTED).overlapping_pairs(PLANTED, max_p=1.0)
    assert len(told.p) > 0
    assert told.p.tolist() == before.p.tolist()


def test_given_accounts_then_pairs_share_what_a_slow_count_says() -> None:
    world = planted(organic(9_901, "gamma", 1e-2, accounts=2_000), 9_902)
    store = world.store()
    keys = np.concatenate([world.accounts[:150], PLANTED, world.accounts[:10]])
    pairs = FollowNullModel(store, PLANTED).overlapping_pairs(keys, max_followers=300, max_p=1.0)
    sets = [
        set(store.registry_followers(int(key)).tolist())
        if store.followers_of(np.array([key]))[1][0] <= 300
        else set()
        for key in keys[:153]
    ]
    slow = {
        (a, b): len(sets[a] & sets[b])
        for a in range(153)
        for b in range(a + 1, 153)
        if len(sets[a] & sets[b]) >= 2
    }
    held = sum(bool(one) for one in sets)
    concentration = float(((store.out_degrees / store.out_degrees.sum()) ** 2).sum())

    assert list(zip(pairs.first.tolist(), pairs.second.tolist(), strict=True)) == list(slow)
    assert pairs.shared.tolist() == list(slow.values())
    assert pairs.compared == held * (held - 1) // 2
    assert pairs.expected.tolist() == pytest.approx(
        [len(sets[a]) * len(sets[b]) * concentration for a, b in slow]
    )


def test_given_pairs_with_the_same_few_followers_then_they_stand_out_and_organic_ones_do_not() -> None:
    world = organic(9_911, "gamma", 2e-3)
    pool = world.registry[100:106]
    twins = world.plus(np.tile(np.append(pool, world.accounts[:4]), 2), np.repeat(PLANTED[:2], 10))
    null = FollowNullModel(twins.store(), PLANTED)
    found = null.overlapping_pairs(np.append(PLANTED[:2], world.accounts))
    twin = (found.first == 0) & (found.second == 1)

    assert found.shared[twin].tolist() == [6]
    assert found.p[twin][0] == found.p.min() < 1e-4
    organic_pairs = null.overlapping_pairs(world.accounts[::2], max_p=1.0)
    for level in (1e-3, 1e-4):
        assert (organic_pairs.p <= level).sum() <= 2 * level * organic_pairs.compared


def test_given_a_registry_account_that_follows_everybody_then_it_makes_no_pair() -> None:
    accounts = np.arange(1_000, 1_000 + MOST_FOLLOWED + 1, dtype=np.uint64)
    registry = np.arange(1, 5, dtype=np.uint64)
    world = World(registry, accounts, np.repeat(registry[:2], len(accounts)), np.tile(accounts, 2))
    assert len(FollowNullModel(world.store()).overlapping_pairs(accounts, max_p=1.0).p) == 0
    fewer = FollowNullModel(world.store()).overlapping_pairs(accounts[1:], max_p=1.0)
    assert len(fewer.p) == fewer.compared == MOST_FOLLOWED * (MOST_FOLLOWED - 1) // 2
    # both follow all of them, so all of them sharing both is no surprise
    assert fewer.p.min() > 0.5


def test_given_popular_or_ordinary_accounts_then_they_are_not_compared() -> None:
    world = planted(organic(9_921, "equal", 1e-3), 9_922)
    null = FollowNullModel(world.store(), PLANTED)
    told = null.overlapping_pairs(PLANTED)
    assert told.compared == 3
    assert null.overlapping_pairs(PLANTED, max_followers=8).compared == 0
    assert null.overlapping_pairs(PLANTED, max_p=1e-30).compared == 0
