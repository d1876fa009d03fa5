"""A replay raises the same alerts in any number of shards, in other batches, and from shuffled producers."""

import gzip
import itertools
import random
from collections.abc import Sequence
from pathlib import Path

import pytest
from typer.testing import CliRunner

from detectors.evidence import pairs
from detectors.shards import SHARD_COUNTS
from detectors.synchrony import synchrony_stage
from streams.command.program import app
from streams.ordering import ordered_posts
from tests.integration.live_service import alerts_of
from tests.integration.worlds import World, german, simulated
from tests.long_runs import LONG

pytestmark = pytest.mark.slow

FIRST_ROWS = 15_000
"""Of the 219 thousand of the German set: 33 alerts are raised in them."""


@pytest.fixture(autouse=True)
def threads_always(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small worlds are worked off in shards, too; otherwise they would be too small for it."""
    monkeypatch.setattr(synchrony_stage, "WORTH_SHARING", 1)
    monkeypatch.setattr(pairs, "WORTH_SHARING", 1)


def alerts(
    folder: Path, world: World, *options: str, inputs: list[str] | None = None
) -> dict[tuple[str, int], str]:
    """The alerts of a replay with these options."""
    path = folder / f"alerts-{len(list(folder.iterdir()))}.jsonl"
    config = folder / "config.toml"
    config.write_text(world.settings)
    words = [*(inputs or world.inputs), *world.references, "--config", str(config), "--alerts", str(path)]
    done = CliRunner().invoke(app, ["replay", *words, "--no-progress", *options])
    assert done.exit_code == 0, done.stderr
    return alerts_of(path)


@pytest.mark.parametrize(
    ("scenario", "counts"),
    [
        ("diaspora-press", SHARD_COUNTS[1:] if LONG else (4,)),
        ("troll-farm", SHARD_COUNTS[1:] if LONG else (2, 16)),
    ],
)
def test_given_any_number_of_shards_then_the_alerts_are_the_same(
    scenario: str, counts: Sequence[int], tmp_path: Path
) -> None:
    world = simulated(scenario, tmp_path / "world", accounts=600, days=3, seed=2)
    expected = alerts(tmp_path, world)
    assert expected
    for shards in counts:
        assert alerts(tmp_path, world, "--shards", str(shards)) == expected


def test_given_three_producers_in_any_order_and_small_batches_then_the_alerts_are_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = simulated("troll-farm", tmp_path / "world", accounts=600, days=3, seed=2)
    expected = alerts(tmp_path, world)
    draw = random.Random(4)  # noqa: S311 - repeatable, not secret
    parts: list[list[bytes]] = [[], [], []]
    for line in gzip.decompress(Path(world.inputs[0]).read_bytes()).splitlines(keepends=True):
        draw.choice(parts).append(line)
    files = [tmp_path / f"part{number}.jsonl" for number in range(3)]
    for file, part in zip(files, parts, strict=True):
        file.write_bytes(b"".join(part))
    monkeypatch.setattr(ordered_posts, "_BLOCK_BYTES", 1 << 16)
    for order in ([2, 0, 1], [0, 1, 2]) if LONG else ([2, 0, 1],):
        shuffled = [str(files[number]) for number in order]
        assert alerts(tmp_path, world, "--shards", "4", inputs=shuffled) == expected


def test_given_the_german_set_in_sixteen_shards_then_the_alerts_are_the_same(tmp_path: Path) -> None:
    """Its first days; the long form has all of it."""
    world = german()
    inputs = world.inputs
    if not LONG:
        inputs = [str(tmp_path / "german.csv")]
        with gzip.open(world.inputs[0], "rt") as rows:
            Path(inputs[0]).write_text("".join(itertools.islice(rows, FIRST_ROWS)))
    expected = alerts(tmp_path, world, inputs=inputs)
    assert len(expected) > 25
    assert alerts(tmp_path, world, "--shards", "16", inputs=inputs) == expected


def test_given_a_number_of_shards_that_is_not_offered_then_nothing_is_read(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["replay", str(tmp_path / "missing.jsonl"), "--shards", "3"])
    assert done.exit_code == 2
    assert "3 is none of 1, 2, 4, 8, 16" in done.stderr
