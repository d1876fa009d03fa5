"""All networks with their latest alerts and their reviews: the state that every page of the desk shows.

Alerts and reviews come in any order and may be repeated. The board only remembers; where they come from, and where
verdicts go, is not its business.
"""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import msgspec

from detectors.reference.network_review import NetworkReview, ReviewState
from detectors.reference.review_decisions import RULE_PREFIX, ReviewDecisions
from schemas.alerts import Alert
from schemas.networks import NetworkSnapshot
from schemas.reviews import ReviewEvent, SuppressionRule
from streams.desk.cases.record_store import RecordStore
from streams.desk.cases.rows import Row, row_of
from streams.desk.cases.terms import term_start
from streams.outputs.network_record import completed

_alerts = msgspec.json.Decoder(Alert)
_networks = msgspec.json.Decoder(NetworkSnapshot)
_NOTHING = ReviewState()


class Board:
    """Networks, alerts and reviews. Call it from one thread."""

    def __init__(self) -> None:
        self._alerts = RecordStore()
        self._networks = RecordStore()
        self._rows: dict[str, Row] = {}
        self._reviews: dict[str, NetworkReview] = {}
        self._events: dict[str, ReviewEvent] = {}
        self._states: dict[str, ReviewState] = {}
        self._lapsing: set[str] = set()
        """Networks with a label that expires: their state depends on the clock."""
        self._ordered: list[Row] | None = None
        self._cases: dict[str, list[Row]] = {}
        self._decisions = ReviewDecisions()
        self._changed = asyncio.Condition()
        self.version = 0
        """Grows with every change."""
        self.newest: datetime | None = None
        """Event time of the newest post in any alert, UTC."""

    def close(self) -> None:
        """Give disk space back; the board cannot be used any more."""
        self._alerts.close()
        self._networks.close()

    # what comes in

    def take_alert(self, alert: Alert, raw: bytes) -> bool:
        """Take in an alert; returns whether it is the latest of its network.

        Args:
            alert: decoded from `raw`. One that says where its network went removes it.
            raw: kept on disk.
        """
        known = self._rows.get(alert.network_id)
        if known is not None and known.revision > alert.revision:
            return False
        self.newest = max(alert.event_time_end, self.newest or alert.event_time_end)
        if alert.successor_id is not None:
            self.drop(alert.network_id)
            return True
        self._alerts.put(alert.network_id, raw)
        self._rows[alert.network_id] = row_of(alert)
        self._touched(alerts=True)
        return True

    def take_network(self, network: NetworkSnapshot, raw: bytes) -> None:
        """Keep the network of an alert, with all its samples and ties."""
        self._networks.put(network.network_id, raw)

    def drop(self, network_id: str) -> None:
        """Forget a network that is no more; its reviews stay."""
        if self._rows.pop(network_id, None) is not None:
            self._alerts.drop(network_id)
            self._networks.drop(network_id)
            self._touched(alerts=True)

    def take_review(self, event: ReviewEvent) -> bool:
        """Take in a review; returns whether it is new. Of two events with one id the first counts."""
        if event.event_id in self._events:
            return False
        self._events[event.event_id] = event
        review = self._reviews.setdefault(event.network_id, NetworkReview())
        review.take(event)
        self._decisions.take(event)
        if event.expires_at is not None and event.label is not None:
            self._lapsing.add(event.network_id)
        self._states[event.network_id] = review.state(datetime.now(UTC))
        self._touched(alerts=False)
        return True

    def _touched(self, *, alerts: bool) -> None:
        self.version += 1
        if alerts:
            self._ordered = None

    # what pages ask for

    @property
    def rows(self) -> Mapping[str, Row]:
        """The row of each network, by id."""
        return self._rows

    def ordered(self) -> Sequence[Row]:
        """All rows in the order of the queue."""
        if self._ordered is None:
            self._ordered = sorted(self._rows.values(), key=lambda row: row.rank)
            self._cases = {}
            for row in self._ordered:
                self._cases.setdefault(row.case_id, []).append(row)
        return self._ordered

    def case(self, case_id: str) -> Sequence[Row]:
        """The networks of a case, in the order of the queue."""
        self.ordered()
        return self._cases.get(case_id, ())

    def alert(self, network_id: str) -> Alert | None:
        """The latest alert of a network, with all samples and ties if its network is known; None: there is none."""
        raw = self._alerts.get(network_id)
        if raw is None:
            return None
        alert = _alerts.decode(raw)
        known = self._networks.get(network_id)
        network = None if known is None else _networks.decode(known)
        if network is None or network.revision != alert.revision:
            return alert
        return completed(alert, network)

    def review(self, network_id: str) -> NetworkReview:
        """The review of a network; empty if nobody has said anything."""
        return self._reviews.get(network_id) or NetworkReview()

    def state(self, network_id: str) -> ReviewState:
        """How far the review of a network has come, and what it is taken to be."""
        if network_id in self._lapsing:
            self._states[network_id] = self._reviews[network_id].state(datetime.now(UTC))
        return self._states.get(network_id, _NOTHING)

    def event(self, event_id: str) -> ReviewEvent | None:
        """A review event by its id; None: there is none."""
        return self._events.get(event_id)

    def audit(self) -> Sequence[ReviewEvent]:
        """All review events, in the order of time, then of their ids."""
        return sorted(self._events.values(), key=lambda event: (event.at, event.event_id))

    def rules(self) -> Mapping[str, SuppressionRule]:
        """The rules that reviews make now, by the id of the event that made them."""
        return {rule.rule_id.removeprefix(RULE_PREFIX): rule for rule in self._decisions.rules()}

    def assignees(self) -> list[str]:
        """Everybody who has reviewed or was assigned a network, sorted."""
        names = {event.actor for event in self._events.values()}
        names |= {event.assignee for event in self._events.values() if event.assignee}
        return sorted(names)

    def event_time(self) -> datetime:
        """The event time from which a term such as seven days counts, UTC."""
        return term_start(self.newest)

    # waiting

    async def announce(self) -> None:
        """Wake whoever waits for a change."""
        async with self._changed:
            self._changed.notify_all()

    async def until_known(self, event_ids: Sequence[str]) -> None:
        """Wait until these review events have come in."""
        async with self._changed:
            await self._changed.wait_for(lambda: all(name in self._events for name in event_ids))
