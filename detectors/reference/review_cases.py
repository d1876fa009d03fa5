"""What reviewers take networks to be, derived from the audit log of reviews.

The latest label of each reviewer counts. If these labels agree, that is the network's standing; if they differ, it is
`disputed`. A label counts until its event is reversed, it expires, or the network is reopened.
"""

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime

from schemas.reviews import ReviewEvent, ReviewKind, ReviewLabel

DISPUTED = "disputed"
"""Standing of a network whose reviewers disagree."""


@dataclass(slots=True)
class _Case:
    """The reviews of one network."""

    labels: dict[str, ReviewEvent] = field(default_factory=dict)
    """The latest label event of each reviewer."""
    reversed: set[str] = field(default_factory=set)
    reopened_at: datetime | None = None


class ReviewCases:
    """The standing of every network that was reviewed."""

    def __init__(self) -> None:
        self._cases: dict[str, _Case] = {}

    def take(self, event: ReviewEvent) -> None:
        """Add an event. Events may be repeated, and may come in any order."""
        case = self._cases.setdefault(event.network_id, _Case())
        if event.reverses_event_id is not None:
            case.reversed.add(event.reverses_event_id)
        if event.kind is ReviewKind.LABEL:
            before = case.labels.get(event.actor)
            if before is None or (before.at, before.event_id) < (event.at, event.event_id):
                case.labels[event.actor] = event
        elif event.kind is ReviewKind.REOPEN:
            case.reopened_at = max(event.at, case.reopened_at or event.at)

    def standing(self, network_id: str, now: datetime) -> str | None:
        """A network's standing: a label, or `disputed`; None: there is no label that counts.

        Args:
            network_id: the network.
            now: the wall clock, UTC; expired labels do not count.
        """
        case = self._cases.get(network_id)
        if case is None:
            return None
        labels = {
            event.label.value
            for event in list(case.labels.values())
            if event.label is not None
            and event.event_id not in case.reversed
            and (event.expires_at is None or event.expires_at > now)
            and (case.reopened_at is None or event.at > case.reopened_at)
        }
        return DISPUTED if len(labels) > 1 else next(iter(labels), None)

    def by_standing(self, now: datetime) -> dict[str, int]:
        """Count of networks by standing; every label and `disputed` has an entry."""
        counts = Counter(self.standing(network_id, now) for network_id in list(self._cases))
        return {name: counts[name] for name in (*(label.value for label in ReviewLabel), DISPUTED)}

    def waiting(self, network_ids: Collection[str], now: datetime) -> int:
        """How many of these networks have no label that counts."""
        return sum(self.standing(network_id, now) is None for network_id in network_ids)
