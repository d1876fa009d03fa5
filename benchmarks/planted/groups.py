"""The groups of `networks`: covert ones of three sizes at four levels of stealth, and open ones.

Those of `many-groups` are covert, of one size, at the first three levels of stealth by turns: groups of the fourth are
seldom found within a week, so they say nothing about cases.
"""

import numpy as np

from streams.simulation.background.organic import Organic
from streams.simulation.background.people import DAY
from streams.simulation.planting.groups import Group
from streams.simulation.planting.stealth import OPEN, STEALTH

SIZES = {3: 4, 10: 2, 50: 2}
"""Covert groups planted for each size and stealth."""


MANY, MANY_SIZE = 200, 25
"""Groups of `many-groups`, and accounts of each."""
_FOUND = 3
"""Levels of stealth of `many-groups`."""


def choose_many_groups(world: Organic) -> list[Group]:
    """Choose `MANY` groups that have nothing to do with one another; call it as `choose_groups`."""
    people, rng = world.people, world.rng
    groups = []
    for number in range(MANY):
        stealth = number % _FOUND
        style = STEALTH[stealth]
        members = people.choose_for_role(rng, MANY_SIZE, "io", f"covert-{MANY_SIZE}-s{stealth}-{number}")
        people.rate[members] = style.own_posts / (world.span_s / DAY)
        people.audience[members] = rng.integers(2, 60, MANY_SIZE)
        groups.append(Group(members, style))
    return groups


def choose_groups(world: Organic) -> list[Group]:
    """Choose the members of all groups and set their other posts. Call it before `world.everyday_posts()`."""
    people, rng = world.people, world.rng
    groups = []
    for size, times in SIZES.items():
        for stealth, style in enumerate(STEALTH):
            for number in range(1, times + 1):
                members = people.choose_for_role(rng, size, "io", f"covert-{size}-s{stealth}-{number}")
                people.rate[members] = style.own_posts / (world.span_s / DAY)
                people.audience[members] = rng.integers(2, 60, size)
                groups.append(Group(members, style))
    for name, (size, times, style) in OPEN.items():
        for number in range(1, times + 1):
            members = people.choose_for_role(rng, size, "coordinated", f"{name}-{size}-{number}")
            if name != "fans":
                people.audience[members] = np.exp(rng.uniform(7.5, 11.5, size)).astype(np.int64)
            groups.append(Group(members, style))
    return groups
