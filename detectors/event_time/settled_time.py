"""Settled event time: what all sources have reached is applied once it has held for a while.

Sources become known one after another: a collector that starts, a partition that is added. Without a wait, the first
one known decides alone, and what the others bring is late. So event time goes on to the lowest watermark of the last
`settle_s` seconds, by a clock that is in the data.
"""

import math
from typing import ClassVar

_STEPS = 64
"""Parts of the time to settle that are kept apart. Chosen, not measured: it bounds what is remembered."""


class SettledTime:
    """The lowest value of the last seconds: a minimum over a sliding window.

    Args:
        settle_s: length of the window, seconds by the clock; 0: the value counts at once.
    """

    not_state: ClassVar[frozenset[str]] = frozenset({"_settle_s"})
    points: list[tuple[float, float]]
    """Clock time, and the lowest value from then on; both ascend. The first one holds from before the window."""

    def __init__(self, settle_s: float) -> None:
        self._settle_s = settle_s
        self.points = [(-math.inf, -math.inf)]

    @property
    def value(self) -> float:
        """The lowest value of the window."""
        return self.points[0][1]

    def observe(self, clock: float, value: float) -> None:
        """Take the value of now.

        Args:
            clock: seconds, never falling; minus infinity: not known yet, so that nothing settles.
            value: any; below `value`, it is taken at once.
        """
        if clock == -math.inf and self._settle_s:
            return
        begin = clock
        while self.points and self.points[-1][1] >= value:
            begin, _ = self.points.pop()
        if self.points:
            step = self._settle_s / _STEPS
            last = self.points[-1][0]
            if step and len(self.points) > 1 and begin // step == last // step:
                self.points.pop()  # the higher one counts, from the later time
        self.points.append((begin, value))
        while len(self.points) > 1 and self.points[1][0] <= clock - self._settle_s:
            del self.points[0]

    def restart(self, value: float) -> None:
        """Go on from a value that counts at once."""
        self.points = [(-math.inf, value)]
