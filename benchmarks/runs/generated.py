"""Generated inputs, kept in a folder and generated again when the source of their generator has changed."""

import hashlib
import sys
from collections.abc import Iterable
from pathlib import Path

from benchmarks.runs.measure import ROOT
from benchmarks.runs.program import checked

GENERATORS = {
    "workload": ("benchmarks/workload", "streams/simulation/records/canonical.py"),
    "planted": ("benchmarks/planted", "streams/simulation"),
}
"""The folders and files on which the output of each generator depends."""


def load_file(work: Path, posts: int, seed: int) -> Path:
    """Return a load of `benchmarks.workload`, generated unless `work` has it.

    Raises:
        benchmarks.runs.program.ProgramError: generating it fails.
    """
    path, _ = _files(work, "workload", f"load-{posts}", seed, [str(posts)], [])
    return path


def world_files(work: Path, scenario: str, seed: int, accounts: int, days: float) -> tuple[Path, Path]:
    """Return posts and labels of a world of `benchmarks.planted`, generated unless `work` has them.

    Raises:
        benchmarks.runs.program.ProgramError: generating them fails.
    """
    options = ["--accounts", str(accounts), "--days", str(days)]
    return _files(work, "planted", f"{scenario}-{accounts}x{days:g}", seed, [scenario], options)


def _files(
    work: Path, generator: str, name: str, seed: int, before: list[str], options: list[str]
) -> tuple[Path, Path]:
    version = digest(ROOT / source for source in GENERATORS[generator])
    stem = f"{name}-seed{seed}-{version}"
    posts, labels = work / f"{stem}.jsonl.gz", work / f"{stem}.labels.csv"
    if not posts.exists():
        unfinished = work / f"{stem}.part"
        # In a child process: memory of this process would count in the peak of the runs it measures.
        command = [sys.executable, "-m", f"benchmarks.{generator}", *before, str(unfinished)]
        checked([*command, "--seed", str(seed), "--labels", str(labels), *options])
        unfinished.rename(posts)
    return posts, labels


def digest(sources: Iterable[Path]) -> str:
    """Eight hex digits that change with any source file.

    Args:
        sources: Python files, and folders of which all Python files count.
    """
    content = hashlib.sha256()
    for source in sources:
        for module in sorted(source.rglob("*.py")) if source.is_dir() else [source]:
            content.update(module.read_bytes())
    return content.hexdigest()[:8]
