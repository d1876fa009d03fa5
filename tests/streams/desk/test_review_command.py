"""`lockstep review` over a file: what it writes, and what it refuses."""

import json
from pathlib import Path

import pytest

from streams.reference_files.reviews_file import rules_of_reviews
from tests.streams.conftest import Lockstep

FIRST = "net-000000"


def written(folder: Path, name: str = "alerts.reviews.jsonl") -> list[dict[str, object]]:
    path = folder / name
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def test_given_a_verdict_then_it_is_kept_beside_the_alerts_and_printed(
    lockstep: Lockstep, alerts: Path, tmp_path: Path
) -> None:
    done = lockstep(
        "review", FIRST, "--label", "coordinated_authentic", "--reason", "a newsroom", "--alerts", alerts,
        "--as", "ana", "--role", "lead",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    (event,) = written(tmp_path)
    assert json.loads(done.stdout) == event
    assert {key: event[key] for key in ("network_id", "actor", "role", "kind", "label", "reason")} == {
        "network_id": FIRST, "actor": "ana", "role": "lead", "kind": "label", "label": "coordinated_authentic",
        "reason": "a newsroom",
    }  # fmt: skip
    assert f"recorded in {tmp_path}/alerts.reviews.jsonl" in done.stderr.decode()


def test_given_a_mute_with_a_term_then_it_ends_by_the_time_of_posts_and_can_be_taken_back(
    lockstep: Lockstep, alerts: Path, tmp_path: Path
) -> None:
    mute = lockstep("review", FIRST, "--mute", "--until", "2w", "--reason", "x", "--alerts", alerts)
    event = json.loads(mute.stdout)
    assert event["expires_at"] == "2024-03-20T00:00:00Z", "two weeks after the newest post"
    reviews = str(tmp_path / "alerts.reviews.jsonl")
    assert [rule.network_id for rule in rules_of_reviews(reviews)] == [FIRST]
    undo = ("review", FIRST, "--undo", event["event_id"], "--reason", "wrong one", "--alerts", alerts)
    assert lockstep(*undo).returncode == 0
    assert rules_of_reviews(reviews) == []
    again = lockstep(*undo)
    assert (again.returncode, "taken this verdict back already" in again.stderr.decode()) == (1, True)


def test_given_accounts_then_they_alone_are_allowed(lockstep: Lockstep, alerts: Path, tmp_path: Path) -> None:
    arguments = ("--allow", "--account", "twitter:5", "--account", "x:6", "--reason", "a library")
    assert (
        lockstep("review", FIRST, *arguments, "--alerts", alerts, "--reviews", "mine.jsonl").returncode == 0
    )
    (rule,) = rules_of_reviews(str(tmp_path / "mine.jsonl"))
    assert (rule.network_id, rule.account_ids) == (None, ["x:5", "x:6"])
    assert written(tmp_path) == []


def test_given_an_assignment_to_nobody_then_it_has_no_assignee(
    lockstep: Lockstep, alerts: Path, tmp_path: Path
) -> None:
    for name in ("ben", "-"):
        assert (
            lockstep("review", FIRST, "--assign", name, "--reason", "x", "--alerts", alerts).returncode == 0
        )
    assert [event.get("assignee") for event in written(tmp_path)] == ["ben", None]


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        ((), 2, "Say what to do"),
        (("--mute", "--comment", "--reason", "x"), 2, "One verdict at a time: --mute, --comment"),
        (("--mute",), 2, "--reason is missing"),
        (("--label", "guilty", "--reason", "x"), 2, "is none of confirmed_inauthentic"),
        (("--mute", "--until", "soon", "--reason", "x"), 2, "--until: 'soon' is no end"),
        (("--mute", "--until", "2001-01-01T00:00:00Z", "--reason", "x"), 2, "is over already"),
        (("--label", "not_coordinated", "--account", "x:1", "--reason", "x"), 2, "--account goes with"),
        (("--allow", "--account", "nobody", "--reason", "x"), 1, "is no account"),
        (("--undo", "absent", "--reason", "x"), 1, "no verdict with that id"),
        (("--comment", "--reason", " "), 1, "Give a reason"),
        (("--acknowledge", "--live"), 2, "--alerts FILE, or the live service"),
    ],
)
def test_given_what_makes_no_sense_then_nothing_is_written(
    lockstep: Lockstep, alerts: Path, tmp_path: Path, arguments: tuple[str, ...], status: int, said: str
) -> None:
    done = lockstep("review", FIRST, *arguments, "--alerts", alerts)
    assert (done.returncode, said in done.stderr.decode()) == (status, True), done.stderr
    assert written(tmp_path) == []


def test_given_no_such_network_or_file_then_it_says_so(lockstep: Lockstep, alerts: Path) -> None:
    done = lockstep("review", "net-9", "--acknowledge", "--alerts", alerts)
    assert (done.returncode, "has no alert about net-9" in done.stderr.decode()) == (1, True)
    assert lockstep("review", FIRST, "--acknowledge", "--alerts", "absent.jsonl").returncode == 1
    alerts.write_text('{"no": "alert"}\n')
    done = lockstep("review", FIRST, "--acknowledge", "--alerts", alerts)
    assert (done.returncode, "line 1 is not an alert" in done.stderr.decode()) == (1, True)
