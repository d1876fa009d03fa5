"""Quality on real data, for the sets in the data folder: labelled operations, unlabelled events, and copies of both.

A copy has no coordination (`benchmarks.quality.copies`), so every account found in it was found by chance or interest.
"""

import gzip
import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import mean, median

from benchmarks.quality import copies
from benchmarks.quality.ceiling import ceiling
from benchmarks.quality.pieces import pieces
from benchmarks.quality.result_rows import QualityRow, backtest_row
from benchmarks.runs.alerts_file import AlertedNetworks, read_alerts
from benchmarks.runs.generated import digest
from benchmarks.runs.program import Program
from streams.simulation.records.canonical import Label, read_labels, write_labels

Job = Callable[[], QualityRow]
_CYRILLIC = re.compile("[\u0400-\u04ff]")
_ENGLISH = "_english"


@dataclass(frozen=True, slots=True)
class Copies:
    """Copies of a set, and how many accounts may be found in them."""

    kind: str
    """One of `benchmarks.quality.copies.KINDS`."""
    seeds: int = 1
    most_share: float | None = None
    """Of the accounts found in the set itself, mean over the seeds; None: no alert may be raised."""
    most_accounts: int | None = None
    """Mean over the seeds, in place of a share."""


_NOISE = Copies("noise")


@dataclass(frozen=True, slots=True)
class DataSet:
    """A set, by the names of its files: `NAME.posts.jsonl.gz`, and `NAME.labels.csv` if it has labels."""

    name: str
    positive: str | None = None
    """Label of the accounts that should be found; None: the set has no labels."""
    copies: tuple[Copies, ...] = (_NOISE,)


SETS = (
    DataSet("mixed_2016_spring", "io", (_NOISE, Copies("jitter", most_accounts=30))),
    DataSet("mixed_2016_spring" + _ENGLISH, "io", ()),
    DataSet("ira_2016_10", "io"),
    DataSet("ira_2015_07", "io"),
    DataSet("ira_de_2017_09", "io"),
    DataSet("mixed_2016_11", "io"),
    DataSet("telegram_2023", "open"),
    DataSet("up_2017_02", None, (_NOISE, Copies("interest", seeds=3, most_share=0.1))),
    DataSet("higgs_2012_07"),
)


