"""What a run has found so far: the latest alert of every network, in the order in which to look at them."""

from collections.abc import Iterable

from schemas.alerts import Alert
from schemas.networks import Lifecycle
from schemas.shares import TraceKind

_DETECTOR = "co_share."
_NOUNS = {
    TraceKind.REPOST: "reposts",
    TraceKind.URL: "links",
    TraceKind.TEXT: "texts",
    TraceKind.HASHTAG_SEQUENCE: "hashtags",
    TraceKind.MENTION: "mentions",
    TraceKind.REPLY: "replies",
    TraceKind.MEDIA: "media",
}


class FoundNetworks:
    """Keeps the latest alert of each network; networks merged into others are only counted."""

    def __init__(self) -> None:
        self._latest: dict[str, Alert] = {}
        self.alerts = 0
        """Alerts seen: every revision of every network."""
        self.merged_away = 0
        """Networks that went into others."""

    def __len__(self) -> int:
        return len(self._latest)

    def add(self, alert: Alert, *, merged_away: bool) -> None:
        """Take an alert; `merged_away` as `streams.replay.replay.Replay.merged_away` says."""
        self.alerts += 1
        if merged_away:
            self.merged_away += self._latest.pop(alert.network_id, None) is not None
        else:
            self._latest[alert.network_id] = alert

    def ranked(self) -> list[Alert]:
        """The latest alerts: open networks first, each group by priority, then coordination, then size."""
        return sorted(
            self._latest.values(),
            key=lambda alert: (
                is_closed(alert),
                -alert.priority,
                -alert.coordination,
                -alert.member_count,
                alert.network_id,
            ),
        )


def is_closed(alert: Alert) -> bool:
    """Whether a network had not shown anything new for so long that it was closed."""
    return alert.lifecycle is Lifecycle.RESOLVED


def shared_kinds(alert: Alert) -> list[str]:
    """What the members shared, in words, strongest first."""
    return nouns(
        signal.detector.removeprefix(_DETECTOR)
        for signal in alert.signals
        if signal.detector.startswith(_DETECTOR)
    )


def nouns(kinds: Iterable[str]) -> list[str]:
    """Kinds of trace as a reader would call what was shared."""
    known = {kind.value: noun for kind, noun in _NOUNS.items()}
    return [known.get(kind, kind) for kind in kinds]
