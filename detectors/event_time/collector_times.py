"""How far each collector has come in each partition, and so how far event time may go.

A source is one collector in one partition; records that name no collector are one source of their partition. Event time
is where the source that is furthest behind is. A collector that is fast, or whose clock is ahead, moves its own sources
only.
"""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import ClassVar

from detectors.arrays.dtypes import I64, U64

UNNAMED = ""
"""The collector of records that name none."""
MOST_COLLECTORS = 64
"""Collectors of a partition that are waited for apart; any more count as unnamed. Chosen, not measured."""
JUMP_S = 3_600
"""A row further than this after its source counts only when it is confirmed, seconds: the longest window in which two
shares count as made together. Shorter jumps change little; wrong dates are mostly off by hours or more."""
SAME_ACCOUNT_POSTS = 5
"""Rows of one account that confirm a jump without another account. Chosen, not measured: a partition may have one
account alone, and may not wait forever."""


@dataclass(slots=True)
class SourceTime:
    """How far one collector has come in one partition."""

    latest: float
    """Event time that it has reached, seconds: minus infinity before its first row, infinity after its end."""
    heard: float
    """Time of its last record, seconds by the clock of the partition; minus infinity: nobody was heard here, and this
    stands for whoever may be."""
    ahead: float = -math.inf
    """Greatest event time of the rows that are too far ahead to count yet; minus infinity: there are none."""
    ahead_account: int = 0
    """Account of that row."""
    ahead_rows: int = 0
    """Count of these rows."""

    @property
    def holds(self) -> bool:
        """Whether it was heard, and may come with more."""
        return self.heard > -math.inf and self.latest < math.inf

    def reach(self, time: float) -> None:
        """It has come to an event time; it never moves back."""
        self.latest = max(self.latest, time)
        if self.ahead <= self.latest + JUMP_S:
            self.latest = max(self.latest, self.ahead)
            self.ahead, self.ahead_rows = -math.inf, 0

    def see(self, time: float, account: int) -> None:
        """Take one row. One that is far ahead counts when a row of another account is as far, or beyond."""
        if time <= self.latest + JUMP_S:
            self.reach(time)
            return
        self.ahead_rows += 1
        if self.ahead > -math.inf and account != self.ahead_account:
            confirmed = min(time, self.ahead)
            if time > self.ahead:
                self.ahead, self.ahead_account = time, account
            self.ahead_rows = 1
            self.reach(confirmed)
        else:
            if time > self.ahead:
                self.ahead, self.ahead_account = time, account
            if self.ahead_rows >= SAME_ACCOUNT_POSTS:
                self.reach(self.ahead)

    def see_all(self, times: I64, accounts: U64) -> None:
        """Take rows in the order of arrival: event times, seconds, and keys of their accounts."""
        if not len(times):
            return
        latest = float(times.max())
        if latest <= self.latest + JUMP_S:
            self.reach(latest)
            return
        for time, account in zip(times.tolist(), accounts.tolist(), strict=True):
            self.see(float(time), account)


