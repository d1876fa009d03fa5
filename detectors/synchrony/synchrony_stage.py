"""Co-sharing: which accounts shared the same object within a window, in what crowd, and how exposed each was.

Shares arrive in event order. Each is chained to the share of its object before it. It then waits until its crowd is
known: the accounts that shared the object in the window before it and in the same window after it, for at most
`settle_s`. Then it *settles*: it adds to its account's exposure, and is paired with at most `cap` earlier shares of the
object within the kind's longest window. The crowd is counted in full whatever the cap, because it decides how much a
pair says.

Counting distinct accounts in a sliding window takes constant time: an account's latest share of an object carries a
mark, and the crowd is the number of marks between the window's tail and now.

Measured: 1 to 2 million shares a second at a cap of 32, against 0.3 million for a dictionary of deques.

The engine is cut into parts that share nothing (`detectors.shards`): each has the objects of one virtual shard, and its
share of the bounds. What the parts give is put in one order that depends on posts, kinds and objects alone. So it does
not matter how many shards hold the parts.
"""

from collections.abc import Sequence
from functools import partial
from itertools import chain
from typing import ClassVar, NamedTuple

import numpy as np

from detectors.arrays.dtypes import I64, StructArray
from detectors.config import DetectionConfig
from detectors.shards import VIRTUAL_SHARDS, Runner, in_turn, parted, parts_of
from detectors.synchrony.co_share_kernels import Shares, picked
from detectors.synchrony.co_shares import CO_SHARES, EXPOSURES, co_share_rules
from detectors.synchrony.share_part import AT_A_TIME, SharePart, push_parts

_KIND_BITS = 3
"""Bits that hold any kind."""
STEP = 1 << 17
"""Shares that one call of the kernel takes, at most: it bounds the memory of the records it makes."""
WORTH_SHARING = 1 << 14
"""Shares in one call from which shards work side by side: 16,384 take 10 ms, and starting a task takes 0.1 ms."""


class Synchrony(NamedTuple):
    """What shares gave, as far as they have settled."""

    co_shares: StructArray  # of CO_SHARES, ordered by (time, later_post, kind)
    exposures: StructArray  # of EXPOSURES, in no order that counts


class Push(NamedTuple):
    """Shares that are added together."""

    until: int
    """Event time, seconds; every share before it has been given."""
    shares: Shares


