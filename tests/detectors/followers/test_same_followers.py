"""Accounts with the same followers: against a slow count, and in crowds that are arranged or ordinary."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.followers.same_followers import LEAST, MOST, crowds_of, same_followers, surely_shared

HOUR = 3_600
Act = tuple[int, int, int]
"""Time (seconds), follower and followee."""


def rings(acts: list[Act], level: float = 0.01) -> set[tuple[int, int]]:
    """The followed accounts, two by two, that have the same followers."""
    crowds, found = compared(acts, level)
    return {
        (int(crowds.followee[first]), int(crowds.followee[second]))
        for first, second in zip(found.first, found.second, strict=True)
    }


def compared(acts: list[Act], level: float = 0.01):  # type: ignore[no-untyped-def] # the types of both modules' tuples
    at, follower, followee = (np.array(column) for column in zip(*sorted(acts), strict=True))
    crowds = crowds_of(follower.astype(np.uint64), followee.astype(np.uint64), at.astype(np.int64))
    return crowds, same_followers(crowds, level)


def background(seed: int, count: int = 2_000) -> list[Act]:
    """Ordinary follows: popular accounts are followed more."""
    random = np.random.default_rng(seed)
    return [
        (int(time), int(who), 100_000 + int(followee))
        for time, who, followee in zip(
            random.integers(0, 30 * HOUR, count),
            random.integers(1, 1_000, count),
            random.zipf(1.6, count) % 500,
            strict=True,
        )
    ]


def ring(followers: range, followees: range) -> list[Act]:
    return [
        (40 * who + 3 * number, who, followee)
        for who in followers
        for number, followee in enumerate(followees)
    ]


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 50), st.integers(1, 12), st.integers(101, 106)), min_size=1))
def test_given_any_acts_then_followers_count_once_each_at_their_first_follow(acts: list[Act]) -> None:
    first: dict[tuple[int, int], int] = {}
    for at, who, followee in sorted(acts):
        first.setdefault((followee, who), at)
    crowds, _ = compared(acts)

    held = {
        (int(followee), int(crowds.follower[number])): int(at)
        for place, followee in enumerate(crowds.followee)
        for number, at in zip(
            *(column[crowds.start[place] : crowds.start[place + 1]] for column in (crowds.member, crowds.at)),
            strict=True,
        )
    }
    sizes = {followee: sum(pair[0] == followee for pair in first) for followee, _ in first}
    assert held == {pair: at for pair, at in first.items() if sizes[pair[0]] >= LEAST}
    assert crowds.total == len(first)
    assert {int(who): int(count) for who, count in zip(crowds.follower, crowds.follows, strict=True)} == {
        who: sum(pair[1] == who for pair in first) for _, who in first
    }


@pytest.mark.parametrize("seed", range(5))
def test_given_accounts_that_follow_two_customers_then_the_customers_are_found_and_no_one_else(
    seed: int,
) -> None:
    acts = [*background(seed), *ring(range(2_000, 2_012), range(500_000, 500_002))]

    assert rings(acts) == {(500_000, 500_001)}


@pytest.mark.parametrize("seed", range(5))
def test_given_ordinary_follows_then_there_are_no_rings(seed: int) -> None:
    assert rings(background(seed)) == set()


@pytest.mark.parametrize("seed", range(5))
def test_given_visitors_of_a_front_page_who_each_pick_some_then_there_are_no_rings(seed: int) -> None:
    random = np.random.default_rng(seed)
    visits = [
        (int(at) + 5 * number, 3_000 + visitor, 600_000 + int(item))
        for visitor, at in enumerate(random.integers(0, 10 * HOUR, 300))
        for number, item in enumerate(random.choice(12, random.integers(1, 6), replace=False))
    ]

    assert rings([*background(seed), *visits]) == set()


def test_given_a_ring_with_many_strangers_then_it_is_none() -> None:
    strangers = [(HOUR, 4_000 + number, 500_000 + number % 2) for number in range(20)]

    assert rings([*background(1), *ring(range(2_000, 2_012), range(500_000, 500_002)), *strangers]) == set()


def test_given_popular_accounts_then_they_are_counted_and_not_compared() -> None:
    crowds, found = compared(ring(range(1, MOST + 2), range(500_000, 500_002)))

    assert crowds.popular == 2
    assert not len(found.first)


def test_given_one_more_stranger_then_fewer_followers_do_not_suffice() -> None:
    share = surely_shared(np.array([3, 3, 10]), np.array([3, 4, 12]))

    assert share[0] > 0.55 > share[1]
    assert share[2] > 0.55
