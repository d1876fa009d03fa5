"""What a laptop has: Lockstep without the packages of the extra `[live]`."""

import json
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from streams.command.faults import OF_LIVE
from tests.streams.conftest import Done, world

__all__ = ["world"]
ROOT = Path(__file__).parents[2]
_WITHOUT = (
    "import sys\n"
    f"for name in {sorted(OF_LIVE)!r}: sys.modules[name] = None\n"
    "sys.argv[0] = 'lockstep'\n"
    "from streams.command.program import main\n"
    "main()\n"
)


def without_live(folder: Path, *arguments: str | Path) -> Done:
    """Run the program where the packages of `[live]` cannot be imported."""
    command = [sys.executable, "-c", _WITHOUT, *map(str, arguments)]
    done = subprocess.run(
        command, cwd=folder, capture_output=True, check=False, timeout=300, env={"PYTHONPATH": str(ROOT)}
    )
    assert b"Traceback" not in done.stderr, done.stderr.decode()
    return Done(done.returncode, done.stdout, done.stderr)


@pytest.mark.parametrize(
    "arguments",
    [
        ("worker",),
        ("topics", "create"),
        ("topics", "check"),
        ("topics", "dump", "posts.v1", "--out", "x"),
        ("publish", "--registry", "r.jsonl"),
        ("notify", "--live"),
        ("desk", "--live"),
        ("review", "net-000001", "--comment", "--reason", "x", "--live"),
        ("doctor", "--live"),
    ],
    ids=" ".join,
)
def test_a_command_of_the_live_service_says_what_to_install(
    tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    done = without_live(tmp_path, *arguments)
    assert done.returncode == 2, done.stderr
    assert "pip install 'lockstep-monitor[live]'" in done.stderr.decode()


@pytest.mark.slow
def test_everything_else_runs(tmp_path: Path, world: Path) -> None:
    alerts = tmp_path / "alerts.jsonl"
    assert without_live(tmp_path, "replay", world, "--alerts", alerts, "--report", "r.html").returncode == 0
    network = json.loads(alerts.read_bytes().splitlines()[0])["network_id"]
    for arguments in (
        ("export", alerts, "--to", "members"),
        ("sources",),
        ("inspect", world),
        ("--help",),
        ("simulate", "--list"),
        ("review", network, "--acknowledge", "--alerts", alerts, "--as", "ana"),
        ("desk", "--help"),
    ):
        done = without_live(tmp_path, *arguments)
        assert done.returncode == 0, (arguments, done.stderr)
    notified = without_live(tmp_path, "notify", alerts)
    assert notified.returncode == 2 and b"there is no receiver" in notified.stderr


def test_kafka_is_in_the_extra_and_tools_are_in_the_group_for_development() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    laptop = {Requirement(text).name for text in project["project"]["dependencies"]}
    live = {Requirement(text).name for text in project["project"]["optional-dependencies"]["live"]}
    development = {Requirement(text).name for text in project["dependency-groups"]["dev"]}
    assert live == {"aiokafka", "faust-streaming", "structlog"}
    assert not laptop & (live | development)
    assert not {"pandas", "pytest", "duckdb"} & laptop


def test_the_doctor_does_not_miss_what_only_an_extra_needs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from streams.doctor import distribution

    monkeypatch.setattr(
        distribution, "requires", lambda name: ["numpy>=2.1", "nosuch-kafka>=1.0; extra == 'live'"]
    )
    found = distribution.dependencies()
    assert found.status.value == "ok"
    assert "nosuch-kafka [live]" in found.found
    monkeypatch.setattr(distribution, "requires", lambda name: ["nosuch-kafka>=1.0"])
    assert json.dumps(distribution.dependencies().status.value) == '"fail"'
