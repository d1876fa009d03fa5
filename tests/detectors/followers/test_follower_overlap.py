"""Registry followers of accounts and networks against chance: organic worlds, planted networks."""

import numpy as np
import pytest

from detectors.followers.follow_edges import FOLLOW
from detectors.followers.follower_overlap import FollowNullModel
from detectors.followers.followers import FollowerStore
from detectors.statistics.follower_chance import (
    PRIOR_DISPERSION,
    upper_tail,
)
from tests.detectors.followers.follow_worlds import PLANTED, World, organic, planted, quiet_world, same_size


@pytest.mark.parametrize("interest", ["equal", "gamma", "lognormal", "few"])
@pytest.mark.parametrize("share", [1e-3, 1e-2])
def test_given_organic_follows_only_then_small_p_values_are_as_rare_as_they_say(
    interest: str, share: float
) -> None:
    p = np.concatenate(
        [
            FollowNullModel(world.store()).account_tails(world.accounts).p
            for world in (organic(seed, interest, share) for seed in (9_101, 9_102))
        ]
    )
    for level in (0.1, 0.01, 0.001):
        assert (p <= level).mean() <= 2 * level


@pytest.mark.parametrize("interest", ["equal", "gamma", "lognormal"])
def test_given_organic_networks_then_enrichment_is_as_rare_as_it_says(interest: str) -> None:
    world = organic(9_201, interest, 5e-3)
    random = np.random.default_rng(9_202)
    null = FollowNullModel(world.store())
    p = np.array(
        [
            null.enrichment(random.choice(world.accounts, size, replace=False)).p
            for size in (3, 12, 50)
            for _ in range(200)
        ]
    )
    for level in (0.1, 0.01):
        assert (p <= level).mean() <= 2 * level


@pytest.mark.parametrize("interest", ["equal", "gamma", "lognormal", "few"])
def test_given_a_planted_network_then_it_is_found_by_accounts_and_together(interest: str) -> None:
    world = planted(organic(9_301, interest, 1e-3), 9_302)
    null = FollowNullModel(world.store(), PLANTED)
    found = null.enrichment(PLANTED)
    tails = null.account_tails(PLANTED)

    assert (found.members, found.observed) == (3, 9)
    assert 3 <= found.distinct <= 5
    assert found.expected < 0.1
    assert found.p < 1e-7
    assert tails.followers.tolist() == [9, 9, 9]
    assert tails.observed.tolist() == [3, 3, 3]
    assert (tails.p < 1e-4).all()
    # the strongest of the accounts says less than all of them
    assert found.p < tails.p.min()


def test_given_poisson_data_then_no_dispersion_is_assumed() -> None:
    world = planted(organic(9_401, "equal", 1e-2), 9_402)
    tails = FollowNullModel(world.store(), PLANTED).account_tails(PLANTED)
    alone = upper_tail(tails.observed, tails.expected, np.zeros(3))
    # 27 followers at 1 in 100: with the prior's dispersion it would be 20 times as likely
    assert (tails.p < 3 * alone).all()


def test_given_a_network_under_test_then_it_does_not_set_its_own_bar() -> None:
    base = organic(9_501, "gamma", 1e-3)
    farm = np.arange(20, 90, dtype=np.uint64)
    random = np.random.default_rng(9_502)
    world = base.plus(
        np.concatenate([random.choice(base.registry, 3, replace=False) for _ in farm]), np.repeat(farm, 3)
    )
    left_out = FollowNullModel(world.store(), farm)
    alone = FollowNullModel(world.store())
    without = FollowNullModel(base.store())

    assert left_out.enrichment(farm).expected == alone.enrichment(farm).expected
    assert left_out.account_tails(base.accounts).p.tolist() == without.account_tails(base.accounts).p.tolist()
    # one by one they are held against their fellows, unless these are left out
    assert left_out.account_tails(farm).p.max() < alone.account_tails(farm).p.min()