class RealData:
    """Runs the program on the sets of a folder.

    Args:
        program: under test.
        data: the folder.
        work: a folder for copies, and for what the program writes.
    """

    def __init__(self, program: Program, data: Path, work: Path) -> None:
        self._program = program
        self._data = data
        self._work = work
        self._found: dict[str, int] = {}
        """Accounts found in each set itself."""

    def jobs(self, chosen: DataSet, *, with_copies: bool) -> Iterator[tuple[str, Job]]:
        """Yield a name and a job for the set and for each kind of copies; nothing if the folder lacks the set.

        The jobs raise benchmarks.runs.program.ProgramError when a run fails.
        """
        posts = self._data / f"{chosen.name.removesuffix(_ENGLISH)}.posts.jsonl.gz"
        labels = self._data / f"{chosen.name.removesuffix(_ENGLISH)}.labels.csv"
        if not posts.exists() or (chosen.positive is not None and not labels.exists()):
            return
        if chosen.positive is None:
            yield chosen.name, lambda: self._unlabelled(chosen.name, posts)
        elif chosen.name.endswith(_ENGLISH):
            yield chosen.name, lambda: self._labelled(chosen, *self._english(chosen.name, posts, labels))
        else:
            yield chosen.name, lambda: self._labelled(chosen, posts, labels)
        for one in chosen.copies if with_copies else ():
            yield f"{chosen.name}, {one.kind}", self._copied(chosen.name, posts, one)

    def _labelled(self, chosen: DataSet, posts: Path, labels: Path) -> QualityRow:
        result, alerts = self._fresh("backtest.json"), self._fresh("alerts.jsonl")
        positive = chosen.positive or ""
        usage = self._program.run(
            "backtest", posts, "--labels", labels, "--positive", positive, "--json", result,
            "--alerts", alerts, "--no-progress",
        )  # fmt: skip
        found = read_alerts(alerts)
        self._found[chosen.name] = len(found.last_accounts)
        operation = [label for label in read_labels(labels) if label.label == positive]
        return _with_operation(
            backtest_row(chosen.name, result, usage.wall_s, _capped(found)), found, operation, posts
        )

    def _english(self, name: str, posts: Path, labels: Path) -> tuple[Path, Path]:
        """A set without posts in Cyrillic, whose language gives part of the label away, and labels of who is left."""
        english, known = self._work / f"{name}.posts.jsonl.gz", self._work / f"{name}.labels.csv"
        seen: set[str] = set()
        with gzip.open(posts, "rb") as source, gzip.open(english, "wb", 1) as out:
            for line in source:
                post = json.loads(line)
                if not _CYRILLIC.search(post.get("text") or ""):
                    seen.add(post["account_id"])
                    out.write(line)
        write_labels([label for label in read_labels(labels) if label.account_id in seen], known)
        return english, known

    def _unlabelled(self, name: str, posts: Path) -> QualityRow:
        """How many networks, and the sizes of the crowds that they rest on."""
        found, seconds = self._replayed(posts)
        self._found[name] = len(found.last_accounts)
        notes = [_capped(found)] if found.capped else []
        if found.crowds:
            sizes = f"crowds of {min(found.crowds)}-{max(found.crowds)} (median {median(found.crowds):g})"
            notes.append(f"{len(found.crowds)} pieces of evidence, {sizes}")
        return QualityRow(
            name,
            alerts=found.alerts,
            networks=len(found.last),
            accounts=len(found.last_accounts),
            seconds=seconds,
            note="; ".join(notes),
        )

    def _copied(self, name: str, posts: Path, wanted: Copies) -> Job:
        def job() -> QualityRow:
            each: list[AlertedNetworks] = []
            seconds = 0.0
            version = digest([Path(copies.__file__)])
            for seed in range(1, wanted.seeds + 1):
                copy = self._work / f"{name}.{wanted.kind}-{seed}-{version}.posts.jsonl.gz"
                if not copy.exists():
                    unfinished = copy.with_suffix(".part")
                    copies.write_copy(posts, unfinished, wanted.kind, seed)
                    unfinished.rename(copy)
                found, took = self._replayed(copy)
                each.append(found)
                seconds += took
            row = _false_finds(f"{name}, {wanted.kind}", each, wanted, self._found.get(name))
            row.seconds = seconds
            return row

        return job

    def _replayed(self, posts: Path) -> tuple[AlertedNetworks, float]:
        alerts = self._fresh("alerts.jsonl")
        usage = self._program.run("replay", posts, "--alerts", alerts, "--no-progress")
        return read_alerts(alerts), usage.wall_s

    def _fresh(self, name: str) -> Path:
        path = self._work / name
        path.unlink(missing_ok=True)
        return path


def _with_operation(
    row: QualityRow, found: AlertedNetworks, operation: Sequence[Label], posts: Path
) -> QualityRow:
    """Add what the data allow, how much of it was attained, and how many pieces the operation is in."""
    row.accounts = len(found.last_accounts)
    row.ceiling = ceiling(posts, {label.account_id for label in operation})
    row.attained = None if row.recall is None or not row.ceiling else row.recall / row.ceiling
    parts = pieces(found.last, operation)
    row.pieces, row.largest_piece, row.pieces_by_group = parts.networks, parts.largest, parts.by_group
    return row


def _false_finds(
    name: str, each: Sequence[AlertedNetworks], wanted: Copies, in_the_set: int | None
) -> QualityRow:
    """One row for all copies of a kind: means over the copies."""
    accounts = [len(found.last_accounts) for found in each]
    row = QualityRow(
        name,
        alerts=sum(found.alerts for found in each),
        networks=mean(len(found.last) for found in each),
        accounts=mean(accounts),
        chance_share=mean(accounts) / in_the_set if in_the_set else None,
    )
    if len(each) > 1:
        by_copy = ", ".join(f"{len(found.last)}/{len(found.last_accounts)}" for found in each)
        row.note = f"networks/accounts by copy: {by_copy}"
    if wanted.most_accounts is not None:
        row.passed = row.accounts <= wanted.most_accounts
    elif wanted.most_share is None:
        row.passed = not row.alerts
    elif in_the_set is not None:
        row.passed = row.accounts <= wanted.most_share * in_the_set
    return row


def _capped(found: AlertedNetworks) -> str:
    return f"{found.capped} alerts name only some of their members" if found.capped else ""
