"""A command that says nothing for long says that it still runs, and nothing while something else speaks."""

import subprocess
import sys
import time

import pytest

import streams.heartbeat
from streams.heartbeat import Heartbeat

SHORT_S = 0.02
_RUN = f"""
import sys
import streams.heartbeat
streams.heartbeat.EVERY_S = {SHORT_S}
from streams.__main__ import main
main()
"""


def lines(*arguments: str) -> list[str]:
    """Standard error of a command whose patience is short."""
    done = subprocess.run(
        [sys.executable, "-c", _RUN, *arguments], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    return done.stderr.splitlines()


@pytest.mark.slow
def test_given_a_command_that_loads_for_long_then_it_says_so_unless_told_to_be_silent() -> None:
    replay = ("replay", "no-such-file.jsonl")

    assert any(line.startswith("lockstep replay: ") for line in lines(*replay))
    assert not any(line.startswith("lockstep replay: ") for line in lines(*replay, "--no-progress"))


def test_given_something_else_that_speaks_then_it_waits_until_that_has_ended(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(streams.heartbeat, "EVERY_S", SHORT_S)
    heartbeat = Heartbeat()
    heartbeat.begin("loading")
    with heartbeat.held():
        capfd.readouterr()
        _pass(10 * SHORT_S)
        assert capfd.readouterr().err == ""
    heartbeat.doing("writing results")
    said = ""
    limit = time.monotonic() + 10
    while "writing results: 0 s\n" not in said and time.monotonic() < limit:
        said += capfd.readouterr().err
    heartbeat.end()
    assert "writing results: 0 s\n" in said


def _pass(seconds: float) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        pass
