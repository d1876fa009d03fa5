"""`--state`: runs that are interrupted, and go on; from outside."""

import json
import random
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.long_runs import LONG
from tests.streams.conftest import PROGRAM, Lockstep
from tests.streams.replay.group_world import group_world
from tests.streams.small_world import Post, write_jsonl

NAMES = ("alerts.jsonl", "networks.jsonl", "dead-letters.jsonl", "pairs.csv")
OUTPUTS = tuple(part for name in NAMES for part in (f"--{name.partition('.')[0]}", name))
EVERY_BATCH = "[input]\nstate_every_s = 0.0\n"
Replay = Callable[..., str]
RUN_FIELDS = ("emitted_at", "run_id")


def started(folder: Path, *arguments: str | Path) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [PROGRAM, "replay", *map(str, arguments), "--no-progress"], cwd=folder, stderr=subprocess.PIPE
    )


def said_by(process: "subprocess.Popen[bytes]") -> str:
    assert process.stderr is not None
    with process.stderr:
        said = process.stderr.read().decode()
    process.wait(300)
    assert "Traceback" not in said, said
    return said


def done(folder: Path, *arguments: str | Path, status: int = 0) -> str:
    process = started(folder, *arguments)
    said = said_by(process)
    assert process.returncode == status, said
    return said


@pytest.fixture
def replay(lockstep: Lockstep, monkeypatch: pytest.MonkeyPatch) -> Replay:
    """Replay in this process, which has loaded everything; give what it said."""

    def run(folder: Path, *arguments: str | Path, status: int = 0) -> str:
        monkeypatch.chdir(folder)
        result = lockstep("replay", *arguments, "--no-progress")
        said = result.stderr.decode()
        assert result.returncode == status, said
        return said

    return run


def alerts_of(path: Path) -> list[bytes]:
    """The lines of a file of alerts, byte for byte but for the fields of a run."""
    lines = []
    for line in path.read_bytes().splitlines(keepends=True):
        assert line.endswith(b"\n")
        alert: dict[str, Any] = json.loads(line)
        for field in RUN_FIELDS:
            alert.pop(field)
        lines.append(json.dumps(alert).encode())
    return lines


def same_results(one: Path, other: Path) -> None:
    assert len(alerts_of(one / "alerts.jsonl")) > 3
    assert alerts_of(one / "alerts.jsonl") == alerts_of(other / "alerts.jsonl")
    for name in NAMES[1:]:
        assert (one / name).read_bytes() == (other / name).read_bytes(), name


