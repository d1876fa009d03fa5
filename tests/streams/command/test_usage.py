"""Wrong usage, outputs that fail and interruptions through the real program."""

import json
import os
import re
import signal
import subprocess
import threading
from pathlib import Path

import pytest

from streams.sources import FORMATS
from tests.streams.conftest import PROGRAM, Lockstep
from tests.streams.small_world import write_labels

WRONG: dict[str, tuple[list[str], str]] = {
    "no input": (["replay"], "nothing to replay: give a dump of posts, or follow events with --follows"),
    "backtest without input": (["backtest", "--labels", "labels.csv"], "Missing argument"),
    "unknown command": (["replya", "dump"], "No such command"),
    "unknown option": (["replay", "dump", "--allerts", "x"], "No such option"),
    "unknown format": (["replay", "dump", "--format", "xml"], "known are jsonl"),
    "mapped without mapping": (["replay", "dump", "--format", "mapped"], "mapped needs fields named"),
    "mapped table without mapping": (["replay", "table", "--format", "mapped"], "mapped needs columns named"),
    "output in no folder": (["replay", "dump", "--alerts", "no/such/folder.jsonl"], "--alerts: no/such"),
    "output is a folder": (["replay", "dump", "--report", "."], "--report: . cannot be written"),
    "output is the input": (["replay", "dump", "--alerts", "./dump"], "--alerts: ./dump"),
    "one output for two": (["replay", "dump", "--alerts", "x", "--pairs", "x"], "--pairs: x"),
    "standard input twice": (["replay", "-", "--accounts", "-"], "only once"),
    "no settings": (["replay", "dump", "--config", "none.toml"], "none.toml: cannot be read"),
    "bad TOML": (["replay", "dump", "--config", "bad.toml"], "bad.toml: is not valid TOML"),
    "unknown setting": (["replay", "dump", "--config", "unknown.toml"], "[gate]: unknown setting foo"),
    "setting of another type": (
        ["replay", "dump", "--config", "type.toml"],
        "time.tick_s: expected int, got str",
    ),
    "setting out of range": (
        ["replay", "dump", "--config", "range.toml"],
        "time.tick_s: give a number of at least",
    ),
    "backtest without labels": (["backtest", "dump"], "Missing option"),
    "no such label": (
        ["backtest", "dump", "--labels", "labels.csv", "--positive", "bot"],
        "Its labels are: io, organic",
    ),
}


@pytest.fixture
def folder(tmp_path: Path, world: Path) -> Path:
    (tmp_path / "dump").write_bytes(world.read_bytes())
    (tmp_path / "table").write_text("who,what\na,b\n")
    (tmp_path / "bad.toml").write_text("[gate")
    (tmp_path / "unknown.toml").write_text("[gate]\nfoo = 1\n")
    (tmp_path / "type.toml").write_text("[time]\ntick_s = 'x'\n")
    (tmp_path / "range.toml").write_text("[time]\ntick_s = 0\n")
    write_labels(tmp_path / "labels.csv")
    return tmp_path


@pytest.mark.parametrize("name", WRONG)
def test_wrong_usage_is_reported_and_nothing_is_overwritten(
    name: str, lockstep: Lockstep, folder: Path
) -> None:
    arguments, reason = WRONG[name]
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    done = lockstep(*arguments)
    assert done.returncode == 2
    assert reason in re.sub(r"[\s\u2502]+", " ", done.stderr.decode())
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "column account_id and label is missing"),
        (b"id,label\na,io\n", "column account_id is missing"),
        (b"account_id,label\na,\n", "line 2 has no label"),
        (b"account_id,label\n,io\n", "line 2 has no account_id"),
        (b"account_id,label\na,io\na,organic\n", "line 3"),
        (b"account_id,label\n", "holds no label"),
        (b"account_id,label\n\xff,io\n", "is not UTF-8"),
    ],
)
def test_labels_that_cannot_be_used_are_reported(
    content: bytes, reason: str, lockstep: Lockstep, folder: Path
) -> None:
    (folder / "labels.csv").write_bytes(content)
    done = lockstep("backtest", "dump", "--labels", "labels.csv")
    assert done.returncode == 1
    assert reason in done.stderr.decode()


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs a device that is always full")
@pytest.mark.parametrize("option", ["--alerts", "--networks", "--pairs", "--report"])
def test_when_the_disk_is_full_then_the_message_says_so(
    option: str, lockstep: Lockstep, folder: Path
) -> None:
    done = lockstep("replay", "dump", option, "/dev/full")
    assert done.returncode == 1
    assert "/dev/full: cannot be written: No space left on device" in done.stderr.decode()


