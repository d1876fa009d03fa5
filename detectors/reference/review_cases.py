"""What reviewers take networks to be, derived from the audit log of reviews."""

from collections import Counter
from collections.abc import Collection
from datetime import datetime

from detectors.reference.network_review import DISPUTED, NetworkReview
from schemas.reviews import ReviewEvent, ReviewLabel


class ReviewCases:
    """The standing of every network that was reviewed. `NetworkReview` says how it comes about."""

    def __init__(self) -> None:
        self._cases: dict[str, NetworkReview] = {}

    def take(self, event: ReviewEvent) -> bool:
        """Add an event; returns whether it is new. Events may be repeated, and may come in any order."""
        return self._cases.setdefault(event.network_id, NetworkReview()).take(event)

    def of(self, network_id: str) -> NetworkReview | None:
        """The review of a network; None: there is none."""
        return self._cases.get(network_id)

    def standing(self, network_id: str, now: datetime) -> str | None:
        """A network's standing: a label, or `disputed`; None: there is no label that counts.

        Args:
            network_id: the network.
            now: the wall clock, UTC; expired labels do not count.
        """
        case = self._cases.get(network_id)
        return None if case is None else case.state(now).standing

    def by_standing(self, now: datetime) -> dict[str, int]:
        """Count of networks by standing; every label and `disputed` has an entry."""
        counts = Counter(self.standing(network_id, now) for network_id in list(self._cases))
        return {name: counts[name] for name in (*(label.value for label in ReviewLabel), DISPUTED)}

    def waiting(self, network_ids: Collection[str], now: datetime) -> int:
        """How many of these networks have no label that counts."""
        return sum(self.standing(network_id, now) is None for network_id in network_ids)
