"""Follows between accounts on `x`, and the follow events that show it."""

import numpy as np
import polars as pl

from detectors.arrays.dtypes import I64, Bools
from streams.simulation.background.cast import Cast
from streams.simulation.background.prose import LANGUAGES, Floats
from streams.simulation.background.world_log import START
from streams.simulation.institutions.states import registry_accounts

_LEFT = 0.02
"""Share of random edges that end before the world does."""
_NEW = 0.15
"""Share of edges that begin after the world does."""
_SEEN_AGAIN = 0.02
_SAME_LANGUAGE = 0.7


def follow_events(cast: Cast, rng: np.random.Generator) -> pl.DataFrame:
    """Draw the follow graph, and set how many followers every account has.

    A snapshot at the start shows most edges. The others begin later, a few edges end, and some are seen twice. An
    account has about 30 followers in the world on average: a small account all of its followers, a popular account a
    part of them. `People.audience` becomes at least what the events show, and exactly that for accounts with no
    followers except the given ones.

    Returns:
        Columns at (seconds since 1970 UTC), follower, followee (account numbers) and action, in the order of time.
    """
    edges = _edges(cast, rng)
    size = edges.height
    born = np.array(
        [cast.profiles[who].created_s or 0 if who in cast.profiles else 0 for who in range(len(cast.people))]
    )
    born = np.maximum(born, np.where(np.array(cast.people.group) == "one-day", cast.people.begins_s, 0))
    earliest = np.maximum(born[edges["follower"]], born[edges["followee"]])
    given, left = edges["given"].to_numpy(), edges["left"].to_numpy()
    new = (rng.random(size) < _NEW) | (earliest > 0) | (left & given)
    span_s = cast.span_s
    begins = np.where(new, earliest + rng.random(size) * np.where(left, 0.5, 1.0) * (span_s - earliest), 0)
    ends = np.where(left, begins + rng.random(size) * (span_s - begins), -1)
    again = ~new & ~left & (rng.random(size) < _SEEN_AGAIN)
    seen_again_s = np.full(size, span_s // 2)
    parts = [
        _events(edges, begins, "follow", new),
        _events(edges, begins, "snapshot", ~new),
        _events(edges, ends, "unfollow", left),
        _events(edges, seen_again_s, "snapshot", again),
    ]
    present = np.bincount(edges["followee"].to_numpy()[~left], minlength=len(cast.people))
    audience = np.maximum(cast.people.audience, present)
    counted = np.array(sorted(cast.given_followers_only), np.int64)
    audience[counted] = present[counted]
    cast.people.audience = audience
    following = np.bincount(edges["follower"].to_numpy()[~left], minlength=len(cast.people))
    cast.people.following = np.maximum(cast.people.following, following)
    return pl.concat(parts).sort("at", "follower", "followee", "action")


def change_since_start(cast: Cast, events: pl.DataFrame) -> I64:
    """Change of each account's followers after the start, by account number."""
    size = len(cast.people)
    gained = events.filter(pl.col("action") == "follow")["followee"].to_numpy()
    lost = events.filter(pl.col("action") == "unfollow")["followee"].to_numpy()
    return np.bincount(gained, minlength=size) - np.bincount(lost, minlength=size)


def _events(edges: pl.DataFrame, at: Floats | I64, action: str, rows: Bools) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "at": np.floor(at[rows]).astype(np.int64) + START,
            "follower": edges["follower"].to_numpy()[rows],
            "followee": edges["followee"].to_numpy()[rows],
        }
    ).with_columns(action=pl.lit(action))


def _edges(cast: Cast, rng: np.random.Generator) -> pl.DataFrame:
    """Every edge of the world once: follower, followee, whether it was given, whether it ends."""
    registry = registry_accounts(cast)
    given = [
        (follows.follower, follows.followee, follows.left)
        for has_left in (False, True)
        for follows in cast.given_follows
        if follows.left.all() == has_left
    ]
    drawn = [_diplomacy(cast, rng, registry), _audiences(cast, rng, registry)]
    parts = [
        pl.DataFrame({"follower": follower, "followee": followee, "given": True, "left": left})
        for follower, followee, left in given
        if len(follower)
    ]
    parts += [
        pl.DataFrame(
            {
                "follower": follower,
                "followee": followee,
                "given": False,
                "left": rng.random(len(follower)) < _LEFT,
            }
        )
        for follower, followee in drawn
    ]
    edges = pl.concat(parts).filter(pl.col("follower") != pl.col("followee"))
    return edges.unique(["follower", "followee"], keep="first", maintain_order=True)


def _diplomacy(cast: Cast, rng: np.random.Generator, registry: I64) -> tuple[I64, I64]:
    """Draw the accounts that registry accounts follow: each other, popular accounts, and private interests.

    Private interests can be any accounts: a few hundred for some diplomats, none for others.
    """
    people = cast.people
    size = len(registry)
    source, target = np.nonzero(rng.random((size, size)) < 0.4)
    able = np.flatnonzero(~people.added & ~np.isin(np.arange(len(people)), sorted(cast.given_followers_only)))
    popular = able[np.argsort(-people.audience[able], kind="stable")[:200]]
    stars = rng.choice(popular, size * 12)
    hobbies = np.minimum(rng.lognormal(2.5, 1.0, size), len(able) / 20).astype(np.int64)
    weight = people.audience[able] ** 0.3
    liked = rng.choice(able, int(hobbies.sum()), p=weight / weight.sum())
    follower = np.concatenate([registry[source], np.repeat(registry, 12), np.repeat(registry, hobbies)])
    return follower, np.concatenate([registry[target], stars, liked])


def _audiences(cast: Cast, rng: np.random.Generator, registry: I64) -> tuple[I64, I64]:
    """Draw random followers, mostly of the same language, for accounts that can have them."""
    people = cast.people
    size = len(people)
    web = np.array([who in cast.profiles and cast.profiles[who].platform != "x" for who in range(size)])
    wanted = np.minimum(people.audience, np.floor(8 + 0.6 * people.audience**0.6)).astype(np.int64)
    wanted = np.minimum(wanted, int((~people.added).sum()) // 4)
    wanted[sorted(cast.given_followers_only)] = 0
    wanted[web] = 0
    able = ~web
    able[registry] = False
    everyone = np.flatnonzero(able)
    followee = np.repeat(np.arange(size), wanted)
    follower = _drawn(rng, everyone, people.following, len(followee))
    near = rng.random(len(followee)) < _SAME_LANGUAGE
    for language in range(len(LANGUAGES)):
        rows = np.flatnonzero(near & (people.language[followee] == language))
        pool = everyone[people.language[everyone] == language]
        if len(pool):
            follower[rows] = _drawn(rng, pool, people.following, len(rows))
    return follower, followee


def _drawn(rng: np.random.Generator, pool: I64, weight: I64, size: int) -> I64:
    """Draw accounts in proportion to the square root of how many accounts they follow."""
    reached = np.cumsum(np.sqrt(weight[pool]))
    place = np.searchsorted(reached, rng.random(size) * reached[-1], side="right")
    drawn: I64 = pool[np.minimum(place, len(pool) - 1)]
    return drawn
