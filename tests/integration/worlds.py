"""Small worlds in which a replay and the service find the same networks."""

import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.integration.live_service import PROGRAM

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class World:
    """Something to replay or publish."""

    inputs: list[str]
    references: list[str]
    """Options of replay and publish."""
    settings: str = ""
    """Sections of the configuration that detection needs."""
    days: int = 0
    """Of event time, if known."""


def simulated(scenario: str, folder: Path, accounts: int, days: int, seed: int) -> World:
    """A world of `lockstep simulate`."""
    subprocess.run(
        [
            PROGRAM, "simulate", scenario, "--out", str(folder), "--accounts", str(accounts),
            "--days", str(days), "--seed", str(seed),
        ],
        check=True,
        capture_output=True,
    )  # fmt: skip
    return World(
        [str(folder / "posts.jsonl.gz")],
        [
            "--registry", str(folder / "registry.jsonl"), "--follows", str(folder / "follows.jsonl.gz"),
            "--accounts", str(folder / "accounts.jsonl.gz"),
        ],
        days=days,
    )  # fmt: skip


def german() -> World:
    """The German set: 219 thousand rows of Facebook and Twitter, several a post."""
    settings = (ROOT / "examples" / "coortweet_german.toml").read_text()
    return World([str(ROOT / "examples" / "data" / "coortweet_german.csv.gz")], [], settings)
