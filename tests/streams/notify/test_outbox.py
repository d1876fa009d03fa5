"""What each receiver gets: severe enough, new to it, once, and not lost by a crash or a full queue."""

from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from schemas.alerts import Alert, Severity, Suppression
from schemas.errors import UsageError
from streams.notify.digests import last_due, make_digests
from streams.notify.outbox import Outbox
from streams.notify.receivers import Receiver
from streams.settings.notify_settings import Novelty, When
from tests.streams.notify.conftest import NOW, alert_of, receiver_at

LOW, MEDIUM, HIGH = Severity.LOW, Severity.MEDIUM, Severity.HIGH


def taken(receiver: Receiver, *alerts: Alert) -> list[str]:
    """Ids of the alerts that a receiver gets, in order."""
    outbox = Outbox(":memory:", 100)
    for alert in alerts:
        outbox.take(alert, [receiver], None, NOW)
    ids = []
    while (waiting := outbox.next(receiver.name)) is not None:
        ids.append(waiting.id.removeprefix(f"{receiver.name}/"))
        outbox.done(waiting.id, sent=True)
    return ids


@pytest.mark.parametrize(
    ("novelty", "wanted"),
    [
        (Novelty.NEW, ["a-2", "b-1"]),
        (Novelty.RAISED, ["a-2", "a-4", "b-1"]),
        (Novelty.ALL, ["a-2", "a-3", "a-4", "a-5", "b-1"]),
    ],
)
def test_given_revisions_then_a_receiver_gets_those_that_are_new_to_it(
    novelty: Novelty, wanted: list[str]
) -> None:
    receiver = receiver_at("http://127.0.0.1:1", least_severity=MEDIUM, novelty=novelty)
    alerts = [
        alert_of("a", 1, LOW),
        alert_of("a", 2, MEDIUM),
        alert_of("a", 3, MEDIUM),
        alert_of("a", 4, HIGH),
        alert_of("a", 5, MEDIUM),
        alert_of("b", 1, MEDIUM),
    ]
    assert taken(receiver, *alerts) == wanted


def test_given_a_muted_network_then_nobody_is_notified() -> None:
    muted = msgspec.structs.replace(alert_of("a"), suppression=Suppression(rule_id="r", reason="a newsroom"))
    receiver = receiver_at("http://127.0.0.1:1", least_severity=Severity.INFO, novelty=Novelty.ALL)
    assert taken(receiver, muted) == []


def test_given_the_same_alert_again_then_it_is_sent_once_even_after_a_restart(tmp_path: Path) -> None:
    path, receiver = str(tmp_path / "state.sqlite"), receiver_at("http://127.0.0.1:1", novelty=Novelty.ALL)
    outbox = Outbox(path, 100)
    outbox.take(alert_of("a"), [receiver], None, NOW, (3, 17))
    waiting = outbox.next("desk")
    assert waiting is not None
    assert outbox.settled(3, 18) == 17
    outbox.done(waiting.id, sent=True)
    assert outbox.settled(3, 18) == 18
    outbox.close()
    again = Outbox(path, 100)
    again.take(alert_of("a"), [receiver], None, NOW, (3, 17))
    assert again.next("desk") is None
    again.close()


def test_given_a_crash_between_tries_then_the_message_and_its_tries_are_kept(tmp_path: Path) -> None:
    path, receiver = str(tmp_path / "state.sqlite"), receiver_at("http://127.0.0.1:1")
    outbox = Outbox(path, 100)
    outbox.take(alert_of("a"), [receiver], None, NOW, (0, 5))
    outbox.failed("desk/a-1", 123.0)
    outbox.close()
    waiting = Outbox(path, 100).next("desk")
    assert waiting is not None and (waiting.tried, waiting.next_at) == (1, 123.0)


def test_given_a_full_queue_then_what_has_no_room_is_handed_back_and_others_are_not_held_up() -> None:
    outbox = Outbox(":memory:", 1)
    full, free = receiver_at("http://127.0.0.1:1", "full"), receiver_at("http://127.0.0.1:1", "free")
    assert outbox.take(alert_of("a"), [full, free], None, NOW) == []
    outbox.done("free/a-1", sent=True)
    ((receiver, message_id, body),) = outbox.take(alert_of("b"), [full, free], None, NOW)
    assert (receiver.name, message_id) == ("full", "full/b-1")
    assert b'"network_id":"b"' in body
    assert outbox.waiting("free") == 1


