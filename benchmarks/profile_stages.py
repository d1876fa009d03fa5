"""Where the time of a replay goes: by stage if the program says so, else by package."""

import json
import pstats
import sys
import tempfile
from collections import defaultdict
from pathlib import Path

from benchmarks.program import Program, checked


def profile(program: Program, posts: Path) -> tuple[str, dict[str, float]]:
    """Replay `posts` once more under observation.

    Returns:
        What the parts are (`stage` or `package`), and the seconds of each, largest first. Seconds by
        package are inflated by the profiler, unevenly: calls cost more, compiled code does not.

    Raises:
        ProgramError: the run fails.
    """
    with tempfile.TemporaryDirectory() as folder:
        result, alerts = Path(folder, "profile"), Path(folder, "alerts.jsonl")
        replay = ("replay", posts, "--alerts", alerts, "--no-progress")
        if program.offers("replay", "--timings"):
            program.run(*replay, "--timings", result)
            seconds = {str(stage): float(spent) for stage, spent in json.loads(result.read_bytes()).items()}
            kind = "stage"
        else:
            checked(
                [sys.executable, "-m", "cProfile", "-o", str(result), str(program.path), *map(str, replay)]
            )
            seconds = by_package(result)
            kind = "package"
    return kind, dict(sorted(seconds.items(), key=lambda item: -item[1]))


def by_package(profile_file: Path) -> dict[str, float]:
    """Add up the own time of every function by the package it belongs to; C functions count as `built-in`."""
    seconds: defaultdict[str, float] = defaultdict(float)
    stats = pstats.Stats(str(profile_file)).stats  # type: ignore[attr-defined]  # left out of the stubs
    for (file, _, _), (_, _, own_s, _, _) in stats.items():
        seconds[package_of(file)] += own_s
    return dict(seconds)


def package_of(file: str) -> str:
    """The top-level package of a source file as the profiler names it."""
    parts = Path(file).parts
    if "site-packages" in parts:
        return parts[parts.index("site-packages") + 1].removesuffix(".py")
    for package in ("streams", "detectors", "schemas"):
        if package in parts:
            return package
    return "built-in" if file.startswith(("~", "<")) else "standard library"
