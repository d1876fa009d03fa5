"""Shells complete commands and options, and `python -m` runs the program."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from streams.version import VERSION
from tests.streams.conftest import PROGRAM, Lockstep

ROOT = Path(__file__).parents[3]


def asked(shell: str, **variables: str) -> list[str]:
    """What the program answers to a shell."""
    environment = {**os.environ, "_LOCKSTEP_COMPLETE": f"complete_{shell}", **variables}
    done = subprocess.run([PROGRAM], env=environment, capture_output=True, text=True, check=False, timeout=60)
    assert "Traceback" not in done.stderr
    return done.stdout.split()


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_script_is_printed_for_each_shell(lockstep: Lockstep, shell: str) -> None:
    done = lockstep("completion", shell)
    assert done.returncode == 0
    assert b"_LOCKSTEP_COMPLETE=complete_" + shell.encode() in done.stdout
    assert b"--no-files" not in done.stdout


def test_another_shell_is_wrong_usage(lockstep: Lockstep) -> None:
    assert lockstep("completion", "tcsh").returncode == 2


@pytest.mark.slow
def test_commands_and_options_are_completed() -> None:
    assert asked("bash", COMP_WORDS="lockstep rep", COMP_CWORD="1") == ["replay"]
    assert asked("bash", COMP_WORDS="lockstep replay --ale", COMP_CWORD="2") == ["--alerts"]
    assert "--registry" in " ".join(asked("zsh", _TYPER_COMPLETE_ARGS="lockstep replay --reg"))
    fish = {"_TYPER_COMPLETE_ARGS": "lockstep exp", "_TYPER_COMPLETE_FISH_ACTION": "get-args"}
    assert "export" in " ".join(asked("fish", **fish))


@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash")
def test_bash_takes_the_script(lockstep: Lockstep, tmp_path: Path) -> None:
    script = tmp_path / "script"
    script.write_bytes(lockstep("completion", "bash").stdout)
    words = (
        f"source {script}; COMP_WORDS=(lockstep simu); COMP_CWORD=1; "
        f"_lockstep_completion {PROGRAM}; echo ${{COMPREPLY[*]}}"
    )
    done = subprocess.run(["bash", "-c", words], capture_output=True, text=True, check=False, timeout=60)
    assert done.stdout.strip() == "simulate", done.stderr


@pytest.mark.parametrize("module", ["streams", "lockstep_monitor"])
def test_python_runs_the_program_by_its_package(module: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", module, "--version"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (0, f"lockstep {VERSION}\n"), done.stderr