def test_given_a_thin_stratum_then_it_borrows_the_share_but_not_against_its_own_data() -> None:
    crowd = np.arange(10_000, 30_000, dtype=np.uint64)
    registry = np.arange(1, 11, dtype=np.uint64)
    # 200 accounts of 100 followers, of which 1 in 1,000 of the registry; 3 of 4 followers
    large = np.repeat(np.arange(1_000, 1_200, dtype=np.uint64), 100)
    follower = np.resize(crowd, len(large)).copy()
    follower[::1_000] = np.resize(registry, 20)
    quiet = World(registry, large, follower, large).plus(
        crowd[:12], np.repeat(np.arange(2_000, 2_003, dtype=np.uint64), 4)
    )
    few = quiet.store()
    asked = np.array([2_000], np.uint64)
    assert FollowNullModel(few).account_tails(asked).expected[0] == pytest.approx(4 * 1e-3, rel=0.1)

    # now ten more of that size, each followed twice by the registry
    loved = np.arange(3_000, 3_010, dtype=np.uint64)
    loud = quiet.plus(
        np.concatenate(
            [np.resize(np.append(registry[at % 9 : at % 9 + 2], crowd[:2]), 4) for at in range(10)]
        ),
        np.repeat(loved, 4),
    )
    tail = FollowNullModel(loud.store()).account_tails(np.append(asked, loved[:1]))
    assert tail.expected[0] > 0.5
    assert tail.p[1] > 0.05


def test_given_a_stratum_without_data_then_the_prior_dispersion_counts() -> None:
    world = quiet_world().plus(*same_size(1, 8, 11, [2]))
    tails = FollowNullModel(world.store()).account_tails(PLANTED[:1])
    poisson = upper_tail(tails.observed, tails.expected, np.zeros(1))
    assert 3 * poisson[0] < tails.p[0] < 5 * poisson[0]


def test_given_other_sizes_that_vary_much_then_a_stratum_without_data_varies_too() -> None:
    # nearly all that the registry follows are a few of 400
    world = quiet_world().plus(*same_size(400, 64, 5_000, [10] * 10)).plus(*same_size(1, 8, 11, [2]))
    tails = FollowNullModel(world.store()).account_tails(PLANTED[:1])
    prior = upper_tail(tails.observed, tails.expected, np.array([PRIOR_DISPERSION]))
    assert tails.p[0] > 2 * prior[0]


def test_given_a_few_large_accounts_of_equal_size_then_they_say_little_about_the_next() -> None:
    registry = np.arange(1, 101, dtype=np.uint64)
    large = [same_size(1, 4_000, 2_000 + at, [5]) for at in range(6)]
    world = World(registry, registry, *same_size(1_000, 100, 1_000_000, []))
    for follower, followee in [*large, same_size(1, 4_000, 11, [25])]:
        world = world.plus(follower, followee)
    tails = FollowNullModel(world.store()).account_tails(PLANTED[:1])
    assert upper_tail(tails.observed, tails.expected, np.zeros(1))[0] < 1e-12
    assert tails.p[0] > 0.01


def test_given_one_account_then_leaving_it_out_beforehand_changes_nothing() -> None:
    world = planted(organic(9_511, "gamma", 5e-3), 9_512)
    store = world.store()
    for key in (PLANTED[0], *world.accounts[:20]):
        alone = np.array([key], np.uint64)
        now, before = (FollowNullModel(store, out).account_tails(alone) for out in (None, alone))
        assert [a.tolist() for a in now] == [b.tolist() for b in before]


def test_given_one_member_or_one_registry_account_then_a_network_has_no_surprise() -> None:
    world = organic(9_601, "equal", 1e-3)
    crowd = world.accounts[:4]
    one_member = world.plus(np.concatenate([world.registry[:5], crowd]), np.repeat(PLANTED[:2], [5, 4]))
    one_diplomat = world.plus(np.repeat(world.registry[:1], 3), PLANTED)
    both = world.plus(world.registry[[0, 1, 1]], PLANTED)

    found = FollowNullModel(one_member.store()).enrichment(PLANTED)
    assert (found.members, found.observed, found.distinct, found.p) == (2, 5, 5, 1.0)
    assert FollowNullModel(one_member.store()).account_tails(PLANTED[:1]).p[0] < 1e-6
    found = FollowNullModel(one_diplomat.store()).enrichment(PLANTED)
    assert (found.members, found.observed, found.distinct, found.p) == (3, 3, 1, 1.0)
    assert FollowNullModel(both.store()).enrichment(PLANTED).p < 1e-3