@pytest.mark.slow
def test_when_the_reader_of_the_alerts_goes_then_the_run_ends_quietly(folder: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [PROGRAM, "replay", "dump", "--alerts", "-", "--no-progress"],
        stdout=writing,
        stderr=subprocess.PIPE,
        cwd=folder,
        check=False,
    )
    os.close(writing)
    assert (done.returncode, done.stderr) == (141, b"")


@pytest.mark.slow
@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-"])
def test_standard_streams_may_be_closed(closed: str, folder: Path) -> None:
    command = f'"$0" replay dump --alerts out.jsonl {closed}'
    done = subprocess.run(["sh", "-c", command, PROGRAM], capture_output=True, cwd=folder, check=False)
    assert done.returncode == 0, done.stderr.decode()
    assert (folder / "out.jsonl").stat().st_size > 0


@pytest.mark.slow
@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_when_a_run_that_waits_for_input_is_interrupted_then_it_says_so(
    number: signal.Signals, status: int, folder: Path
) -> None:
    command = [PROGRAM, "replay", "-", "--alerts", "out.jsonl"]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE, cwd=folder)
    assert process.stdin is not None
    assert process.stderr is not None
    watchdog = threading.Timer(60, process.kill)
    watchdog.start()
    # more than a pipe holds: when all is written, the program is reading, and waits for more
    process.stdin.write((folder / "dump").read_bytes() * 20)
    process.stdin.flush()
    process.send_signal(number)
    said = process.stderr.read().decode()
    with process.stdin, process.stderr:
        assert process.wait() == status
    watchdog.cancel()
    assert "Traceback" not in said
    assert f"because it was interrupted ({number.name})" in said.splitlines()[-1]


def test_every_output_of_a_backtest_is_written(lockstep: Lockstep, folder: Path) -> None:
    options = ("--labels", "labels.csv", "--json", "-", "--alerts", "a", "--pairs", "p", "--report", "r")
    done = lockstep("backtest", "dump", *options, "--dead-letters", "d", "--timings", "t")
    assert done.returncode == 0, done.stderr.decode()
    figures = json.loads(done.stdout)
    assert figures["accounts"]["precision"] == 1.0
    assert figures["accounts"]["recall"] == 1.0
    assert figures["networks"] == {"count": 1, "purity": 1.0, "labelled_accounts": 5}
    assert figures["posts"] == 1_260
    assert figures["first_detection_s"] > 0
    alert = json.loads((folder / "a").read_text().splitlines()[0])
    assert figures["config_hash"] == alert["provenance"]["config_hash"]
    assert (folder / "p").read_text().startswith("account_a,account_b,kind,window_s,co_shares,")
    assert (folder / "r").read_text().startswith("<!DOCTYPE html>")
    assert (folder / "d").read_bytes() == b""
    assert json.loads((folder / "t").read_text())["decode"] > 0


def test_data_go_to_standard_output_and_words_to_standard_error(lockstep: Lockstep, folder: Path) -> None:
    done = lockstep("replay", "dump", "--alerts", "-")
    assert done.returncode == 0
    assert all(json.loads(line)["network_id"] for line in done.stdout.splitlines())
    assert b"1,260 posts in" in done.stderr
    assert lockstep("replay", "dump").stdout == b""


def test_the_version_and_the_help_of_every_command_are_shown(lockstep: Lockstep) -> None:
    assert re.match(rb"lockstep \d", lockstep("--version").stdout)
    for command in ("replay", "backtest", "doctor"):
        shown = lockstep(command, "--help").stdout.decode()
        assert "--config" in shown
        assert "--timings" not in shown
    shown = re.sub(r"[\s\u2502]+", " ", lockstep("replay", "--help").stdout.decode())
    assert "`lockstep sources` lists the formats" in shown
    listed = lockstep("sources")
    assert listed.returncode == 0
    first_words = {line.split()[0] for line in listed.stdout.decode().splitlines() if line.strip()}
    assert set(FORMATS) <= first_words
