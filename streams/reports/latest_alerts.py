"""The latest alert of every network of a run, in the order in which a person should look at them."""

from collections.abc import Iterable
from typing import ClassVar

from schemas.alerts import Alert
from schemas.evidence import kinds_shared
from schemas.networks import Lifecycle
from schemas.shares import TraceKind

_NOUNS = {
    TraceKind.REPOST: "reposts",
    TraceKind.URL: "links",
    TraceKind.TEXT: "texts",
    TraceKind.HASHTAG_SEQUENCE: "hashtags",
    TraceKind.MENTION: "mentions",
    TraceKind.REPLY: "replies",
    TraceKind.MEDIA: "media",
    TraceKind.FOLLOW: "follows",
}


class LatestAlerts:
    """Keeps the latest alert of each network. Networks that others took in are only counted."""

    not_state: ClassVar[frozenset[str]] = frozenset()
    _latest: dict[str, Alert]

    def __init__(self) -> None:
        self._latest = {}
        self.alerts = 0
        """Alerts added: all revisions of all networks."""
        self.absorbed = 0
        """Networks that others took in."""

    def __len__(self) -> int:
        return len(self._latest)

    @property
    def cases(self) -> int:
        """Cases of the networks in the latest alerts."""
        return len({case_of(alert) for alert in self._latest.values()})

    @property
    def accounts(self) -> int:
        """Accounts in the latest alerts, each once. Those that an alert leaves out for length count as well."""
        named = {member.account_id for alert in self._latest.values() for member in alert.members}
        return len(named) + sum(alert.member_count - len(alert.members) for alert in self._latest.values())

    def add(self, alert: Alert) -> None:
        """Add an alert, in the order in which they were raised."""
        self.alerts += 1
        if alert.lifecycle is Lifecycle.ABSORBED:
            self.absorbed += self._latest.pop(alert.network_id, None) is not None
        else:
            self._latest[alert.network_id] = alert

    def ranked(self) -> list[Alert]:
        """The latest alerts by `rank`, but those of one case stand together, in the place of the first of them."""
        first: dict[tuple[bool, str], tuple[bool, int, float, int, str]] = {}
        for alert in self._latest.values():
            case = is_closed(alert), case_of(alert)
            first[case] = min(rank(alert), first.get(case, rank(alert)))
        return sorted(
            self._latest.values(),
            key=lambda alert: (first[is_closed(alert), case_of(alert)], rank(alert)),
        )


def rank(alert: Alert) -> tuple[bool, int, float, int, str]:
    """Place of an alert among others: open networks first, then by priority, coordination and size."""
    return (
        is_closed(alert),
        -alert.priority,
        -alert.coordination,
        -alert.member_count,
        alert.network_id,
    )


def case_of(alert: Alert) -> str:
    """The case of an alert; in alerts of earlier versions, each network is one."""
    return alert.case_id or alert.network_id


def is_closed(alert: Alert) -> bool:
    """Whether a network was closed because it showed nothing new for a long time."""
    return alert.lifecycle is Lifecycle.RESOLVED


def shared_kinds(alert: Alert) -> list[str]:
    """What the members shared, in words, strongest evidence first."""
    return nouns(kinds_shared(alert.signals))


def nouns(kinds: Iterable[str]) -> list[str]:
    """Kinds of trace as plural nouns for a reader: links, texts, reposts."""
    known = {kind.value: noun for kind, noun in _NOUNS.items()}
    return [known.get(kind, kind) for kind in kinds]