class CollectorTimes:
    """All sources. Partitions are named `topic/number`.

    Args:
        wait_s: seconds without a record, by the clock of its partition, after which a source is no longer waited for.
        lead: the topic of posts. A collector may publish follow events of a later time first, so its posts say how far
            it is.
    """

    not_state: ClassVar[frozenset[str]] = frozenset({"_wait_s", "_lead"})
    sources: dict[str, dict[str, SourceTime]]
    """By partition and collector. A partition that is waited for always has one."""
    read: dict[str, float]
    """Time up to which each partition has been read, seconds by the broker's clock."""
    clock: float
    """Time up to which all partitions have been read, seconds; it never falls."""

    def __init__(self, wait_s: float, lead: str) -> None:
        self._wait_s = wait_s
        self._lead = lead
        self.sources = {}
        self.read = {}
        self.clock = -math.inf

    def announce(self, partitions: Iterable[str], start: float) -> None:
        """Wait for these partitions too, as long as nobody was heard there.

        Args:
            partitions: known ones are left as they are.
            start: event time from which a new one is waited for, seconds.
        """
        for partition in partitions:
            if partition not in self.sources:
                self.sources[partition] = {UNNAMED: SourceTime(start, -math.inf)}
                self.read.setdefault(partition, self.clock)

    def source(self, partition: str, collector: str, at: float, start: float) -> SourceTime:
        """A source that has had a record.

        Args:
            partition: where.
            collector: who.
            at: time of the record, seconds.
            start: event time at which the source starts if it is new, or goes on after its end: where event time has
                been applied up to, so that nothing of it is late which need not be.
        """
        here = self.sources.setdefault(partition, {})
        self.read.setdefault(partition, self.clock)
        if collector not in here and len(here) >= MOST_COLLECTORS:
            collector = UNNAMED
        found = here.get(collector)
        if found is None or not found.holds:
            for name in [name for name, other in here.items() if not other.holds]:
                del here[name]
            found = here[collector] = SourceTime(start, at)
        found.heard = max(found.heard, at)
        return found

    def see(self, source: SourceTime, times: I64, accounts: U64) -> float:
        """Take rows of a source in the order of arrival.

        Returns:
            Event time that they have brought it to, seconds; minus infinity if they have not moved it.
        """
        before = source.latest
        source.see_all(times, accounts)
        return source.latest if source.latest > before else -math.inf

    def close(self, partition: str, collector: str) -> None:
        """A collector has ended in a partition. Where no other is, the partition has ended."""
        here = self.sources.setdefault(partition, {})
        here.pop(collector, None)
        if not any(source.holds for source in here.values()):
            self.sources[partition] = {collector: SourceTime(math.inf, -math.inf)}

    def leave(self, partition: str, collector: str) -> None:
        """Wait no longer for a collector in a partition, which has not ended."""
        here = self.sources.get(partition, {})
        left = here.pop(collector, None)
        if left is not None and not here:
            here[UNNAMED] = SourceTime(left.latest, -math.inf)

    def note_read(self, partition: str, time: float) -> None:
        """A partition has been read up to a time, seconds by the broker's clock."""
        self.read[partition] = max(time, self.read.get(partition, -math.inf))

    def mark_empty(self, partition: str, upto: float) -> None:
        """A partition was read to its end when others had reached an event time: the unnamed in it hold nothing up."""
        source = self.sources.get(partition, {}).get(UNNAMED)
        if source is not None:
            source.reach(upto)

    def mark_read(self, partition: str) -> None:
        """A partition was read to its end: no collector with a name is behind in it where it is itself elsewhere."""
        for collector, source in self.sources.get(partition, {}).items():
            if collector != UNNAMED and source.holds:
                source.reach(self._latest_of(collector, _topic(partition)))

    def advance(self) -> None:
        """Bring the clock up to date, and wait no longer for sources that have been silent too long."""
        clock = max(self.clock, min(self.read.values(), default=-math.inf))
        if clock == self.clock:
            return
        self.clock = clock
        silent = [
            (partition, collector)
            for partition, here in self.sources.items()
            for collector, source in here.items()
            if source.holds and self.read[partition] - source.heard >= self._wait_s
        ]
        for partition, collector in silent:
            self.leave(partition, collector)

    def restart(self, time: float) -> None:
        """Go on after the end of all: what follows, from whichever collector, may be of event time `time`, seconds."""
        for partition in self.sources:
            self.sources[partition] = {UNNAMED: SourceTime(time, -math.inf)}

    @property
    def least(self) -> float:
        """Event time of the source that is furthest behind, seconds.

        Minus infinity until every source has shown a time; infinity when all have ended.
        """
        return min((source.latest for source in self._all()), default=-math.inf)

    @property
    def holding(self) -> list[str]:
        """Partitions of the sources that are furthest behind."""
        least = self.least
        return [
            partition
            for partition, here in self.sources.items()
            if any(source.latest == least for source in here.values())
        ]

    def _all(self) -> Iterator[SourceTime]:
        return (source for here in self.sources.values() for source in here.values())

    def _latest_of(self, collector: str, topic: str) -> float:
        """Event time that a collector has reached with its posts; without posts, with the records of that topic."""
        reached: dict[str, float] = {}
        for partition, here in self.sources.items():
            if collector in here and here[collector].holds:
                name = _topic(partition)
                reached[name] = max(here[collector].latest, reached.get(name, -math.inf))
        return reached.get(self._lead, reached.get(topic, -math.inf))


def _topic(partition: str) -> str:
    return partition.partition("/")[0]
