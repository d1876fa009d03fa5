"""`lockstep simulate`: the same bytes for the same words, and no file of anybody else's is touched."""

import errno
import json
import os
from pathlib import Path

import pytest

from streams.simulation.folder import write_world
from streams.simulation.scenarios import SCENARIOS
from tests.streams.conftest import Lockstep
from tests.streams.simulation.conftest import Worlds, plan

SMALL = ("--accounts", "700", "--days", "2", "--seed", "3", "--stealth", "0")
FILES = [
    "accounts.jsonl.gz",
    "follows.jsonl.gz",
    "labels.csv",
    "posts.jsonl.gz",
    "registry.jsonl",
    "scenario.json",
]


def content(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


@pytest.mark.slow
@pytest.mark.parametrize(
    "scenario", ["diaspora-press", pytest.param("paid-placement", marks=pytest.mark.long)]
)
def test_given_one_seed_when_another_process_simulates_then_the_bytes_are_equal(
    scenario: str, worlds: Worlds, program: Lockstep, tmp_path: Path
) -> None:
    done = program("simulate", scenario, "--out", "again", *SMALL)
    assert done.returncode == 0
    assert content(tmp_path / "again") == content(worlds(scenario).path)
    assert list(content(tmp_path / "again")) == FILES


@pytest.mark.slow
def test_given_another_seed_then_every_file_differs(worlds: Worlds, tmp_path: Path) -> None:
    write_world(plan("quiet", stealth=0, seed=4), tmp_path / "out")
    one, other = content(tmp_path / "out"), content(worlds("quiet").path)
    assert [name for name in FILES if one[name] == other[name]] == []


@pytest.mark.slow
def test_the_record_holds_the_options_and_the_planted_groups(worlds: Worlds) -> None:
    world = worlds("troll-farm")
    record = json.loads((world.path / "scenario.json").read_text())
    assert (record["scenario"], record["seed"], record["accounts"]) == ("troll-farm", 3, 700)
    assert sum(group["accounts"] for group in record["groups"].values()) == len(world.labels)
    assert record["dials"]["jitter_s"] == 10


@pytest.mark.long
@pytest.mark.slow
@pytest.mark.parametrize("scenario", SCENARIOS)
def test_the_smallest_world_can_be_made_at_most_stealth(scenario: str, tmp_path: Path) -> None:
    write_world(plan(scenario, accounts=500, days=1, stealth=3), tmp_path / "out")
    assert sorted(content(tmp_path / "out")) == FILES


@pytest.mark.slow
def test_given_a_number_of_posts_then_there_are_about_as_many(tmp_path: Path) -> None:
    said = write_world(plan("quiet", accounts=2_000, posts=20_000), tmp_path / "out")
    assert 18_000 < int(said.split()[0].replace(",", "")) < 22_000


WRONG = {
    "unknown scenario": (["troll-farms", "--out", "out"], "no scenario 'troll-farms': one of diaspora-press"),
    "no folder": (["quiet"], "Missing option"),
    "too few accounts": (["quiet", "--out", "out", "--accounts", "499"], "--accounts: 499 is not between"),
    "no days": (["quiet", "--out", "out", "--days", "0"], "--days: 0 is not between 1 and"),
    "too stealthy": (["quiet", "--out", "out", "--stealth", "4"], "--stealth: 4 is not between 0 and 3"),
    "seed below 0": (["quiet", "--out", "out", "--seed", "-1"], "--seed: -1 is not between"),
    "no posts": (["quiet", "--out", "out", "--posts", "0"], "--posts: 0 is not between"),
    "a file": (["quiet", "--out", "mine/notes.txt"], "mine/notes.txt cannot be a folder"),
    "somebody's folder": (
        ["quiet", "--out", "mine"],
        "mine holds something else than a simulation (notes.txt)",
    ),
    "posts of one's own": (["quiet", "--out", "dump"], "dump holds something else"),
    "a record of something else": (["quiet", "--out", "other"], "other holds something else"),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_usage_is_reported_and_nothing_is_touched(
    name: str, lockstep: Lockstep, tmp_path: Path
) -> None:
    arguments, reason = WRONG[name]
    for folder, file in (("mine", "notes.txt"), ("dump", "posts.jsonl.gz"), ("other", "scenario.json")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / file).write_bytes(b"[1]")
    done = lockstep("simulate", *arguments)
    assert done.returncode == 2
    assert reason in " ".join(done.stderr.decode().split())
    assert not (tmp_path / "out").exists()
    assert content(tmp_path / "mine") == {"notes.txt": b"[1]"}
    assert content(tmp_path / "dump") == {"posts.jsonl.gz": b"[1]"}
    assert content(tmp_path / "other") == {"scenario.json": b"[1]"}


@pytest.mark.slow
def test_given_an_earlier_simulation_then_it_is_replaced_but_not_beside_other_files(
    lockstep: Lockstep, tmp_path: Path
) -> None:
    small = ("--accounts", "500", "--days", "1")
    assert lockstep("simulate", "quiet", "--out", "out", *small).returncode == 0
    first = content(tmp_path / "out")
    assert lockstep("simulate", "quiet", "--out", "out", *small, "--seed", "2").returncode == 0
    second = content(tmp_path / "out")
    assert second.keys() == first.keys()
    assert second["posts.jsonl.gz"] != first["posts.jsonl.gz"]
    (tmp_path / "out" / "findings.txt").write_text("hours of work")
    done = lockstep("simulate", "quiet", "--out", "out", *small)
    assert done.returncode == 2
    assert content(tmp_path / "out") == {**second, "findings.txt": b"hours of work"}


@pytest.mark.slow
def test_given_a_full_disk_then_it_says_so_and_the_folder_is_still_known_as_ours(
    lockstep: Lockstep, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    small = ("--out", "out", "--accounts", "500", "--days", "1")
    with monkeypatch.context() as patch:
        patch.setattr("streams.simulation.folder.write_posts", full)
        done = lockstep("simulate", "quiet", *small)
    assert done.returncode == 1
    assert "out: cannot be written: No space left on device" in done.stderr.decode()
    assert lockstep("simulate", "quiet", *small).returncode == 0
    assert sorted(content(tmp_path / "out")) == FILES


@pytest.mark.slow
def test_given_a_folder_in_the_place_of_a_file_then_it_says_so(lockstep: Lockstep, tmp_path: Path) -> None:
    small = ("--out", "out", "--accounts", "500", "--days", "1")
    assert lockstep("simulate", "quiet", *small).returncode == 0
    (tmp_path / "out" / "labels.csv").unlink()
    (tmp_path / "out" / "labels.csv").mkdir()
    done = lockstep("simulate", "quiet", *small)
    assert done.returncode == 2
    assert "out cannot be a folder to write to" in done.stderr.decode()


def test_the_scenarios_are_listed(lockstep: Lockstep) -> None:
    done = lockstep("simulate", "--list")
    assert done.returncode == 0
    assert [line.split()[0] for line in done.stdout.decode().splitlines()] == list(SCENARIOS)
