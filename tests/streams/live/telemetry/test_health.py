"""Ready: what a worker still waits for."""

from typing import Any

import pytest

from detectors.config import DetectionConfig
from streams.live.telemetry.health import Health
from streams.live.telemetry.telemetry import Telemetry

NOW = 1_000.0
UNASSIGNED = "partitions have not been assigned yet"
UNKNOWN = "where detection runs is not known yet"
REBUILDING = "the state of detection is being rebuilt"
STARVED = "detection takes none of the frames that wait"
SILENT = "detection reports no progress"
MISSING = "shards of co-sharing do not answer: 2, 3"
AWAY = "the broker cannot be reached"


def health(**more: Any) -> Health:
    """Of a worker that reads its share, beside the owner; `more` says what is otherwise."""
    usual = {"assigned": True, "polled_at": NOW - 1, "reads_posts": True, "frames_known": True}
    return Health(**{**usual, **more}, clock=lambda: NOW)


@pytest.mark.parametrize(
    ("health", "waits"),
    [
        (Health(), [UNASSIGNED, UNKNOWN]),
        (health(), []),
        (health(assigned=False), [UNASSIGNED]),
        (health(reads_posts=False), ["reference data are being read"]),
        (health(polled_at=NOW - 11), ["ingest does not read"]),
        (health(frames_known=False), [UNKNOWN]),
        (health(frames_known=False, detection_here=True, state_built=True), [UNKNOWN]),
        (health(detection_here=True), [REBUILDING]),
        (health(detection_here=True, state_built=True), []),
        (health(detection_here=True, state_built=True, owes_report_since=NOW - 4.9), []),
        (health(detection_here=True, state_built=True, owes_report_since=NOW - 5.1), [SILENT]),
        (health(detection_here=True, owes_report_since=NOW - 5.1), [REBUILDING]),
        (health(owes_report_since=NOW - 5.1), []),
        (health(detection_here=True, state_built=True, frames_wait_since=NOW - 4.9), []),
        (health(detection_here=True, state_built=True, frames_wait_since=NOW - 5.1), [STARVED]),
        (health(frames_wait_since=NOW - 5.1), []),
        (health(detection_here=True, state_built=True, shards_missing=(2, 3)), [MISSING]),
        (health(shards_missing=(2, 3)), []),
        (health(shards_due=frozenset({3, 1})), ["shards of co-sharing are being loaded: 1, 3"]),
        (Health(ingests=False, clock=lambda: NOW), [UNKNOWN]),
        (health(detects=False, frames_known=False), []),
        (health(broker_reachable=False), [AWAY]),
        (health(broker_answered_at=NOW - 1.9), []),
        (health(broker_answered_at=NOW - 2.1), [AWAY]),
        (health(stopping=True), ["the worker is ending"]),
    ],
)
def test_a_worker_waits_for(health: Health, waits: list[str]) -> None:
    assert health.waits_for == waits
    assert health.alive


def test_given_an_outage_then_the_worker_is_ready_once_both_groups_have_confirmed_it() -> None:
    telemetry = Telemetry("lockstep.", DetectionConfig())
    waits = []

    def look() -> None:
        waits.append(telemetry.health.waits_for)

    telemetry.count_assignment()
    telemetry.set_reading_posts()
    telemetry.set_detection_here(False)
    look()
    telemetry.set_broker_reachable(False)
    look()
    telemetry.set_broker_reachable(True)
    look()
    telemetry.confirm_assignment()
    look()
    telemetry.confirm_detection()
    look()
    assert waits == [[], [AWAY, UNASSIGNED, UNKNOWN], [UNASSIGNED, UNKNOWN], [UNKNOWN], []]


def test_given_the_partition_of_frames_anew_then_a_state_of_before_does_not_count() -> None:
    telemetry = Telemetry("lockstep.", DetectionConfig())
    telemetry.set_detection_here(True)
    telemetry.confirm_state()
    telemetry.lose_detection()
    telemetry.set_detection_here(True)
    assert REBUILDING in telemetry.health.waits_for


def test_given_frames_then_the_worker_is_ready_only_while_detection_reports() -> None:
    telemetry = Telemetry("lockstep.", DetectionConfig())
    now = [NOW]
    telemetry.health.clock = lambda: now[0]
    telemetry.set_detection_here(True)
    telemetry.confirm_state()
    waits = []

    def pass_time(seconds: float) -> None:
        now[0] += seconds
        waits.append(SILENT in telemetry.health.waits_for)

    pass_time(60)  # no frame has come: nothing is owed
    telemetry.owe_report()
    pass_time(4)
    telemetry.owe_report()
    pass_time(2)  # six seconds since the first
    telemetry.note_report()
    pass_time(4)
    telemetry.note_all_reported()
    pass_time(60)
    telemetry.owe_report()
    pass_time(6)
    telemetry.set_detection_here(True)
    telemetry.confirm_state()
    pass_time(1)
    assert waits == [False, False, True, False, False, True, False]
