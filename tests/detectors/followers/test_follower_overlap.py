"""Registry followers against chance: known figures, organic worlds, planted networks."""

from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from detectors.arrays.dtypes import U64
from detectors.followers.follow_edges import FOLLOW
from detectors.followers.follower_overlap import MOST_FOLLOWED, FollowNullModel
from detectors.followers.followers import FollowerStore
from detectors.statistics.follower_chance import (
    LEAST_P,
    PRIOR_DISPERSION,
    Sums,
    strata_of,
    sums_by_stratum,
    upper_tail,
)

PLANTED = np.array([11, 12, 13], np.uint64)


@dataclass
class World:
    registry: U64
    accounts: U64
    follower: U64
    followee: U64

    def book(self, max_edges: int = 10_000_000) -> FollowerStore:
        book = FollowerStore(self.registry, max_edges)
        count = len(self.follower)
        book.apply(self.follower, self.followee, np.full(count, FOLLOW, np.uint8), np.arange(count))
        return book

    def plus(self, follower: U64, followee: U64) -> "World":
        return World(
            self.registry,
            self.accounts,
            np.append(self.follower, follower),
            np.append(self.followee, followee),
        )


def organic(seed: int, interest: str, share: float, accounts: int = 12_000, registry: int = 150) -> World:
    """Accounts of heavy-tailed size that differ in how much they interest the registry."""
    random = np.random.default_rng(seed)
    names = random.permutation(
        np.unique(random.integers(100, 2**64, accounts * 4, dtype=np.uint64), return_counts=True)[0]
    )
    known, own, crowd = (
        np.sort(names[:registry]),
        names[registry : registry + accounts],
        names[registry + accounts :],
    )
    size = np.minimum((random.pareto(0.9, accounts) * 3).astype(np.int64) + 1, 5_000)
    appeal = {
        "equal": np.ones(accounts),
        "gamma": random.gamma(0.2, 5.0, accounts),
        "lognormal": np.exp(random.normal(-1.5, np.sqrt(3.0), accounts)),
        "few": np.where(random.random(accounts) < 0.05, 14.0, 0.3),
    }[interest]
    count = np.minimum(
        random.poisson(np.minimum(size * share * appeal, registry / 2)), np.minimum(size, registry)
    )
    weights = 1 / np.arange(1, registry + 1) ** 0.7
    followed = np.flatnonzero(count)
    from_registry = [
        random.choice(known, count[at], replace=False, p=weights / weights.sum()) for at in followed
    ]
    return World(
        known,
        own,
        np.concatenate([*from_registry, random.choice(crowd, int((size - count).sum()))]),
        np.concatenate([np.repeat(own, count), np.repeat(own, size - count)]),
    )


def planted(world: World, seed: int) -> World:
    """Three accounts with nine followers each, three of them out of five of the registry."""
    random = np.random.default_rng(seed)
    pool = world.registry[::30]
    follower = [
        np.append(random.choice(pool, 3, replace=False), random.choice(world.accounts, 6, replace=False))
        for _ in PLANTED
    ]
    return world.plus(np.concatenate(follower), np.repeat(PLANTED, 9))


@pytest.mark.parametrize(("share", "p"), [(1e-6, 1.2e-16), (1e-3, 1.2e-7), (1.5e-2, 3.7e-4)])
def test_given_nine_followers_with_three_of_the_registry_then_the_share_decides(
    share: float, p: float
) -> None:
    found = upper_tail(np.array([3]), np.array([9 * share]), np.zeros(1))
    assert found[0] == pytest.approx(p, rel=0.02)


@settings(max_examples=300, deadline=None)
@given(
    observed=st.integers(0, 300),
    expected=st.floats(0, 1e4),
    dispersion=st.floats(0, 1e6),
)
def test_given_a_count_then_its_tail_is_no_less_than_poisson_and_negative_binomial(
    observed: int, expected: float, dispersion: float
) -> None:
    found = float(upper_tail(np.array([observed]), np.array([expected]), np.array([dispersion]))[0])
    assert LEAST_P <= found <= 1
    assert found >= 0.999 * float(stats.poisson.sf(observed - 1, expected))
    if dispersion > 1e-6 and expected > 0:
        # a narrower distribution may have the heavier tail
        for part in (1, 4, 16, 64):
            shape = part / dispersion
            assert found >= 0.999 * float(stats.nbinom.sf(observed - 1, shape, shape / (shape + expected)))
    more = float(upper_tail(np.array([observed + 1]), np.array([expected]), np.array([dispersion]))[0])
    assert more <= found * (1 + 1e-9)


