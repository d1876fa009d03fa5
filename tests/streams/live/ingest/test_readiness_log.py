"""The log of a worker says what it waits for when that changes, and leaves outages to those who log them."""

from typing import Any

import pytest

from detectors.config import DetectionConfig
from streams.live.broker.connection import Connection
from streams.live.ingest.lag_watch import LagWatch
from streams.live.telemetry.telemetry import Telemetry
from streams.settings.kafka_settings import KafkaSettings


class Log:
    """Keeps what is said."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, str]] = []

    def info(self, event: str, waits_for: str = "") -> None:
        """Keep it."""
        self.lines.append((event, waits_for))


@pytest.fixture
def watched() -> tuple[LagWatch, Telemetry, Log]:
    """A worker without detection that has read its reference data; it is in no group yet."""
    telemetry, log = Telemetry("lockstep.", DetectionConfig()), Log()
    telemetry.set_reading_posts()
    telemetry.set_detection_here(False)
    nobody: Any = None
    return (
        LagWatch(Connection(KafkaSettings(), None, None, None), nobody, telemetry, log, nobody),
        telemetry,
        log,
    )


def test_given_a_change_then_it_is_logged_once_with_what_the_worker_waits_for(
    watched: tuple[LagWatch, Telemetry, Log],
) -> None:
    watch, telemetry, log = watched
    for _ in range(3):
        watch._say_readiness()
    telemetry.confirm_assignment()
    for _ in range(3):
        watch._say_readiness()
    assert log.lines == [("not ready", "partitions have not been assigned yet"), ("ready", "")]


def test_given_counts_that_fall_then_they_are_no_change(watched: tuple[LagWatch, Telemetry, Log]) -> None:
    watch, telemetry, log = watched
    telemetry.confirm_assignment()
    for left in (3, 2, 1, 0):
        telemetry.health.kernels_left = left
        watch._say_readiness()
    assert log.lines == [("not ready", "kernels are being compiled, 3 are left"), ("ready", "")]


def test_given_an_outage_then_it_is_not_logged_again(watched: tuple[LagWatch, Telemetry, Log]) -> None:
    watch, telemetry, log = watched
    telemetry.confirm_assignment()
    watch._say_readiness()
    telemetry.set_broker_reachable(False)
    watch._say_readiness()
    telemetry.set_broker_reachable(True)
    telemetry.confirm_assignment()
    telemetry.confirm_detection()
    watch._say_readiness()
    assert log.lines == [("ready", "")]
