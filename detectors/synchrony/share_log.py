"""The log of shares: who shared what and when, for as long as evidence is kept.

Pair evidence says that two accounts shared an object. What other accounts did with the object at that time says how
unusual the two were. So the log keeps every share, chained to the shares before and after it on its object. It answers
questions about the past of an object in time proportional to the crowd there.
"""

from typing import Any, ClassVar

import numpy as np

from detectors.arrays.compiled import compiled
from detectors.arrays.dtypes import StructArray
from detectors.arrays.growing import grown

LOGGED = np.dtype(
    [
        ("time", np.int64),  # seconds
        ("post", np.int64),  # running number of the post; never falls along the log
        ("account", np.int32),
        ("before", np.int32),  # shares back to the one before on the same object, 0: none that is remembered
        ("after", np.int32),  # shares on to the next one on the same object, 0: none yet
        ("kind", np.uint8),
        ("first", np.uint8),  # 1: the account had not shared the object lately
    ]
)
"""One share of an object. Shares stand in order of arrival."""


class ShareLog:
    """Shares in order of arrival, oldest first.

    Args:
        max_shares: shares held, at most. When there are more, the oldest leave early and are counted.
        first_size: shares that there is room for at first; a power of two.
    """

    not_state: ClassVar[frozenset[str]] = frozenset({"_max_shares", "_first_size"})

    def __init__(self, max_shares: int, first_size: int = 1 << 14) -> None:
        self._max_shares = max_shares
        self._first_size = first_size
        self._log: StructArray = np.zeros(first_size, LOGGED)
        self._size = 0
        self.begin = 0
        """Position of the first share that is held; shares are numbered from 0 in order of arrival."""
        self.evicted_early = 0
        """Count of shares that left early, for want of room."""

    @property
    def most_added(self) -> int:
        """Shares that one call of `add` may bring, at most. The engine's ring must hold all of them, too."""
        return max(self._max_shares // 2, 1)

    @property
    def shares(self) -> StructArray:
        """The shares held, records of `LOGGED`; a view, not a copy."""
        return self._log[: self._size]

    @property
    def room(self) -> StructArray:
        """All places, records of `LOGGED`; those after the shares held are free. For the kernel that appends."""
        return self._log

    def reserve(self, added: int) -> int:
        """Make room for `added` shares; the oldest leave when there would be too many.

        Returns:
            Shares that there is room for without asking again, at least `added`.
        """
        if self._size + added > self._max_shares:
            leaving = min(self._size, self._size + added - self._max_shares // 2)
            self._drop(leaving)
            self.evicted_early += leaving
        if self._size + added > len(self._log):
            self._log = grown(self, "_log", self._size + added)
        return max(min(len(self._log), self._max_shares) - self._size, added)

    def appended(self, added: int) -> None:
        """Hold `added` shares more, which `append` has put after the others."""
        self._size += added

    def extend(self, shares: StructArray) -> None:
        """Add records of `LOGGED` from another log, which come after all those that are held."""
        if not len(shares):
            return
        self.reserve(len(shares))
        self._log[self._size : self._size + len(shares)] = shares
        _chain(self._log, self._size, self._size + len(shares))
        self._size += len(shares)

    def age(self, oldest: int) -> None:
        """Remove shares before `oldest` (event time, seconds)."""
        self._drop(int(np.searchsorted(self.shares["time"], oldest)))

    def _drop(self, count: int) -> None:
        kept = self._size - count
        if count <= 0:
            return
        self._log[:kept] = self._log[count : self._size].copy()
        self._size = kept
        self.begin += count
        _cut_chains(self.shares)


@compiled
def append(
    log: StructArray, log_begin: int, ring: StructArray, objects: StructArray, begin: int, end: int
) -> None:
    """Copy shares of the ring into the log and chain them.

    Args:
        log: places of a `ShareLog`.
        log_begin: position of its first share.
        ring: records of `detectors.synchrony.share_ring.SHARES`, which hold these positions.
        objects: records of `detectors.synchrony.share_ring.OBJECTS`, by slot.
        begin: position of the first share, `log_begin` plus the shares held.
        end: position after the last.
    """
    for position in range(begin, end):
        share: Any = ring[position % len(ring)]
        row: Any = log[position - log_begin]
        row.time = share.time
        row.post = share.post
        row.account = share.account
        row.kind = objects[share.slot].kind
        row.first = share.own_before < 0
        row.after = 0
        row.before = 0
        if share.before >= log_begin:
            row.before = position - share.before
            log[share.before - log_begin].after = row.before


@compiled
def _chain(shares: StructArray, begin: int, end: int) -> None:
    """Chain the shares in some places to those before them; none leads to a share that is gone."""
    for place in range(begin, end):
        if shares[place].before > place:
            shares[place].before = 0
        elif shares[place].before > 0:
            shares[place - shares[place].before].after = shares[place].before


@compiled
def _cut_chains(shares: StructArray) -> None:
    """Let no chain lead to a share that is gone."""
    for place in range(len(shares)):
        if shares[place].before > place:
            shares[place].before = 0