@given(rows=st.lists(st.tuples(st.integers(0, 5_000), st.integers(0, 40)), max_size=30))
def test_given_accounts_then_sums_are_those_of_their_power_of_two(rows: list[tuple[int, int]]) -> None:
    rows = [(followers, min(followers, registry)) for followers, registry in rows]
    columns = np.array(rows, np.int64).reshape(-1, 2).T
    sums = Sums(*sums_by_stratum(columns[0], columns[1]))
    for stratum in range(13):
        inside = [(n, x) for n, x in rows if max(n, 1).bit_length() - 1 == stratum]
        assert [int(values[stratum]) for values in sums] == [
            sum(n > 0 for n, _ in inside),
            sum(n for n, _ in inside),
            sum(n * n for n, _ in inside),
            sum(x for _, x in inside),
            sum(x > 0 for _, x in inside),
            sum(x * (x - 1) for _, x in inside),
            sum(x > 1 for _, x in inside),
        ]
    assert strata_of(columns[0]).tolist() == [max(n, 1).bit_length() - 1 for n, _ in rows]


@pytest.mark.parametrize("interest", ["equal", "gamma", "lognormal", "few"])
@pytest.mark.parametrize("share", [1e-3, 1e-2])
def test_given_organic_follows_only_then_small_p_values_are_as_rare_as_they_say(
    interest: str, share: float
) -> None:
    p = np.concatenate(
        [
            FollowNullModel(world.book()).account_tails(world.accounts).p
            for world in (organic(seed, interest, share) for seed in (9_101, 9_102))
        ]
    )
    for level in (0.1, 0.01, 0.001):
        assert (p <= level).mean() <= 2 * level


@pytest.mark.parametrize("interest", ["equal", "gamma", "lognormal"])
def test_given_organic_networks_then_enrichment_is_as_rare_as_it_says(interest: str) -> None:
    world = organic(9_201, interest, 5e-3)
    random = np.random.default_rng(9_202)
    null = FollowNullModel(world.book())
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
    null = FollowNullModel(world.book(), PLANTED)
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
    tails = FollowNullModel(world.book(), PLANTED).account_tails(PLANTED)
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
    left_out = FollowNullModel(world.book(), farm)
    alone = FollowNullModel(world.book())
    without = FollowNullModel(base.book())

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
    few = quiet.book()
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
    tail = FollowNullModel(loud.book()).account_tails(np.append(asked, loved[:1]))
    assert tail.expected[0] > 0.5
    assert tail.p[1] > 0.05


def alike(count: int, followers: int, first: int, from_registry: list[int]) -> tuple[U64, U64]:
    """Followers and followees of accounts of one size, of which the first have followers 1, 2, ... of the registry."""
    follower = np.resize(np.arange(10_000, 40_000, dtype=np.uint64), (count, followers)).copy()
    for at, known in enumerate(from_registry):
        follower[at, :known] = np.arange(1, known + 1)
    return follower.ravel(), np.repeat(np.arange(first, first + count, dtype=np.uint64), followers)


def quiet_world() -> World:
    """200 accounts of 100 followers, one in 1,000 of the registry."""
    registry = np.arange(1, 11, dtype=np.uint64)
    return World(registry, registry, *alike(200, 100, 1_000, [1] * 20))


def test_given_a_stratum_without_data_then_the_prior_dispersion_counts() -> None:
    world = quiet_world().plus(*alike(1, 8, 11, [2]))
    tails = FollowNullModel(world.book()).account_tails(PLANTED[:1])
    poisson = upper_tail(tails.observed, tails.expected, np.zeros(1))
    assert 3 * poisson[0] < tails.p[0] < 5 * poisson[0]


def test_given_other_sizes_that_vary_much_then_a_stratum_without_data_varies_too() -> None:
    # nearly all that the registry follows are a few of 400
    world = quiet_world().plus(*alike(400, 64, 5_000, [10] * 10)).plus(*alike(1, 8, 11, [2]))
    tails = FollowNullModel(world.book()).account_tails(PLANTED[:1])
    prior = upper_tail(tails.observed, tails.expected, np.array([PRIOR_DISPERSION]))
    assert tails.p[0] > 2 * prior[0]


def test_given_a_few_large_accounts_that_are_alike_then_they_say_little_of_the_next() -> None:
    registry = np.arange(1, 101, dtype=np.uint64)
    large = [alike(1, 4_000, 2_000 + at, [5]) for at in range(6)]
    world = World(registry, registry, *alike(1_000, 100, 1_000_000, []))
    for follower, followee in [*large, alike(1, 4_000, 11, [25])]:
        world = world.plus(follower, followee)
    tails = FollowNullModel(world.book()).account_tails(PLANTED[:1])
    assert upper_tail(tails.observed, tails.expected, np.zeros(1))[0] < 1e-12
    assert tails.p[0] > 0.01


def test_given_one_account_then_leaving_it_out_beforehand_changes_nothing() -> None:
    world = planted(organic(9_511, "gamma", 5e-3), 9_512)
    book = world.book()
    for key in (PLANTED[0], *world.accounts[:20]):
        alone = np.array([key], np.uint64)
        now, before = (FollowNullModel(book, out).account_tails(alone) for out in (None, alone))
        assert [a.tolist() for a in now] == [b.tolist() for b in before]


