"""Co-sharing: which accounts shared the same object within a window, in what crowd, and how exposed each was.

Shares arrive in event order. Each is chained to the share of its object before it, and waits until its crowd
is known: the accounts that shared the object in the window before it, and in the same window after it, at
most `settle_s`. Then it *settles*: it adds to its account's exposure, and is paired with at most `cap`
earlier shares of the object within the kind's largest window. The crowd is counted in full whatever the cap,
since it decides how telling a pair is.
Counting distinct accounts in a sliding window takes constant time: an account's latest share of an object
carries a mark, and the crowd is the number of marks between the window's tail and now.
Measured: 1 to 2 million shares a second at a cap of 32, against 0.3 million for a dictionary of deques.
"""

from typing import ClassVar

import numpy as np

from detectors.arrays.compiled import compiled
from detectors.arrays.dtypes import I32, I64, U8, U64, StructArray
from detectors.arrays.hash_index import power_of_two
from detectors.config import KINDS, MAX_WINDOWS, DetectionConfig
from detectors.synchrony.co_shares import (
    CO_SHARES,
    EXPOSURES,
    NO_STRATUM,
    CoShareRules,
    co_share_rules,
    count_made,
)
from detectors.synchrony.share_ring import (
    FIRST_SIZE,
    ObjectTable,
    ShareRing,
    alive_objects,
    evict,
    first_since,
    move_objects,
    move_ring,
    new_objects,
    new_ring,
    object_place,
    own_place,
)


