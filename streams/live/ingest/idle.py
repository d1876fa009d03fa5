"""Partitions without messages: when they may hold up the others no longer.

A mark says of a partition: as far as others had come, nothing more was in it. How far they had come is read first and
whether the partition is empty is asked after that, so that whatever was published before is not passed over.
"""

import time
from collections.abc import Callable, Iterable, Mapping

from aiokafka import TopicPartition

from schemas.progress import Progress
from streams.live.exchange.frames import Mark


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
        """When each partition was last seen to have a message."""
        self._marked: dict[TopicPartition, tuple[int, int]] = {}
        """Offset and event time of the last mark of each."""
        self._latest: int | None = None
        self._moved = clock()
        """When others were last seen to have come further."""

    def saw(self, partitions: Iterable[TopicPartition]) -> None:
        """Note that partitions had messages, or are new here."""
        now = self._clock()
        for partition in partitions:
            self._busy[partition] = now

    def forget(self) -> None:
        """Begin anew, as after a rebalance."""
        self._busy.clear()
        self._marked.clear()

    def waiting(self, assigned: Iterable[TopicPartition]) -> list[TopicPartition]:
        """Partitions that have been without a message for long enough."""
        now = self._clock()
        for partition in assigned:
            self._busy.setdefault(partition, now)
        return [tp for tp in assigned if now - self._busy[tp] >= self._idle_after_s]

    def upto(self, progress: Progress | None) -> int | None:
        """Event time that empty partitions can be marked with, seconds; ask before looking whether they are empty.

        Where nothing has moved for long, it is past the lateness bound, so that nothing waits for ever.
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
        upto: int,
        empty: Mapping[TopicPartition, int],
        topic_of: Callable[[TopicPartition], str],
    ) -> list[Mark]:
        """The marks that say something new.

        Args:
            upto: what `upto` gave.
            empty: partitions found empty, each with the offset that comes next in it.
            topic_of: name of its topic without prefix.
        """
        fresh = {tp: offset for tp, offset in empty.items() if self._marked.get(tp) != (offset, upto)}
        self._marked.update((tp, (offset, upto)) for tp, offset in fresh.items())
        return [Mark(topic_of(tp), tp.partition, offset, upto) for tp, offset in fresh.items()]
