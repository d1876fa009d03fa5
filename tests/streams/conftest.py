"""The program as a user starts it, and a small world to run it on."""

import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from typer.testing import CliRunner

from streams.command.program import app
from tests.streams.small_world import small_world, write_jsonl

PROGRAM = Path(sys.executable).parent / "lockstep"


@dataclass(frozen=True, slots=True)
class Done:
    """What a run of the program gave."""

    returncode: int
    stdout: bytes
    stderr: bytes


Lockstep = Callable[..., Done]


@pytest.fixture
def lockstep(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lockstep:
    """Run the command line in this process and an empty folder; no exception may escape it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "120")

    def run(*arguments: str | Path, stdin: bytes = b"") -> Done:
        result = CliRunner().invoke(app, [str(argument) for argument in arguments], input=stdin)
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return Done(result.exit_code, result.stdout_bytes, result.stderr_bytes)

    return run


@pytest.fixture
def program(tmp_path: Path) -> Lockstep:
    """Run the installed program in an empty folder; it must never end in a traceback."""

    def run(*arguments: str | Path, stdin: bytes = b"") -> Done:
        command = [PROGRAM, *map(str, arguments)]
        done = subprocess.run(
            command, check=False, input=stdin, capture_output=True, cwd=tmp_path, timeout=300
        )
        assert b"Traceback" not in done.stderr, done.stderr.decode()
        return Done(done.returncode, done.stdout, done.stderr)

    return run


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The posts of the small world, in order of time."""
    return write_jsonl(tmp_path_factory.mktemp("world") / "posts.jsonl", small_world())
