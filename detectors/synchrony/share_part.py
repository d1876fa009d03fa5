"""One part of the co-share engine: its memory of shares, its counts and its log, and the room in them."""

from typing import ClassVar

import numpy as np

from detectors.arrays.compiled import compiled
from detectors.arrays.copying import put
from detectors.arrays.dtypes import I64, StructArray
from detectors.arrays.hash_index import power_of_two
from detectors.config import DetectionConfig
from detectors.synchrony.co_share_kernels import Shares, push_shares
from detectors.synchrony.co_shares import (
    CO_SHARES,
    EXPOSURES,
    CoShareRules,
    CoShareTally,
    count_made,
    new_tally,
)
from detectors.synchrony.share_log import ShareLog, append
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

AT_A_TIME = 4
"""Parts that one call of the kernel works off. To compile it took 4 s for 4 parts and 13 s for 16 (measured)."""
FIRST_SIZE = 1 << 14
"""Shares and objects that there is room for in all parts at first; a power of two."""


class SharePart:
    """The objects of one part, and their shares.

    Args:
        config: bounds.
        rules: windows, cap and strata.
        parts: count of parts that the bounds are split over.
    """

    not_state: ClassVar[frozenset[str]] = frozenset({"_horizon", "_first_size", "max_ring"})

    def __init__(self, config: DetectionConfig, rules: CoShareRules, parts: int) -> None:
        self._horizon = rules.horizon
        self._first_size = max(FIRST_SIZE // parts, 2)
        self.max_ring = max(config.co_share.max_recent_shares // parts, 1)
        """Most recent shares that are held."""
        self.memory = ShareMemory(
            new_ring(min(self._first_size, self.max_ring)),
            new_objects(self._first_size),
            np.zeros(len(rules.lags), np.int64),
            np.zeros(1, COUNTS),
        )
        self.tally = new_tally(rules)
        self.log = ShareLog(max(config.evidence.max_shares // parts, 1), self._first_size)
        """Shares for as long as evidence is kept; whoever ages evidence ages it, too."""

    @property
    def position(self) -> int:
        """Count of shares so far."""
        return int(self.memory.counts.item()[0])

    @property
    def held(self) -> int:
        """Count of places in use: shares that are remembered, or whose place was not needed yet."""
        return min(self.position, len(self.memory.ring.shares))

    @property
    def evicted_early(self) -> int:
        """Count of shares that left before their window had passed, for want of room."""
        return int(self.memory.counts.item()[3])

    @property
    def waiting(self) -> bool:
        """Whether any share has yet to settle."""
        return bool(self.memory.counts.item()[0] > self.memory.settled[-1])

    def reserve(self, shares: int, now: int) -> int:
        """Make room for `shares` more from event time `now` on. Forgets only what no later answer depends on.

        Returns:
            Shares that there is room for without asking again, at least `shares`.
        """
        ring, objects, settled, counts = self.memory
        position, slots, own_shares, _ = counts.item()
        size = len(ring.shares)
        ring_room = size - position
        if ring_room < shares:
            ring_room = size if size == self.max_ring else 0
        if ring_room < shares:
            # windows of a live object reach back two horizons at most
            oldest = now - 2 * self._horizon
            live = position - first_since(ring.shares, max(0, position - size), position, oldest)
            if live + shares > size:
                room = max(self._first_size, (live + shares) * 2)
                grown = new_ring(min(self.max_ring, room))
                move_ring(ring, grown, position)
                ring, size = grown, len(grown.shares)
            ring_room = max(size - live, shares)
        if slots + shares > len(objects.objects) or (own_shares + shares) * 2 > len(objects.own):
            oldest = now - self._horizon
            alive = alive_objects(ring, objects, slots, oldest, int(settled[-1]))
            recent = position - first_since(ring.shares, max(0, position - size), position, oldest)
            # half as much again as needed, or a full table would be moved at every batch
            room = (max(int(alive.sum()), recent) + shares) * 3 // 2
            grown_objects = new_objects(power_of_two(room, self._first_size))
            move_objects(ring, objects, grown_objects, alive, counts, oldest)
            objects = grown_objects
            _, slots, own_shares, _ = counts.item()
        self.memory = ShareMemory(ring, objects, settled, counts)
        object_room = min(len(objects.objects) - slots, len(objects.own) // 2 - own_shares)
        return min(ring_room, object_room, self.log.reserve(shares))


@compiled
def push_parts(
    batch: Shares,
    begins: I64,
    until: int,
    rules: CoShareRules,
    memories: tuple[ShareMemory, ...],
    tallies: tuple[CoShareTally, ...],
    logs: tuple[StructArray, ...],
    log_begins: I64,
) -> tuple[StructArray, StructArray]:
    """Add shares to up to `AT_A_TIME` parts, and settle what can be settled before `until`.

    One call for several parts, since to start a kernel costs as much as ten shares (measured).

    Args:
        batch: ordered by part, in event order within a part; there is room for them.
        begins: int64 (parts + 1,), the first share of each part.
        until: event time, seconds; every share before it has been given.
        rules: settings.
        memories: what is remembered of shares, by part, `AT_A_TIME` of them; changed.
        tallies: counts, by part; added to.
        logs: places of the logs, by part; changed.
        log_begins: int64 (parts,), position of the first share of each log.

    Returns:
        Records of `CO_SHARES` and of `EXPOSURES`, part by part. Within a part, co-shares are ordered by time and post.
    """
    made = [np.empty(0, CO_SHARES)]
    exposed = [np.empty(0, EXPOSURES)]
    pair_count = 0
    exposure_count = 0
    for part in range(len(begins) - 1):
        memory = memories[part]
        begin, end = begins[part], begins[part + 1]
        position = memory.counts[0].position
        if begin == end and memory.settled[-1] == position:
            continue
        shares = Shares(
            batch.time[begin:end],
            batch.account[begin:end],
            batch.post[begin:end],
            batch.kind[begin:end],
            batch.object[begin:end],
        )
        pairs, exposures = push_shares(shares, until, rules, memory, tallies[part])
        append(
            logs[part],
            log_begins[part],
            memory.ring.shares,
            memory.objects.objects,
            position,
            position + end - begin,
        )
        count_made(pairs, rules.bounds, tallies[part].made)
        made.append(pairs)
        exposed.append(exposures)
        pair_count += len(pairs)
        exposure_count += len(exposures)
    all_pairs = np.empty(pair_count, CO_SHARES)
    pair_count = 0
    for pairs in made:
        put(pairs, all_pairs, pair_count)
        pair_count += len(pairs)
    all_exposures = np.empty(exposure_count, EXPOSURES)
    exposure_count = 0
    for exposures in exposed:
        put(exposures, all_exposures, exposure_count)
        exposure_count += len(exposures)
    return all_pairs, all_exposures
