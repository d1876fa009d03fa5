"""Ordinary follows: what people follow when nobody arranges it, with the bursts that look most like arrangement.

Three sources of follows, each in sessions of one account:

- *habit*: an account follows things of its few topics, by their popularity (a heavy tail), now and then many at once;
- *launches*: one followee, or two to four of one maker, draws hundreds within hours and then ever fewer;
- *front pages*: a list of ten to thirty followees that is the same for all who come that day; each picks some.

Accounts differ in activity by a heavy tail: half of them follow once or twice, a few follow thousands of times.
"""

from typing import NamedTuple

import numpy as np
import polars as pl

from detectors.arrays.dtypes import F64, I64

_DAY = 86_400


class Shape(NamedTuple):
    """What one generated population is like; drawn by the seed, so that no two are of one make."""

    activity_tail: float
    popularity_tail: float
    topics: int
    launch_share: float
    front_share: float
    launch_hours: float
    front_items: int
    front_picks: float
    maker_pick: float


def organic_follows(count: int, start: int, end: int, seed: int, platform: str = "github") -> pl.DataFrame:
    """Generate ordinary follows.

    Args:
        count: of follows, about.
        start: seconds since 1970 UTC.
        end: seconds; all follows are before it.
        seed: decides everything.
        platform: of all accounts.

    Returns:
        Columns at (seconds), follower, followee (`organic-...`), ordered by time; each follow once.
    """
    rng = np.random.default_rng(seed)
    shape = _shape(rng)
    world = _World(rng, shape, count, start, end)
    parts = [
        _habits(world, int(count * (1 - shape.launch_share - shape.front_share))),
        _launches(world, int(count * shape.launch_share)),
        _front_pages(world, int(count * shape.front_share)),
    ]
    at, follower, followee = (np.concatenate([part[column] for part in parts]) for column in range(3))
    frame = pl.DataFrame({"at": at, "follower": follower, "followee": followee})
    frame = frame.filter(pl.col("at").is_between(start, end - 1)).sort("at", "follower", "followee")
    return frame.unique(["follower", "followee"], keep="first", maintain_order=True).select(
        "at",
        pl.format("organic-{}", "follower").alias("follower"),
        pl.format("organic-thing-{}", "followee").alias("followee"),
    )


def _shape(rng: np.random.Generator) -> Shape:
    return Shape(
        activity_tail=rng.uniform(1.05, 1.5),
        popularity_tail=rng.uniform(0.7, 1.2),
        topics=int(rng.integers(10, 60)),
        launch_share=rng.uniform(0.15, 0.35),
        front_share=rng.uniform(0.1, 0.3),
        launch_hours=rng.uniform(2, 24),
        front_items=int(rng.integers(8, 30)),
        front_picks=rng.uniform(1.5, 4),
        maker_pick=rng.uniform(0.2, 0.5),
    )


