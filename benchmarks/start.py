"""What it costs to start: processor time and memory of short commands, kernels and byte code being compiled.

    python -m benchmarks.start [--runs 5]

Prints a markdown table of medians. The days of a sparse dump cost something as well, so a load over 7, 400 and 2,000
days is replayed, too: one run of each.
"""

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from statistics import median

from benchmarks.runs.measure import Usage
from benchmarks.runs.program import Program, ProgramError, checked
from benchmarks.runs.tables import markdown

_POSTS = 1_000
_SPARSE_POSTS = 20_000
_SPARSE_DAYS = (7, 400, 2_000)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.start", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument(
        "--runs", type=int, default=5, help="runs of each command, of which the median counts"
    )
    args = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as work:
        try:
            print(table(Program.beside_python(), Path(work), args.runs))
        except ProgramError as error:
            print(error, file=sys.stderr)
            return 1
    return 0


def table(program: Program, work: Path, runs: int) -> str:
    """Measure all commands; returns a markdown table of medians.

    Args:
        program: the program to measure.
        work: folder for loads.
        runs: runs of each command; sparse dumps are replayed once.

    Raises:
        ProgramError: a run fails.
    """
    program.run("compile")
    posts, alerts = _load(work, _POSTS, 7), work / "alerts.jsonl"
    commands: dict[str, list[str | Path]] = {
        "--version": ["--version"],
        "--help": ["--help"],
        "replay --help": ["replay", "--help"],
        "compile, with nothing to do": ["compile"],
        f"replay of {_POSTS:,} posts": ["replay", posts, "--alerts", alerts],
    }
    rows = [_row(name, [program.run(*words) for _ in range(runs)]) for name, words in commands.items()]
    for days in _SPARSE_DAYS:
        posts = _load(work, _SPARSE_POSTS, days)
        usage = program.run("replay", posts, "--alerts", alerts)
        rows.append(_row(f"replay of {_SPARSE_POSTS:,} posts over {days:,} days", [usage]))
    return markdown(["command", "CPU s", "wall s", "peak memory"], rows)


def _load(work: Path, posts: int, days: int) -> Path:
    path = work / f"{posts}-{days}.jsonl.gz"
    checked([sys.executable, "-m", "benchmarks.workload", str(posts), str(path), "--days", str(days)])
    return path


def _row(name: str, usages: Sequence[Usage]) -> list[str]:
    return [
        name,
        f"{median(usage.cpu_s for usage in usages):.2f}",
        f"{median(usage.wall_s for usage in usages):.2f}",
        f"{median(usage.peak_rss_bytes for usage in usages) / 2**20:,.0f} MiB",
    ]


if __name__ == "__main__":
    raise SystemExit(main())
