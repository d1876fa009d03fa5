"""Partitions that have been read to their end: from when on they no longer hold up the others.

A mark says that a partition was empty when the other partitions had reached some event time. Ingest reads that time
first, and only then asks whether the partition is empty, so it cannot miss what was published before.
"""

import math
import time
from collections.abc import Callable, Iterable, Mapping

from aiokafka import TopicPartition

from schemas.service.progress import Progress
from streams.live.exchange.frames import Mark
from streams.settings.settings import WorkerSettings

_TICK_EVERY_S = 1.0
"""Seconds between two ticks. Chosen, not measured: a worker writes one small frame."""
_SLACK_S = 60.0
"""Seconds of ticks beyond those that detection counts. Chosen, not measured."""


def ticks_of(settings: WorkerSettings) -> "Ticks":
    """Ticks that go on until all that the settings wait for has come about."""
    return Ticks(settings.settle_s + settings.collector_wait_s + settings.idle_after_s + _SLACK_S)


class IdlePartitions:
    """Which partitions are empty, and since when.

    Args:
        idle_after_s: seconds without a message before a partition counts as empty.
        lateness_s: allowed lateness, seconds of event time.
        clock: seconds, never falling.
    """

    def __init__(
        self, idle_after_s: float, lateness_s: int, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._idle_after_s = idle_after_s
        self._lateness_s = lateness_s
        self._clock = clock
        self._busy: dict[TopicPartition, float] = {}
        """Clock time at which each partition last had a message."""
        self._marked: dict[TopicPartition, tuple[int, int]] = {}
        """Offset and event time of the last mark of each partition."""
        self._latest: int | None = None
        self._moved = clock()
        """Clock time at which the latest event time last changed."""

    def note_busy(self, partitions: Iterable[TopicPartition]) -> None:
        """Note that partitions have had messages, or were assigned just now."""
        now = self._clock()
        for partition in partitions:
            self._busy[partition] = now

    def forget(self) -> None:
        """Forget all partitions, as after a rebalance."""
        self._busy.clear()
        self._marked.clear()

    def idle(self, assigned: Iterable[TopicPartition]) -> list[TopicPartition]:
        """Partitions that have been without a message for `idle_after_s`."""
        now = self._clock()
        for partition in assigned:
            self._busy.setdefault(partition, now)
        return [partition for partition in assigned if now - self._busy[partition] >= self._idle_after_s]

    def mark_time(self, progress: Progress | None) -> int | None:
        """Event time for marks of empty partitions, seconds; None: no post has come. Ask before checking for emptiness.

        When event time has not moved for `idle_after_s`, this is past the lateness bound, so that no row waits forever.
        """
        if progress is None or progress.latest is None:
            return None
        latest = int(progress.latest.timestamp())
        if latest != self._latest:
            self._latest, self._moved = latest, self._clock()
        quiet = self._clock() - self._moved >= self._idle_after_s
        return latest + self._lateness_s + 1 if quiet else latest

    def marks(
        self,
        read: Mapping[TopicPartition, tuple[int, int]],
        topic_of: Callable[[TopicPartition], str],
        *,
        again: bool,
    ) -> list[Mark]:
        """Marks of partitions that have been read to their end.

        Args:
            read: for each, the offset that comes next, and what `mark_time` gave if it counts as empty, otherwise 0.
            topic_of: gives the name of the topic without prefix.
            again: whether marks that are as the last one of their partition are given as well.
        """
        given = {tp: place for tp, place in read.items() if again or self._marked.get(tp) != place}
        self._marked.update(given)
        return [Mark(topic_of(tp), tp.partition, offset, upto) for tp, (offset, upto) in given.items()]


class Ticks:
    """When to say that partitions have been read to their end though nothing in them has changed.

    Detection lets event time settle, and waits for silent collectors, by the clock of the log, which stands without
    frames. Ticks move it while rows wait. When nothing has come of them for long, what waits needs other posts.

    Args:
        enough_s: seconds of ticks after which everything that they can bring about has come about.
        clock: seconds, never falling.
    """

    def __init__(self, enough_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._enough_s = enough_s
        self._clock = clock
        self._ticked = -math.inf
        """Clock time of the latest tick."""
        self._state: tuple[object, ...] = ()
        self._moved = clock()
        """Clock time at which progress last differed from before."""

    def due(self, progress: Progress | None) -> bool:
        """Whether one is due now; it then counts as made."""
        if progress is None:
            return False
        now = self._clock()
        state = (progress.watermark, progress.least_latest, progress.held_rows, progress.settling)
        if state != self._state:
            self._state, self._moved = state, now
        waits = progress.settling or progress.held_rows > 0
        if not waits or now - self._ticked < _TICK_EVERY_S or now - self._moved >= self._enough_s:
            return False
        self._ticked = now
        return True
