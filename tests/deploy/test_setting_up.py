"""What `make demo` installs, and that it is never silent for long."""

import importlib.util
import subprocess
import sys
import tomllib
from pathlib import Path
from types import ModuleType

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[2]


def script(path: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(Path(path).stem, ROOT / path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_a_laptop_gets_all_that_replays_need_and_neither_kafka_nor_tools_of_development() -> None:
    locked = script("deploy/image/locked.py")
    pyproject = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    part = locked.part(lock, locked.laptop(pyproject))
    found = {line.partition("==")[0] for line in part.splitlines() if "==" in line and line[0].isalpha()}
    project = tomllib.loads(pyproject)
    needed = {Requirement(one).name.lower() for one in project["project"]["dependencies"]}
    assert needed <= found
    assert {"hatchling", "editables", "llvmlite", "polars-runtime-32"} <= found
    assert not found & {
        "aiokafka",
        "faust-streaming",
        "structlog",
        "pytest",
        "mypy",
        "pandas",
        "matplotlib",
        "uv",
    }


def test_given_a_command_that_says_nothing_then_lines_say_that_it_runs(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    heartbeat = script("deploy/heartbeat.py")
    monkeypatch.setattr(heartbeat, "EVERY_S", 0.05)
    wait = "import sys, time; time.sleep(0.5); print('done'); sys.exit(3)"
    assert heartbeat.run("working", [sys.executable, "-c", wait]) == 3
    said = capfd.readouterr().out
    assert said.count("   working: ") >= 3 and "done" in said


def test_the_demo_begins_with_the_small_set_and_waits_for_no_tools_of_development() -> None:
    plan = subprocess.run(
        ["make", "--dry-run", "--always-make", "demo"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    first, second = plan.index("simulate diaspora-press"), plan.index("coortweet_german")
    assert first < second
    assert "--requirement requirements.lock" not in plan
