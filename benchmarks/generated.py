"""Generated inputs, kept in a folder and made anew when the generators' source has changed."""

import hashlib
import sys
from pathlib import Path

from benchmarks.program import checked

_SIMULATION = ("book", "canonical", "groups", "organic", "people", "prose", "rendering", "stealth")
_GENERATORS = {
    "workload": (
        "benchmarks/load_rows",
        "benchmarks/words",
        "benchmarks/workload",
        "streams/simulation/canonical",
    ),
    "planted": (
        "benchmarks/planted",
        "benchmarks/planted_groups",
        *(f"streams/simulation/{module}" for module in _SIMULATION),
    ),
}
"""The modules on which the output of each generator depends."""


def load_file(work: Path, posts: int, seed: int) -> Path:
    """Return a load of `benchmarks.workload`, generated unless `work` has it.

    Raises:
        benchmarks.program.ProgramError: generating it fails.
    """
    path, _ = _files(work, "workload", f"load-{posts}", seed, [str(posts)], [])
    return path


def world_files(work: Path, scenario: str, seed: int, accounts: int, days: float) -> tuple[Path, Path]:
    """Return posts and labels of a world of `benchmarks.planted`, generated unless `work` has them.

    Raises:
        benchmarks.program.ProgramError: generating them fails.
    """
    options = ["--accounts", str(accounts), "--days", str(days)]
    return _files(work, "planted", f"{scenario}-{accounts}x{days:g}", seed, [scenario], options)


def _files(
    work: Path, generator: str, name: str, seed: int, before: list[str], options: list[str]
) -> tuple[Path, Path]:
    stem = f"{name}-seed{seed}-{_digest(generator)}"
    posts, labels = work / f"{stem}.jsonl.gz", work / f"{stem}.labels.csv"
    if not posts.exists():
        unfinished = work / f"{stem}.part"
        # In a child: what this process has in memory would show in the peak of the runs it measures.
        command = [sys.executable, "-m", f"benchmarks.{generator}", *before, str(unfinished)]
        checked([*command, "--seed", str(seed), "--labels", str(labels), *options])
        unfinished.rename(posts)
    return posts, labels


def _digest(generator: str) -> str:
    folder = Path(__file__).parent.parent
    source = b"".join((folder / f"{module}.py").read_bytes() for module in _GENERATORS[generator])
    return hashlib.sha256(source).hexdigest()[:8]
