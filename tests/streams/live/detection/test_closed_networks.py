"""When the last alert of a closed network is deleted from the latest alerts."""

from datetime import timedelta

import msgspec

from detectors.state.capture import capture, restore
from schemas.alerts import Alert
from schemas.networks import Lifecycle
from streams.live.detection.closed_networks import KEPT_S, ClosedNetworks
from streams.live.detection.detection import Detection
from streams.live.detection.detection_state import captured, restored
from streams.settings.settings import Settings
from streams.state.state_codec import encode
from tests.schemas.samples import MINIMAL, NOON

CLOSED = int(NOON.timestamp())


def closing(network_id: str, lifecycle: Lifecycle = Lifecycle.RESOLVED, after_s: int = 0) -> Alert:
    alert = MINIMAL["alert"]
    assert isinstance(alert, Alert)
    return msgspec.structs.replace(
        alert, network_id=network_id, lifecycle=lifecycle, emitted_at=NOON + timedelta(seconds=after_s)
    )


def test_given_a_resolved_network_then_it_expires_once_and_only_when_its_time_has_passed() -> None:
    closed = ClosedNetworks()
    closed.note(closing("net-a"))
    closed.note(closing("net-b", after_s=60))
    assert closed.take_expired(CLOSED + KEPT_S - 1) == []
    assert closed.take_expired(CLOSED + KEPT_S) == ["net-a"]
    assert closed.take_expired(CLOSED + KEPT_S + 60) == ["net-b"]
    assert closed.take_expired(CLOSED + 10 * KEPT_S) == []


def test_given_networks_that_live_on_or_were_merged_then_they_never_expire() -> None:
    closed = ClosedNetworks()
    for lifecycle in set(Lifecycle) - {Lifecycle.RESOLVED}:
        closed.note(closing(f"net-{lifecycle}", lifecycle))
    assert closed.take_expired(CLOSED + 10 * KEPT_S) == []


def test_the_state_of_detection_remembers_closed_networks() -> None:
    config = Settings().detection
    detection = Detection(config, "live", "one")
    detection.closed.note(closing("net-a"))
    after = restored(list(encode(captured(detection))), config, "live", "two")
    assert after.closed.take_expired(CLOSED + KEPT_S) == ["net-a"]


def test_given_a_restart_in_between_then_the_same_networks_expire_at_the_same_time() -> None:
    closed = ClosedNetworks()
    closed.note(closing("net-a"))
    after = ClosedNetworks()
    restore(after, capture(closed))
    assert after.take_expired(CLOSED + KEPT_S - 1) == []
    assert after.take_expired(CLOSED + KEPT_S) == ["net-a"]