def test_given_accounts_without_follow_events_then_they_are_unknown_and_left_out() -> None:
    world = planted(organic(9_701, "gamma", 1e-3), 9_702)
    # colleagues follow one another
    world = world.plus(world.registry, np.roll(world.registry, 1)).plus(
        world.registry, np.roll(world.registry, 2)
    )
    null = FollowNullModel(world.store(), PLANTED)
    strangers = np.array([14, 15], np.uint64)
    tails = null.account_tails(np.append(PLANTED, strangers))

    assert tails.seen.tolist() == [True, True, True, False, False]
    assert tails.p[3:].tolist() == [1.0, 1.0]
    assert null.enrichment(np.append(PLANTED, strangers)) == null.enrichment(PLANTED)
    assert null.enrichment(strangers) == (0, 0, 0, 0.0, 1.0)
    # members of the registry are nobody's followers to be surprised at; a repeat is one member
    assert null.enrichment(np.concatenate([PLANTED, PLANTED, world.registry])) == null.enrichment(PLANTED)


def test_given_nothing_or_no_registry_then_nothing_is_surprising() -> None:
    empty = FollowNullModel(FollowerStore(np.zeros(0, np.uint64)), PLANTED)
    assert empty.account_tails(PLANTED).p.tolist() == [1.0, 1.0, 1.0]
    assert empty.enrichment(PLANTED).p == 1.0
    assert len(empty.overlapping_pairs(PLANTED).p) == 0

    # with nobody to compare with, the share is unknown
    only = World(np.arange(1, 5, dtype=np.uint64), PLANTED, np.array([1, 2, 3], np.uint64), PLANTED)
    assert FollowNullModel(only.store(), PLANTED).enrichment(PLANTED).p > 0.1


def test_given_no_room_then_accounts_that_missed_followers_are_no_measure() -> None:
    # a large account comes when the room is used up
    crowd = np.arange(10_000, 10_400, dtype=np.uint64)
    registry = np.arange(1, 4, dtype=np.uint64)
    world = World(registry, crowd, np.zeros(0, np.uint64), np.zeros(0, np.uint64))
    for account in range(100, 120):
        world = world.plus(np.append(crowd[:20], registry[account % 3]), np.full(21, account, np.uint64))
    world = world.plus(np.append(crowd, registry), np.full(403, 11, np.uint64))
    asked = np.array([11], np.uint64)
    exact, full = FollowNullModel(world.store(), asked), FollowNullModel(world.store(max_edges=420))

    assert full.account_tails(asked).followers[0] == exact.account_tails(asked).followers[0] == 403
    assert full.account_tails(asked).p[0] > 0.05
    small = np.arange(100, 120, dtype=np.uint64)
    assert full.account_tails(small).p.tolist() == exact.account_tails(small).p.tolist()


def test_given_other_batches_and_orders_then_all_figures_are_the_same() -> None:
    world = planted(organic(9_801, "gamma", 5e-3, accounts=3_000), 9_802)
    order = np.random.default_rng(9_803).permutation(len(world.follower))
    other = FollowerStore(world.registry)
    for part in np.array_split(order, 37):
        other.apply(world.follower[part], world.followee[part], np.full(len(part), FOLLOW, np.uint8), part)
    one, two = FollowNullModel(world.store(), PLANTED), FollowNullModel(other, PLANTED)
    keys = np.append(world.accounts, PLANTED)

    assert one.enrichment(keys[:40]) == two.enrichment(keys[:40])
    for a, b in zip(one.account_tails(keys), two.account_tails(keys), strict=True):
        assert a.tolist() == b.tolist()
    pairs, again = one.overlapping_pairs(keys, max_p=1.0), two.overlapping_pairs(keys, max_p=1.0)
    assert len(pairs.p) > 10
    assert [np.asarray(a).tolist() for a in pairs] == [np.asarray(b).tolist() for b in again]
