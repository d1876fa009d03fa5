"""Chromium, and reports as files that it opens."""

import io
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from deploy.chromium.browser import chromium
from schemas.alerts import Alert
from streams.reports.latest_alerts import LatestAlerts
from streams.reports.report import write_report
from streams.reports.report_posts import PostDetails
from streams.reports.summary import RunFigures
from tests.streams.reports.many_cases import details_of, many_alerts

NOW = datetime(2024, 3, 9, tzinfo=UTC)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium without a window. Its own sandbox needs rights that a container does not give.

    One a module: playwright keeps an event loop running in this process, in which no other test could run its own.
    """
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
        yield started
        started.close()


def report_of(alerts: Iterable[Alert], details: PostDetails | None = None) -> bytes:
    """The report of some alerts."""
    found = LatestAlerts()
    for alert in alerts:
        found.add(alert)
    figures = RunFigures(
        posts=1_000,
        seconds=2.5,
        first=NOW,
        last=NOW,
        alerts=len(found),
        dead_letters={},
        examples={},
        evicted_early={},
        dead_letters_kept=False,
        follows=0,
        notices=(),
    )
    file = io.BytesIO()
    write_report(file, ["posts.jsonl"], figures, found, NOW, details)
    return file.getvalue()


@pytest.fixture(scope="session")
def large_report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report of 300 cases and 5,000 accounts."""
    path = tmp_path_factory.mktemp("report") / "report.html"
    alerts = list(many_alerts(300, 5_000))
    path.write_bytes(report_of(alerts, details_of(alerts)))
    return path


@pytest.fixture(scope="session")
def small_report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report of 6 cases, 2 of them suspected."""
    path = tmp_path_factory.mktemp("report") / "small.html"
    alerts = list(many_alerts(6, 60, suspected=2))
    path.write_bytes(report_of(alerts, details_of(alerts)))
    return path
