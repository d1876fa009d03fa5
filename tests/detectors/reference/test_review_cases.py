"""How reviews add up to what a network is taken to be."""

from datetime import UTC, datetime, timedelta
from itertools import count, permutations
from typing import Any

import pytest

from detectors.reference.review_cases import DISPUTED, ReviewCases
from schemas.reviews import ReviewEvent, ReviewKind, ReviewLabel

NOON = datetime(2023, 2, 14, 12, tzinfo=UTC)
_numbers = count()


def said(label: ReviewLabel | None, actor: str = "one", minutes: int = 0, **more: Any) -> ReviewEvent:
    """An event of network n1."""
    kind = ReviewKind.COMMENT if label is None else ReviewKind.LABEL
    fields = {
        "event_id": f"e{next(_numbers)}", "alert_id": "a1", "alert_revision": 1, "network_id": "n1", "role": "reviewer",
        "at": NOON + timedelta(minutes=minutes), "kind": kind, "reason": "as seen",
    }  # fmt: skip
    return ReviewEvent(**{**fields, "actor": actor, "label": label, **more})


def standing(*events: ReviewEvent, now: datetime = NOON + timedelta(days=1)) -> str | None:
    cases = ReviewCases()
    for event in events:
        cases.take(event)
    return cases.standing("n1", now)


FANS, COVERT = ReviewLabel.COORDINATED_AUTHENTIC, ReviewLabel.CONFIRMED_INAUTHENTIC


def test_a_network_without_labels_has_no_standing() -> None:
    assert standing() is None
    assert standing(said(None)) is None


def test_the_latest_word_of_a_reviewer_counts_in_whatever_order_it_comes() -> None:
    events = [said(FANS, minutes=0), said(COVERT, minutes=5), said(COVERT, "two", minutes=1)]
    for order in permutations(events):
        assert standing(*order) == COVERT
        assert standing(*order, *order) == COVERT


def test_reviewers_who_disagree_dispute() -> None:
    assert standing(said(FANS, "one"), said(COVERT, "two")) == DISPUTED
    assert standing(said(FANS, "one"), said(COVERT, "two"), said(FANS, "two", minutes=1)) == FANS


def test_a_label_is_taken_back_or_lapses_or_is_opened_again() -> None:
    label = said(COVERT, minutes=0)
    assert standing(label, said(None, "lead", reverses_event_id=label.event_id)) is None
    lapsing = said(COVERT, expires_at=NOON + timedelta(hours=1))
    assert standing(lapsing, now=NOON) == COVERT
    assert standing(lapsing, now=NOON + timedelta(hours=1)) is None
    reopened = said(None, minutes=1, kind=ReviewKind.REOPEN)
    assert standing(label, reopened) is None
    assert standing(label, reopened, said(FANS, minutes=2)) == FANS


def test_networks_are_counted_by_standing_and_the_others_wait() -> None:
    cases = ReviewCases()
    cases.take(said(COVERT))
    cases.take(said(None, network_id="n2"))
    counts = cases.by_standing(NOON)
    assert counts.pop("confirmed_inauthentic") == 1
    assert counts.keys() == {*ReviewLabel, DISPUTED} - {"confirmed_inauthentic"}
    assert set(counts.values()) == {0}
    assert cases.waiting(["n1", "n2", "n3"], NOON) == 2


def test_a_label_and_its_kind_belong_together() -> None:
    with pytest.raises(ValueError, match="no other has"):
        said(COVERT, kind=ReviewKind.COMMENT)
    with pytest.raises(ValueError, match="no other has"):
        said(None, kind=ReviewKind.LABEL)
