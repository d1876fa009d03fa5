"""Measures all that the page shows."""

import json
import os
import platform
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.peer.toolkit import Step
from benchmarks.peer.toolkit import run as run_peer
from benchmarks.replay.stage_seconds import profile
from benchmarks.replay.timing import run as run_replays
from benchmarks.runs.generated import load_file
from benchmarks.runs.program import Program, checked
from benchmarks.start import table as start_table


@dataclass(frozen=True, slots=True)
class Results:
    """What was measured."""

    machine: str
    replays: str
    """Tables as markdown."""
    start: str
    timings: list[dict[str, Any]]
    """As `benchmarks.replay.timing.Timing`."""
    peer: dict[int, list[Step]]
    """By posts; empty if it was left out."""
    held: dict[int, dict[str, dict[str, Any]]]
    """Bytes by part, by posts."""
    stages: dict[str, float]
    """Seconds of each stage, for the largest load."""


def measured(work: Path, sizes: Sequence[int], runs: int, seed: int, *, with_peer: bool) -> Results:
    """Run everything; takes minutes for loads of 100,000 posts.

    Raises:
        benchmarks.runs.program.ProgramError: a child process fails.
    """
    program = Program.beside_python()
    load_before = os.getloadavg()[0]
    replays, figures = run_replays(program, work, sizes, runs, seed)
    loads = {posts: load_file(work, posts, seed) for posts in sizes}
    peer = {}
    if with_peer:
        for posts, load in loads.items():
            print(f"coordination-network-toolkit, {posts:,} posts", file=sys.stderr)
            peer[posts] = run_peer(load, work / "peer")
    held = {posts: _held(load, work) for posts, load in loads.items()}
    stages = profile(program, loads[sizes[-1]])
    start = start_table(program, work, runs)
    machine = (
        f"{platform.machine()}, {os.cpu_count()} processors, Python {platform.python_version()}; "
        f"{load_before:.1f} other processes ran on average in the minute before"
    )
    timings = figures["timings"]
    assert isinstance(timings, list)  # noqa: S101 - for the type checker
    return Results(machine, replays, start, timings, peer, held, stages)


def _held(load: Path, work: Path) -> dict[str, dict[str, Any]]:
    out = work / "held.json"
    checked([sys.executable, "-m", "benchmarks.held", str(load), "--json", str(out)])
    found: dict[str, dict[str, Any]] = json.loads(out.read_bytes())
    return found
