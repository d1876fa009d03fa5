"""Runs that end before their inputs do, from outside: Ctrl-C, SIGTERM and full disks."""

import csv
import json
import os
import resource
import signal
import subprocess
import threading
import time
from pathlib import Path

import pytest

from streams.replay.stopping import Stop
from tests.long_runs import LONG
from tests.streams.conftest import PROGRAM
from tests.streams.replay.group_world import group_world
from tests.streams.small_world import write_jsonl

OUTPUTS = {
    "--alerts": "alerts.jsonl",
    "--networks": "networks.jsonl",
    "--pairs": "pairs.csv",
    "--report": "report.html",
    "--dead-letters": "dead.jsonl",
}
COLUMNS = 8


def lines_of(path: Path) -> list[dict[str, object]]:
    """Every line is a whole JSON object."""
    data = path.read_bytes()
    assert not data or data.endswith(b"\n"), path
    return [json.loads(line) for line in data.splitlines()]


def rows_of(path: Path) -> list[list[str]]:
    data = path.read_text()
    assert data.endswith("\n")
    rows = list(csv.reader(data.splitlines()))
    assert {len(row) for row in rows} == {COLUMNS}
    return rows


def options() -> list[str]:
    return [part for option in OUTPUTS.items() for part in option]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The results of a run that is not disturbed."""
    folder = tmp_path_factory.mktemp("whole")
    write_jsonl(folder / "posts.jsonl", group_world())
    subprocess.run(
        [PROGRAM, "replay", "posts.jsonl", *options()], cwd=folder, check=True, capture_output=True
    )
    return folder


@pytest.mark.slow
@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_when_a_run_is_interrupted_then_the_outputs_hold_what_was_found(
    number: signal.Signals, status: int, whole: Path, tmp_path: Path
) -> None:
    process = subprocess.Popen(
        [PROGRAM, "replay", "-", *options()], stdin=subprocess.PIPE, stderr=subprocess.PIPE, cwd=tmp_path
    )
    assert process.stdin is not None
    assert process.stderr is not None
    watchdog = threading.Timer(300, process.kill)
    watchdog.start()
    # with a field that no one reads, the posts fill some of the reader's blocks of 8 MiB
    write_jsonl(tmp_path / "posts.jsonl", group_world(pad="x" * 16_000))
    process.stdin.write((tmp_path / "posts.jsonl").read_bytes())
    process.stdin.flush()
    deadline = time.monotonic() + 300
    while not (tmp_path / "alerts.jsonl").exists() or not (tmp_path / "alerts.jsonl").stat().st_size:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    process.send_signal(number)
    said = process.stderr.read().decode()
    with process.stdin, process.stderr:
        assert process.wait() == status
    watchdog.cancel()
    assert "Traceback" not in said
    assert "interrupted. The posts in hand are finished" in said
    assert f"the run ended early, because it was interrupted ({number.name})" in said.replace("\n", " ")
    alerts = lines_of(tmp_path / "alerts.jsonl")
    assert alerts
    assert len(lines_of(tmp_path / "networks.jsonl")) == len(alerts)
    assert len(rows_of(tmp_path / "pairs.csv")) > 1
    page = (tmp_path / "report.html").read_text()
    assert "Not finished:" in page
    assert str(alerts[0]["network_id"]) in page
    assert page.rstrip().endswith("</html>")


@pytest.mark.slow
def test_when_interrupted_twice_then_the_program_ends_at_once(whole: Path, tmp_path: Path) -> None:
    """The second signal need not wait for posts in hand; every line that was written is whole."""
    posts = write_jsonl(tmp_path / "posts.jsonl", group_world(groups=40, days=400, others=40))
    process = subprocess.Popen(
        [PROGRAM, "replay", posts, "--alerts", "alerts.jsonl"], stderr=subprocess.PIPE, cwd=tmp_path
    )
    assert process.stderr is not None
    deadline = time.monotonic() + 300
    while not (tmp_path / "alerts.jsonl").exists() or not (tmp_path / "alerts.jsonl").stat().st_size:
        assert time.monotonic() < deadline
        assert process.poll() is None
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    said = process.stderr.read().decode()
    with process.stderr:
        assert process.wait(20) == 130
    assert "Traceback" not in said
    lines_of(tmp_path / "alerts.jsonl")


def test_given_compiled_code_that_hides_a_second_signal_then_the_program_ends_as_by_the_signal() -> None:
    """numba makes a SystemError of what is raised while it makes a result: 4 of 40 runs ended with a traceback."""
    stop = Stop()

    with pytest.raises(KeyboardInterrupt), stop.on_signals(), stop.deferring():
        signal.raise_signal(signal.SIGINT)
        try:
            signal.raise_signal(signal.SIGINT)
        except KeyboardInterrupt:
            raise SystemError("returned a result with an exception set") from None


def test_given_no_second_signal_then_a_fault_is_itself() -> None:
    stop = Stop()

    with pytest.raises(SystemError), stop.on_signals(), stop.deferring():
        signal.raise_signal(signal.SIGINT)
        raise SystemError("another fault")


def limited(kibibytes: int):
    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (kibibytes << 10, kibibytes << 10))

    return limit


@pytest.mark.slow
@pytest.mark.parametrize("option", list(OUTPUTS) if LONG else ["--alerts", "--report"])
def test_when_an_output_outgrows_the_disk_then_its_lines_are_whole_and_the_others_are_there(
    option: str, whole: Path, tmp_path: Path
) -> None:
    """A limit on the size of a file stands for a full disk. Only one output is as large."""
    name = OUTPUTS[option]
    size = (whole / name).stat().st_size
    posts = whole / "posts.jsonl"
    if option == "--dead-letters":
        bad = b'{"post_id": "p1"}\n' * 700
        (tmp_path / "bad.jsonl").write_bytes((whole / "posts.jsonl").read_bytes() + bad)
        posts, size = tmp_path / "bad.jsonl", 8 << 10
    kibibytes = max(1, (size // 2) >> 10)
    done = subprocess.run(
        [PROGRAM, "replay", posts, option, name],
        cwd=tmp_path,
        capture_output=True,
        check=False,
        preexec_fn=limited(kibibytes),
    )
    said = done.stderr.decode()
    assert done.returncode == 1, said
    assert "Traceback" not in said
    assert "File too large" in said
    if option == "--report":
        assert not (tmp_path / name).exists()
        return
    assert f"{name}: cannot be written" in said
    data = (tmp_path / name).read_bytes()
    assert 0 < len(data) <= kibibytes << 10
    if option == "--pairs":
        assert len(rows_of(tmp_path / name)) > 1
    else:
        assert lines_of(tmp_path / name)


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs a device that is always full")
@pytest.mark.parametrize(
    "full", ["--alerts", "--networks", "--pairs", "--report"] if LONG else ["--networks", "--pairs"]
)
@pytest.mark.slow
def test_when_one_output_is_on_a_full_disk_then_all_others_are_written(
    full: str, whole: Path, tmp_path: Path
) -> None:
    given = {option: tmp_path / name for option, name in OUTPUTS.items()} | {full: Path("/dev/full")}
    arguments = [str(part) for option in given.items() for part in option]
    done = subprocess.run(
        [PROGRAM, "replay", whole / "posts.jsonl", *arguments], capture_output=True, check=False
    )
    said = done.stderr.decode()
    assert (done.returncode, "Traceback" in said) == (1, False)
    assert "/dev/full: cannot be written: No space left on device" in said
    if full != "--alerts":
        assert lines_of(tmp_path / "alerts.jsonl")
    if full != "--pairs":
        assert len(rows_of(tmp_path / "pairs.csv")) > 1
    if full != "--report":
        page = (tmp_path / "report.html").read_text()
        assert ("Not finished:" in page) is (full in ("--alerts", "--networks"))
