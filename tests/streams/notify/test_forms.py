"""Bodies: a record that obeys its schema, and a text in which nothing from the data can do anything."""

import json
import random
from datetime import UTC, datetime
from pathlib import Path

import jsonschema
import msgspec
import pytest

from schemas.alerts import Severity
from schemas.networks import Member, MemberRole
from schemas.service.notifications import NotificationForm
from streams.notify.back_off import LONGEST_ASKED_S, asked_wait_s, wait_s
from streams.notify.forms import (
    MOST_NETWORKS,
    alert_notification,
    body_of,
    digest_notification,
    trial_notification,
)
from streams.notify.signing import signature
from tests.schemas.samples import NOON
from tests.streams.notify.conftest import NOW, alert_of

SCHEMA = json.loads(
    (Path(__file__).parents[3] / "schemas" / "published" / "notification.v1.json").read_text(encoding="utf-8")
)
HOSTILE = (
    "<!channel> @all `code` ```\n[win](https://evil.example) & \x1b[2J\u202egnp <https://evil.example|x>"
)


def member(handle: str) -> Member:
    return Member(
        account_id="x:1", handle=handle, role=MemberRole.CORE, membership=1.0, first_seen=NOON, last_seen=NOON
    )


def test_the_json_form_obeys_its_published_schema() -> None:
    for notification in (
        alert_notification(alert_of("a"), "desk", "https://desk.example/{network_id}", NOW),
        digest_notification([alert_of("a"), alert_of("b")], "desk", "2024-03-05", None, NOW),
        trial_notification("desk", NOW),
    ):
        jsonschema.validate(json.loads(body_of(notification, NotificationForm.JSON)), SCHEMA)


def test_given_hostile_text_then_none_of_it_stands_outside_a_block_of_code() -> None:
    alert = alert_of("a", headline=HOSTILE, explanation=HOSTILE, members=[member(HOSTILE)], member_count=1)
    body = body_of(alert_notification(alert, "chat", None, NOW), NotificationForm.SLACK)
    text = json.loads(body)["text"]
    parts = text.split("```")
    assert len(parts) == 3  # one block: nothing has ended it
    assert (
        parts[0].strip() == "*Lockstep: suspected covert network, severity medium*" and not parts[2].strip()
    )
    assert "&lt;!channel&gt;" in parts[1] and "<" not in parts[1] and "\x1b" not in parts[1]
    assert "\u202e" not in text


def test_given_a_long_text_then_it_is_cut_and_the_block_is_closed() -> None:
    alerts = [alert_of(str(number), headline="word " * 400) for number in range(40)]
    digest = digest_notification(alerts, "chat", "2024-03-05", None, NOW)
    assert (len(digest.networks), digest.network_count) == (MOST_NETWORKS, 40)
    text = json.loads(body_of(digest, NotificationForm.SLACK))["text"]
    assert len(text) < 16_383
    assert text.count("```") % 2 == 0


def test_given_a_replay_then_the_text_says_so() -> None:
    alert = alert_of("a", mode="replay")
    text = json.loads(body_of(alert_notification(alert, "chat", None, NOW), NotificationForm.SLACK))["text"]
    assert "(not live: a replay)" in text


def test_an_alert_has_the_same_id_whenever_it_is_made() -> None:
    one = alert_notification(alert_of("a"), "desk", None, NOW)
    other = alert_notification(alert_of("a"), "desk", None, datetime.now(UTC))
    assert one.id == other.id != alert_notification(alert_of("a", 2), "desk", None, NOW).id


def test_a_suspicion_is_called_one_and_only_one() -> None:
    open_one = alert_of("a", severity=Severity.INFO, covertness=0.1)
    text = json.loads(body_of(alert_notification(open_one, "chat", None, NOW), NotificationForm.SLACK))[
        "text"
    ]
    assert "suspected" not in text.split("```")[0]


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (None, 0),
        ("7", 7),
        ("999999999999", LONGEST_ASKED_S),
        ("-5", 0),
        ("soon", 0),
        ("\u0667", 0),
        ("Tue, 05 Mar 2024 09:30:20 GMT", 20),
        ("Tue, 05 Mar 2024 09:00:00 GMT", 0),
        ("Tue, 99 Mar 2024 09:00:00 GMT", 0),
    ],
)
def test_a_wait_that_is_asked_for_is_read_and_bounded(value: str | None, seconds: float) -> None:
    assert asked_wait_s(value, NOW) == seconds


def test_waits_double_and_spread_up_to_a_limit() -> None:
    draw = random.Random(1)  # noqa: S311 - waits are no secret
    for tried in range(1, 200):
        whole = min(900.0, 2.0 * 2.0 ** min(tried - 1, 60))
        waits = {wait_s(tried, 2.0, 900.0, draw) for _ in range(20)}
        assert all(whole / 2 <= wait <= whole for wait in waits) and len(waits) > 1


def test_two_keys_sign_while_they_are_changed() -> None:
    one, both = signature([b"a"], 5, b"x"), signature([b"a", b"b"], 5, b"x")
    assert both.startswith(one) and both.count("v1=") == 2


def test_a_body_is_decoded_as_what_it_was() -> None:
    made = alert_notification(alert_of("a"), "desk", None, NOW)
    assert msgspec.json.decode(body_of(made, NotificationForm.JSON), type=type(made)) == made
