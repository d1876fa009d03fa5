"""Ordinary people with operations among them that act in one style."""

from collections.abc import Iterable, Mapping, Set
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
"""Share of the accounts down to some score that must belong to an operation."""


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


def recall_at_purity(networks: Iterable[Mapping[str, float]], operation: Set[str]) -> float:
    """Recall of the operation's accounts, as far down the ranking of all accounts found as it stays pure.

    Args:
        networks: score of each account of each network; an account in several networks has its highest score.
        operation: accounts of all operations.
    """
    best: dict[str, float] = {}
    for scores in networks:
        for account, score in scores.items():
            best[account] = max(score, best.get(account, 0.0))
    right, recall = 0, 0.0
    ranked = sorted(best, key=lambda account: -best[account])
    for rank, account in enumerate(ranked, start=1):
        right += account in operation
        tied = rank < len(ranked) and best[ranked[rank]] == best[account]  # equals enter together
        if not tied and right >= PURE * rank:
            recall = right / len(operation)
    return recall
