"""Ready: what a worker still waits for."""

import pytest

from streams.live.telemetry.health import Health

REBUILDING = ["the state of detection is being rebuilt"]


@pytest.mark.parametrize(
    ("health", "waits"),
    [
        (Health(), ["partitions have not been shared out yet"]),
        (Health(has_share=True), ["reference data are being read"]),
        (Health(has_share=True, reading=True), []),
        (Health(has_share=True, reading=True, owns=True), REBUILDING),
        (Health(has_share=True, reading=True, owns=True, frames_behind=3), REBUILDING),
        # nothing to apply, so nothing to rebuild before the next frame comes
        (Health(has_share=True, reading=True, owns=True, frames_behind=0), []),
        (Health(has_share=True, reading=True, owns=True, rebuilding=True, frames_behind=0), REBUILDING),
        (Health(has_share=True, reading=True, owns=True, rebuilt=True, frames_behind=50), []),
        (Health(has_share=True, reading=True, owns=True, rebuilt=True, rebuilding=True), REBUILDING),
    ],
)
def test_a_worker_waits_for(health: Health, waits: list[str]) -> None:
    assert health.waits_for == waits
    assert health.alive
