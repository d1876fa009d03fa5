"""Runs coordination-network-toolkit on a load."""

import csv
import gzip
import json
import sys
import venv
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from benchmarks.runs.program import checked

REQUIREMENT = "coordination-network-toolkit==1.5.2"
_NETWORKS = ("co_link", "co_retweet")
_WINDOW_S = 60


@dataclass(frozen=True, slots=True)
class Step:
    """One command of the toolkit."""

    name: str
    cpu_s: float
    wall_s: float
    peak_rss_bytes: int


def run(load: Path, work: Path) -> list[Step]:
    """Load the posts, then find the pairs that share links, and those that repost the same within a minute.

    Raises:
        ProgramError: the toolkit cannot be installed, or one of its commands fails.
    """
    work.mkdir(parents=True, exist_ok=True)
    program = installed(work / "environment")
    table, database = work / "posts.csv", work / "posts.db"
    write_table(load, table)
    database.unlink(missing_ok=True)
    commands = {"load": [database, "preprocess", table]}
    for network in _NETWORKS:
        commands[network] = [
            database, "compute", network, "--time_window", str(_WINDOW_S), "--output_file", work / f"{network}.csv"
        ]  # fmt: skip
    steps = []
    for name, arguments in commands.items():
        usage = checked([str(program), *map(str, arguments)])
        steps.append(Step(name, usage.cpu_s, usage.wall_s, usage.peak_rss_bytes))
    return steps


def installed(environment: Path) -> Path:
    """The program of the toolkit, in an environment that holds it and nothing else of ours."""
    program = environment / "bin" / "compute_networks"
    if not program.exists():
        print(f"{REQUIREMENT} is installed in {environment}", file=sys.stderr)
        venv.create(environment, clear=True, with_pip=True)
        checked([str(environment / "bin" / "python"), "-m", "pip", "install", "--quiet", REQUIREMENT])
    return program


def write_table(load: Path, table: Path) -> int:
    """Write a load as the toolkit reads it; returns the count of posts."""
    count = 0
    with (
        gzip.open(load, "rt", encoding="utf-8") as posts,
        table.open("w", newline="", encoding="utf-8") as out,
    ):
        writer = csv.writer(out)
        writer.writerow(
            ["message_id", "user_id", "username", "repost_id", "reply_id", "message", "timestamp", "urls"]
        )
        for line in posts:
            post = json.loads(line)
            count += 1
            writer.writerow(
                [
                    post["post_id"],
                    post["account_id"],
                    post["account_id"],
                    post.get("repost_of") or "",
                    post.get("reply_to") or "",
                    post.get("text") or "",
                    int(datetime.fromisoformat(post["created_at"]).timestamp()),
                    " ".join(post.get("urls") or []) or f"none:{post['post_id']}",
                ]
            )
    return count
