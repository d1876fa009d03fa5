"""`--reviews`: the events of the file become rules, or the file is refused."""

import json
from pathlib import Path
from typing import Any

import pytest

from schemas.errors import InputError
from streams.reference_files.reviews_file import rules_of_reviews


def review(event_id: str, kind: str, at: str = "2026-01-01T00:00:00Z", **more: Any) -> str:
    given = {
        "alert_id": "a",
        "alert_revision": 1,
        "network_id": "n",
        "actor": "r",
        "role": "lead",
        "reason": "why",
    }
    return json.dumps({**given, "event_id": event_id, "kind": kind, "at": at, **more})


def test_given_events_then_what_was_not_taken_back_is_a_rule(tmp_path: Path) -> None:
    path = tmp_path / "reviews.jsonl"
    events = [
        review("u", "unmute", "2026-01-02T00:00:00Z"),
        "",
        review("m", "mute"),
        review("l", "label", label="not_coordinated"),
        review("w", "allow", account_ids=["x:1"]),
    ]
    path.write_text("\n".join(events))

    assert [rule.rule_id for rule in rules_of_reviews(str(path))] == ["review:w"]


@pytest.mark.parametrize("line", ["no json", "{}", review("m", "of another version"), review("l", "label")])
def test_given_a_line_that_is_no_event_then_it_is_named(line: str, tmp_path: Path) -> None:
    path = tmp_path / "reviews.jsonl"
    path.write_text(review("m", "mute") + "\n" + line)

    with pytest.raises(InputError, match=r"reviews\.jsonl: line 2: "):
        rules_of_reviews(str(path))
