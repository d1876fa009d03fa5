"""Alerts joined with the labels that reviewers gave: what a score was when a person looked at it."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from detectors.reference.network_review import DISPUTED, NetworkReview
from schemas.alerts import Alert
from schemas.reviews import ReviewEvent, ReviewLabel

COORDINATED = frozenset(
    {
        ReviewLabel.CONFIRMED_INAUTHENTIC.value,
        ReviewLabel.COORDINATED_AUTHENTIC.value,
        ReviewLabel.BENIGN_AUTOMATION.value,
    }
)
"""Labels of networks that do act together."""
INAUTHENTIC = frozenset({ReviewLabel.CONFIRMED_INAUTHENTIC.value})
DECIDED = COORDINATED | {ReviewLabel.NOT_COORDINATED.value}
"""Labels that say what a network is; the others say that nobody knows."""


@dataclass(frozen=True, slots=True)
class Scored:
    """The scores of one alert."""

    revision: int
    coordination: float
    covertness: float | None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What reviewers said about a network, and the alert that they saw."""

    network_id: str
    label: str
    """A label, or `disputed`."""
    seen: Scored
    exact: bool
    """Whether `seen` is the revision that was reviewed."""
    awaits_second: bool = False
    """Whether the label needs a second reviewer, and has one."""

    @property
    def is_decided(self) -> bool:
        """Whether the label says what the network is."""
        return self.label in DECIDED


@dataclass(slots=True)
class Scores:
    """The scores of all revisions of all networks."""

    by_network: dict[str, list[Scored]] = field(default_factory=dict)
    alerts: int = 0
    config_hashes: set[str] = field(default_factory=set)

    def add(self, alert: Alert) -> None:
        """Add an alert."""
        self.alerts += 1
        self.config_hashes.add(alert.provenance.config_hash)
        scored = Scored(alert.revision, alert.coordination, alert.covertness)
        self.by_network.setdefault(alert.network_id, []).append(scored)

    def seen(self, network_id: str, revision: int) -> Scored:
        """The revision, or else the latest before it, or else the first of the network, which must be known."""
        known = sorted(self.by_network[network_id], key=lambda scored: scored.revision)
        before = [scored for scored in known if scored.revision <= revision]
        return before[-1] if before else known[0]


@dataclass(frozen=True, slots=True)
class Verdicts:
    """All verdicts."""

    known: list[Verdict]
    """On networks of the alerts, in the order of their ids."""
    unknown: int
    """Labelled networks that are not among the alerts."""


def verdicts_of(events: Iterable[ReviewEvent], scores: Scores, now: datetime) -> Verdicts:
    """The verdict on each labelled network.

    Args:
        events: the audit log, in any order.
        scores: of the alerts.
        now: the wall clock, UTC; expired labels do not count.
    """
    reviews: dict[str, NetworkReview] = {}
    for event in events:
        reviews.setdefault(event.network_id, NetworkReview()).take(event)
    known, unknown = [], 0
    for network_id, review in sorted(reviews.items()):
        state = review.state(now)
        if state.standing is None or state.labels is None:
            continue
        if network_id not in scores.by_network:
            unknown += 1
            continue
        event = max(state.labels.values(), key=lambda event: (event.at, event.event_id))
        seen = scores.seen(network_id, event.alert_revision)
        exact = seen.revision == event.alert_revision
        known.append(Verdict(network_id, state.standing, seen, exact, state.awaits_second))
    return Verdicts(known, unknown)


LABELS = (*(label.value for label in ReviewLabel), DISPUTED)
"""All labels a verdict may have."""
