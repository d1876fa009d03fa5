"""Runs that use every kernel, with all types of arguments that replays, workers and publishing give it.

Among them are runs that go on from a saved state, whose arrays cannot be written, and runs with so little room that
everything is evicted.
"""

import json
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from typer.testing import CliRunner

from streams.command.program import app
from streams.live.exchange.decoding import END_HEADER
from streams.live.exchange.frames import Frame
from streams.settings.settings import Settings
from tests.distribution.memory_shards import MemoryShards
from tests.streams.live.detection.log_runs import applied
from tests.streams.live.detection.log_worlds import press, topics_of
from tests.streams.live.partitions import Message, Topics, decoded, ingested
from tests.streams.live.state.cut_worlds import simulated
from tests.streams.live.state.test_cut_runs import through_chunks


def use_all_kernels(after_first_replays: Callable[[], None] = lambda: None) -> None:
    """Run small worlds in every way.

    Args:
        after_first_replays: called when replays were run as most people run them first.

    Raises:
        RuntimeError: a command failed; the message holds what it printed.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        reference = _first_replays(folder)
        after_first_replays()
        _further_commands(folder, reference)
    log = list(ingested(topics_of(press(), 2, seed=1), seed=1, batch_rows=500))
    cuts = [len(log) // 3, len(log) // 2]
    applied(log, cuts)
    applied(log, cuts, remote=MemoryShards(Settings().detection, 4, failures=0.1))
    _registry_grows()
    run = simulated("troll-farm", 900, 6, tight=True)
    run.alerts([len(run.batches) // 3, len(run.batches) // 2], through_chunks)


def _registry_grows() -> None:
    """An entity more, when there are posts and a follow graph: in a state that was made here, and in a loaded one."""
    topics = topics_of(press(), 2, seed=1, ends=False)
    log = list(ingested(topics, seed=1, batch_rows=500))
    entity = {"entity_id": "late", "name": "Late", "kind": "state_media", "domains": ["late.example"]}
    ends = [
        _read(topics, source, Message(0, 2**41, None, None, [(END_HEADER, b"")]))
        for source in topics.logs
        if source[0] in ("posts.v1", "follows.v1")
    ]
    update = _read(topics, ("registry.v1", 0), Message(0, 2**41, b"late", json.dumps(entity).encode()))
    for cuts in ([], [len(log)]):
        applied([*log, update, *ends], cuts)


def _read(topics: Topics, source: tuple[str, int], message: Message) -> Frame:
    """A message that comes after all others of its partition, as ingest reads it."""
    topic, number = source
    offset = len(topics.logs[source])
    return decoded(topic, (number, offset, [replace(message, offset=offset)]))[0]


def _first_replays(folder: Path) -> list[str]:
    """Replay a small world with all reference data, and a table. Returns the options of the reference data."""
    world = folder / "world"
    _run("simulate", "diaspora-press", "--accounts", "600", "--days", "2", "--out", str(world))
    reference = [
        f"--{option}={world / name}"
        for option, name in (
            ("registry", "registry.jsonl"),
            ("follows", "follows.jsonl.gz"),
            ("accounts", "accounts.jsonl.gz"),
        )
    ]
    outputs = [f"--{name}={folder / name}" for name in ("alerts", "networks", "report")]
    _run("replay", str(world / "posts.jsonl.gz"), *reference, *outputs, "--no-progress")
    table = folder / "posts.csv"
    rows = [f"o{row % 5},a{row % 7},p{row},{1_700_000_000 + row}" for row in range(200)]
    table.write_text("\n".join(["object_id,account_id,content_id,timestamp_share", *rows, ""]))
    _run("replay", str(table), "--alerts", str(folder / "table.jsonl"), "--no-progress")
    return reference


def _further_commands(folder: Path, reference: list[str]) -> None:
    """Replay the world with everything else that a replay can be given, and objects in an array."""
    world = folder / "world"
    posts = str(world / "posts.jsonl.gz")
    figures = ["--labels", str(world / "labels.csv"), "--no-progress"]
    _run("backtest", posts, *reference, "--alerts", str(folder / "alerts.jsonl"), *figures)
    _run("replay", posts, "--exact", "--unordered", "--pairs", str(folder / "pairs.csv"), "--no-progress")
    objects = folder / "posts.json"
    made = [
        {
            "post_id": f"p{row}",
            "platform": "x",
            "account_id": f"a{row % 7}",
            "created_at": 1_700_000_000 + row,
            "text": f"un cafe\u0301 del norte para todos {row}",  # a mark that joins the letter before it
        }
        for row in range(200)
    ]
    objects.write_text(json.dumps({"rows": made}))
    _run("replay", str(objects), "--no-progress")


def _run(*words: str) -> None:
    done = CliRunner().invoke(app, list(words))
    if done.exit_code:
        raise RuntimeError(f"lockstep {' '.join(words)}: {done.stderr}")
