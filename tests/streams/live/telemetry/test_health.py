"""Ready: what a worker still waits for."""

import pytest

from streams.live.telemetry.health import Health

REBUILDING = ["the state of detection is being rebuilt"]


@pytest.mark.parametrize(
    ("health", "waits"),
    [
        (Health(), ["partitions have not been assigned yet"]),
        (Health(assigned=True), ["reference data are being read"]),
        (Health(assigned=True, reads_posts=True), []),
        (Health(assigned=True, reads_posts=True, detection_here=True), REBUILDING),
        (Health(assigned=True, reads_posts=True, detection_here=True, frames_behind=3), REBUILDING),
        # nothing to apply, so nothing to rebuild before the next frame comes
        (Health(assigned=True, reads_posts=True, detection_here=True, frames_behind=0), []),
        (
            Health(assigned=True, reads_posts=True, detection_here=True, rebuilding=True, frames_behind=0),
            REBUILDING,
        ),
        (Health(assigned=True, reads_posts=True, detection_here=True, rebuilt=True, frames_behind=50), []),
        (
            Health(assigned=True, reads_posts=True, detection_here=True, rebuilt=True, rebuilding=True),
            REBUILDING,
        ),
    ],
)
def test_a_worker_waits_for(health: Health, waits: list[str]) -> None:
    assert health.waits_for == waits
    assert health.alive
