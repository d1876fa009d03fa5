"""The same large set of accounts on two occasions is found; on one occasion it is not."""

import numpy as np
import pytest

from detectors.config import KINDS, DetectionConfig
from detectors.networks.recurring_crowds import OCCASION_S, RecurringCrowd, recurring_crowds
from schemas.shares import TraceKind
from tests.detectors.post_worlds import DAY, START, URL, Post, noise, seen

TAGS = KINDS.index(TraceKind.HASHTAG_SEQUENCE)
ACCOUNTS = 400
GROUP = list(range(ACCOUNTS, ACCOUNTS + 20))
CONFIG = DetectionConfig()


def meeting(
    draw: np.random.Generator, when: int, members: list[int], *objects: tuple[int, int], span: int = 300
) -> list[Post]:
    return [Post(START + when + int(draw.integers(0, span)), account, objects) for account in members]


def found(posts: list[Post]) -> list[RecurringCrowd]:
    world = seen(posts, ACCOUNTS + len(GROUP), CONFIG)
    return recurring_crowds(world.pairs.rows, world.pairs.keys, world.null, 0.01)


def background(draw: np.random.Generator) -> list[Post]:
    """Noise, with crowds of random accounts in it, and something that every account of the group posted alone."""
    posts = noise(draw, 3_000, ACCOUNTS + len(GROUP), 600, 4)
    for crowd in range(60):
        members = draw.choice(ACCOUNTS + len(GROUP), int(draw.integers(5, 40)), replace=False).tolist()
        posts += meeting(draw, int(draw.integers(0, 4 * DAY)), members, (URL, 700 + crowd))
    return posts


@pytest.mark.parametrize("seed", range(3))
def test_given_a_group_that_meets_on_two_days_among_noise_then_it_alone_is_found(seed: int) -> None:
    draw = np.random.default_rng(seed)
    posts = background(draw)
    posts += meeting(draw, DAY // 2, GROUP, (URL, 1_000))
    posts += meeting(draw, DAY // 2 + 2 * DAY, GROUP, (URL, 1_001))

    crowds = found(posts)

    assert [crowd.accounts.tolist() for crowd in crowds] == [GROUP]
    assert crowds[0].surprise > 20


def test_given_the_same_posts_under_two_kinds_then_they_are_one_occasion_and_nothing_recurs() -> None:
    draw = np.random.default_rng(1)
    posts = background(draw) + meeting(draw, DAY // 2, GROUP, (URL, 1_000), (TAGS, 1_001))

    assert found(posts) == []


@pytest.mark.parametrize(("apart", "recurs"), [(OCCASION_S - 400, False), (OCCASION_S + 400, True)])
def test_given_two_objects_then_only_those_on_separate_occasions_recur(apart: int, recurs: bool) -> None:
    draw = np.random.default_rng(2)
    posts = background(draw) + meeting(draw, DAY // 2, GROUP, (URL, 1_000), span=100)
    posts += meeting(draw, DAY // 2 + apart, GROUP, (URL, 1_001), span=100)

    assert bool(found(posts)) == recurs


def test_given_an_audience_that_comes_and_goes_over_an_hour_then_it_is_no_crowd_however_often_it_returns() -> (
    None
):
    draw = np.random.default_rng(5)
    audience = list(range(ACCOUNTS))[:150]
    posts = background(draw)
    for day in range(4):
        posts += meeting(draw, DAY // 2 + day * DAY, audience, (URL, 3_000 + day), span=3_600)

    assert found(posts) == []


def test_given_crowds_that_share_some_accounts_only_then_they_are_not_the_same_set() -> None:
    draw = np.random.default_rng(3)
    posts = background(draw)
    posts += meeting(draw, DAY // 2, GROUP[:12], (URL, 1_000))
    posts += meeting(draw, DAY // 2 + DAY, GROUP[7:], (URL, 1_001))

    assert found(posts) == []


@pytest.mark.parametrize(("size", "recurs"), [(26, False), (28, True)])  # similarity .30 and .40
def test_given_crowds_of_one_group_then_they_recur_if_most_of_them_come_again(
    size: int, recurs: bool
) -> None:
    draw = np.random.default_rng(6)
    group = list(range(40))
    posts = background(draw)
    posts += meeting(draw, DAY // 2, group[:size], (URL, 1_000))
    posts += meeting(draw, DAY // 2 + DAY, group[-size:], (URL, 1_001))

    assert bool(found(posts)) == recurs


@pytest.mark.parametrize(("again", "recurs"), [(3, False), (4, True)])
def test_given_small_crowds_then_four_accounts_have_to_come_again(again: int, recurs: bool) -> None:
    draw = np.random.default_rng(7)
    posts = noise(draw, 3_000, ACCOUNTS, 600, 4)
    posts += meeting(draw, DAY // 2, GROUP[:4], (URL, 1_000))
    posts += meeting(draw, DAY // 2 + DAY, [*GROUP[:again], GROUP[10]], (URL, 1_001))

    assert bool(found(posts)) == recurs


def test_given_a_group_that_is_viral_or_too_small_then_it_is_no_crowd() -> None:
    draw = np.random.default_rng(4)
    few = GROUP[:3]
    everybody = list(range(250))
    posts = noise(draw, 2_000, ACCOUNTS, 600, 4)
    for day in (0, 2):
        posts += meeting(draw, DAY // 2 + day * DAY, few, (URL, 1_000 + day))
        posts += meeting(draw, DAY // 3 + day * DAY, everybody, (URL, 2_000 + day))

    assert found(posts) == []


@pytest.mark.slow
def test_given_noise_then_hardly_ever_anything() -> None:
    assert sum(bool(found(background(np.random.default_rng(seed)))) for seed in range(100, 120)) <= 1


def test_given_nothing_then_nothing() -> None:
    assert found([Post(START, 0, ((URL, 1),))]) == []