def test_given_pairs_that_are_compared_then_they_do_not_set_their_own_bar() -> None:
    world = planted(organic(9_521, "gamma", 5e-4), 9_522)
    told = FollowNullModel(world.book()).overlapping_pairs(PLANTED, max_p=1.0)
    before = FollowNullModel(world.book(), PLANTED).overlapping_pairs(PLANTED, max_p=1.0)
    assert len(told.p) > 0
    assert told.p.tolist() == before.p.tolist()


def test_given_one_member_or_one_registry_account_then_a_network_has_no_surprise() -> None:
    world = organic(9_601, "equal", 1e-3)
    crowd = world.accounts[:4]
    one_member = world.plus(np.concatenate([world.registry[:5], crowd]), np.repeat(PLANTED[:2], [5, 4]))
    one_diplomat = world.plus(np.repeat(world.registry[:1], 3), PLANTED)
    both = world.plus(world.registry[[0, 1, 1]], PLANTED)

    found = FollowNullModel(one_member.book()).enrichment(PLANTED)
    assert (found.members, found.observed, found.distinct, found.p) == (2, 5, 5, 1.0)
    assert FollowNullModel(one_member.book()).account_tails(PLANTED[:1]).p[0] < 1e-6
    found = FollowNullModel(one_diplomat.book()).enrichment(PLANTED)
    assert (found.members, found.observed, found.distinct, found.p) == (3, 3, 1, 1.0)
    assert FollowNullModel(both.book()).enrichment(PLANTED).p < 1e-3


def test_given_accounts_without_follow_events_then_they_are_unknown_and_left_out() -> None:
    world = planted(organic(9_701, "gamma", 1e-3), 9_702)
    # colleagues follow one another
    world = world.plus(world.registry, np.roll(world.registry, 1)).plus(
        world.registry, np.roll(world.registry, 2)
    )
    null = FollowNullModel(world.book(), PLANTED)
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
    assert FollowNullModel(only.book(), PLANTED).enrichment(PLANTED).p > 0.1


def test_given_no_room_then_accounts_that_missed_followers_are_no_measure() -> None:
    # a large account comes when the room is used up
    crowd = np.arange(10_000, 10_400, dtype=np.uint64)
    registry = np.arange(1, 4, dtype=np.uint64)
    world = World(registry, crowd, np.zeros(0, np.uint64), np.zeros(0, np.uint64))
    for account in range(100, 120):
        world = world.plus(np.append(crowd[:20], registry[account % 3]), np.full(21, account, np.uint64))
    world = world.plus(np.append(crowd, registry), np.full(403, 11, np.uint64))
    asked = np.array([11], np.uint64)
    exact, full = FollowNullModel(world.book(), asked), FollowNullModel(world.book(max_edges=420))

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
    one, two = FollowNullModel(world.book(), PLANTED), FollowNullModel(other, PLANTED)
    keys = np.append(world.accounts, PLANTED)

    assert one.enrichment(keys[:40]) == two.enrichment(keys[:40])
    for a, b in zip(one.account_tails(keys), two.account_tails(keys), strict=True):
        assert a.tolist() == b.tolist()
    pairs, again = one.overlapping_pairs(keys, max_p=1.0), two.overlapping_pairs(keys, max_p=1.0)
    assert len(pairs.p) > 10
    assert [np.asarray(a).tolist() for a in pairs] == [np.asarray(b).tolist() for b in again]


def test_given_accounts_then_pairs_share_what_a_slow_count_says() -> None:
    world = planted(organic(9_901, "gamma", 1e-2, accounts=2_000), 9_902)
    book = world.book()
    keys = np.concatenate([world.accounts[:150], PLANTED, world.accounts[:10]])
    pairs = FollowNullModel(book, PLANTED).overlapping_pairs(keys, max_followers=300, max_p=1.0)
    sets = [
        set(book.registry_followers(int(key)).tolist())
        if book.followers_of(np.array([key]))[1][0] <= 300
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
    concentration = float(((book.out_degrees / book.out_degrees.sum()) ** 2).sum())

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
    null = FollowNullModel(twins.book(), PLANTED)
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
    assert len(FollowNullModel(world.book()).overlapping_pairs(accounts, max_p=1.0).p) == 0
    fewer = FollowNullModel(world.book()).overlapping_pairs(accounts[1:], max_p=1.0)
    assert len(fewer.p) == fewer.compared == MOST_FOLLOWED * (MOST_FOLLOWED - 1) // 2
    # both follow all of them, so all of them sharing both is no surprise
    assert fewer.p.min() > 0.5


def test_given_popular_or_ordinary_accounts_then_they_are_not_compared() -> None:
    world = planted(organic(9_921, "equal", 1e-3), 9_922)
    null = FollowNullModel(world.book(), PLANTED)
    told = null.overlapping_pairs(PLANTED)
    assert told.compared == 3
    assert null.overlapping_pairs(PLANTED, max_followers=8).compared == 0
    assert null.overlapping_pairs(PLANTED, max_p=1e-30).compared == 0
