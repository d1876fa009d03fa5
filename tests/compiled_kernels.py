"""Compiles the kernels before the tests run, so that processes which run tests side by side find them compiled.

numba keeps compiled kernels on disk. Without this, each process would compile most of them at its first tests.

python -m tests.compiled_kernels
"""

import tempfile
import time
from pathlib import Path

from typer.testing import CliRunner

from streams.command.program import app


def compile_kernels() -> None:
    """Replay a small world with everything that a replay can be given, once as usual and once with exact pairs.

    Raises:
        RuntimeError: a command failed; the message holds what it printed.
    """
    with tempfile.TemporaryDirectory() as folder:
        world = Path(folder) / "world"
        _run("simulate", "diaspora-press", "--accounts", "600", "--days", "2", "--out", str(world))
        reference = [
            f"--{option}={world / name}"
            for option, name in (
                ("registry", "registry.jsonl"),
                ("follows", "follows.jsonl.gz"),
                ("accounts", "accounts.jsonl.gz"),
            )
        ]
        posts = str(world / "posts.jsonl.gz")
        _run("replay", posts, *reference, "--alerts", f"{folder}/alerts.jsonl", "--no-progress")
        _run("replay", posts, "--exact", "--unordered", "--pairs", f"{folder}/pairs.csv", "--no-progress")


def _run(*words: str) -> None:
    done = CliRunner().invoke(app, list(words))
    if done.exit_code:
        raise RuntimeError(f"lockstep {' '.join(words)}: {done.stderr}")


if __name__ == "__main__":
    begun = time.monotonic()
    compile_kernels()
    print(f"kernels are compiled, after {time.monotonic() - begun:.0f} s")
