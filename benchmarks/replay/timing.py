"""Times replays of several loads and reads from them how time grows with posts."""

import math
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path

from benchmarks.load_context import write_context
from benchmarks.runs.generated import load_file
from benchmarks.runs.measure import Usage, measure, typical
from benchmarks.runs.program import Program, checked
from benchmarks.runs.tables import markdown

START_UP_POSTS = 10
_MB = 1e6


@dataclass(frozen=True, slots=True)
class Timing:
    """The median run of one job on one load."""

    job: str
    posts: int
    wall_s: float
    cpu_s: float
    peak_rss_bytes: int
    runs: int

    @property
    def posts_per_s(self) -> float:
        """Posts a second of wall-clock time, start-up included."""
        return self.posts / self.wall_s


@dataclass(frozen=True, slots=True)
class Growth:
    """The exponent b of time ~ posts ** b between two loads."""

    job: str
    smaller: int
    larger: int
    raw: float
    without_start_up: float | None
    """None if a run takes no longer than the start-up."""


def time_job(job: str, command: Sequence[str], posts: int, runs: int) -> Timing:
    """Run a command `runs` times; return the medians.

    Raises:
        ProgramError: a run fails.
    """
    usages: list[Usage] = [checked(command) for _ in range(runs)]
    usage = typical(usages)
    return Timing(job, posts, usage.wall_s, usage.cpu_s, usage.peak_rss_bytes, runs)


def growth(job: str, timings: Sequence[Timing], start_up_s: float) -> list[Growth]:
    """Return the exponents between neighbouring loads of one job; `timings` is in rising order of posts."""
    exponents = []
    for small, large in pairwise(timings):
        factor = math.log(large.posts / small.posts)
        spent = small.wall_s - start_up_s, large.wall_s - start_up_s
        exponents.append(
            Growth(
                job,
                small.posts,
                large.posts,
                math.log(large.wall_s / small.wall_s) / factor,
                math.log(spent[1] / spent[0]) / factor if min(spent) > 0 else None,
            )
        )
    return exponents


def report(timings: Sequence[Timing], growths: Sequence[Growth], start_up: dict[str, float]) -> str:
    """Render a table of all runs, with the growth below it."""
    rows = [
        [
            one.job,
            f"{one.posts:,}",
            f"{one.wall_s:.2f}",
            f"{one.cpu_s:.2f}",
            f"{one.peak_rss_bytes / _MB:,.0f}",
            f"{one.posts_per_s:,.0f}",
            f"{one.posts / max(one.wall_s - start_up[one.job], 1e-9):,.0f}"
            if one.posts > START_UP_POSTS
            else "",
        ]
        for one in timings
    ]
    header = ["job", "posts", "wall s", "CPU s", "peak MB", "posts/s", "posts/s after start-up"]
    lines = [markdown(header, rows), ""]
    for one in growths:
        net = "-" if one.without_start_up is None else f"{one.without_start_up:.2f}"
        lines.append(
            f"{one.job}: time grows with posts ** {one.raw:.2f} from {one.smaller:,} to {one.larger:,}"
            f" ({net} without the start-up)"
        )
    return "\n".join(lines)


def run(
    program: Program, work: Path, sizes: Sequence[int], runs: int, seed: int, *, context: bool = False
) -> tuple[str, dict[str, object]]:
    """Time all loads; return the report for people and the figures for machines.

    Raises:
        ProgramError: a child process fails.
    """
    timings: list[Timing] = []
    start_up: dict[str, float] = {}
    growths: list[Growth] = []
    alerts = work / "alerts.jsonl"
    jobs = ["parse only", "replay"] + (["replay, every detector"] if context else [])
    for job in jobs:
        of_job = []
        for posts in (START_UP_POSTS, *sizes):
            path = load_file(work, posts, seed)
            if job.startswith("replay"):
                command = [str(program.path), "replay", str(path), "--alerts", str(alerts), "--no-progress"]
                if job != "replay":
                    command += context_options(path, work, posts, seed)
            else:
                command = [sys.executable, "-m", "benchmarks.replay.parse_only", str(path)]
            if posts == START_UP_POSTS:
                measure(command)  # compiled code and page cache are warm from here on
            of_job.append(time_job(job, command, posts, runs))
            print(f"{job}, {posts:,} posts: {of_job[-1].wall_s:.2f} s", file=sys.stderr)
        start_up[job] = of_job[0].wall_s
        timings += of_job
        growths += growth(job, of_job[1:], start_up[job])
    figures: dict[str, object] = {
        "timings": [asdict(one) | {"posts_per_s": one.posts_per_s} for one in timings],
        "growth": [asdict(one) for one in growths],
    }
    return report(timings, growths, start_up), figures


def context_options(load: Path, work: Path, posts: int, seed: int) -> list[str]:
    """Options that give a load a registry, profiles and one follow event for each post."""
    if posts == START_UP_POSTS:
        return []
    return write_context(load, work / f"context-{posts}", seed, posts)
