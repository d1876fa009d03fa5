"""A clean environment: `pip install .` and nothing else. It asks the package index, so it is a long form.

`make soak` runs it, and by itself: `LOCKSTEP_LONG=1 .venv/bin/python -m pytest tests/packaging/test_clean_install.py`.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PARTS = (
    "schemas",
    "detectors",
    "streams",
    "lockstep_monitor",
    "pyproject.toml",
    "README.md",
    "LICENSE",
    "NOTICE",
)

pytestmark = [pytest.mark.long, pytest.mark.slow]


def run(folder: Path, *command: str | Path, limit_s: float = 3_600.0) -> subprocess.CompletedProcess[str]:
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "LOCKSTEP"))
    }
    return subprocess.run(
        [str(part) for part in command],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=limit_s,
        env=environment,
    )


def take_kernels(folder: Path) -> None:
    """Copy the kernels that this checkout has compiled: that takes minutes, and has tests of its own.

    They hold by the content of the source, so a kernel that does not fit is compiled in the test.
    """
    (site,) = (folder / "venv" / "lib").glob("python3*/site-packages")
    for package in ("detectors", "streams"):
        for kernel in (ROOT / package).rglob("__pycache__/*.nb[ci]"):
            copy = site / kernel.relative_to(ROOT)
            copy.parent.mkdir(exist_ok=True)
            shutil.copy(kernel, copy)


def test_given_pip_install_alone_then_a_replay_and_the_notebook_run(tmp_path: Path) -> None:
    source = tmp_path / "source"
    for part in PARTS:
        if (ROOT / part).is_dir():
            shutil.copytree(ROOT / part, source / part, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / part, source / part)
    bin = tmp_path / "venv" / "bin"
    assert run(tmp_path, sys.executable, "-m", "venv", tmp_path / "venv").returncode == 0
    installed = run(tmp_path, bin / "pip", "install", "--quiet", source)
    assert installed.returncode == 0, installed.stderr
    shutil.rmtree(source)
    take_kernels(tmp_path)

    there = {one["name"] for one in json.loads(run(tmp_path, bin / "pip", "list", "--format", "json").stdout)}
    assert "lockstep-monitor" in there
    assert not there & {"aiokafka", "faust-streaming", "structlog", "pytest", "pandas", "mypy", "uv"}

    world = ("simulate", "diaspora-press", "--accounts", "1500", "--days", "4", "--out", "out/diaspora-press")
    made = run(tmp_path, bin / "lockstep", *world)
    assert made.returncode == 0, made.stderr
    replayed = run(
        tmp_path, bin / "lockstep", "replay", "out/diaspora-press/posts.jsonl.gz", "--alerts", "alerts.jsonl",
        "--registry", "out/diaspora-press/registry.jsonl", "--report", "report.html",
    )  # fmt: skip
    assert replayed.returncode == 0, replayed.stderr
    assert (tmp_path / "alerts.jsonl").read_text()

    notebook = json.loads((ROOT / "examples" / "networks.ipynb").read_text(encoding="utf-8"))
    cells = ["".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == "code"]
    (tmp_path / "cells.py").write_text("\n\n".join([*cells, "assert len(members) == 3, members"]))
    ran = run(tmp_path, bin / "python", "cells.py")
    assert ran.returncode == 0, ran.stderr
    assert (tmp_path / "out" / "notebook-report.html").exists()

    worker = run(tmp_path, bin / "lockstep", "worker")
    assert worker.returncode == 2 and "lockstep-monitor[live]" in worker.stderr
    doctor = run(tmp_path, bin / "lockstep", "doctor")
    assert doctor.returncode == 0, doctor.stdout
    assert run(tmp_path, bin / "python", "-m", "lockstep_monitor", "--version").returncode == 0
