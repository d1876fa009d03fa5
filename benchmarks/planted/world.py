"""Makes a world of the quality benchmark: people, groups among them where the scenario has some, and the labels."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.planted.groups import choose_groups, choose_many_groups
from streams.simulation.background.organic import Organic
from streams.simulation.background.people import DAY, People, populate
from streams.simulation.background.world_log import WorldLog
from streams.simulation.planting.groups import run_operations
from streams.simulation.records.canonical import Label, write_labels, write_posts
from streams.simulation.records.rendering import Names, render, with_counts

SCENARIOS = ("noise", "minute-noise", "networks", "many-groups")
_CHOOSE = {"networks": choose_groups, "many-groups": choose_many_groups}


@dataclass(frozen=True)
class PlantedWorld:
    """What to generate."""

    scenario: str
    seed: int = 1
    accounts: int = 20_000
    days: float = 7


def generate(world: PlantedWorld, out: Path, labels: Path | None = None) -> int:
    """Write the posts of `world`, sorted by time, and the labels of its accounts.

    Every account has a label, also accounts that never post. The group of an ordinary account says what it is
    (`everyday`, `show-fan`, `hyperactive`, `one-day`), which shows the kind of a mistake.

    Returns:
        The number of posts written.

    Raises:
        ValueError: an unknown scenario, or too few accounts for its groups.
    """
    if world.scenario not in SCENARIOS:
        raise ValueError(f"no scenario {world.scenario!r}: one of {', '.join(SCENARIOS)}")
    if world.accounts < 200 or world.days < 1:
        raise ValueError("a world has at least 200 accounts and one day")
    # Equal seeds give equal people: minute-noise is noise with rounded times.
    rng = np.random.default_rng([world.seed, int(world.scenario in _CHOOSE)])
    span_s = int(world.days * DAY)
    people = populate(rng, world.accounts, span_s)
    organic = Organic(rng, people, WorldLog(rng), span_s)
    groups = _CHOOSE[world.scenario](organic) if world.scenario in _CHOOSE else []
    organic.one_day_events()
    organic.television_show()
    for group in groups:
        run_operations(organic, group)
    organic.everyday_posts()
    resolution_s = 60 if world.scenario == "minute-noise" else 1
    frames = render(organic.log, span_s, resolution_s, Names.numbered(len(people)))
    posts = write_posts(
        (with_counts(organic.log.rng, frame, people.audience, people.following) for frame in frames), out
    )
    if labels is not None:
        write_labels(_labels(people), labels)
    return posts


def _labels(people: People) -> list[Label]:
    return [
        Label(f"p{number:06}", label, group)
        for number, (label, group) in enumerate(zip(people.label, people.group, strict=True))
    ]
