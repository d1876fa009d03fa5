"""Quality on real data, for the sets in the data folder: labelled operations, a viral event, the pairs of CooRTweet."""

import gzip
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median

from benchmarks.oracle import WINDOW_S, compare, german_posts
from benchmarks.quality.result_rows import QualityRow, backtest_row
from benchmarks.runs.alerts_file import read_alerts
from benchmarks.runs.program import Program
from streams.simulation.records.canonical import read_labels, write_labels

Job = Callable[[], QualityRow]
_CYRILLIC = re.compile("[\u0400-\u04ff]")


def jobs(program: Program, data: Path, work: Path) -> Iterator[tuple[str, Job]]:
    """Yield a name and a job for each data set in `data`.

    The jobs raise benchmarks.runs.program.ProgramError when a run fails.
    """
    for name in ("mixed_2016_spring", "ira_2016_10"):
        posts, labels = data / f"{name}.posts.jsonl.gz", data / f"{name}.labels.csv"
        if posts.exists() and labels.exists():
            yield name, _labelled(program, name, posts, labels, work)
            if name == "mixed_2016_spring":
                yield f"{name}, English", lambda: _english(program, data, work)
    viral = data / "higgs_2012_07.posts.jsonl.gz"
    if viral.exists():
        yield "higgs_2012_07", lambda: _viral(program, viral, work)
    russian = data / "coortweet_russian.csv.gz"
    if russian.exists():
        pairs = data / "coortweet_russian_60s.pairs.csv"
        yield "coortweet_russian, url", lambda: _oracle(program, "russian", russian, pairs, "url", work)
    german = data / "coortweet_german.csv.gz"
    for short, kind in (("url", "url"), ("hashtag", "hashtag_sequence")):
        if german.exists():
            yield f"coortweet_german, {kind}", _german(program, german, short, kind, work)


def _labelled(program: Program, name: str, posts: Path, labels: Path, work: Path, note: str = "") -> Job:
    def job() -> QualityRow:
        result, alerts = work / "backtest.json", work / "alerts.jsonl"
        for stale in (result, alerts):
            stale.unlink(missing_ok=True)
        outputs = ("--json", result, "--alerts", alerts, "--no-progress")
        usage = program.run("backtest", posts, "--labels", labels, *outputs)
        return backtest_row(name, result, usage.wall_s, note)

    return job


def _english(program: Program, data: Path, work: Path) -> QualityRow:
    """The mixed set without posts in Cyrillic: language gives part of the label away."""
    name = "mixed_2016_spring"
    posts, labels = work / f"{name}.english.jsonl.gz", work / f"{name}.english.labels.csv"
    seen: set[str] = set()
    with gzip.open(data / f"{name}.posts.jsonl.gz", "rb") as source, gzip.open(posts, "wb", 1) as out:
        for line in source:
            post = json.loads(line)
            if not _CYRILLIC.search(post.get("text") or ""):
                seen.add(post["account_id"])
                out.write(line)
    known = read_labels(data / f"{name}.labels.csv")
    write_labels([label for label in known if label.account_id in seen], labels)
    note = "labels of accounts with such posts"
    return _labelled(program, f"{name}, English", posts, labels, work, note)()


def _viral(program: Program, posts: Path, work: Path) -> QualityRow:
    """A viral event without labels: how many alerts, and the sizes of their crowds."""
    alerts = work / "alerts.jsonl"
    alerts.unlink(missing_ok=True)
    usage = program.run("replay", posts, "--alerts", alerts, "--no-progress")
    found = read_alerts(alerts)
    note = f"{len(found.accounts)} accounts in networks; {len(found.crowds)} pieces of evidence"
    if found.crowds:
        note += f", crowds of {min(found.crowds)}-{max(found.crowds)} (median {median(found.crowds):g})"
    return QualityRow(
        "higgs_2012_07",
        alerts=found.alerts,
        networks=len(found.members),
        seconds=usage.wall_s,
        note=note,
    )


def _german(program: Program, source: Path, short: str, kind: str, work: Path) -> Job:
    def job() -> QualityRow:
        posts = work / "coortweet_german.jsonl"
        german_posts(source, posts)
        pairs = source.parent / f"coortweet_german_{short}_{WINDOW_S}s.pairs.csv"
        return _oracle(program, "german", posts, pairs, kind, work)

    return job


def _oracle(program: Program, name: str, posts: Path, oracle: Path, kind: str, work: Path) -> QualityRow:
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
    return QualityRow(f"coortweet_{name}, {kind}", seconds=usage.wall_s, passed=result.equal, note=note)
