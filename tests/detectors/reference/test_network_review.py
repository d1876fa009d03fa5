"""How the reviews of one network add up: status, assignee, second reviewer, what was taken back, what crossed."""

from datetime import UTC, datetime, timedelta
from itertools import permutations
from typing import Any

import pytest

from detectors.reference.network_review import DISPUTED, NetworkReview, ReviewState, ReviewStatus
from schemas.reviews import ReviewEvent, ReviewKind, ReviewLabel

NOON = datetime(2023, 2, 14, 12, tzinfo=UTC)
TOMORROW = NOON + timedelta(days=1)
COVERT, FANS = ReviewLabel.CONFIRMED_INAUTHENTIC, ReviewLabel.COORDINATED_AUTHENTIC


def event(event_id: str, kind: ReviewKind, minutes: int = 0, actor: str = "one", **more: Any) -> ReviewEvent:
    return ReviewEvent(
        event_id=event_id, alert_id="a1", alert_revision=1, network_id="n1", actor=actor, role="reviewer",
        at=NOON + timedelta(minutes=minutes), kind=kind, reason="as seen", **more,
    )  # fmt: skip


def label(event_id: str, what: ReviewLabel, minutes: int = 0, actor: str = "one", **more: Any) -> ReviewEvent:
    return event(event_id, ReviewKind.LABEL, minutes, actor, label=what, **more)


def review_of(*events: ReviewEvent) -> NetworkReview:
    review = NetworkReview()
    for one in events:
        review.take(one)
    return review


def state(*events: ReviewEvent) -> ReviewState:
    return review_of(*events).state(TOMORROW)


def test_given_no_reviews_then_a_network_is_new_and_nobody_looks_after_it() -> None:
    assert state() == ReviewState()
    assert state(event("c", ReviewKind.COMMENT)).status is ReviewStatus.NEW


def test_given_decisions_then_the_latest_gives_the_status_in_whatever_order_they_come() -> None:
    events = [
        event("a", ReviewKind.ACKNOWLEDGE, 1),
        event("b", ReviewKind.ESCALATE, 2),
        event("c", ReviewKind.COMMENT, 3),
        event("d", ReviewKind.ASSIGN, 4, assignee="two"),
    ]
    for order in permutations(events):
        assert state(*order, *order).status is ReviewStatus.ESCALATED
        assert state(*order).assignee == "two"
    assert state(*events, event("e", ReviewKind.RESOLVE, 5)).status is ReviewStatus.RESOLVED
    assert state(*events, event("e", ReviewKind.REOPEN, 5)).status is ReviewStatus.NEW
    assert state(*events, event("e", ReviewKind.ASSIGN, 5)).assignee is None


def test_given_any_decision_then_a_network_is_no_longer_new() -> None:
    assert state(event("m", ReviewKind.MUTE)).status is ReviewStatus.ACKNOWLEDGED


def test_given_an_undo_then_what_was_before_counts_again() -> None:
    first, second = label("a", FANS, 0), label("b", COVERT, 1)
    assert state(first, second).standing == COVERT
    undone = state(first, second, event("c", ReviewKind.UNDO, 2, "lead", reverses_event_id="b"))
    assert undone.standing == FANS
    mute, back = event("m", ReviewKind.MUTE), event("u", ReviewKind.UNMUTE, 1, reverses_event_id="m")
    assert state(mute, back).status is ReviewStatus.NEW


def test_given_one_reviewer_who_confirms_then_a_second_one_is_awaited() -> None:
    alone = label("a", COVERT)
    assert state(alone).awaits_second
    assert state(alone, label("b", COVERT, 1)).awaits_second, "the same reviewer is no second one"
    both = state(alone, label("b", COVERT, 1, "two"))
    assert (both.standing, both.awaits_second) == (COVERT, False)
    apart = state(alone, label("b", FANS, 1, "two"))
    assert (apart.standing, apart.awaits_second) == (DISPUTED, False)
    assert not state(label("b", FANS)).awaits_second, "only a label that can harm needs two"
    lapsed = label("b", COVERT, 1, "two", expires_at=NOON + timedelta(hours=1))
    assert state(alone, lapsed).awaits_second


def test_given_events_that_a_reviewer_had_not_seen_then_they_crossed() -> None:
    first = event("a", ReviewKind.ACKNOWLEDGE)
    of_other = event("b", ReviewKind.MUTE, 1, "two", seen_event_id="a")
    blind = event("c", ReviewKind.COMMENT, 2, "one", seen_event_id="a")
    review = review_of(first, of_other, blind)
    assert review.crossed(blind) == [of_other]
    assert review.crossed(of_other) == []
    assert review_of(first, of_other, event("d", ReviewKind.COMMENT, 2)).crossed(first) == []


def test_given_fields_that_do_not_fit_the_kind_then_an_event_is_refused() -> None:
    with pytest.raises(ValueError, match="only an event of kind `assign`"):
        event("a", ReviewKind.COMMENT, assignee="two")
    with pytest.raises(ValueError, match="reverses_event_id"):
        event("a", ReviewKind.UNDO)
