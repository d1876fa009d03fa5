"""Groups that hide nothing: fan clubs, companies, and obscure clubs that look much like covert groups."""

from dataclasses import replace

import numpy as np

from detectors.arrays.dtypes import I64
from streams.simulation.background.cast import Cast
from streams.simulation.background.names import words
from streams.simulation.background.people import DAY
from streams.simulation.planting.groups import Group
from streams.simulation.planting.stealth import OPEN, STEALTH

_CLUBS = 8
_CLUB_SIZE = 20


def choose_open_groups(cast: Cast, rng: np.random.Generator, diplomats: I64) -> list[Group]:
    """Choose the members of open groups and set their other posts; a small world has fewer and smaller groups."""
    people = cast.people
    scale = min(1.0, len(cast.everyday()) / 10_000) ** 0.5
    groups = []
    for name in ("fans", "company"):
        size, times, style = OPEN[name]
        size = max(5, round(size * scale))
        for number in range(1, max(1, round(times * scale)) + 1):
            members = people.choose_for_role(rng, size, "coordinated", f"{name}-{size}-{number}")
            if name == "company":
                people.audience[members] = np.exp(rng.uniform(7.5, 11.5, size)).astype(np.int64)
                brand = words(rng, 1)[0].capitalize()
                for who in members.tolist():
                    cast.profile_of(who).description = f"The team of {brand}"
            groups.append(Group(members, style))
    for number in range(1, _CLUBS + 1 if scale == 1 else 7):
        groups.append(_club(cast, rng, number, max(5, round(_CLUB_SIZE * min(1.0, scale * 2))), diplomats))
    return groups


def _club(cast: Cast, rng: np.random.Generator, number: int, size: int, diplomats: I64) -> Group:
    """Add a club of people with few followers that acts like a covert group of stealth 1 or 2, on its own topics.

    The members follow each other, and their profiles name the club. A diplomat follows one or two members of every
    third club.
    """
    people = cast.people
    style = STEALTH[1 + number % 2]
    members = people.choose_for_role(rng, size, "coordinated", f"club-{size}-{number}")
    people.rate[members] = style.own_posts / max(1.0, cast.span_s / DAY)
    audience = rng.integers(3, 61, size)
    people.audience[members] = audience
    name = words(rng, 1)[0].capitalize()
    others = cast.everyday()
    for who, followers in zip(members.tolist(), audience.tolist(), strict=True):
        mates = min(int(followers * rng.uniform(0.1, 0.5)), size - 1)
        cast.give_followers(rng, who, members, mates)
        cast.give_followers(rng, who, others, followers - mates)
        cast.profile_of(who).description = f"Member of the {name} Club"
    if number % 3 == 1:
        liked = rng.choice(members, int(rng.integers(1, 3)), replace=False)
        cast.follow(np.repeat(rng.choice(diplomats, 1), len(liked)), liked)
    return Group(members, replace(style, registry_links=0.0))
