"""What the reviews of one network add up to: its status, who looks after it, and what reviewers take it to be.

The latest label of each reviewer counts until it is taken back, expires, or the network is reopened. If the labels
that count agree, that is the network's standing; if they differ, it is `disputed`. A label of `NEEDS_SECOND` awaits a
second reviewer until two have given it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from schemas.reviews import ReviewEvent, ReviewKind, ReviewLabel

DISPUTED = "disputed"
"""Standing of a network whose reviewers disagree."""
NEEDS_SECOND = frozenset({ReviewLabel.CONFIRMED_INAUTHENTIC})
"""Labels that need two reviewers: people may lose reach by them, so that one mistake should not be enough."""


class ReviewStatus(StrEnum):
    """How far the review of a network has come."""

    NEW = "new"
    """Nobody has acted on it yet, or it was reopened."""
    ACKNOWLEDGED = "acknowledged"
    ESCALATED = "escalated"
    RESOLVED = "resolved"


_STATUS = {
    ReviewKind.ACKNOWLEDGE: ReviewStatus.ACKNOWLEDGED,
    ReviewKind.ESCALATE: ReviewStatus.ESCALATED,
    ReviewKind.RESOLVE: ReviewStatus.RESOLVED,
    ReviewKind.REOPEN: ReviewStatus.NEW,
}
_SAYS_LITTLE = frozenset({ReviewKind.COMMENT, ReviewKind.APPEAL, ReviewKind.UNDO})
"""Kinds that leave a new network new. Any other decision shows that somebody has seen it."""


@dataclass(frozen=True, slots=True)
class ReviewState:
    """The review of one network as it stands."""

    status: ReviewStatus = ReviewStatus.NEW
    assignee: str | None = None
    labels: Mapping[str, ReviewEvent] | None = None
    """The latest label that counts, by reviewer; None: there is none."""
    standing: str | None = None
    """A label, or `disputed`; None: there is no label that counts."""
    awaits_second: bool = False
    """Whether the standing is a label that needs two reviewers, and has one."""


class NetworkReview:
    """The events about one network. They may be repeated, and may come in any order."""

    def __init__(self) -> None:
        self._events: dict[str, ReviewEvent] = {}
        self._taken_back: dict[str, ReviewEvent] = {}
        self._ordered: list[ReviewEvent] | None = None
        """The events in order, until there is another one."""

    def take(self, event: ReviewEvent) -> bool:
        """Add an event; returns whether it is new. Of two events with one id the first counts."""
        if event.event_id in self._events:
            return False
        self._events[event.event_id] = event
        if event.reverses_event_id is not None:
            self._taken_back.setdefault(event.reverses_event_id, event)
        self._ordered = None
        return True

    @property
    def events(self) -> Sequence[ReviewEvent]:
        """All events, in the order of time, then of their ids."""
        if self._ordered is None:
            self._ordered = sorted(self._events.values(), key=lambda event: (event.at, event.event_id))
        return self._ordered

    def taken_back_by(self, event_id: str) -> ReviewEvent | None:
        """The event that takes back another one; None: it counts."""
        return self._taken_back.get(event_id)

    def crossed(self, event: ReviewEvent) -> list[ReviewEvent]:
        """Events of other reviewers before this one that its reviewer had not seen; empty, too, if that is unknown."""
        ids = [other.event_id for other in self.events]
        if event.seen_event_id not in ids or event.event_id not in ids:
            return []
        between = self.events[ids.index(event.seen_event_id) + 1 : ids.index(event.event_id)]
        return [other for other in between if other.actor != event.actor]

    def state(self, now: datetime) -> ReviewState:
        """The review as it stands.

        Args:
            now: the wall clock, UTC; labels that have expired do not count.
        """
        status, assignee = ReviewStatus.NEW, None
        labels: dict[str, ReviewEvent] = {}
        for event in self.events:
            if event.event_id in self._taken_back or _only_takes_back(event):
                continue
            if event.kind in _STATUS:
                status = _STATUS[event.kind]
            elif status is ReviewStatus.NEW and event.kind not in _SAYS_LITTLE:
                status = ReviewStatus.ACKNOWLEDGED
            if event.kind is ReviewKind.ASSIGN:
                assignee = event.assignee
            elif event.kind is ReviewKind.REOPEN:
                labels.clear()
            elif event.kind is ReviewKind.LABEL:
                labels[event.actor] = event
        counting = {
            actor: event
            for actor, event in labels.items()
            if event.expires_at is None or event.expires_at > now
        }
        said = {event.label for event in counting.values() if event.label is not None}
        only = next(iter(said)) if len(said) == 1 else None
        return ReviewState(
            status=status,
            assignee=assignee,
            labels=counting or None,
            standing=DISPUTED if len(said) > 1 else only and only.value,
            awaits_second=only in NEEDS_SECOND and len(counting) < 2,
        )


def _only_takes_back(event: ReviewEvent) -> bool:
    """Whether an event takes another one back and is no decision of its own."""
    return event.reverses_event_id is not None and event.kind in (ReviewKind.UNMUTE, ReviewKind.DISALLOW)
