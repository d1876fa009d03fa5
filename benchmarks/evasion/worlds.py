"""Ordinary people with operations among them that act in one style."""

from collections.abc import Mapping, Set
from pathlib import Path

import numpy as np

from benchmarks.evasion.curves import Setting
from streams.simulation.background.organic import Organic
from streams.simulation.background.people import DAY, populate
from streams.simulation.background.world_log import WorldLog
from streams.simulation.planting.groups import Group, run_operations
from streams.simulation.records.canonical import write_posts
from streams.simulation.records.rendering import Names, render, with_counts

DAYS = 5
_LANGUAGE = 0
PURE = 0.99
"""Share of a network's accounts that must belong to an operation for the network to count."""


def write_world(setting: Setting, seed: int, out: Path) -> set[str]:
    """Write the posts of a world to `out`; return the accounts of its operations that posted."""
    rng = np.random.default_rng([seed, setting.accounts])
    span_s = DAYS * DAY
    people = populate(rng, setting.accounts - setting.size * setting.operations, span_s)
    groups = []
    for number in range(setting.operations):
        members = people.add_accounts(rng, setting.size, _LANGUAGE, "io", f"operation-{number}")
        people.rate[members] = setting.style.own_posts / 7
        groups.append(Group(members, setting.style))
    organic = Organic(rng, people, WorldLog(rng), span_s)
    organic.one_day_events()
    organic.television_show()
    for group in groups:
        run_operations(organic, group)
    organic.everyday_posts()
    frames = render(organic.log, span_s, 1, Names.numbered(len(people)))
    write_posts((with_counts(rng, frame, people.audience, people.following) for frame in frames), out)
    posted = set(organic.log.posts()["account"].unique().to_list())
    return {f"p{number:06}" for group in groups for number in group.members.tolist() if number in posted}


def recall_in_pure_networks(networks: Mapping[str, Set[str]], operation: Set[str]) -> float:
    """Share of the operation's accounts that are in networks of which hardly an account is a stranger."""
    pure = [members for members in networks.values() if len(members & operation) >= PURE * len(members)]
    return len(set().union(*pure) & operation) / len(operation)
