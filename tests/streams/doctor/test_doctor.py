"""The doctor: nothing fails here, and each fault is reported with how to correct it."""

import json
import sys
import threading
import time
import types
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import msgspec
import pytest

from detectors.config import DetectionConfig, EvidenceConfig
from detectors.stores import STORES
from streams.doctor.doctor import distribution, machine
from streams.doctor.finding import Status
from streams.doctor.live import worker_folder
from streams.doctor.memory import memory
from streams.doctor.reference import registry
from streams.doctor.scrape import scrape
from streams.settings.settings import Settings, WorkerSettings, setting_values
from tests.streams.conftest import Lockstep


@pytest.mark.slow
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


def test_limits_that_do_not_fit_into_memory_are_reported_with_the_largest(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("streams.doctor.memory.available_memory", lambda: 16_000_000_000)
    assert memory(DetectionConfig()).status is Status.OK
    finding = memory(DetectionConfig(evidence=EvidenceConfig(max_pairs=1 << 30)))
    assert finding.status is Status.WARN
    assert "In --config, lower the largest limits: evidence.max_pairs (139.6 GB), " in finding.mend


def test_every_bound_of_detection_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streams.doctor.memory.available_memory", lambda: 0)
    settings = {name: value for name, value in setting_values(Settings()) if ".max_" in name}
    bounds = {name for name in settings if not name.startswith(("kafka.", "worker.", "input."))}
    assert bounds == {store.setting for store in STORES}
    before = memory(DetectionConfig()).found
    for store in STORES:
        section, name = store.setting.split(".")
        config = DetectionConfig()
        larger = msgspec.structs.replace(
            config,
            **{section: msgspec.structs.replace(getattr(config, section), **{name: 1 << 40})},
        )
        assert memory(larger).found != before


def test_a_live_worker_holds_rows_besides(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streams.doctor.memory.available_memory", lambda: 0)
    finding = memory(DetectionConfig(), WorkerSettings(held_rows=1 << 30))
    assert "worker.held_rows (1,073.7 GB)" in finding.mend


def test_a_registry_is_checked_with_all_its_faults(lockstep: Lockstep, tmp_path: Path) -> None:
    good = Path(__file__).parents[3] / "examples" / "registry.jsonl"
    done = lockstep("doctor", "--registry", good, "--json")
    assert done.returncode == 0
    (finding,) = [check for check in json.loads(done.stdout)["checks"] if check["check"] == "registry"]
    entities = len(good.read_text().splitlines())
    assert finding["status"] == "ok"
    assert f"{entities} entities" in finding["found"]

    (tmp_path / "bad.jsonl").write_text('{"entity_id": 3}\n{"entity_id": "a"}\n')
    done = lockstep("doctor", "--registry", "bad.jsonl", "--json")
    assert done.returncode == 1
    (finding,) = [check for check in json.loads(done.stdout)["checks"] if check["check"] == "registry"]
    assert finding["status"] == "fail"
    assert "line 1:" in finding["found"] and "line 2:" in finding["found"]


def test_a_registry_that_nothing_can_be_linked_to_is_reported(tmp_path: Path) -> None:
    path = tmp_path / "names.jsonl"
    path.write_text('{"entity_id": "a", "name": "A", "kind": "state_media"}\n')
    assert registry(str(path)).status is Status.WARN


def test_without_live_the_doctor_checks_no_brokers(lockstep: Lockstep) -> None:
    done = lockstep("doctor", "--json")
    checks = {check["check"] for check in json.loads(done.stdout)["checks"]}
    assert not checks & {"brokers", "topics", "rights", "clocks", "saved state", "worker's folder", "metrics"}


def test_without_a_broker_live_fails_with_the_reason_and_goes_on(
    lockstep: Lockstep, monkeypatch: pytest.MonkeyPatch, unused_tcp_port: int
) -> None:
    monkeypatch.setenv("LOCKSTEP_KAFKA", f"127.0.0.1:{unused_tcp_port}")
    done = lockstep("doctor", "--live", "--json")
    assert done.returncode == 1
    checks = {check["check"]: check for check in json.loads(done.stdout)["checks"]}
    assert checks["brokers"]["status"] == "fail"
    assert "nothing answers there" in checks["brokers"]["found"]
    assert checks["brokers"]["mend"]
    assert "topics" not in checks
    assert checks["metrics"]["status"] == "warn"


def test_a_password_that_is_not_there_fails(lockstep: Lockstep, tmp_path: Path) -> None:
    (tmp_path / "my.toml").write_text(
        '[kafka]\nsecurity_protocol = "sasl_ssl"\nsasl_mechanism = "SCRAM-SHA-512"\nusername = "w"\n'
        'password_file = "absent"\n'
    )
    done = lockstep("doctor", "--live", "--config", "my.toml", "--json")
    assert done.returncode == 1
    checks = {check["check"]: check for check in json.loads(done.stdout)["checks"]}
    assert "kafka.password_file" in checks["brokers"]["found"]


def test_a_folder_that_cannot_be_made_fails(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert worker_folder(WorkerSettings(data_dir=str(tmp_path / "file" / "data"))).status is Status.FAIL
    finding = worker_folder(WorkerSettings(data_dir=str(tmp_path / "fresh" / "data")))
    assert finding.status is Status.OK
    assert not (tmp_path / "fresh").exists()


class _Stranger(BaseHTTPRequestHandler):
    """Answers what a test wants."""

    answers: ClassVar[dict[str, tuple[int, bytes]]] = {}

    def do_GET(self) -> None:
        status, body = self.answers.get(self.path, (404, b""))
        self.send_response(status)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def served() -> Iterator[int]:
    """A web server of this test."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Stranger)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server.server_address[1]
    server.shutdown()
    thread.join()
    server.server_close()


METRICS = (200, b"# TYPE lockstep_build info\nlockstep_build_info 1.0\n")


@pytest.mark.parametrize(
    ("answers", "status", "words"),
    [
        ({"/metrics": METRICS, "/health/ready": (200, b"ready\n")}, Status.OK, "the worker is ready"),
        ({"/metrics": METRICS, "/health/ready": (503, b"one\ntwo\n")}, Status.WARN, "not ready: one; two."),
        ({"/metrics": (200, b"# TYPE other info\n")}, Status.FAIL, "the answer is not a worker's"),
        ({}, Status.FAIL, "answers /metrics with status 404"),
    ],
)
def test_what_answers_at_the_port_of_the_metrics_is_reported(
    served: int, answers: dict[str, tuple[int, bytes]], status: Status, words: str
) -> None:
    _Stranger.answers = answers
    # 0.0.0.0 is an address to listen at, and is asked at the loopback
    finding = scrape(WorkerSettings(web_port=served, web_host="0.0.0.0"))  # noqa: S104 - not bound
    assert finding.status is status
    assert words in finding.found


def test_when_nothing_answers_for_metrics_the_finding_says_so(unused_tcp_port: int) -> None:
    finding = scrape(WorkerSettings(web_port=unused_tcp_port))
    assert finding.status is Status.WARN
    assert "Nothing answers" in finding.found


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
