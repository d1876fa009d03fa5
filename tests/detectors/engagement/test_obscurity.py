"""Obscurity: tails against counting by hand, calibration on random networks, and the cases that it is for."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.engagement.obscurity import (
    ActivityFigures,
    NetworkObscurity,
    Peers,
    Standing,
    majority_chance,
    network_obscurity,
)
from detectors.statistics import peer_ranks

Accounts = list[tuple[int, int, int, int, int, int]]

ORGANIC = 8_000
UNKNOWN = -1


def figures(rows: Accounts) -> ActivityFigures:
    """Rows are posts, reactions, known posts, followers, age in days, platform."""
    table = np.array(rows, np.int64).reshape(-1, 6)
    return ActivityFigures(*table[:, :5].T, table[:, 5].astype(np.int32))


def world(seed: int, count: int = ORGANIC, dependence: float = 0.6, scale: float = 1.0) -> Accounts:
    """Accounts with lognormal(5, 1.8) followers, whose reactions depend on them."""
    rng = np.random.default_rng(seed)
    size = rng.normal(size=count)
    followers = np.exp(5 + 1.8 * size).astype(np.int64)
    posts = np.clip(rng.lognormal(2, 1.2, count), 1, 5_000).astype(np.int64)
    liked = dependence * size + math.sqrt(1 - dependence**2) * rng.normal(size=count)
    reactions = rng.poisson(scale * np.exp(-0.5 + 1.3 * liked) * posts)
    ages = rng.integers(0, 4_000, count)
    return list(
        zip(*(c.tolist() for c in (posts, reactions, posts, followers, ages)), [0] * count, strict=True)
    )


def judged(organic: Accounts, members: Accounts, **more: np.ndarray) -> NetworkObscurity:
    """Judge members that were added to an organic world."""
    every = figures(organic + members)
    exclude = np.arange(len(every.posts)) >= len(organic)
    return network_obscurity(Peers(every, exclude), np.flatnonzero(exclude), **more)


def group(followers: list[int], per_post: float, posts: int = 40) -> Accounts:
    return [
        (posts, round(posts * per_post), posts, count, 400 + 30 * at, 0) for at, count in enumerate(followers)
    ]


@pytest.mark.parametrize("seed", [31, 32, 33])
@pytest.mark.parametrize("dependence", [0.0, 0.8])
def test_given_three_accounts_of_few_followers_then_they_are_obscure(seed: int, dependence: float) -> None:
    found = judged(world(seed, dependence=dependence), group([6, 9, 80], 0.1))
    assert found.standing is Standing.OBSCURE
    assert found.value is not None
    assert found.value >= 0.5
    assert found.followers_median == 9
    assert found.followers_peer_median is not None
    assert 80 < found.followers_peer_median < 250
    assert found.reactions_per_post == 0.1
    assert found.peer_reactions_per_post is not None
    assert found.peer_reactions_per_post > 0.3
    assert found.known_members == 3
    assert found.share_obscure is not None
    assert found.share_obscure >= 2 / 3


@pytest.mark.parametrize("seed", [41, 42])
@pytest.mark.parametrize(
    ("followers", "per_post"),
    [
        ([5_000, 7_000, 9_000, 12_000, 15_000, 20_000, 25_000, 30_000, 50_000, 60_000, 80_000, 100_000], 4.0),
        ([2_000, 5_000, 9_000, 20_000, 50_000], 0.5),
        ([3, 400, 900], 0.5),  # one obscure member
        ([5, 8, 700, 800, 900, 1_500], 0.6),  # two of six
        ([0, 0, 0], 30.0),  # few followers, and loud
    ],
    ids=["newsroom", "companies", "one of three", "two of six", "loud"],
)
def test_given_a_network_whose_typical_member_is_seen_then_it_is_ordinary(
    seed: int, followers: list[int], per_post: float
) -> None:
    found = judged(world(seed), group(followers, per_post))
    assert found.standing is Standing.ORDINARY
    assert found.value is not None
    assert found.value < 0.15


@pytest.mark.parametrize("seed", [51, 52])
@pytest.mark.parametrize(
    "followers",
    [
        np.linspace(3, 60, 20).astype(int).tolist(),
        [4, 6, 9, 11, 13, 15, 18, 20, 22, 25, 2_000_000],  # ten fans around a star
        [0] * 400,
    ],
    ids=["club", "star", "spam"],
)
def test_given_a_network_whose_typical_member_is_hardly_seen_then_it_is_obscure(
    seed: int, followers: list[int]
) -> None:
    found = judged(world(seed), group(followers, 0.1))
    assert found.standing is Standing.OBSCURE


def test_given_many_members_a_little_less_followed_then_sure_is_not_the_same_as_obscure() -> None:
    found = judged(world(61), group(np.linspace(70, 130, 400).astype(int).tolist(), 0.4))
    assert found.p is not None
    assert found.p < 1e-3
    assert found.value is not None
    assert found.value < 0.5


@pytest.mark.parametrize(("dependence", "scale"), [(0.0, 1.0), (0.6, 0.05), (0.95, 1.0)])
@pytest.mark.parametrize("size", [3, 10, 50])
def test_given_random_networks_then_few_look_obscure(size: int, dependence: float, scale: float) -> None:
    organic = world(71, 6_000, dependence, scale)
    peers = Peers(figures(organic), np.zeros(len(organic), np.bool_))
    rng = np.random.default_rng(72)
    found = [network_obscurity(peers, rng.choice(len(organic), size, replace=False)) for _ in range(1_000)]
    values = np.array([one.value for one in found], np.float64)
    # 10% are due; 13% would be more than three standard errors above
    assert (values >= 0.5).mean() <= 0.13
    assert {one.standing for one in found} <= {Standing.OBSCURE, Standing.ORDINARY, Standing.FEW_POSTS}


@pytest.mark.parametrize("dependence", [0.0, 0.6, 0.95])
def test_given_dependent_figures_then_the_tail_of_both_is_still_a_chance(dependence: float) -> None:
    organic = world(81, 8_000, dependence)
    exclude = np.arange(len(organic)) % 2 == 0
    tails = Peers(figures(organic), exclude).tails(np.flatnonzero(exclude))
    for level in (0.02, 0.1, 0.3):
        assert (tails.both <= level).mean() == pytest.approx(level, abs=0.01 + level * 0.1)


account_rows = st.tuples(
    st.integers(0, 40),
    st.integers(0, 6),
    st.integers(0, 3),
    st.integers(-1, 5),
    st.integers(-1, 9),
    st.just(0),
)


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(rows=st.lists(account_rows, min_size=70, max_size=130), taken=st.integers(1, 12))
def test_given_few_accounts_then_tails_are_those_counted_by_hand(rows: Accounts, taken: int) -> None:
    every = figures(rows)
    exclude = np.arange(len(rows)) < taken
    tails = Peers(every, exclude).tails(np.arange(len(rows)))
    peers = [row for row in rows[taken:] if row[0] > 0]
    followers = [row[3] for row in peers if row[3] >= 0]
    rates = [Fraction(row[1], row[2]) for row in peers if row[2] > 0]
    for at, (posts, reactions, known, own, _, _) in enumerate(rows):
        if posts == 0 or own < 0 or len(followers) < 50:
            assert math.isnan(tails.followers[at])
        else:
            assert tails.followers[at] == (sum(f <= own for f in followers) + 1) / (len(followers) + 1)
            assert tails.peer_followers[at] == np.median(followers)
        if known == 0 or len(rates) < 50:
            assert math.isnan(tails.engagement[at])
        else:
            assert tails.engagement[at] == (sum(r <= Fraction(reactions, known) for r in rates) + 1) / (
                len(rates) + 1
            )
        told = [tail for tail in (tails.followers[at], tails.engagement[at]) if not math.isnan(tail)]
        assert math.isnan(tails.both[at]) == (not told)
        if len(told) == 1:
            assert tails.both[at] == told[0]


@settings(max_examples=60, deadline=None)
@given(counts=st.lists(st.integers(0, 1_500), min_size=64, max_size=64))
def test_given_strata_when_merged_then_each_has_enough_peers_and_neighbours_stay_together(
    counts: list[int],
) -> None:
    values = np.zeros(sum(counts))
    levels = np.repeat(np.arange(64), counts)
    strata = peer_ranks.PeerComparison(np.zeros_like(levels), np.full(len(levels), -1), levels, values)
    rank = strata.rank(np.zeros(64, np.int64), np.full(64, -1), np.arange(64), np.zeros(64))
    expected = [0] * 64
    if sum(counts) >= peer_ranks.FEW_PEERS:
        left = list(range(64))
        while left:
            take = len(left)
            for end in range(1, len(left)):
                here, beyond = sum(counts[level] for level in left[:end]), sum(counts[left[end] :])
                if min(here, beyond) >= peer_ranks.ENOUGH_PEERS:
                    take = end
                    break
            for level in left[:take]:
                expected[level] = sum(counts[one] for one in left[:take])
            left = left[take:]
    assert rank.peers.tolist() == expected


@pytest.mark.parametrize(("peers", "members"), [(50, 3), (60, 10), (500, 51), (77, 2)])
def test_given_members_drawn_like_the_peers_then_the_chance_of_a_majority_is_that_of_orders(
    peers: int, members: int
) -> None:
    for below in (0, 1, peers // 3, peers - 1):
        # members before the peer that comes after `below` others, over all orders of both
        exact = sum(
            math.comb(below + before, before)
            * math.comb(peers - below - 1 + members - before, members - before)
            for before in range(members // 2 + 1, members + 1)
        ) / math.comb(peers + members, members)
        assert majority_chance((below + 1) / (peers + 1), peers, members) == pytest.approx(exact, rel=1e-6)
    assert majority_chance(1.0, peers, members) == 1.0


def test_given_unknown_figures_then_what_is_known_counts_and_nothing_is_taken_for_zero() -> None:
    organic = world(91)
    whole = judged(organic, group([6, 9, 12], 0.1))
    # followers unknown to all: reactions alone
    silent = [(posts, 0, posts, UNKNOWN, age, 0) for posts, _, _, _, age, _ in group([1, 1, 1, 1], 0)]
    by_reactions = judged([(*row[:3], UNKNOWN, *row[4:]) for row in organic], silent)
    assert by_reactions.standing is Standing.OBSCURE
    assert (by_reactions.followers_median, by_reactions.followers_peer_median) == (None, None)
    # reactions unknown to all: followers alone
    by_followers = judged(
        [(row[0], 0, 0, *row[3:]) for row in organic], [(40, 0, 0, count, UNKNOWN, 0) for count in (6, 9, 12)]
    )
    assert by_followers.standing is whole.standing is Standing.OBSCURE
    assert (by_followers.reactions_per_post, by_followers.peer_reactions_per_post) == (None, None)
    nothing = judged(organic, [(40, 0, 0, UNKNOWN, UNKNOWN, 0)] * 4)
    assert (nothing.standing, nothing.value, nothing.p, nothing.share_obscure) == (
        Standing.FEW_KNOWN,
        None,
        None,
        None,
    )


def test_given_too_few_peers_with_both_figures_then_the_greater_tail_stands() -> None:
    followed: Accounts = [(20, 0, 0, 10 * at, UNKNOWN, 0) for at in range(99)]
    liked: Accounts = [(20, at, 20, UNKNOWN, UNKNOWN, 0) for at in range(99)]
    every = figures([*followed, *liked, (20, 5, 20, 300, UNKNOWN, 0), (20, 50, 20, 5, UNKNOWN, 0)])
    exclude = np.arange(len(every.posts)) >= 198
    tails = Peers(every, exclude).tails(np.array([198, 199]))
    assert tails.followers.tolist() == [0.32, 0.02]
    assert tails.engagement.tolist() == [0.07, 0.52]
    assert tails.both.tolist() == [0.32, 0.52]


def test_given_most_members_unknown_then_the_rest_do_not_speak_for_them() -> None:
    unknown = [(40, 0, 0, UNKNOWN, 400, 0)]
    assert judged(world(92), group([1, 2, 3], 0) + unknown * 3).standing is Standing.FEW_KNOWN
    found = judged(world(92), group([1, 2, 3], 0) + unknown * 2)
    assert (found.standing, found.known_members) == (Standing.OBSCURE, 3)


def test_given_few_posts_or_few_peers_then_obscurity_is_unknown() -> None:
    assert judged(world(93), group([1, 2, 3], 0, posts=1)).standing is Standing.FEW_POSTS
    assert judged(world(93), group([1, 2, 3, 4], 0, posts=1)).standing is Standing.FEW_POSTS
    assert judged(world(93), group([1, 2, 3, 4, 5], 0, posts=1)).standing is not Standing.FEW_POSTS
    assert judged(world(93, 49), group([1, 2, 3], 0)).standing is Standing.FEW_PEERS
    found = judged(world(93, 60), group([1, 2, 300], 0))
    assert found.tail is not None
    assert found.p == majority_chance(found.tail, 60, 3) > majority_chance(found.tail, 10**9, 3) * 1.05
    assert judged([], group([1, 2, 3], 0)).standing is Standing.FEW_PEERS
    assert judged(world(93), []).standing is Standing.FEW_POSTS


def test_given_a_population_that_is_obscure_as_a_whole_then_no_network_is_obscure() -> None:
    rng = np.random.default_rng(94)
    takedown = [(20, 0, 20, int(count), 100, 0) for count in rng.integers(0, 40, 900)]
    peers = Peers(figures(takedown), np.zeros(900, np.bool_))
    found = [network_obscurity(peers, np.arange(at, at + 30)) for at in range(0, 900, 30)]
    assert {one.standing for one in found} == {Standing.ORDINARY}
    assert all(one.followers_peer_median is not None and one.followers_peer_median < 40 for one in found)


def test_given_peers_that_mostly_have_nothing_then_having_nothing_is_no_news() -> None:
    organic: Accounts = [(20, 0, 20, 0 if at % 5 else 1_000 + at, 100, 0) for at in range(2_000)]
    found = judged(organic, [(20, 0, 20, 0, 100, 0)] * 5)
    assert (found.standing, found.value) == (Standing.NO_CONTRAST, None)
    assert found.tail == pytest.approx(0.8, abs=0.001)
    # but where followers are equal, reactions tell
    liked = [(posts, at % 40, known, *rest) for at, (posts, _, known, *rest) in enumerate(organic)]
    assert judged(liked, [(20, 0, 20, 0, 100, 0)] * 5).standing is Standing.OBSCURE


def test_given_new_accounts_then_they_are_compared_with_new_ones() -> None:
    rng = np.random.default_rng(95)
    ages = rng.integers(1, 3_000, 6_000)
    organic: Accounts = [(20, 5, 20, int(age * rng.lognormal(-2, 0.7)), int(age), 0) for age in ages]
    new: Accounts = [(20, 5, 20, count, 300, 0) for count in (25, 30, 35, 40, 45)]
    assert judged(organic, new).standing is Standing.ORDINARY
    old: Accounts = [(20, 5, 20, count, 2_800, 0) for count in (25, 30, 35, 40, 45)]
    assert judged(organic, old).standing is Standing.OBSCURE


def test_given_two_platforms_then_accounts_are_compared_within_their_own() -> None:
    small: Accounts = [(*row[:3], row[3] // 50, row[4], 1) for row in world(96)]
    members: Accounts = [(40, 20, 40, count, 500, 1) for count in (2, 3, 4)]
    assert judged(world(97) + small, members).standing is Standing.ORDINARY
    elsewhere: Accounts = [(*row[:5], 0) for row in members]
    assert judged(world(97) + small, elsewhere).standing is Standing.OBSCURE
    alone: Accounts = [(*row[:5], 2) for row in members]
    assert judged(world(97) + small, alone).standing is Standing.FEW_PEERS


def test_given_members_that_applaud_one_another_then_it_does_not_help_them() -> None:
    members = group([6, 9, 12, 15, 18], 5.0)
    assert judged(world(98), members).standing is Standing.ORDINARY
    found = judged(world(98), members, inside=np.full(5, 198))
    assert (found.standing, found.reactions_per_post) == (Standing.OBSCURE, 0.05)


def test_given_excluded_accounts_then_they_are_no_peers_and_order_does_not_matter() -> None:
    organic, members = world(99, 3_000), group([6, 9, 80], 0.1)
    alone = judged(organic, members)
    crowd = group([0] * 2_000, 0)
    every = figures(members + crowd + organic[::-1])
    exclude = np.arange(len(every.posts)) < 2_003
    assert network_obscurity(Peers(every, exclude), [2, 0, 1]) == alone


def test_given_extreme_or_missing_values_then_nothing_breaks() -> None:
    most = 2**62
    found = judged(world(100), [(most, most, most, most, most, 0)] * 3 + [(1, 0, 1, 0, 0, 0)])
    assert found.value == pytest.approx(0.0, abs=1e-3)
    with pytest.raises(ValueError, match="same length"):
        Peers(figures(world(100, 5)), np.zeros(4, np.bool_))
