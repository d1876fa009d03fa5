"""Networks that were closed: their last alert stays on the topic of latest alerts for a while, then it is deleted."""

from typing import ClassVar

from schemas.alerts import Alert
from schemas.networks import Lifecycle

KEPT_S = 30 * 86_400
"""Event time for which the last alert of a resolved network stays, seconds. Chosen, not measured: as long as a network
is open without new evidence (`time.resolve_days`)."""


class ClosedNetworks:
    """Remembers when each network was resolved, until `KEPT_S` later.

    It goes by event time and is part of the state of detection, so after a restart the same alerts are deleted at the
    same places of the log.
    """

    not_state: ClassVar[frozenset[str]] = frozenset()
    _closed_at: dict[str, int]

    def __init__(self) -> None:
        self._closed_at = {}

    def note(self, alert: Alert) -> None:
        """See an alert as detection raises it: `emitted_at` is still the event time of its tick."""
        if alert.lifecycle is Lifecycle.RESOLVED:
            self._closed_at[alert.network_id] = int(alert.emitted_at.timestamp())

    def take_expired(self, now: int) -> list[str]:
        """Ids of the networks that were resolved `KEPT_S` before `now` or earlier; they are forgotten here.

        Args:
            now: event time, seconds.
        """
        expired = [network_id for network_id, at in self._closed_at.items() if at <= now - KEPT_S]
        for network_id in expired:
            del self._closed_at[network_id]
        return expired
