"""Figures and health of a collector: for Prometheus, for an orchestrator, and as a line for whoever watches."""

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from prometheus_client import CollectorRegistry

from detectors.covertness.words import plural
from schemas.service.topics import ACCOUNTS, FOLLOWS, POSTS
from streams.collect.inbox import Inbox
from streams.collect.source import Events
from streams.metrics.metrics import CollectorMetrics
from streams.version import VERSION

_DELETIONS = "deletions"
_WORDS = {
    POSTS.name: "post",
    FOLLOWS.name: "follow event",
    ACCOUNTS.name: "profile",
    _DELETIONS: "deletion",
}


@dataclass(slots=True)
class CollectorHealth:
    """Whether a collector is alive and ready."""

    failed: str = ""
    stopping: bool = False
    connected: bool = False
    broker_reachable: bool = False

    @property
    def alive(self) -> bool:
        """Whether it can go on. One that cannot should be restarted."""
        return not self.failed

    @property
    def waits_for(self) -> list[str]:
        """What it waits for, in words; empty if it is ready."""
        waits = [self.failed] if self.failed else []
        if self.stopping:
            waits.append("the collector is ending")
        if not self.connected:
            waits.append("the source is not connected")
        if not self.broker_reachable:
            waits.append("the broker cannot be reached")
        return waits


class CollectorFigures:
    """Counts what one collector does.

    Args:
        prefix: of the topics.
        collector: its name.
        source: name of the source.
        inbox: of the collector.
        clock: seconds since 1970 UTC.
    """

    def __init__(
        self, prefix: str, collector: str, source: str, inbox: Inbox, clock: Callable[[], float] = time.time
    ) -> None:
        self.registry = CollectorRegistry()
        self._metrics = CollectorMetrics(prefix, self.registry)
        self._metrics.start_at_zero()
        self._metrics.build.of(VERSION, collector, source).set(1)
        self.health = CollectorHealth()
        self.written: Counter[str] = Counter()
        """Records that the broker has, by topic without prefix; deletions of posts apart."""
        self.others: Counter[str] = Counter()
        """Messages that go to no topic, by kind."""
        self.rejected: Counter[str] = Counter()
        """Dead letters, by reason."""
        self.repeats = 0
        self.faults = 0
        self.gaps = 0
        self._source = source
        self._inbox = inbox
        self._clock = clock
        self._event_time = 0.0
        self._shown_at = clock()
        self._shown = 0

    def wrote(self, events: Events, repeats: int) -> None:
        """The broker has these events."""
        counts = {POSTS.name: len(events.posts)}
        for topic, table in ((FOLLOWS, events.follows), (ACCOUNTS, events.profiles)):
            if table is not None:
                counts[topic.name] = len(table)
        if events.deletions is not None:
            self.written[_DELETIONS] += len(events.deletions)
            self._metrics.records.of(POSTS.name).inc(len(events.deletions))
        for name, count in counts.items():
            self.written[name] += count
            self._metrics.records.of(name).inc(count)
        for kind, count in events.others.items():
            self.others[kind] += count
            self._metrics.others.of(kind).inc(count)
        for letter in events.dead_letters:
            self.rejected[letter.reason] += 1
            self._metrics.dead_letters.of(letter.reason).inc()
        self.repeats += repeats
        self._metrics.repeats.of().inc(repeats)
        if events.position is not None and events.position.time_us:
            self._event_time = events.position.time_us / 1e6
            self._metrics.event_time.of().set(self._event_time)

    def fault(self) -> None:
        """A connection to the source failed or ended."""
        self.faults += 1
        self._metrics.faults.of().inc()

    def note_gaps(self, gaps: int) -> None:
        """The source has had so many gaps by now."""
        self._metrics.gaps.of().inc(gaps - self.gaps)
        self.gaps = gaps

    def update_ready(self) -> None:
        """Set the gauges of this moment."""
        self._metrics.connected.of().set(self.health.connected)
        self._metrics.ready.of().set(not self.health.waits_for)
        self._metrics.waiting.of().set(len(self._inbox))

    def line(self) -> str:
        """How far the collector is, in one line."""
        now = self._clock()
        posts = self.written[POSTS.name]
        rate = (posts - self._shown) / max(now - self._shown_at, 1e-3)
        self._shown, self._shown_at = posts, now
        said = [f"{plural(posts, 'post')} ({rate:,.0f}/s)"]
        said += [plural(self.written[topic], word) for topic, word in _WORDS.items() if topic != POSTS.name]
        if self._event_time:
            when = datetime.fromtimestamp(self._event_time, UTC)
            said.append(f"up to {when:%Y-%m-%d %H:%M:%S} UTC, {max(0.0, now - self._event_time):,.0f} s ago")
        said += [word for word in self.health.waits_for if word != "the collector is ending"]
        return f"{self._source}: {', '.join(said)}"

    def summary(self) -> str:
        """What was collected, in words."""
        said = [plural(self.written[topic], word) for topic, word in _WORDS.items()]
        if self.rejected:
            said.append(f"{plural(self.rejected.total(), 'message')} rejected")
        if self.others:
            kinds = ", ".join(f"{kind} ({count:,})" for kind, count in self.others.most_common())
            said.append(f"written nowhere: {kinds}")
        if self.faults:
            said.append(f"{plural(self.faults, 'connection')} failed or ended")
        if self.gaps:
            said.append(plural(self.gaps, "gap"))
        return f"{self._source}: {'; '.join(said)}."