class SynchronyStage:
    """The co-share engine.

    Args:
        config: windows, cap, strata, settle time and bounds.
        shards: groups in which the parts are worked off; one of `detectors.shards.SHARD_COUNTS`.
        run: works off the groups.
        parts: into how many parts the engine is cut, a power of two; `VIRTUAL_SHARDS` at most.
        of: count of all parts, if others are elsewhere: the bounds are split over all of them.
        first: number of the first part that is here.
    """

    not_state: ClassVar[frozenset[str]] = frozenset(
        {"_rules", "_groups", "_run", "_longest", "_of", "_first"}
    )
    looks_ahead: ClassVar[bool] = False
    """Whether `expect` is of use."""

    def __init__(
        self,
        config: DetectionConfig,
        shards: int = 1,
        run: Runner = in_turn,
        parts: int = VIRTUAL_SHARDS,
        of: int | None = None,
        first: int = 0,
    ) -> None:
        self._rules = co_share_rules(config)
        self._of, self._first = of or parts, first
        self.parts = tuple(SharePart(config, self._rules, of or parts) for _ in range(parts))
        """By virtual shard."""
        self._groups = parts_of(shards, parts)
        self._run = run
        self._room = np.zeros(parts, np.int64)
        """Shares that each part surely has room for."""
        self._longest = min(STEP, self.parts[0].max_ring, self.parts[0].log.most_added)

    @property
    def evicted_early(self) -> int:
        """Count of shares that left before their window had passed, for want of room."""
        return sum(part.evicted_early for part in self.parts)

    @property
    def held(self) -> int:
        """Count of places in use: shares that are remembered, or whose place was not needed yet."""
        return sum(part.held for part in self.parts)

    @property
    def made(self) -> I64:
        """Count of all co-shares so far; int64 (kinds, strata), by the crowd of the smallest window."""
        return np.asarray(sum(part.tally.made for part in self.parts), np.int64)

    @property
    def left_out(self) -> dict[str, int]:
        """Count of shares so far that were not paired with all before them: for the `cap`, or on a `viral` object."""
        return {
            "cap": sum(int(part.tally.cut_short.sum()) for part in self.parts),
            "viral": sum(int(part.tally.viral.sum()) for part in self.parts),
        }

    @property
    def settle_lag_s(self) -> int:
        """Seconds of event time that a share waits before it is paired."""
        return int(self._rules.lags[-1])

    @property
    def waiting(self) -> bool:
        """Whether any share has yet to settle."""
        return any(part.waiting for part in self.parts)

    @property
    def logs(self) -> tuple[StructArray, ...]:
        """The log of each part, records of `detectors.synchrony.share_log.LOGGED`; views, not copies."""
        return tuple(part.log.shares for part in self.parts)

    @property
    def logged(self) -> int:
        """Count of shares in all logs."""
        return sum(len(part.log.shares) for part in self.parts)

    @property
    def logged_evicted_early(self) -> int:
        """Count of shares that left a log early, for want of room."""
        return sum(part.log.evicted_early for part in self.parts)

    def age(self, oldest: int) -> None:
        """Remove shares before `oldest` (event time, seconds) from the logs."""
        for part in self.parts:
            part.log.age(oldest)

    @staticmethod
    def nothing() -> Synchrony:
        """No co-shares and no exposures."""
        return Synchrony(np.zeros(0, CO_SHARES), np.zeros(0, EXPOSURES))

    def expect(self, pushes: Sequence[Push], end: int) -> None:
        """Learn what will be pushed up to event time `end`, seconds. Only a stage that waits for others needs to."""

    def push(self, shares: Shares, until: int, quiet_until: int = 0) -> Synchrony:
        """Add shares in event order and settle what can be settled before `until`.

        Args:
            shares: times are int64 seconds, never falling, all below `until` and none below the last `until`.
            until: event time, seconds; every share before it has been given.
            quiet_until: event time, seconds, before which no more shares will come, as far as is known. Only a stage
                that waits for others needs it.
        """
        found: list[Synchrony] = []
        for begin in range(0, max(len(shares.time), 1), self._longest):
            step = shares
            last = begin + self._longest >= len(shares.time)
            if begin or not last:
                step = picked(shares, slice(begin, begin + self._longest))
            found += self._step(step, until if last else int(step.time[-1]))
        return joined(found)

    def _step(self, shares: Shares, until: int) -> list[Synchrony]:
        """As `push`, of at most `_longest` shares; in groups of parts."""
        rows, begins = parted(shares.object, self._of)
        begins = begins[self._first : self._first + len(self.parts) + 1]
        shares = picked(shares, rows)
        counts = np.diff(begins)
        for number in np.flatnonzero(counts > self._room).tolist():
            begin = int(begins[number])
            self._room[number] = self.parts[number].reserve(int(counts[number]), int(shares.time[begin]))
        self._room -= counts

        def settled(group: range) -> list[Synchrony]:
            found = []
            for first in range(group.start, group.stop, AT_A_TIME):
                last = min(first + AT_A_TIME, group.stop)
                parts = self.parts[first:last]
                if begins[first] == begins[last] and not any(part.waiting for part in parts):
                    continue
                # the kernel is compiled for one count of parts; what stands in for the others is not looked at
                parts += parts[-1:] * (AT_A_TIME - len(parts))
                pushed = push_parts(
                    shares,
                    begins[first : last + 1],
                    until,
                    self._rules,
                    tuple(part.memory for part in parts),
                    tuple(part.tally for part in parts),
                    tuple(part.log.room for part in parts),
                    np.array([part.log.begin for part in parts]),
                )
                found.append(Synchrony(*pushed))
            return found

        if len(self._groups) > 1 and len(rows) >= WORTH_SHARING:
            found = list(chain(*self._run([partial(settled, group) for group in self._groups])))
        else:
            found = settled(range(len(self.parts)))
        for part, added in zip(self.parts, counts.tolist(), strict=True):
            part.log.appended(added)
        return found


def joined(found: Sequence[Synchrony]) -> Synchrony:
    """What the parts gave, in one order.

    Co-shares that are equal in post and kind keep the order of the parts, whatever part was worked off with which.

    Args:
        found: in the order of the parts.
    """
    if not found:
        return SynchronyStage.nothing()
    co_shares = concatenated([part.co_shares for part in found])
    order = np.argsort((co_shares["later_post"] << _KIND_BITS) | co_shares["kind"], kind="stable")
    ordered = co_shares.view(_void(co_shares)).take(order).view(co_shares.dtype)
    return Synchrony(ordered, concatenated([part.exposures for part in found]))


def _void(records: StructArray) -> "np.dtype[np.void]":
    """The type of the records without their fields: numpy copies them several times faster (measured)."""
    return np.dtype((np.void, records.dtype.itemsize))


def concatenated(records: Sequence[StructArray]) -> StructArray:
    """All records of one type, one array after another. numpy would compare their fields first, which takes longer."""
    plain = _void(records[0])
    return np.concatenate([part.view(plain) for part in records]).view(records[0].dtype)
