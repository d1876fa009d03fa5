"""Worlds as records on topics in memory, and the alerts of a replay of them."""

import functools
import gzip
import json
import random
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import polars as pl

from schemas.alerts import Alert
from streams.outputs.dead_letter_log import DeadLetterLog
from streams.reference_files.reference_inputs import read_reference_inputs
from streams.replay.replay import Replay
from streams.settings.options import ReadingOptions
from streams.settings.settings import Settings
from streams.simulation import folder
from streams.simulation.scenarios import Plan
from tests.streams.live.partitions import Topics
from tests.streams.small_world import START, TOGETHER, deletion, small_world, write_jsonl

AlertTexts = dict[tuple[str, int], str]
"""JSON of alerts, by id and revision."""


def comparable(alerts: Iterable[Alert]) -> AlertTexts:
    """Alerts without the wall clock and the names of the run."""
    texts: AlertTexts = {}
    for alert in alerts:
        plain = msgspec.to_builtins(alert)
        assert (alert.alert_id, alert.revision) not in texts
        content = {
            name: value for name, value in plain.items() if name not in ("emitted_at", "run_id", "mode")
        }
        texts[alert.alert_id, alert.revision] = json.dumps(content, sort_keys=True)
    return texts


@dataclass
class World:
    """Records of the public topics, and the alerts of a replay of them."""

    posts: list[bytes]
    replayed: AlertTexts
    follows: list[bytes] = field(default_factory=list)
    others: dict[str, list[tuple[bytes, bytes]]] = field(default_factory=dict)
    """Keys and values of reference data, by topic."""


def replayed(
    path: Path,
    registry: str | None = None,
    accounts: str | None = None,
    follows: str | None = None,
    *,
    deleted: bool = False,
    erased: frozenset[str] = frozenset(),
) -> AlertTexts:
    settings = Settings()
    log = DeadLetterLog(None, settings.input)
    replay = Replay([str(path)], settings, log, erased=erased)
    replay.set_reference_data(
        read_reference_inputs(ReadingOptions(registry=registry, accounts=accounts, follows=follows), log)
    )
    texts = comparable(replay.run())
    assert bool(log.total) is deleted
    return texts


def lines(path: Path) -> list[bytes]:
    raw = path.read_bytes()
    return (gzip.decompress(raw) if path.suffix == ".gz" else raw).splitlines()


@functools.cache
def press() -> World:
    """The founding case in small, with registry, profiles, follow events and a rule."""
    with tempfile.TemporaryDirectory() as made:
        path = Path(made)
        folder.write_world(Plan("diaspora-press", seed=4, accounts=800, days=2), path)
        references = [str(path / name) for name in (folder.REGISTRY, folder.ACCOUNTS, folder.FOLLOWS)]
        entities = lines(path / folder.REGISTRY)
        rule = {"rule_id": "r", "kind": "mute", "account_ids": ["x:absent"], "reason": "not one of ours"}
        return World(
            lines(path / folder.POSTS),
            replayed(path / folder.POSTS, *references),
            sorted(lines(path / folder.FOLLOWS), key=lambda line: str(json.loads(line)["at"])),
            {
                "registry.v1": [(json.loads(line)["entity_id"].encode(), line) for line in entities],
                "accounts.v1": [(line[:40], line) for line in lines(path / folder.ACCOUNTS)],
                "suppressions.v1": [(b"r", json.dumps(rule).encode())],
            },
        )


@functools.cache
def small() -> World:
    """Two groups of accounts that act together among others, the second later; there are no reference data."""
    later = [
        {
            **post,
            "post_id": f"later-{post['post_id']}",
            "account_id": f"later-{post['account_id']}",
            "urls": [f"{post['urls'][0]}-later"],
            "created_at": when(3 * 86_400 + seconds_of(post["created_at"]) - START),
        }
        for post in small_world(others=0, seed=8)
    ]
    with tempfile.TemporaryDirectory() as made:
        path = write_jsonl(Path(made) / "posts.jsonl", [*small_world(), *later])
        return World(lines(path), replayed(path))


@functools.cache
def deleting() -> World:
    """The small world, of whose first group half of the posts are deleted, some before they come, and then all."""
    posts = small_world()
    mine = [post for post in posts if post["account_id"] in TOGETHER]
    reports = [
        deletion(post, when(seconds_of(post["created_at"]) - START + (-70, 3_000, 200_000)[number % 3]))
        for number, post in enumerate(mine[::2])
    ]
    reports += [deletion(post, when(4 * 86_400 + 5 * number)) for number, post in enumerate(mine)]
    rows = sorted([*posts, *reports], key=lambda row: str(row["created_at"]))
    with tempfile.TemporaryDirectory() as made:
        path = write_jsonl(Path(made) / "posts.jsonl", rows)
        return World(lines(path), replayed(path, deleted=True))


def topics_of(world: World, partitions: int, seed: int, *, ends: bool = True) -> Topics:
    """The records of a world on partitions, up to 50 s out of order."""
    rng = random.Random(seed)  # noqa: S311 - repeatable, not secret
    topics = Topics(partitions)
    for topic, records in world.others.items():
        for key, value in records:
            topics.publish(topic, key, value, 2**41)
    for value in world.follows:
        event = json.loads(value)
        topics.publish("follows.v1", f"{event['platform']}:{event['followee_id']}".encode(), value, 2**41)
    posts = [(json.loads(value), value) for value in world.posts]
    moved = [
        (seconds_of(post["created_at"]) + rng.uniform(0, 50), row) for row, (post, _) in enumerate(posts)
    ]
    for _, row in sorted(moved):
        post, value = posts[row]
        topics.publish("posts.v1", f"{post['platform']}:{post['account_id']}".encode(), value, 2**41)
    if ends:
        topics.end()
    return topics


def seconds_of(when: str) -> int:
    return int(pl.Series([when]).str.to_datetime("%Y-%m-%dT%H:%M:%SZ").dt.epoch("s").item())


def when(second: int) -> str:
    return str(pl.from_epoch(pl.Series([START + second])).dt.strftime("%Y-%m-%dT%H:%M:%SZ").item())
