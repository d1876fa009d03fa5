"""The rules that reviews make, whatever the order in which they come."""

import itertools
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from detectors.reference.review_decisions import ReviewDecisions
from detectors.reference.rule_clock import RuleClock
from schemas.reviews import ReviewEvent, ReviewKind, RuleKind, SuppressionRule

START = datetime(2026, 1, 1, tzinfo=UTC)
MUTE, UNMUTE, ALLOW, DISALLOW = ReviewKind.MUTE, ReviewKind.UNMUTE, ReviewKind.ALLOW, ReviewKind.DISALLOW


def review(event_id: str, kind: ReviewKind, hour: int, *accounts: str, **more: Any) -> ReviewEvent:
    given: dict[str, Any] = {
        "alert_id": "alert",
        "alert_revision": 1,
        "network_id": "n",
        "actor": "r",
        "role": "reviewer",
        "reason": f"reason {event_id}",
        "account_ids": list(accounts),
    }
    return ReviewEvent(event_id=event_id, kind=kind, at=START + timedelta(hours=hour), **(given | more))


def rules(events: Sequence[ReviewEvent]) -> list[tuple[str, RuleKind, str | None, list[str]]]:
    """The rules of these events; the same in every order, and when all come twice."""
    found: list[list[SuppressionRule]] = []
    orders = itertools.permutations(events) if len(events) < 5 else [events, events[::-1]]
    for order in orders:
        decisions = ReviewDecisions()
        for event in (*order, *order):
            decisions.take(event)
        found.append(decisions.rules())
    assert all(one == found[0] for one in found)
    return [(one.rule_id, one.kind, one.network_id, one.account_ids) for one in found[0]]


def test_given_a_mute_then_it_is_a_rule_with_its_reason_and_its_end() -> None:
    until = START + timedelta(days=2)
    decisions = ReviewDecisions()

    assert decisions.take(review("m", MUTE, 0, "x:1", expires_at=until))
    assert not decisions.take(review("m", MUTE, 0, "x:1", expires_at=until))

    assert decisions.rules() == [
        SuppressionRule(
            rule_id="review:m",
            kind=RuleKind.MUTE,
            network_id="n",
            account_ids=["x:1"],
            until=until,
            reason="reason m",
        )
    ]


def test_given_an_unmute_then_what_was_muted_before_ends_and_what_is_muted_later_holds() -> None:
    first, end, later = review("a", MUTE, 0), review("b", UNMUTE, 1), review("c", MUTE, 2)

    assert rules([first, end]) == []
    assert rules([first, end, later]) == [("review:c", RuleKind.MUTE, "n", [])]
    assert rules([first, review("b", UNMUTE, 1, network_id="other")]) == [
        ("review:a", RuleKind.MUTE, "n", [])
    ]


def test_given_an_event_that_is_taken_back_then_it_alone_does_not_count() -> None:
    one, other = review("a", MUTE, 0), review("b", MUTE, 1)
    back = review("c", UNMUTE, 2, reverses_event_id="a")

    assert [name for name, *_ in rules([one, other, back])] == ["review:b"]
    assert [name for name, *_ in rules([one, review("b", UNMUTE, 1), review("c", MUTE, 2)])] == ["review:c"]
    # an unmute that is taken back ends nothing; only an event of the same network takes back
    comment = review("c", ReviewKind.COMMENT, 2, reverses_event_id="b")
    assert [name for name, *_ in rules([one, review("b", UNMUTE, 1), comment])] == ["review:a"]
    foreign = review("c", ReviewKind.COMMENT, 2, reverses_event_id="a", network_id="other")
    assert [name for name, *_ in rules([one, foreign])] == ["review:a"]


def test_given_accounts_that_are_allowed_and_disallowed_then_the_latest_word_on_each_counts() -> None:
    allow = review("a", ALLOW, 0, "x:1", "x:2", "x:3")

    assert rules([allow]) == [("review:a", RuleKind.ALLOW, None, ["x:1", "x:2", "x:3"])]
    assert rules([allow, review("b", DISALLOW, 1, "x:2", network_id="other")]) == [
        ("review:a", RuleKind.ALLOW, None, ["x:1", "x:3"])
    ]
    assert rules([allow, review("b", DISALLOW, 1)]) == []
    assert rules([allow, review("b", ALLOW, 1, "x:2")]) == [
        ("review:a", RuleKind.ALLOW, None, ["x:1", "x:3"]),
        ("review:b", RuleKind.ALLOW, None, ["x:2"]),
    ]


def test_given_a_network_that_is_allowed_as_a_whole_then_any_disallow_of_it_ends_that() -> None:
    whole = review("a", ALLOW, 0)

    assert rules([whole]) == [("review:a", RuleKind.ALLOW, "n", [])]
    assert rules([whole, review("b", DISALLOW, 1)]) == []
    assert rules([whole, review("b", DISALLOW, 1, "x:1")]) == []


@pytest.mark.parametrize(
    "kind", [kind for kind in ReviewKind if kind not in {MUTE, UNMUTE, ALLOW, DISALLOW, ReviewKind.LABEL}]
)
def test_given_any_other_event_then_it_makes_no_rule(kind: ReviewKind) -> None:
    decisions = ReviewDecisions()
    takes_back = {"reverses_event_id": "other"} if kind is ReviewKind.UNDO else {}
    assert decisions.take(review("a", kind, 0, **takes_back)) is bool(takes_back)
    assert decisions.rules() == []


def test_given_rules_that_begin_and_end_then_the_clock_is_due_at_the_first_tick_from_then_on() -> None:
    def until(second: int) -> SuppressionRule:
        end = datetime.fromtimestamp(second, UTC)
        return SuppressionRule(rule_id="r", kind=RuleKind.MUTE, network_id="n", until=end, reason="r")

    clock = RuleClock()
    assert clock.tick(1_000, 600) == 1_200

    clock.looked([until(1_300), until(2_400)], 1_200)
    assert (clock.due_at, clock.tick(1_200, 600)) == (1_300, 1_800)
    clock.looked([until(1_300), until(2_400)], 1_800)
    assert clock.tick(1_800, 600) == 2_400
    clock.looked([until(1_300), until(2_400)], 2_400)
    assert clock.tick(2_400, 600) > 2**60
    clock.changed()
    assert clock.tick(2_400, 600) == 3_000
