"""`spam-amplifier`: thousands of accounts with hardly any followers that repeat what a state agency posts."""

import numpy as np

from streams.simulation.background.people import DAY
from streams.simulation.institutions.desks import NONE
from streams.simulation.planting.covert import (
    Planting,
    add_covert_members,
    give_planted_followers,
    jitter,
    publish_as_own,
)

_GROUPS = ((700, 0), (600, 1), (500, 0), (400, 1), (200, 2))
"""Members in a world of 20,000, and language."""


def plant(planting: Planting) -> None:
    """Plant five groups, 2,400 accounts among 20,000.

    Six in ten have no follower, the others have up to five. Each posts 5-20 times a week: reposts of the agency, and
    copies of its texts. Four in five never get a reaction.
    """
    for number, (size, language) in enumerate(_GROUPS, start=1):
        _group(planting, planting.sized(size, 12), language, number)


def _group(planting: Planting, size: int, language: int, number: int) -> None:
    cast, rng, style = planting.cast, planting.rng, planting.style
    audience = np.where(rng.random(size) < 0.6, 0, rng.integers(1, 6, size))
    members = add_covert_members(planting, size, language, number, audience)
    state = planting.states[0]
    known = np.where(rng.random(size) < 0.02, 1, 0)
    give_planted_followers(planting, members, state.diplomats, known)
    liked = rng.random(size) < 0.2
    for who, reaction in zip(members.tolist(), liked.tolist(), strict=True):
        cast.likes[who] = 0.3 if reaction else 0.0

    desk, used = state.desk(language), set[int]()
    posts = np.maximum(1, np.round(rng.integers(5, 21, size) * planting.days / 7)).astype(np.int64)
    # enough operations that a member takes part in about the share that the stealth sets
    operations = max(int(posts.max()), round(12 / style.participation * planting.days / 7))
    turn = np.argsort(rng.random((size, operations)), axis=1)
    for operation in range(operations):
        start = (operation + rng.uniform(0.05, 0.95)) / operations * planting.days * DAY
        who = members[turn[:, operation] < posts]
        at = start + jitter(planting, len(who))
        story = desk.recent(rng, start, used)
        if story == NONE or len(who) == 0:
            continue
        if rng.random() < 0.4:
            cast.log.post(at, who, shares=int(desk.post[story]))
        else:
            publish_as_own(planting, desk, story, who, at)
