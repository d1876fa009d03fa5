"""The doctor: all is well here, and what is not is told with how to mend it."""

import json
import sys
import time
import types
from pathlib import Path

import pytest

from detectors.config import DetectionConfig, EvidenceConfig
from streams.health import distribution, machine
from streams.health.finding import Status
from tests.streams.conftest import Lockstep


def test_in_this_environment_nothing_fails(program: Lockstep) -> None:
    done = program("doctor", "--json")
    findings = json.loads(done.stdout)
    assert done.returncode == 0, findings
    assert findings["healthy"]
    assert {check["status"] for check in findings["checks"]} <= {"ok", "warn"}
    assert findings["settings"]["time.tick_s"] == 600
    assert findings["config_hash"] == DetectionConfig().digest


def test_every_setting_is_printed_with_its_value(lockstep: Lockstep, tmp_path: Path) -> None:
    (tmp_path / "my.toml").write_text("[time]\ntick_s = 300\n")
    done = lockstep("doctor", "--config", "my.toml")
    shown = done.stdout.decode()
    assert done.returncode == 0
    assert "time.tick_s = 300" in shown
    assert "gate.false_discovery_rate = 0.01" in shown
    assert DetectionConfig().digest not in shown


def test_settings_that_are_wrong_fail(lockstep: Lockstep, tmp_path: Path) -> None:
    (tmp_path / "my.toml").write_text("[time]\ntack_s = 300\n")
    done = lockstep("doctor", "--config", "my.toml")
    assert done.returncode == 1
    assert "unknown setting tack_s" in " ".join(done.stdout.decode().split())


def test_a_package_of_the_same_name_from_elsewhere_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    foreign = types.ModuleType("schemas")
    foreign.__file__ = str(tmp_path / "schemas.py")
    monkeypatch.setitem(sys.modules, "schemas", foreign)
    finding = distribution.packages_are_ours()
    assert finding.status is Status.FAIL
    assert str(tmp_path) in finding.found
    assert "environment of its own" in finding.mend


def test_a_dependency_that_is_missing_or_too_old_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(distribution, "requires", lambda name: ["rich>=999.1", "no-such-thing>=1; extra"])
    finding = distribution.dependencies()
    assert finding.status is Status.FAIL
    assert "rich is" in finding.found
    assert "no-such-thing is missing" in finding.found


def test_a_clock_of_the_last_century_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "time", lambda: 1_000.0)
    assert machine.clock().status is Status.FAIL


def test_bounds_that_do_not_fit_into_memory_are_told() -> None:
    assert machine.memory(DetectionConfig()).status in Status
    large = DetectionConfig(evidence=EvidenceConfig(max_pairs=1 << 45))
    finding = machine.memory(large)
    assert finding.status is Status.WARN
    assert "evidence.max_pairs" in finding.mend


def test_when_compiled_code_cannot_be_kept_then_every_start_is_slow(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "file" / "folder"))
    finding = machine.compiled_code_is_kept()
    assert finding.status is Status.WARN
    assert "NUMBA_CACHE_DIR" in finding.mend
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "fresh"))
    assert machine.compiled_code_is_kept().status is Status.OK
    assert not (tmp_path / "fresh").exists()
