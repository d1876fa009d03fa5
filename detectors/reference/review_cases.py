"""What reviewers take networks to be: the fold of the audit log of reviews.

A network stands as its reviewers last labelled it, each of them by their latest word; labels that disagree make it
`disputed`. A label counts until its event is reversed, it expires, or the network is opened again.
"""

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime

from schemas.reviews import ReviewEvent, ReviewKind, ReviewLabel

DISPUTED = "disputed"
"""What a network is whose reviewers disagree."""


@dataclass(slots=True)
class _Case:
    """What was said about one network."""

    labels: dict[str, ReviewEvent] = field(default_factory=dict)
    """The latest label of each actor."""
    reversed: set[str] = field(default_factory=set)
    reopened_at: datetime | None = None


class ReviewCases:
    """All networks that reviewers said something about."""

    def __init__(self) -> None:
        self._cases: dict[str, _Case] = {}

    def take(self, event: ReviewEvent) -> None:
        """Take an event. Events of one network may come again, and in any order but for reversals of later ones."""
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
        """What a network is taken to be: a label, or `disputed`; None: nobody has said so far.

        Args:
            network_id: the network.
            now: the wall clock, UTC: labels may have expired.
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
        """Count of networks by what they are taken to be; every label and `disputed` are there."""
        found = Counter(self.standing(network_id, now) for network_id in list(self._cases))
        return {name: found[name] for name in (*(label.value for label in ReviewLabel), DISPUTED)}

    def waiting(self, network_ids: Collection[str], now: datetime) -> int:
        """How many of some networks nobody has labelled."""
        return sum(self.standing(network_id, now) is None for network_id in network_ids)
