"""`examples/read_alerts.py`: which messages it takes, and what it says when there is nothing to show."""

from datetime import timedelta

import msgspec
import pytest

from examples.read_alerts import Alerts, Wanted, nothing_yet
from schemas.alerts import Alert, Severity
from schemas.service.progress import Progress
from streams.live.exchange.alert_headers import alert_headers
from tests.schemas.samples import MINIMAL, NOON


def alert(revision: int = 1, severity: Severity = Severity.INFO, covertness: float | None = None) -> Alert:
    sample = MINIMAL["alert"]
    assert isinstance(sample, Alert)
    return msgspec.structs.replace(
        sample, revision=revision, severity=severity, covertness=covertness, platforms=["web", "x"]
    )


def taken(alerts: Alerts, of: Alert | None) -> bool:
    """Whether a message, or a deletion, is shown."""
    if of is None:
        return alerts.take(b"n1", {}, None) is not None
    headers = {name: value.decode() for name, value in alert_headers(of)}
    return alerts.take(of.network_id.encode(), headers, msgspec.json.encode(of)) is not None


@pytest.mark.parametrize(
    ("wanted", "shown"),
    [
        (Wanted(), True),
        (Wanted(severity="high"), True),
        (Wanted(severity="critical"), False),
        (Wanted(covert=True), True),
        (Wanted(platform="x"), True),
        (Wanted(platform="we"), False),
    ],
)
def test_given_headers_then_only_what_is_wanted_is_shown(wanted: Wanted, shown: bool) -> None:
    alerts = Alerts(wanted)
    assert taken(alerts, alert(severity=Severity.HIGH, covertness=0.5)) is shown
    assert len(alerts.latest) == shown
    assert alerts.known == {"n1"}


def test_given_an_alert_that_is_not_wanted_then_its_value_is_not_read() -> None:
    headers = {name: value.decode() for name, value in alert_headers(alert())}
    assert Alerts(Wanted(covert=True)).take(b"n1", headers, b"no alert") is None


def test_given_old_revisions_and_repetitions_then_only_newer_ones_are_shown() -> None:
    alerts = Alerts(Wanted())
    assert [taken(alerts, alert(revision)) for revision in (1, 3, 2, 3, 4)] == [
        True,
        True,
        False,
        False,
        True,
    ]
    assert alerts.latest["n1"].revision == 4


def test_given_a_network_that_is_no_longer_wanted_or_deleted_then_it_is_gone_and_stays_gone() -> None:
    alerts = Alerts(Wanted(covert=True))
    assert taken(alerts, alert(1, covertness=0.9))
    assert not taken(alerts, alert(2, covertness=0.1))
    assert not alerts.latest
    assert taken(alerts, alert(3, covertness=0.9))
    assert not taken(alerts, None)
    assert not taken(alerts, alert(3, covertness=0.9))
    assert not alerts.latest
    assert not alerts.known


def test_given_messages_of_an_earlier_version_then_they_are_counted_and_left_out() -> None:
    alerts = Alerts(Wanted())
    assert alerts.take(b"alert-1", {}, msgspec.json.encode(alert())) is None
    assert (alerts.strange, alerts.known) == (1, set())


def test_given_no_alert_then_the_words_say_how_far_the_service_is() -> None:
    assert "no worker has said how far it is" in nothing_yet(None)
    waiting = Progress(worker_id="w", frame_offset=3, held_rows=1_200, at=NOON)
    assert "no post has been judged. 1,200 posts wait" in nothing_yet(waiting)
    judged = msgspec.structs.replace(waiting, watermark=NOON + timedelta(days=1))
    assert "posts up to 2023-02-15 12:00 UTC were judged" in nothing_yet(judged)
