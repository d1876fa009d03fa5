"""Small worlds with known truth, for measuring how right the alerts are.

    python -m benchmarks.planted SCENARIO OUT.jsonl.gz --labels L.csv [--seed S] [--accounts N] [--days D]

`noise`         people only: whatever is found there is a mistake
`minute-noise`  the same posts with times rounded down to the minute, as many dumps have them
`networks`      the same kind of people with covert groups (label `io`, group `covert-SIZE-sSTEALTH-NUMBER`)
                and openly coordinated ones (label `coordinated`) among them

Nothing here is shared with `benchmarks.workload` but the file format: a detector tuned to one generator
should not look good on the other for that reason.
"""

import argparse
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.canonical import Label, write_labels, write_posts
from benchmarks.planted_groups import enlist_all
from streams.simulation.background.book import WorldLog
from streams.simulation.background.organic import Organic
from streams.simulation.background.people import DAY, People, populate
from streams.simulation.planting.groups import act
from streams.simulation.records.rendering import Names, counted, render

SCENARIOS = ("noise", "minute-noise", "networks")


@dataclass(frozen=True)
class World:
    """What to generate."""

    scenario: str
    seed: int = 1
    accounts: int = 20_000
    days: float = 7


def generate(world: World, out: Path, labels: Path | None = None) -> int:
    """Write the posts of `world`, sorted by time, and the truth about its accounts.

    The labels name every account, also those that never posted; an organic account's group says what it is
    (`everyday`, `show-fan`, `hyperactive`, `one-day`), which tells mistakes apart.

    Returns:
        The number of posts written.

    Raises:
        ValueError: an unknown scenario, or too few accounts for its groups.
    """
    if world.scenario not in SCENARIOS:
        raise ValueError(f"no scenario {world.scenario!r}: one of {', '.join(SCENARIOS)}")
    if world.accounts < 200 or world.days < 1:
        raise ValueError("a world has at least 200 accounts and one day")
    # Equal seeds give equal people: minute-noise is noise with another clock.
    rng = np.random.default_rng([world.seed, int(world.scenario == "networks")])
    span_s = int(world.days * DAY)
    people = populate(rng, world.accounts, span_s)
    organic = Organic(rng, people, WorldLog(rng), span_s)
    groups = enlist_all(organic) if world.scenario == "networks" else []
    organic.one_day_events()
    organic.show()
    for group in groups:
        act(organic, group)
    organic.live()
    resolution_s = 60 if world.scenario == "minute-noise" else 1
    frames = render(organic.book, span_s, resolution_s, Names.numbered(len(people)))
    posts = write_posts(
        (counted(organic.book.rng, frame, people.audience, people.following) for frame in frames), out
    )
    if labels is not None:
        write_labels(_labels(people), labels)
    return posts


def _labels(people: People) -> list[Label]:
    return [
        Label(f"p{number:06}", label, group)
        for number, (label, group) in enumerate(zip(people.label, people.group, strict=True))
    ]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.planted", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument("scenario", choices=SCENARIOS)
    parser.add_argument("out", type=Path, help="canonical posts, JSONL.gz")
    parser.add_argument("--labels", type=Path, help="write account_id,label,group here")
    parser.add_argument("--seed", type=int, default=World.seed)
    parser.add_argument("--accounts", type=int, default=World.accounts)
    parser.add_argument("--days", type=float, default=World.days)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit status."""
    args = _parser().parse_args(argv)
    started = time.perf_counter()
    try:
        posts = generate(World(args.scenario, args.seed, args.accounts, args.days), args.out, args.labels)
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2
    seconds = time.perf_counter() - started
    print(f"{posts:,} posts in {seconds:.1f} s ({posts / seconds:,.0f} posts/s)", file=sys.stderr)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
