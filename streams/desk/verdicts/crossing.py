"""Two reviewers at once: verdicts that one of them had not seen when deciding."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from detectors.reference.network_review import NetworkReview
from schemas.reviews import ReviewEvent, ReviewKind


class VerdictLog(Protocol):
    """Where verdicts go. Every verdict is an entry of its own, so none overwrites another."""

    async def record(
        self, events: Sequence[ReviewEvent], seen: Mapping[str, str | None] | None
    ) -> list[ReviewEvent]:
        """Record verdicts, all or none.

        Args:
            events: new ones. Events that the log has already are left out: they were sent twice.
            seen: latest event that the reviewer had seen, by network; None: record in any case.

        Returns:
            What others decided in between; then nothing was recorded. Empty: all is recorded, and will last.

        Raises:
            VerdictError: they could not be recorded.
        """


def unseen(
    reviews: Mapping[str, NetworkReview], events: Sequence[ReviewEvent], seen: Mapping[str, str | None]
) -> list[ReviewEvent]:
    """Decisions of others that the reviewer of some events had not seen. A comment overwrites nothing.

    Args:
        reviews: what is known of each network.
        events: about to be recorded, all of one reviewer.
        seen: latest event that the reviewer had seen, by network; None: none.
    """
    found: list[ReviewEvent] = []
    for event in events:
        review = reviews.get(event.network_id)
        if review is None or event.kind is ReviewKind.COMMENT:
            continue
        ids = [one.event_id for one in review.events]
        last = seen.get(event.network_id)
        start = ids.index(last) + 1 if last in ids else 0
        found += [
            one
            for one in review.events[start:]
            if one.actor != event.actor and one.kind is not ReviewKind.COMMENT
        ]
    return found