class CoSharing:
    """The co-share engine of one partition of objects.

    Args:
        config: windows, cap, strata, settle time and bounds.
    """

    not_state: ClassVar[frozenset[str]] = frozenset({"_rules", "_max_ring"})

    def __init__(self, config: DetectionConfig) -> None:
        self._rules = co_share_rules(config)
        self._max_ring = config.co_share.max_recent_shares
        self._ring = new_ring(min(FIRST_SIZE, self._max_ring))
        self._objects = new_objects(FIRST_SIZE)
        # next position, then one settle pointer a lag; objects in use; own table in use; early evictions
        self._state = np.zeros(len(self._rules.lags) + 4, np.int64)
        # by kind: co-shares made, by crowd stratum; shares cut short by the cap; viral ones
        self._tally = np.zeros((len(KINDS), len(self._rules.bounds) + 3), np.int64)

    @property
    def evicted_early(self) -> int:
        """Count of shares that left before their window had passed, for want of room."""
        return int(self._state[-1])

    @property
    def held(self) -> int:
        """Count of places in use: shares that are remembered, or whose place was not needed yet."""
        return min(int(self._state[0]), len(self._ring.time))

    @property
    def made(self) -> I64:
        """Count of all co-shares so far; int64 (kinds, strata), by the crowd of the smallest window, a view."""
        return self._tally[:, :-2]

    @property
    def left_out(self) -> dict[str, int]:
        """Count of shares so far that were not paired with all before them: for the `cap`, or on a `viral` object."""
        return {"cap": int(self._tally[:, -2].sum()), "viral": int(self._tally[:, -1].sum())}

    @property
    def settle_lag_s(self) -> int:
        """Seconds of event time that a share waits before it is paired."""
        return int(self._rules.lags[-1])

    @property
    def waiting(self) -> bool:
        """Whether any share has yet to settle."""
        return bool(self._state[0] > self._state[len(self._rules.lags)])

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
        found: list[tuple[StructArray, StructArray]] = []
        step = 1 << 17
        for begin in range(0, max(len(times), 1), step):
            end = min(begin + step, len(times))
            last = end == len(times)
            if end > begin:
                self._reserve(end - begin, int(times[begin]))
            found.append(
                _push(
                    times[begin:end],
                    accounts[begin:end],
                    posts[begin:end],
                    kinds[begin:end],
                    objects[begin:end],
                    until if last else int(times[end - 1]),
                    self._rules,
                    self._ring,
                    self._objects,
                    self._state,
                    self._tally,
                )
            )
        for pairs, _ in found:
            count_made(pairs, self._rules.bounds, self._tally)
        if len(found) == 1:
            return found[0]
        return np.concatenate([pair for pair, _ in found]), np.concatenate([more for _, more in found])

    def _reserve(self, shares: int, now: int) -> None:
        """Make room for `shares` more. Forgets only what no later answer depends on."""
        size, state = len(self._ring.time), self._state
        position, in_use, own_in_use = int(state[0]), int(state[-3]), int(state[-2])
        ring, objects = self._ring, self._objects
        full = position + shares > size and size < self._max_ring
        if full:
            # windows of a live object reach back two horizons at most
            oldest = now - 2 * self._rules.horizon
            live = position - first_since(ring.time, max(0, position - size), position, oldest)
            if live + shares > size:
                grown = new_ring(min(self._max_ring, power_of_two((live + shares) * 2, FIRST_SIZE)))
                move_ring(ring, grown, position)
                self._ring = ring = grown
        if in_use + shares > len(objects.key) or (own_in_use + shares) * 2 > len(objects.own_key):
            oldest = now - self._rules.horizon
            alive = alive_objects(ring, objects, in_use, oldest, int(state[len(self._rules.lags)]))
            recent = position - first_since(ring.time, max(0, position - len(ring.time)), position, oldest)
            # half as much again as needed, or a full table would be moved at every batch
            new = new_objects(power_of_two((max(int(alive.sum()), recent) + shares) * 3 // 2, FIRST_SIZE))
            move_objects(ring, objects, new, alive, state, position, oldest)
            self._objects = new


@compiled
def _push(
    times: I64,
    accounts: I32,
    posts: I64,
    kinds: U8,
    keys: U64,
    until: int,
    rules: CoShareRules,
    ring: ShareRing,
    objects: ObjectTable,
    state: I64,
    tally: I64,
) -> tuple[StructArray, StructArray]:
    size = len(ring.time)
    lags = len(rules.lags)
    pairs = np.empty(max(1024, len(times) * 4), CO_SHARES)
    exposures = np.empty(max(1024, len(times) * 4), EXPOSURES)
    made = 0
    exposed = 0
    for at in range(len(times) + 1):
        now = times[at] if at < len(times) else until
        position = state[0]
        # 1. settle everything whose look-ahead ended before this share
        for lag in range(lags):
            last = lag == lags - 1
            while state[1 + lag] < position:
                settling = state[1 + lag]
                place = settling % size
                # no room left: what the next share will overwrite settles now, whole crowd or not
                forced = at < len(times) and position - settling >= size
                if ring.time[place] + rules.lags[lag] >= now and not forced:
                    break
                state[1 + lag] += 1
                slot = ring.slot[place]
                kind = objects.kind[slot]
                when = ring.time[place]
                account = ring.account[place]
                if exposed + MAX_WINDOWS + 1 > len(exposures):
                    wider = np.empty(len(exposures) * 2, EXPOSURES)
                    wider[:exposed] = exposures[:exposed]
                    exposures = wider
                for window in range(MAX_WINDOWS):
                    span = rules.windows[kind, window]
                    if span == 0 or rules.lag_of[kind, window] != lag:
                        continue
                    tail = objects.tail[slot, window]
                    while ring.time[tail % size] < when - span:
                        if ring.marks[tail % size] & (1 << window):
                            ring.marks[tail % size] &= ~np.uint8(1 << window)
                            objects.counted[slot, window] -= 1
                        tail = ring.after[tail % size]
                    objects.tail[slot, window] = tail
                    crowd = objects.counted[slot, window]
                    ring.crowd[place, window] = crowd
                    ring.seen[place, window] = objects.shares[slot]
                    partners = np.int64(crowd - 1)
                    own = ring.own_before[place]
                    if own >= 0 and own >= position - size and ring.time[own % size] >= when - span:
                        # a repeat meets again whom it met before: only newcomers add to its exposure
                        partners = min(partners, objects.shares[slot] - ring.seen[own % size, window])
                    if partners > 0:
                        stratum = np.searchsorted(rules.bounds, crowd)
                        exposures[exposed].account = account
                        exposures[exposed].cell = (kind * MAX_WINDOWS + window) * (
                            len(rules.bounds) + 1
                        ) + stratum
                        exposures[exposed].amount = partners
                        exposed += 1
                if not last:
                    continue
                # 2. all its crowds are known: pair it with earlier shares of the object
                own = ring.own_before[place]
                longest = np.int64(0)
                for window in range(MAX_WINDOWS):
                    longest = max(longest, rules.windows[kind, window])
                if longest == 0:
                    continue
                if own < 0 or (own >= position - size and ring.time[own % size] < when - longest):
                    exposures[exposed].account = account
                    exposures[exposed].cell = rules.activity_cell + kind
                    exposures[exposed].amount = 1
                    exposed += 1
                limit = rules.cap
                if rules.capped:
                    # large crowds would make most of all pairs and say least; viral ones are no evidence at all
                    widest = np.int64(0)
                    for window in range(MAX_WINDOWS):
                        if rules.windows[kind, window] == longest:
                            widest = ring.crowd[place, window]
                    if widest > rules.bounds[-1]:
                        tally[kind, -1] += 1
                        continue
                    if widest > 4 * rules.cap:
                        limit = max(rules.cap // 4, 1)
                partner = ring.before[place]
                met = 0
                while partner >= 0 and partner >= position - size and met < limit:
                    there = partner % size
                    gap = when - ring.time[there]
                    if gap > longest:
                        break
                    if ring.account[there] != account:
                        met += 1
                        if made == len(pairs):
                            more = np.empty(len(pairs) * 2, CO_SHARES)
                            more[:made] = pairs[:made]
                            pairs = more
                        strata = np.uint16(0)
                        smallest = np.int32(0)
                        for window in range(MAX_WINDOWS):
                            nibble = np.uint16(NO_STRATUM)
                            span = rules.windows[kind, window]
                            if span > 0 and gap <= span:
                                crowd = max(ring.crowd[place, window], ring.crowd[there, window])
                                nibble = np.uint16(np.searchsorted(rules.bounds, crowd))
                                if smallest == 0:
                                    smallest = crowd
                            strata |= nibble << np.uint16(4 * window)
                        pairs[made].time = when
                        pairs[made].object = objects.key[slot]
                        pairs[made].later_post = ring.post[place]
                        pairs[made].earlier_post = ring.post[there]
                        pairs[made].later = account
                        pairs[made].earlier = ring.account[there]
                        pairs[made].gap = gap
                        pairs[made].crowd = smallest
                        pairs[made].strata = strata
                        pairs[made].kind = kind
                        made += 1
                    partner = ring.before[there]
                # an earlier share within reach was left out
                if met == limit and partner >= 0 and partner >= position - size:
                    tally[kind, -2] += when - ring.time[partner % size] <= longest
        if at == len(times):
            break
        # 3. insert the share
        place = position % size
        if position >= size and ring.slot[place] >= 0:
            evict(ring, objects, position - size, now - rules.horizon, state)
        kind = kinds[at]
        found = object_place(objects, keys[at])
        slot = objects.slots[found] - 1
        if slot < 0:
            slot = np.int32(state[-3])
            state[-3] += 1
            objects.slots[found] = slot + 1
            objects.key[slot] = keys[at]
            objects.kind[slot] = kind
            objects.head[slot] = -1
            objects.shares[slot] = 0
        before = objects.head[slot]
        if before < 0 or before <= position - size or ring.time[before % size] < now - rules.horizon:
            before = -1
            for window in range(MAX_WINDOWS):
                objects.counted[slot, window] = 0
                objects.tail[slot, window] = position
        else:
            ring.after[before % size] = position
        own_at = own_place(objects, accounts[at], keys[at])
        state[-2] += objects.own_position[own_at] == 0
        own = objects.own_position[own_at] - 1
        if before < 0 or (
            own >= 0 and (own <= position - size or ring.time[own % size] < now - rules.horizon)
        ):
            own = -1
        objects.own_position[own_at] = position + 1
        marks = np.uint8(0)
        for window in range(MAX_WINDOWS):
            bit = np.uint8(1 << window)
            if own >= 0 and ring.marks[own % size] & bit:
                ring.marks[own % size] &= ~bit
            else:
                objects.counted[slot, window] += 1
            marks |= bit
        ring.time[place] = now
        ring.account[place] = accounts[at]
        ring.post[place] = posts[at]
        ring.slot[place] = slot
        ring.before[place] = before
        ring.after[place] = -1
        ring.own_before[place] = own
        ring.marks[place] = marks
        objects.head[slot] = position
        objects.shares[slot] += 1
        state[0] += 1
    return pairs[:made], exposures[:exposed]
