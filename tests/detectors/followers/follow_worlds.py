"""Made-up follow graphs: organic ones of several kinds of interest, and a planted network."""

from dataclasses import dataclass

import numpy as np

from detectors.arrays.dtypes import U64
from detectors.followers.follow_edges import FOLLOW
from detectors.followers.followers import FollowerStore

PLANTED = np.array([11, 12, 13], np.uint64)


@dataclass
class World:
    registry: U64
    accounts: U64
    follower: U64
    followee: U64

    def store(self, max_edges: int = 10_000_000) -> FollowerStore:
        store = FollowerStore(self.registry, max_edges)
        count = len(self.follower)
        store.apply(self.follower, self.followee, np.full(count, FOLLOW, np.uint8), np.arange(count))
        return store

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


def same_size(count: int, followers: int, first: int, from_registry: list[int]) -> tuple[U64, U64]:
    """Followers and followees of accounts of one size, of which the first have followers 1, 2, ... of the registry."""
    follower = np.resize(np.arange(10_000, 40_000, dtype=np.uint64), (count, followers)).copy()
    for at, known in enumerate(from_registry):
        follower[at, :known] = np.arange(1, known + 1)
    return follower.ravel(), np.repeat(np.arange(first, first + count, dtype=np.uint64), followers)


def quiet_world() -> World:
    """200 accounts of 100 followers, one in 1,000 of the registry."""
    registry = np.arange(1, 11, dtype=np.uint64)
    return World(registry, registry, *same_size(200, 100, 1_000, [1] * 20))
