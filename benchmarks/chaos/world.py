"""What is published: a simulated world in which the follow graph comes midway, and when each post is sent."""

import gzip
import json
import random
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tests.integration.live_service import replayed
from tests.integration.worlds import simulated

POSTS_A_DAY = 2.18
"""Posts that the simulation writes for each account and day. Measured."""
_BURST_SHARE = 0.25
_BURST_POSTS = 500
_FOLLOWS_FROM, _FOLLOWS_SPAN_S = 0.6, 3_600
"""Share of the world's time from which follow events are dated, and the seconds over which they are spread."""

Row = dict[str, Any]


@dataclass
class ChaosWorld:
    """Records to publish, and the alerts that a replay of them raises."""

    posts: list[Row]
    """In the order of event time."""
    due: list[float]
    """Seconds after the start at which each post is sent."""
    follows: list[Row]
    registry: list[Row]
    update: Row
    """An entity that comes midway. Nobody in the world has to do with it."""
    accounts: list[Row]
    expected: dict[tuple[str, int], str] = field(default_factory=dict)


def made(folder: Path, seconds: float, rate: float, seed: int) -> ChaosWorld:
    """A world that takes so many seconds to send, and its replay.

    Raises:
        RuntimeError: the update of the registry changes the alerts, so that they would depend on when it is read.
    """
    days = 3 if seconds < 600 else 10
    wanted = seconds * rate / (1 - _BURST_SHARE)
    simulated("diaspora-press", folder, max(1_500, round(wanted / POSTS_A_DAY / days)), days, seed)
    posts = sorted(_rows(folder / "posts.jsonl.gz"), key=lambda post: str(post["created_at"]))
    first, last = (_time(posts[at]["created_at"]) for at in (0, -1))
    begin = first + (last - first) * _FOLLOWS_FROM
    follows = sorted(_rows(folder / "follows.jsonl.gz"), key=lambda event: str(event["at"]))
    for number, event in enumerate(follows):
        event["at"] = _text(begin + timedelta(seconds=number * _FOLLOWS_SPAN_S / len(follows)))
    update = {
        "entity_id": "chaos-weekly", "name": "A weekly that nobody reads", "kind": "state_media",
        "domains": ["weekly.chaos.example"],
    }  # fmt: skip
    registry = list(_rows(folder / "registry.jsonl"))
    world = ChaosWorld(
        posts, _due(len(posts), rate, seed), follows, registry, update,
        list(_rows(folder / "accounts.jsonl.gz")),
    )  # fmt: skip
    world.expected = _replayed(world, folder, [*registry, update])
    if world.expected != _replayed(world, folder, registry):
        raise RuntimeError("the update of the registry changes alerts")
    return world


def _replayed(world: ChaosWorld, folder: Path, registry: list[Row]) -> dict[tuple[str, int], str]:
    options: list[str | Path] = []
    for name, rows in (
        ("posts", world.posts), ("registry", registry), ("follows", world.follows), ("accounts", world.accounts),
    ):  # fmt: skip
        path = folder / f"chaos-{name}.jsonl"
        path.write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")
        options += [path] if name == "posts" else [f"--{name}", path]
    return replayed(options, folder)


def _due(posts: int, rate: float, seed: int) -> list[float]:
    """A steady rate, and now and then a burst that is sent at once."""
    rng = random.Random(seed)  # noqa: S311 - repeatable, not secret
    bursts = max(1, round(posts * _BURST_SHARE / _BURST_POSTS))
    begins = {rng.randrange(posts) for _ in range(bursts)}
    due, at, in_burst = [], 0.0, 0
    for number in range(posts):
        in_burst = _BURST_POSTS if number in begins else in_burst - 1
        at += 0.0 if in_burst > 0 else 1 / rate
        due.append(at)
    return due


def _rows(path: Path) -> list[Row]:
    raw = path.read_bytes()
    lines = (gzip.decompress(raw) if path.suffix == ".gz" else raw).splitlines()
    return [json.loads(line) for line in lines]


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def _text(when: datetime) -> str:
    return when.strftime("%Y-%m-%dT%H:%M:%SZ")