def world(**more: object) -> list[Post]:
    """Posts that fill several blocks of the reader, with some that cannot be used, come twice or come late."""
    posts = group_world(pad="x" * 9_000, **more)
    rng = random.Random(5)  # noqa: S311
    for place in sorted(rng.sample(range(100, len(posts)), 60)):
        posts.insert(place, rng.choice([{"post_id": "bad"}, posts[place - 3], posts[place - 50]]))
    return posts


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Inputs, and the results of a run that is not disturbed."""
    folder = tmp_path_factory.mktemp("whole")
    posts = world()
    write_jsonl(folder / "posts.jsonl", posts)
    shuffled = posts[:]
    random.Random(2).shuffle(shuffled)  # noqa: S311
    write_jsonl(folder / "shuffled.jsonl", shuffled)
    (folder / "often.toml").write_text(EVERY_BATCH)
    done(folder, folder / "posts.jsonl", *OUTPUTS)
    return folder


def interrupted(folder: Path, number: signal.Signals, wait_s: float, *arguments: str | Path) -> bool:
    """Start a run, and stop it some time after it has kept a state; whether it was still running."""
    state = folder / "state" / "state"
    before = state.stat().st_mtime_ns if state.exists() else 0
    process = started(folder, *arguments)
    deadline = time.monotonic() + 300
    while process.poll() is None and (not state.exists() or state.stat().st_mtime_ns == before):
        assert time.monotonic() < deadline
        time.sleep(0.005)
    time.sleep(wait_s)
    if process.poll() is None:
        process.send_signal(number)
    said = said_by(process)
    assert process.returncode in (0, 128 + number, -number), said
    return process.returncode != 0


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "number"),
    [
        ("shuffled.jsonl", signal.SIGINT),
        ("posts.jsonl", signal.SIGKILL),
        pytest.param("posts.jsonl", signal.SIGINT, marks=pytest.mark.long),
        pytest.param("shuffled.jsonl", signal.SIGKILL, marks=pytest.mark.long),
    ],
)
def test_when_a_run_is_stopped_again_and_again_then_it_ends_with_the_results_of_one_run(
    name: str, number: signal.Signals, whole: Path, tmp_path: Path
) -> None:
    rng = random.Random(f"{name}{number}")  # noqa: S311
    command = [whole / name, *OUTPUTS, "--state", "state", "--config", whole / "often.toml"]
    stops = 0
    for _ in range(4 if LONG else 3):
        if not interrupted(tmp_path, number, rng.random() * 0.1, *command):
            break
        stops += 1
    said = done(tmp_path, *command)
    assert stops > 1
    assert "going on after" in said
    if name == "shuffled.jsonl":
        reference = tmp_path / "reference"
        reference.mkdir()
        done(reference, whole / name, *OUTPUTS)
        same_results(reference, tmp_path)
    else:
        same_results(whole, tmp_path)


@pytest.mark.slow
def test_when_posts_and_inputs_are_added_then_the_results_are_those_of_one_run_over_all(
    whole: Path, tmp_path: Path, replay: Replay
) -> None:
    """Day by day: the first file grows, a second comes, and the first is taken away."""
    lines = (whole / "posts.jsonl").read_bytes().splitlines(keepends=True)
    third = len(lines) // 3
    for name, part in (("a1", lines[:third]), ("a", lines[: 2 * third]), ("b", lines[2 * third :])):
        (tmp_path / f"{name}.jsonl").write_bytes(b"".join(part))
    command = [*OUTPUTS, "--state", "state"]
    (tmp_path / "a1.jsonl").rename(tmp_path / "grows.jsonl")
    replay(tmp_path, "grows.jsonl", *command)
    (tmp_path / "a.jsonl").rename(tmp_path / "grows.jsonl")
    assert "going on after" in replay(tmp_path, "grows.jsonl", *command)
    first = alerts_of(tmp_path / "alerts.jsonl")
    (tmp_path / "grows.jsonl").unlink()
    replay(tmp_path, "b.jsonl", *command)
    assert alerts_of(whole / "alerts.jsonl") == alerts_of(tmp_path / "alerts.jsonl")
    assert (whole / "pairs.csv").read_bytes() == (tmp_path / "pairs.csv").read_bytes()
    assert len(first) < len(alerts_of(tmp_path / "alerts.jsonl"))
    # nothing new: the same results again
    replay(tmp_path, "b.jsonl", *command)
    assert alerts_of(whole / "alerts.jsonl") == alerts_of(tmp_path / "alerts.jsonl")


@pytest.mark.slow
def test_when_a_sorted_input_grows_then_its_new_posts_are_counted(
    whole: Path, tmp_path: Path, replay: Replay
) -> None:
    posts = group_world()
    half = len(posts) // 2
    early, late = posts[:half], posts[half:]
    random.Random(1).shuffle(early)  # noqa: S311
    random.Random(1).shuffle(late)  # noqa: S311
    write_jsonl(tmp_path / "grows.jsonl", early)
    replay(tmp_path, "grows.jsonl", *OUTPUTS, "--state", "state")
    write_jsonl(tmp_path / "grows.jsonl", early + late)
    replay(tmp_path, "grows.jsonl", *OUTPUTS, "--state", "state")
    reference = tmp_path / "reference"
    reference.mkdir()
    replay(reference, "../grows.jsonl", *OUTPUTS)
    same_results(reference, tmp_path)


@pytest.mark.slow
def test_when_added_posts_are_older_than_the_state_then_they_are_dead_letters_that_say_so(
    tmp_path: Path, replay: Replay
) -> None:
    posts = group_world()
    write_jsonl(tmp_path / "new.jsonl", posts[100:])
    write_jsonl(tmp_path / "old.jsonl", posts[:20])
    replay(tmp_path, "new.jsonl", "--state", "state")
    said = replay(tmp_path, "new.jsonl", "old.jsonl", *OUTPUTS, "--state", "state")
    assert "too far out of order" in said
    letters = [json.loads(line) for line in (tmp_path / "dead-letters.jsonl").read_text().splitlines()]
    assert {letter["reason"] for letter in letters} == {"late"}
    assert len(letters) == 20
    assert "older than the time that the state had reached" in letters[0]["detail"]
    # too many of them stop the run
    write_jsonl(tmp_path / "older.jsonl", posts[20:100] * 2)
    said = replay(tmp_path, "older.jsonl", "--state", "state", status=1)
    assert "with an empty --state folder" in said


@pytest.fixture
def kept(whole: Path, tmp_path: Path, replay: Replay) -> Path:
    """A folder with a state, and what it was kept with."""
    write_jsonl(tmp_path / "posts.jsonl", group_world())
    registry = '{"entity_id": "e1", "name": "E", "kind": "company", "domains": ["e1.example"]}\n'
    (tmp_path / "registry.jsonl").write_text(registry)
    (tmp_path / "registry2.jsonl").write_text(registry.replace("E", "F"))
    (tmp_path / "tick.toml").write_text("[time]\ntick_s = 300\n")
    replay(tmp_path, "posts.jsonl", *OUTPUTS, "--state", "state", "--registry", "registry.jsonl")
    return tmp_path


def flip(path: Path, place: int) -> None:
    data = bytearray(path.read_bytes())
    data[place] ^= 1
    path.write_bytes(bytes(data))


@pytest.mark.slow
def test_what_does_not_fit_a_state_is_refused_in_words(kept: Path, replay: Replay) -> None:
    command = ("posts.jsonl", *OUTPUTS, "--state", "state", "--registry", "registry.jsonl")
    alerts = (kept / "alerts.jsonl").read_bytes()

    assert "kept with another setting: time.tick_s was 600, and is 300" in replay(
        kept, *command, "--config", "tick.toml", status=2
    )
    other = [*command[:-1], "registry2.jsonl"]
    assert "another --registry: it has other content than before" in replay(kept, *other, status=2)
    assert "another --registry: it is not given any more" in replay(kept, *command[:-2], status=2)
    assert "--exact was False, and is True" in replay(kept, *command, "--exact", status=2)
    assert "was kept without --report" in replay(kept, *command, "--report", "r.html", status=2)
    assert "standard input cannot be read a second time" in replay(kept, "-", *command[1:], status=2)
    assert "--check-by-chance needs all posts" in replay(kept, *command, "--check-by-chance", "2", status=2)

    data = (kept / "posts.jsonl").read_bytes()
    flip(kept / "posts.jsonl", data.index(b"https://") + 9)
    assert "have changed since the state" in replay(kept, *command, status=1)
    (kept / "posts.jsonl").write_bytes(data[:-100])
    assert "where the state in state was kept with" in replay(kept, *command, status=1)
    (kept / "posts.jsonl").write_bytes(data)

    (kept / "alerts.jsonl").write_bytes(alerts[: len(alerts) // 4])  # before what the state knows of
    assert "alerts.jsonl: has " in replay(kept, *command, status=1)
    # what was written after the state was kept is written again
    (kept / "alerts.jsonl").write_bytes(alerts)
    before = alerts_of(kept / "alerts.jsonl")
    (kept / "alerts.jsonl").write_bytes(alerts + b"{}\n")
    assert "going on" in replay(kept, *command)
    assert alerts_of(kept / "alerts.jsonl") == before

    state = kept / "state" / "state"
    whole = state.read_bytes()
    for damaged in (
        whole[:-1],
        whole[: len(whole) // 2],
        b"",
        b"garbage" * 100,
        whole[:5000] + b"x" + whole[5001:],
    ):
        state.write_bytes(damaged)
        assert "To start anew, empty the folder" in replay(kept, *command, status=1)
