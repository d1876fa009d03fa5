"""Files of alerts, a desk over them, and Chromium."""

from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest
from playwright.sync_api import Browser, sync_playwright

from deploy.chromium.browser import chromium
from schemas.alerts import Alert
from tests.streams.desk.desk_program import DeskProcess, running_desk
from tests.streams.reports.many_cases import many_alerts

WriteAlerts = Callable[..., Path]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium without a window. Its own sandbox needs rights that a container does not give."""
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
        yield started
        started.close()


def write_alerts(path: Path, alerts: list[Alert]) -> Path:
    """A file of alerts as `lockstep replay --alerts` writes it."""
    path.write_bytes(b"".join(msgspec.json.encode(alert) + b"\n" for alert in alerts))
    return path


def few_alerts() -> list[Alert]:
    """Six networks, two of them suspected; the fourth and fifth are one case."""
    alerts = list(many_alerts(6, 60, suspected=2))
    return [
        msgspec.structs.replace(alert, case_id="net-000003") if number in (3, 4) else alert
        for number, alert in enumerate(alerts)
    ]


@pytest.fixture
def alerts(tmp_path: Path) -> Path:
    """A file of six alerts."""
    return write_alerts(tmp_path / "alerts.jsonl", few_alerts())


@pytest.fixture(scope="module")
def shared_desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DeskProcess]:
    """A desk over six alerts for tests that record nothing, or on a network of their own."""
    folder = tmp_path_factory.mktemp("shared-desk")
    with running_desk(folder, write_alerts(folder / "alerts.jsonl", few_alerts()), "--as", "ana") as started:
        yield started


@pytest.fixture
def desk(tmp_path: Path, alerts: Path) -> Iterator[DeskProcess]:
    """A desk over six alerts, started by ana."""
    with running_desk(tmp_path, alerts, "--as", "ana") as started:
        yield started
