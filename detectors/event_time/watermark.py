"""The watermark: the event time before which no more rows are expected.

Every source (a file, a feed, a partition) has a latest event time. The source that is furthest behind, less the
allowed lateness, gives the watermark of all.
"""

import math
from collections.abc import Iterable
from typing import ClassVar

import numpy as np

from detectors.arrays.dtypes import I64, Bools


class Watermark:
    """How far event time has passed, over several sources.

    Args:
        lateness_s: how far a row may lag behind the latest row of its source, seconds.
    """

    not_state: ClassVar[frozenset[str]] = frozenset({"_lateness_s"})
    latest: dict[str, float]
    """Latest event time of each source, seconds: minus infinity before its first row, infinity after its end."""

    def __init__(self, lateness_s: int) -> None:
        self._lateness_s = lateness_s
        self.latest = {}

    def open(self, sources: Iterable[str], start: float | None = None) -> None:
        """Wait for these sources too.

        A source that is known already is left as it is. A new one starts where the others are, so the watermark never
        falls.

        Args:
            sources: their names.
            start: event time at which new ones start, seconds; None: `least` as it is now.
        """
        start = self.least if start is None else start
        for source in sources:
            self.latest.setdefault(source, start)

    def close(self, source: str) -> None:
        """The source has ended: wait for it no longer."""
        self.latest[source] = math.inf

    def see(self, source: str, times: I64, start: float | None = None) -> Bools:
        """Take the times of rows of one source, in the order of arrival.

        Args:
            source: one that was opened. Any other, and one that goes on after its end, starts where the others are.
            times: int64, event time of each row, seconds.
            start: where it then starts, seconds; None: `least` as it is now.

        Returns:
            bool, one a row: whether the row came too late, judged by the rows of its source before it.
        """
        if not len(times):
            return np.zeros(0, np.bool_)
        latest = self.latest.get(source, math.inf)
        if latest == math.inf:
            latest = self.least if start is None else start
        before = np.maximum.accumulate(np.concatenate([[latest], times]))
        self.latest[source] = float(before[-1])
        late: Bools = times < before[:-1] - self._lateness_s
        return late

    def mark(self, source: str, time: float) -> None:
        """A known source is known to have reached `time`, seconds, with or without rows; it never moves back."""
        self.latest[source] = max(self.latest[source], time)

    def restart(self, time: float) -> None:
        """Go on after the end of all sources: later rows may follow from event time `time`, seconds."""
        self.latest = dict.fromkeys(self.latest, float(time))

    @property
    def ended(self) -> bool:
        """Whether there were sources, and all of them have ended."""
        return bool(self.latest) and min(self.latest.values()) == math.inf

    @property
    def least(self) -> float:
        """Latest event time of the source that is furthest behind, seconds.

        Minus infinity until every source has shown a time; infinity when all have ended.
        """
        return min(self.latest.values(), default=-math.inf)

    @property
    def passed(self) -> float:
        """Event time before which no more rows are expected, seconds."""
        return self.least - self._lateness_s