def test_given_a_receiver_that_was_taken_out_then_its_messages_are_found_and_hold_up_nothing(
    tmp_path: Path,
) -> None:
    path = str(tmp_path / "state.sqlite")
    gone, kept = receiver_at("http://127.0.0.1:1", "gone"), receiver_at("http://127.0.0.1:1", "kept")
    outbox = Outbox(path, 100)
    outbox.take(alert_of("a"), [gone, kept], None, NOW, (0, 5))
    ((name, waiting),) = outbox.left_over([kept])
    assert (name, waiting.id) == ("gone", "gone/a-1")
    outbox.done("kept/a-1", sent=True)
    assert outbox.settled(0, 9) == 5
    outbox.done(waiting.id, sent=False)
    assert outbox.settled(0, 9) == 9 and outbox.left_over([kept]) == []
    outbox.close()


def test_given_two_processes_on_one_state_then_the_second_is_refused(tmp_path: Path) -> None:
    path = str(tmp_path / "state.sqlite")
    first = Outbox(path, 1)
    with pytest.raises(UsageError, match="in use"):
        Outbox(path, 1)
    first.close()
    Outbox(path, 1).close()


def test_given_another_kind_of_file_then_it_is_refused_and_kept(tmp_path: Path) -> None:
    path = tmp_path / "state.sqlite"
    path.write_bytes(b"no database" * 1_000)
    with pytest.raises(UsageError, match="cannot be used"):
        Outbox(str(path), 1)
    assert path.read_bytes() == b"no database" * 1_000


def test_given_a_day_of_alerts_then_the_digest_has_each_network_once_as_it_is_now() -> None:
    outbox = Outbox(":memory:", 100)
    receiver = receiver_at("http://127.0.0.1:1", when=When.DAILY, daily_at="08:00")
    assert make_digests([receiver], outbox, None, NOW) == []  # the first day begins
    for alert in (
        alert_of("a", 1),
        alert_of("a", 2),
        alert_of("b", 1, priority=99),
        alert_of("c", 1, Severity.INFO),
    ):
        outbox.take(alert, [receiver], None, NOW)
    assert outbox.next("desk") is None  # nothing is sent at once
    assert make_digests([receiver], outbox, None, NOW + timedelta(hours=20)) == []  # not yet eight
    next_day = NOW + timedelta(hours=23)
    assert make_digests([receiver], outbox, None, next_day) == ["desk"]
    waiting = outbox.next("desk")
    assert waiting is not None and waiting.id == "desk/digest/2024-03-06"
    digest = msgspec.json.decode(waiting.body)
    assert [(one["network_id"], one["revision"]) for one in digest["networks"]] == [("b", 1), ("a", 2)]
    assert make_digests([receiver], outbox, None, next_day) == []  # once
    outbox.done(waiting.id, sent=True)
    assert (
        make_digests([receiver], outbox, None, next_day + timedelta(days=1)) == []
    )  # an empty day says nothing


def test_given_a_network_that_is_muted_later_in_the_day_then_the_digest_leaves_it_out() -> None:
    outbox = Outbox(":memory:", 100)
    receiver = receiver_at("http://127.0.0.1:1", when=When.DAILY)
    make_digests([receiver], outbox, None, NOW)
    outbox.take(alert_of("a", 1), [receiver], None, NOW)
    muted = alert_of("a", 2, suppression=Suppression(rule_id="r", reason="a newsroom"))
    outbox.take(muted, [receiver], None, NOW)
    assert make_digests([receiver], outbox, None, NOW + timedelta(days=1)) == []


def test_a_digest_is_due_at_its_time_of_day() -> None:
    assert last_due("08:00", NOW).isoformat() == "2024-03-05T08:00:00+00:00"
    assert last_due("09:31", NOW).isoformat() == "2024-03-04T09:31:00+00:00"
