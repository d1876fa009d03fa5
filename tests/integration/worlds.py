"""Small worlds in which a replay and the service find the same networks."""

import gzip
import json
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.integration.live_service import PROGRAM, Service, alerts_of, replay
from tests.integration.shared_work import once

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

    def alerts(self) -> dict[tuple[str, int], str]:
        """The alerts of a replay, as `Watcher.alerts`; replayed once in a run of tests."""
        return alerts_of(self._replayed())

    def signals(self) -> list[tuple[str, str]]:
        """The signals of the same replay: topic and record of each, sorted."""
        lines = self._replayed().with_name("local.signals.jsonl").read_text().splitlines()
        read = [json.loads(line) for line in lines]
        return sorted((one["topic"], json.dumps(one["record"], sort_keys=True)) for one in read)

    def _replayed(self) -> Path:
        path = Path(self.inputs[0]).with_name("local.alerts.jsonl")
        signals = path.with_name("local.signals.jsonl")
        options = [*self.inputs, *self.references, "--signals", str(signals)]
        return once(path, lambda: replay(options, path))


def published(service: Service, world: World) -> dict[tuple[str, int], str]:
    """Publish a world; give the alerts of its replay."""
    service.lockstep("publish", *world.inputs, *world.references, "--end", "--no-progress")
    return world.alerts()


def in_parts(world: World, folder: Path, count: int) -> list[Path]:
    """The posts of a world in files, one after the other in time."""
    posts = gzip.decompress(Path(world.inputs[0]).read_bytes()).splitlines(keepends=True)
    parts = [folder / f"part-{number}.jsonl" for number in range(count)]
    for number, part in enumerate(parts):
        part.write_bytes(b"".join(posts[number * len(posts) // count : (number + 1) * len(posts) // count]))
    return parts


def simulated(scenario: str, folder: Path, accounts: int, days: int, seed: int) -> World:
    """A world of `lockstep simulate`, made once in a run of tests."""
    once(folder, lambda: _simulate(scenario, folder, accounts, days, seed))
    return World(
        [str(folder / "posts.jsonl.gz")],
        [
            "--registry", str(folder / "registry.jsonl"), "--follows", str(folder / "follows.jsonl.gz"),
            "--accounts", str(folder / "accounts.jsonl.gz"),
        ],
        days=days,
    )  # fmt: skip


def _simulate(scenario: str, folder: Path, accounts: int, days: int, seed: int) -> None:
    subprocess.run(
        [
            PROGRAM, "simulate", scenario, "--out", str(folder), "--accounts", str(accounts),
            "--days", str(days), "--seed", str(seed),
        ],
        check=True,
        capture_output=True,
    )  # fmt: skip


def german() -> World:
    """The German set: 219 thousand rows of Facebook and Twitter, several a post."""
    settings = (ROOT / "examples" / "coortweet_german.toml").read_text()
    return World([str(ROOT / "examples" / "data" / "coortweet_german.csv.gz")], [], settings)
