"""Accounts that follow a network as a whole join it; accounts that met it by chance do not."""

import math

import numpy as np
import pytest

from detectors.config import DetectionConfig
from detectors.networks.expansion import Joined, expand
from tests.detectors.post_worlds import DAY, START, URL, Post, noise, seen

ACCOUNTS = 250
MEMBERS = list(range(ACCOUNTS, ACCOUNTS + 8))
FOLLOWER = ACCOUNTS + 8
ALL = ACCOUNTS + 9
CONFIG = DetectionConfig()


def campaign(draw: np.random.Generator, followed: int) -> list[Post]:
    """Forty objects shared by three or four members each within a minute; the follower joins some of them."""
    posts = []
    for number in range(40):
        when = START + int(draw.integers(0, 4 * DAY))
        crowd = draw.choice(MEMBERS, int(draw.integers(3, 5)), replace=False).tolist()
        crowd += [FOLLOWER] if number < followed else []
        posts += [Post(when + int(draw.integers(0, 60)), a, ((URL, 1_000 + number),)) for a in crowd]
    return posts


def joined(posts: list[Post], networks: list[list[int]], level: float = 0.01, min_objects: int = 2) -> Joined:
    world = seen(posts, ALL, CONFIG)
    network_of = np.full(ALL, -1, np.int32)
    for number, members in enumerate(networks):
        network_of[members] = number
    return expand(
        world.pairs.rows,
        world.pairs.keys,
        network_of,
        world.posts_of,
        len(networks),
        world.null,
        level,
        min_objects,
    )


@pytest.mark.parametrize("seed", range(8))
def test_given_an_account_that_follows_now_one_member_and_now_another_then_it_alone_joins(seed: int) -> None:
    draw = np.random.default_rng(seed)

    found = joined(noise(draw, 3_000, ALL, 400, 4) + campaign(draw, followed=10), [MEMBERS])

    assert found.account.tolist() == [FOLLOWER]
    assert found.network.tolist() == [0]
    assert found.surprise[0] > math.log((ALL - len(MEMBERS)) / 0.01)


@pytest.mark.slow
def test_given_accounts_that_follow_no_member_then_hardly_any_joins() -> None:
    joins = 0
    for seed in range(40):
        draw = np.random.default_rng(1_000 + seed)
        found = joined(noise(draw, 3_000, ALL, 400, 4) + campaign(draw, followed=0), [MEMBERS], level=0.05)
        joins += bool(len(found.account))

    # under the null the false-discovery rate is the chance that any account joins
    assert joins <= 40 * 0.05 + 3 * math.sqrt(40 * 0.05 * 0.95)


@pytest.mark.slow
@pytest.mark.parametrize(
    "urls",
    [
        400,
        60,
    ],
)
def test_given_networks_drawn_at_random_among_noise_then_the_false_discovery_rate_is_held(urls: int) -> None:
    joins, level, worlds = 0, 0.1, 40
    for seed in range(worlds):
        draw = np.random.default_rng(2_000 + seed)
        posts = noise(draw, 4_000, ALL, urls, 3)
        networks = np.split(draw.permutation(ALL)[:40], 4)
        joins += bool(len(joined(posts, [sorted(n.tolist()) for n in networks], level).account))

    assert joins <= worlds * level + 3 * math.sqrt(worlds * level * (1 - level))


def test_given_too_few_objects_then_no_account_joins() -> None:
    draw = np.random.default_rng(1)
    posts = noise(draw, 3_000, ALL, 400, 4) + campaign(draw, followed=10)

    assert joined(posts, [MEMBERS], min_objects=10).account.tolist() == [FOLLOWER]
    assert joined(posts, [MEMBERS], min_objects=14).account.tolist() == []


def test_given_two_networks_then_an_account_joins_the_one_it_follows() -> None:
    draw = np.random.default_rng(2)
    posts = noise(draw, 3_000, ALL, 400, 4) + campaign(draw, followed=12)

    found = joined(posts, [list(range(8)), MEMBERS])

    assert (found.account.tolist(), found.network.tolist()) == ([FOLLOWER], [1])


def test_given_no_network_or_no_account_outside_then_no_account_joins() -> None:
    posts = campaign(np.random.default_rng(3), followed=12)

    assert len(joined(posts, []).account) == 0
    assert len(joined(posts, [[*range(ALL)]]).account) == 0