class _World:
    """Accounts and followees, with their weights."""

    def __init__(self, rng: np.random.Generator, shape: Shape, count: int, start: int, end: int) -> None:
        self.rng, self.shape, self.start, self.end = rng, shape, start, end
        self.accounts = max(count // 4, 100)
        self.things = max(count // 10, 100)
        activity = np.minimum((1 - rng.random(self.accounts)) ** (-1 / shape.activity_tail), 2_000)
        self.activity = np.cumsum(activity / activity.sum())
        self.zeal = activity
        popularity = (1.0 + np.arange(self.things)) ** -shape.popularity_tail
        self.popularity = rng.permutation(popularity)
        self.topic = rng.integers(0, shape.topics, self.things)
        self.account_topic = rng.integers(0, shape.topics, (self.accounts, 3))
        order = np.argsort(self.topic, kind="stable")
        bounds = np.searchsorted(self.topic[order], np.arange(shape.topics + 1))
        self.of_topic = []
        for topic in range(shape.topics):
            members = order[bounds[topic] : bounds[topic + 1]]
            self.of_topic.append((members, np.cumsum(self.popularity[members])))
        self.days = max((end - start) // _DAY, 1)

    def people(self, count: int) -> I64:
        """Accounts by their activity."""
        return np.searchsorted(self.activity, self.rng.random(count)).clip(0, self.accounts - 1)

    def hours(self, count: int) -> F64:
        """Times of day, seconds: fewer at night."""
        hour = self.rng.normal(15, 5, count) % 24
        return hour * 3_600

    def picks(self, account: int, count: int) -> I64:
        """Followees of the topics of an account, by popularity."""
        members, weights = self.of_topic[self.account_topic[account, self.rng.integers(0, 3)]]
        if not len(members):
            return np.zeros(0, np.int64)
        return members[
            np.searchsorted(weights, self.rng.random(count) * weights[-1]).clip(0, len(members) - 1)
        ]


def _session(world: _World, at: float, length: int) -> F64:
    """Times of follows in one sitting: seconds to minutes apart."""
    return at + np.cumsum(world.rng.exponential(world.rng.choice([6.0, 30.0, 120.0]), length))


Columns = tuple[I64, I64, I64]


def _joined(rows: list[tuple[F64, I64, I64]]) -> Columns:
    if not rows:
        return np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0, np.int64)
    at, who, what = (np.concatenate([row[column] for row in rows]) for column in range(3))
    return at.astype(np.int64), who.astype(np.int64), what.astype(np.int64)


def _habits(world: _World, count: int) -> Columns:
    rng, rows, made = world.rng, list[tuple[F64, I64, I64]](), 0
    while made < count:
        account = int(world.people(1)[0])
        length = min(int(rng.geometric(0.6 if world.zeal[account] < 20 else 0.15)), 60)
        things = np.unique(world.picks(account, length))
        rng.shuffle(things)
        day = world.start + rng.integers(0, world.days) * _DAY
        rows.append(
            (
                _session(world, day + float(world.hours(1)[0]), len(things)),
                np.full(len(things), account),
                things,
            )
        )
        made += len(things)
    return _joined(rows)


def _launches(world: _World, count: int) -> Columns:
    rng, rows, made = world.rng, list[tuple[F64, I64, I64]](), 0
    while made < count:
        visitors = min(int(rng.lognormal(3.6, 1.3)) + 3, 3_000, count)
        things = rng.integers(0, world.things, 1 if rng.random() < 0.7 else rng.integers(2, 5))
        chosen = max(world.shape.maker_pick, 1 / len(things)) if len(things) > 1 else 1.0
        onset = world.start + rng.random() * (world.end - world.start)
        spread = rng.exponential(3_600 * world.shape.launch_hours, visitors)
        people = world.people(visitors)
        for person, at in zip(people.tolist(), (onset + spread).tolist(), strict=True):
            picked = things[rng.random(len(things)) < chosen]
            if len(picked):
                rows.append((_session(world, at, len(picked)), np.full(len(picked), person), picked))
                made += len(picked)
    return _joined(rows)


def _front_pages(world: _World, count: int) -> Columns:
    rng, rows, made = world.rng, list[tuple[F64, I64, I64]](), 0
    while made < count:
        day = world.start + rng.integers(0, world.days) * _DAY
        items = rng.integers(0, world.things, world.shape.front_items)
        appeal = rng.lognormal(0, 1, len(items))
        chance = np.minimum(appeal / appeal.sum() * world.shape.front_picks, 0.5)
        visitors = int(rng.lognormal(4.5, 0.8))
        people = world.people(visitors)
        for person, at in zip(people.tolist(), (day + world.hours(visitors)).tolist(), strict=True):
            picked = items[rng.random(len(items)) < chance]
            if len(picked):
                rows.append((_session(world, at, len(picked)), np.full(len(picked), person), picked))
                made += len(picked)
    return _joined(rows)
