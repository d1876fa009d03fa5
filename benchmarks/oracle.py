"""Compares exact pairs with those of CooRTweet, on its own two data sets."""

import csv
import gzip
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.runs.alerts_file import bare
from streams.simulation.records.canonical import TIME_FORMAT

WINDOW_S = 60
Pairs = dict[tuple[str, str], int]
"""Two accounts in alphabetical order -> distinct objects they co-shared."""


@dataclass(frozen=True, slots=True)
class PairComparison:
    """How our pairs differ from those of the oracle."""

    expected: int
    missing: int
    """Pairs that only the oracle has."""
    surplus: int
    """Pairs that only we have."""
    differing: int
    """Pairs of both, with different numbers of objects."""

    @property
    def equal(self) -> bool:
        """Whether all pairs agree, and there are any."""
        return self.expected > 0 and not (self.missing or self.surplus or self.differing)


def compare(ours: Path, oracle: Path, kind: str) -> PairComparison:
    """Compare the rows of a pairs file of one kind and a window of 60 s with the file of an oracle."""
    with ours.open(newline="", encoding="utf-8") as source:
        got = _pairs((row for row in csv.DictReader(source) if _is(row, kind)), "co_shares")
    with oracle.open(newline="", encoding="utf-8") as source:
        want = _pairs(csv.DictReader(source), "objects")
    both = got.keys() & want.keys()
    return PairComparison(
        expected=len(want),
        missing=len(want) - len(both),
        surplus=len(got) - len(both),
        differing=sum(got[pair] != want[pair] for pair in both),
    )


def german_posts(source: Path, out: Path) -> None:
    """Rewrite the German set as canonical posts, since its columns belong to no known format.

    A row shares at most one url and one hashtag object, which becomes a sequence of two hashtags of its own.
    Post ids are made from account, post and time, since some posts of the set have several accounts and times.
    """
    posts: dict[str, dict[str, object]] = {}
    with gzip.open(source, "rt", newline="", encoding="utf-8") as rows:
        for row in csv.DictReader(rows):
            post_id = f"{row['account_id']}-{row['post_id']}-{row['timestamp']}"
            at = datetime.fromtimestamp(int(row["timestamp"]), UTC)
            post = posts.setdefault(
                post_id,
                {
                    "post_id": post_id,
                    "platform": "mixed",
                    "account_id": row["account_id"],
                    "created_at": at.strftime(TIME_FORMAT),
                },
            )
            if row["url_id"]:
                post["urls"] = [f"https://url.example/{row['url_id']}"]
            if row["hashtag_id"]:
                post["hashtags"] = [f"h{row['hashtag_id']}", f"i{row['hashtag_id']}"]
    ordered = sorted(posts.values(), key=lambda post: (str(post["created_at"]), str(post["post_id"])))
    with out.open("w", encoding="utf-8") as lines:
        lines.writelines(json.dumps(post) + "\n" for post in ordered)


def _is(row: dict[str, str], kind: str) -> bool:
    return row["kind"] == kind and int(float(row["window_s"])) == WINDOW_S


def _pairs(rows: Iterable[dict[str, str]], count: str) -> Pairs:
    pairs: Pairs = {}
    for row in rows:
        one, other = sorted((bare(row["account_a"]), bare(row["account_b"])))
        pairs[one, other] = int(row[count])
    return pairs
