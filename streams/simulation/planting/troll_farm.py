"""`troll-farm`: groups of 10-200 accounts in several languages that work in shifts and publish a state's content."""

import numpy as np

from detectors.arrays.dtypes import I64
from streams.simulation.background.people import DAY, HOUR
from streams.simulation.background.prose import Floats
from streams.simulation.institutions.desks import NONE
from streams.simulation.planting.covert import (
    Planting,
    add_covert_members,
    give_planted_followers,
    jitter,
    publish_as_own,
)
from streams.simulation.planting.groups import recent_article

_GROUPS = ((200, 0), (80, 1), (40, 2), (25, 0), (10, 1))
"""Members in a world of 20,000, and language."""
_SHIFT_S = 8 * HOUR
_FOLLOWED = 0.3
"""Share of members with diplomats among their followers."""


def plant(planting: Planting) -> None:
    """Plant five groups.

    A group works one shift of eight hours; each member has one or two days off a week. An operation takes an article
    of the agency that is minutes to hours old, or (at stealth 2 and 3) one that is popular anyway. In some operations
    one member posts and the others repost it. Apart from that, members post like ordinary accounts.
    """
    for number, (size, language) in enumerate(_GROUPS, start=1):
        _group(planting, planting.sized(size, 10), language, number)


def _group(planting: Planting, size: int, language: int, number: int) -> None:
    cast, rng, style = planting.cast, planting.rng, planting.style
    people, log = cast.people, cast.log
    members = add_covert_members(planting, size, language, number, rng.integers(2, 60, size))
    state = planting.states[0]
    desk, used = state.desk(language), set[int]()
    known = np.where(rng.random(size) < _FOLLOWED, min(2, style.registry_followers), 0)
    give_planted_followers(planting, members, state.diplomats, known)

    shift_s = int(rng.uniform(6, 15) * HOUR)
    zone_s = int(people.zone_s[members[0]])
    people.wakes_s[members] = shift_s
    people.rate[members] = style.own_posts / 7 * rng.lognormal(0, 0.4, size)
    works = np.ones((size, planting.days), np.bool_)
    for off in range(int(rng.integers(1, 3))):
        first_off = rng.integers(0, 7, size)
        works[(np.arange(planting.days) + off) % 7 == first_off[:, None]] = False

    operations = max(4, round(style.operations * 2 * planting.days / 7))
    for _ in range(operations):
        day = int(rng.integers(planting.days))
        start = day * DAY + (shift_s + rng.uniform(0.3, _SHIFT_S / HOUR - 0.5) * HOUR - zone_s) % DAY
        who = members[works[:, day] & (rng.random(size) < style.participation)]
        at = start + jitter(planting, len(who))
        if len(who) < 2:
            continue
        if rng.random() < style.borrowed:
            _push_popular(planting, int(people.topics[members[0], 0]), start, who, at)
            continue
        story = desk.recent(rng, start, used)
        if story == NONE:
            continue
        if rng.random() < style.reposted:
            first = publish_as_own(planting, desk, story, who[:1], at[:1])
            log.post(at[0] + jitter(planting, len(who) - 1), who[1:], shares=int(first[0]))
        else:
            publish_as_own(planting, desk, story, who, at, link=state.outlet_site)


def _push_popular(planting: Planting, topic: int, start: float, who: I64, at: Floats) -> None:
    """Let members link an article that other people share too, most of them with its headline as text."""
    organic, rng = planting.cast.organic, planting.rng
    article = recent_article(organic, topic, start, rng)
    own = organic.log.say(np.full(len(who), topic))
    said = np.where(rng.random(len(who)) < planting.style.copied, organic.headline[article], own)
    organic.log.post(at, who, saying=said, article=article)
