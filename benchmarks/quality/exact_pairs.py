"""The pairs of an exact run beside those that CooRTweet finds in the same data, for the sets in the data folder."""

from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks.oracle import WINDOW_S, compare, german_posts
from benchmarks.quality.result_rows import QualityRow
from benchmarks.runs.program import Program

GERMAN, RUSSIAN = "coortweet_german", "coortweet_russian"
NAMES = (RUSSIAN, GERMAN)


def exact_pair_jobs(
    program: Program, data: Path, work: Path, name: str
) -> Iterator[tuple[str, Callable[[], QualityRow]]]:
    """Yield a name and a job for each kind of pair of one of `NAMES`, if `data` has the set."""
    source = data / f"{name}.csv.gz"
    if not source.exists():
        return
    if name == RUSSIAN:
        pairs = data / f"{name}_{WINDOW_S}s.pairs.csv"
        yield f"{name}, url", lambda: _compared(program, name, source, pairs, "url", work)
        return
    for short, kind in (("url", "url"), ("hashtag", "hashtag_sequence")):
        yield f"{name}, {kind}", _german(program, source, short, kind, work)


def _german(program: Program, source: Path, short: str, kind: str, work: Path) -> Callable[[], QualityRow]:
    def job() -> QualityRow:
        posts = work / f"{GERMAN}.jsonl"
        german_posts(source, posts)
        pairs = source.parent / f"{GERMAN}_{short}_{WINDOW_S}s.pairs.csv"
        return _compared(program, GERMAN, posts, pairs, kind, work)

    return job


def _compared(program: Program, name: str, posts: Path, oracle: Path, kind: str, work: Path) -> QualityRow:
    """Compare exact pairs of one kind within 60 s with those of CooRTweet."""
    pairs = work / "pairs.csv"
    pairs.unlink(missing_ok=True)
    usage = program.run("replay", posts, "--exact", "--pairs", pairs, "--no-progress")
    result = compare(pairs, oracle, kind)
    note = f"{result.expected} pairs"
    if not result.equal:
        note += (
            f": {result.missing} missing, {result.surplus} too many, {result.differing} with other objects"
        )
    return QualityRow(f"{name}, {kind}", seconds=usage.wall_s, passed=result.equal, note=note)
