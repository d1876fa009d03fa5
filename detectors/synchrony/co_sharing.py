"""Co-sharing: which accounts shared the same object within a window, in what crowd, and how exposed each was.

Shares arrive in event order. Each is chained to the share of its object before it. It then waits until its crowd is
known: the accounts that shared the object in the window before it and in the same window after it, for at most
`settle_s`. Then it *settles*: it adds to its account's exposure, and is paired with at most `cap` earlier shares of the
object within the kind's longest window. The crowd is counted in full whatever the cap, because it decides how much a
pair says.

Counting distinct accounts in a sliding window takes constant time: an account's latest share of an object carries a
mark, and the crowd is the number of marks between the window's tail and now.

Measured: 1 to 2 million shares a second at a cap of 32, against 0.3 million for a dictionary of deques.
"""

from typing import ClassVar

import numpy as np

from detectors.arrays.dtypes import I32, I64, U8, U64, StructArray
from detectors.arrays.hash_index import power_of_two
from detectors.config import DetectionConfig
from detectors.synchrony.co_share_kernels import Shares, push_shares
from detectors.synchrony.co_shares import co_share_rules, count_made, new_tally
from detectors.synchrony.share_log import ShareLog
from detectors.synchrony.share_ring import (
    COUNTS,
    ShareMemory,
    alive_objects,
    first_since,
    move_objects,
    move_ring,
    new_objects,
    new_ring,
)

FIRST_SIZE = 1 << 14
"""Shares and objects that there is room for at first; a power of two."""

_STEP = 1 << 17
"""Shares that one call of the kernel takes, at most: it bounds the memory of the records it makes."""


class CoSharing:
    """The co-share engine of one partition of objects.

    Args:
        config: windows, cap, strata, settle time and bounds.
    """

    not_state: ClassVar[frozenset[str]] = frozenset({"_rules", "_max_ring"})

    def __init__(self, config: DetectionConfig) -> None:
        self._rules = co_share_rules(config)
        self._max_ring = config.co_share.max_recent_shares
        self._memory = ShareMemory(
            new_ring(min(FIRST_SIZE, self._max_ring)),
            new_objects(FIRST_SIZE),
            np.zeros(len(self._rules.lags), np.int64),
            np.zeros(1, COUNTS),
        )
        self._tally = new_tally(self._rules)
        self.log = ShareLog(config.evidence.max_shares)
        """Shares for as long as evidence is kept; whoever ages evidence ages it, too."""

    @property
    def evicted_early(self) -> int:
        """Count of shares that left before their window had passed, for want of room."""
        return int(self._memory.counts["evicted_early"][0])

    @property
    def held(self) -> int:
        """Count of places in use: shares that are remembered, or whose place was not needed yet."""
        return min(self._position, len(self._memory.ring.shares))

    @property
    def made(self) -> I64:
        """Count of all co-shares so far; int64 (kinds, strata), by the crowd of the smallest window, not a copy."""
        return self._tally.made

    @property
    def left_out(self) -> dict[str, int]:
        """Count of shares so far that were not paired with all before them: for the `cap`, or on a `viral` object."""
        return {"cap": int(self._tally.cut_short.sum()), "viral": int(self._tally.viral.sum())}

    @property
    def settle_lag_s(self) -> int:
        """Seconds of event time that a share waits before it is paired."""
        return int(self._rules.lags[-1])

    @property
    def waiting(self) -> bool:
        """Whether any share has yet to settle."""
        return self._position > int(self._memory.settled[-1])

    @property
    def _position(self) -> int:
        """Count of shares so far."""
        return int(self._memory.counts["position"][0])

    def push(
        self, times: I64, accounts: I32, posts: I64, kinds: U8, objects: U64, until: int
    ) -> tuple[StructArray, StructArray]:
        """Add shares in event order and settle what can be settled before `until`.

        Args:
            times: int64 seconds, never falling, all below `until` and none below the last `until`.
            accounts: int32, account numbers.
            posts: int64, running numbers of posts.
            kinds: uint8, index in `KINDS`.
            objects: uint64, object keys.
            until: event time, seconds; every share before it has been given.

        Returns:
            Records of `CO_SHARES`, ordered by (time, later_post), and of `EXPOSURES`.
        """
        co_shares: list[StructArray] = []
        exposures: list[StructArray] = []
        longest = min(_STEP, self._max_ring, self.log.most_added)
        for begin in range(0, max(len(times), 1), longest):
            end = min(begin + longest, len(times))
            if end > begin:
                self._reserve(end - begin, int(times[begin]))
            position = self._position
            step = slice(begin, end)
            pairs, exposed = push_shares(
                Shares(times[step], accounts[step], posts[step], kinds[step], objects[step]),
                until if end == len(times) else int(times[end - 1]),
                self._rules,
                self._memory,
                self._tally,
            )
            self.log.add(self._memory.ring.shares, self._memory.objects.objects, position, self._position)
            co_shares.append(pairs)
            exposures.append(exposed)
        for pairs in co_shares:
            count_made(pairs, self._rules.bounds, self._tally.made)
        if len(co_shares) == 1:
            return co_shares[0], exposures[0]
        return np.concatenate(co_shares), np.concatenate(exposures)

    def _reserve(self, shares: int, now: int) -> None:
        """Make room for `shares` more. Forgets only what no later answer depends on."""
        ring, objects, settled, counts = self._memory
        position, size = self._position, len(ring.shares)
        if position + shares > size and size < self._max_ring:
            # windows of a live object reach back two horizons at most
            oldest = now - 2 * self._rules.horizon
            live = position - first_since(ring.shares, max(0, position - size), position, oldest)
            if live + shares > size:
                grown = new_ring(min(self._max_ring, power_of_two((live + shares) * 2, FIRST_SIZE)))
                move_ring(ring, grown, position)
                ring, size = grown, len(grown.shares)
        slots, own_shares = int(counts["objects"][0]), int(counts["own_shares"][0])
        if slots + shares > len(objects.objects) or (own_shares + shares) * 2 > len(objects.own):
            oldest = now - self._rules.horizon
            alive = alive_objects(ring, objects, slots, oldest, int(settled[-1]))
            recent = position - first_since(ring.shares, max(0, position - size), position, oldest)
            # half as much again as needed, or a full table would be moved at every batch
            room = (max(int(alive.sum()), recent) + shares) * 3 // 2
            grown_objects = new_objects(power_of_two(room, FIRST_SIZE))
            move_objects(ring, objects, grown_objects, alive, counts, oldest)
            objects = grown_objects
        self._memory = ShareMemory(ring, objects, settled, counts)
