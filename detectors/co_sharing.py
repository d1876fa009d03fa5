"""Co-sharing: which accounts shared the same object within a window, in what crowd, and how exposed each was.

Shares arrive in event order. Each is chained to the share of its object before it, and waits until its crowd is known:
the accounts that shared the object in the window before it, and in the same window after it, at most `settle_s`.
Then it *settles*: it adds to its account's exposure, and is paired with at most `cap` earlier shares of the object
within the kind's largest window. The crowd is counted in full whatever the cap, since it decides how telling a pair is.

Counting distinct accounts in a sliding window takes constant time: an account's latest share of an object
carries a mark, and the crowd is the number of marks between the window's tail and now.

Measured (`docs/benchmarks.md`): 1 to 2 million shares a second at cap 32, against 0.3 million for a dictionary of deques.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from detectors.compiled import compiled, inlined
from detectors.config import KINDS, MAX_WINDOWS, DetectionConfig
from detectors.hashing import I64, U64, mix

I32 = npt.NDArray[np.int32]
U8 = npt.NDArray[np.uint8]
Records = npt.NDArray[np.void]

NO_STRATUM = 15
"""Nibble of a window that the two shares do not fall into."""

CO_SHARES = np.dtype(
    [
        ("time", np.int64),  # of the later share, seconds
        ("object", np.uint64),
        ("later_post", np.int64),  # running number of the post
        ("earlier_post", np.int64),
        ("later", np.int32),  # account numbers
        ("earlier", np.int32),
        ("gap", np.int32),  # seconds between the two shares
        ("crowd", np.int32),  # accounts on the object within the smallest window that holds both
        ("strata", np.uint16),  # crowd stratum per window, a nibble each, or NO_STRATUM
        ("kind", np.uint8),
    ]
)
"""Two shares of one object by two accounts, ordered by the later one."""

EXPOSURES = np.dtype([("account", np.int32), ("cell", np.int32), ("amount", np.int32)])
"""Additions to an account's exposure in a cell of `Cells`, or to its activity."""

_FIRST_SIZE = 1 << 14


class Cells:
    """Numbers of the counters an account has: exposure by kind, window and stratum; activity by kind."""

    def __init__(self, config: DetectionConfig) -> None:
        self.strata = len(config.co_share.strata) + 1
        self.activity = len(KINDS) * MAX_WINDOWS * self.strata
        """The first activity cell; one a kind follows."""
        self.count = self.activity + len(KINDS)


class _Rules(NamedTuple):
    """Settings, as kernels take them."""

    windows: I64  # (kinds, MAX_WINDOWS) seconds, 0 where there is none
    lags: I64  # (pointers,) distinct waits for the crowd, ascending
    lag_of: I64  # (kinds, MAX_WINDOWS) index in lags
    bounds: I64  # crowd strata
    cap: int
    horizon: int  # seconds after which an object without shares starts anew
    activity_cell: int


class _Ring(NamedTuple):
    """Recent shares, by position modulo the size."""

    time: I64
    account: I32
    post: I64
    slot: I32  # of the object; -1: forgotten
    before: I64  # position of the share before on the same object, or -1
    after: I64
    own_before: I64  # position of the same account's share before on the same object, or -1
    marks: U8  # a bit a window: this is the account's latest share in that window
    crowd: I32  # (size, MAX_WINDOWS) settled crowds
    seen: I64  # (size, MAX_WINDOWS) shares of the object so far, when settled


class _Objects(NamedTuple):
    """Objects with recent shares, by slot."""

    key: U64
    kind: U8
    head: I64  # position of the latest share
    shares: I64
    counted: I32  # (slots, MAX_WINDOWS) marks in the window
    tail: I64  # (slots, MAX_WINDOWS) first position in the window
    index: I32  # open addressing by key: slot + 1, or 0
    own_key: U64  # open addressing by (account, object)
    own_position: I64


class CoSharing:
    """The co-share engine of one partition of objects.

    Args:
        config: windows, cap, strata, settle time and bounds.
    """

    def __init__(self, config: DetectionConfig) -> None:
        share = config.co_share
        windows = np.zeros((len(KINDS), MAX_WINDOWS), np.int64)
        for kind, spans in share.windows_s.items():
            windows[KINDS.index(kind), : len(spans)] = spans
        waits = np.minimum(windows, share.settle_s)
        longest = int(windows.max())
        lags = np.unique(np.append(waits[windows > 0], min(longest, share.settle_s)))
        cells = Cells(config)
        self._rules = _Rules(
            windows,
            lags,
            np.searchsorted(lags, waits).clip(0, len(lags) - 1),
            np.array(share.strata, np.int64),
            share.cap or np.iinfo(np.int64).max,
            longest + share.settle_s,
            cells.activity,
        )
        self._max_ring = share.max_recent_shares
        self._ring = _new_ring(min(_FIRST_SIZE, self._max_ring))
        self._objects = _new_objects(_FIRST_SIZE)
        # positions: next share, then one settle pointer a lag; objects in use; own table in use; early evictions
        self._state = np.zeros(len(lags) + 4, np.int64)

    @property
    def evicted_early(self) -> int:
        """Count of shares that left before their window had passed, for want of room."""
        return int(self._state[-1])

    @property
    def settle_lag_s(self) -> int:
        """Seconds of event time that a share waits before it is paired."""
        return int(self._rules.lags[-1])

    def push(
        self, times: I64, accounts: I32, posts: I64, kinds: U8, objects: U64, until: int
    ) -> tuple[Records, Records]:
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
        found: list[tuple[Records, Records]] = []
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
                )
            )
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
            live = position - _first_since(ring.time, max(0, position - size), position, oldest)
            if live + shares > size:
                grown = _new_ring(min(self._max_ring, _power_of_two((live + shares) * 2)))
                _move_ring(ring, grown, position)
                self._ring = ring = grown
        if in_use + shares > len(objects.key) or (own_in_use + shares) * 2 > len(objects.own_key):
            alive = _alive(ring, objects, in_use, now - self._rules.horizon)
            recent = position - _first_since(
                ring.time, max(0, position - len(ring.time)), position, now - self._rules.horizon
            )
            new = _new_objects(_power_of_two(max(int(alive.sum()) + shares, (recent + shares))))
            _move_objects(ring, objects, new, alive, state, position, now - self._rules.horizon)
            self._objects = new


def _power_of_two(least: int) -> int:
    return max(_FIRST_SIZE, 1 << (max(least, 1) - 1).bit_length())


def _new_ring(size: int) -> _Ring:
    return _Ring(
        np.zeros(size, np.int64),
        np.zeros(size, np.int32),
        np.zeros(size, np.int64),
        np.full(size, -1, np.int32),
        np.full(size, -1, np.int64),
        np.full(size, -1, np.int64),
        np.full(size, -1, np.int64),
        np.zeros(size, np.uint8),
        np.zeros((size, MAX_WINDOWS), np.int32),
        np.zeros((size, MAX_WINDOWS), np.int64),
    )


def _new_objects(slots: int) -> _Objects:
    return _Objects(
        np.zeros(slots, np.uint64),
        np.zeros(slots, np.uint8),
        np.full(slots, -1, np.int64),
        np.zeros(slots, np.int64),
        np.zeros((slots, MAX_WINDOWS), np.int32),
        np.zeros((slots, MAX_WINDOWS), np.int64),
        np.zeros(slots * 2, np.int32),
        np.zeros(slots * 2, np.uint64),
        np.zeros(slots * 2, np.int64),
    )


@compiled
def _first_since(times: I64, begin: int, end: int, oldest: int) -> int:
    """The first position in [begin, end) whose time is not below `oldest` (times never fall)."""
    low, high = begin, end
    while low < high:
        middle = (low + high) // 2
        if times[middle % len(times)] < oldest:
            low = middle + 1
        else:
            high = middle
    return low


@compiled
def _move_ring(old: _Ring, new: _Ring, position: int) -> None:
    for at in range(max(0, position - len(old.time)), position):
        source, target = at % len(old.time), at % len(new.time)
        new.time[target] = old.time[source]
        new.account[target] = old.account[source]
        new.post[target] = old.post[source]
        new.slot[target] = old.slot[source]
        new.before[target] = old.before[source]
        new.after[target] = old.after[source]
        new.own_before[target] = old.own_before[source]
        new.marks[target] = old.marks[source]
        new.crowd[target] = old.crowd[source]
        new.seen[target] = old.seen[source]


@compiled
def _alive(ring: _Ring, objects: _Objects, in_use: int, oldest: int) -> npt.NDArray[np.bool_]:
    alive = np.zeros(in_use, np.bool_)
    for slot in range(in_use):
        alive[slot] = ring.time[objects.head[slot] % len(ring.time)] >= oldest
    return alive


@inlined
def _find(objects: _Objects, key: np.uint64) -> int:
    """Place of an object in the index, whether it is there or belongs there."""
    mask = len(objects.index) - 1
    at = np.int64(key) & mask
    while objects.index[at] != 0 and objects.key[objects.index[at] - 1] != key:
        at = (at + 1) & mask
    return at


@inlined
def _find_own(objects: _Objects, account: int, key: np.uint64) -> int:
    """Place of (account, object) in the table of latest shares."""
    own = mix(key ^ (np.uint64(account + 1) * np.uint64(0x9E3779B97F4A7C15)))
    if own == 0:
        own = np.uint64(1)
    mask = len(objects.own_key) - 1
    at = np.int64(own) & mask
    while objects.own_key[at] != 0 and objects.own_key[at] != own:
        at = (at + 1) & mask
    objects.own_key[at] = own
    return at


@compiled
def _move_objects(
    ring: _Ring,
    old: _Objects,
    new: _Objects,
    alive: npt.NDArray[np.bool_],
    state: I64,
    position: int,
    oldest: int,
) -> None:
    size = len(ring.time)
    renamed = np.full(len(alive) + 1, -1, np.int32)
    count = 0
    for slot in range(len(alive)):
        if alive[slot]:
            renamed[slot] = count
            new.key[count] = old.key[slot]
            new.kind[count] = old.kind[slot]
            new.head[count] = old.head[slot]
            new.shares[count] = old.shares[slot]
            new.counted[count] = old.counted[slot]
            new.tail[count] = old.tail[slot]
            new.index[_find(new, old.key[slot])] = count + 1
            count += 1
    own = 0
    for at in range(max(0, position - size), position):
        place = at % size
        slot = ring.slot[place]
        ring.slot[place] = renamed[slot] if slot >= 0 else -1
        slot = ring.slot[place]
        if slot >= 0 and ring.time[place] >= oldest:
            to = _find_own(new, ring.account[place], new.key[slot])
            own += new.own_position[to] == 0
            new.own_position[to] = at + 1
    state[-3] = count
    state[-2] = own


@compiled
def _push(
    times: I64,
    accounts: I32,
    posts: I64,
    kinds: U8,
    keys: U64,
    until: int,
    rules: _Rules,
    ring: _Ring,
    objects: _Objects,
    state: I64,
) -> tuple[Records, Records]:
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
                forced = position - settling >= size
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
                    if span == 0:
                        break
                    if rules.lag_of[kind, window] != lag:
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
                    if own >= 0 and own > position - size and ring.time[own % size] >= when - span:
                        # a repeat meets again whom it met before: only newcomers add to its exposure
                        partners = min(partners, objects.shares[slot] - ring.seen[own % size, window])
                    if partners > 0:
                        stratum = np.searchsorted(rules.bounds, crowd)
                        exposures[exposed].account = account
                        exposures[exposed].cell = (kind * MAX_WINDOWS + window) * (len(rules.bounds) + 1) + stratum
                        exposures[exposed].amount = partners
                        exposed += 1
                if not last:
                    continue
                # 2. all its crowds are known: pair it with earlier shares of the object
                own = ring.own_before[place]
                longest = np.int64(0)
                for window in range(MAX_WINDOWS):
                    longest = max(longest, rules.windows[kind, window])
                if own < 0 or ring.time[own % size] < when - longest:
                    exposures[exposed].account = account
                    exposures[exposed].cell = rules.activity_cell + kind
                    exposures[exposed].amount = 1
                    exposed += 1
                partner = ring.before[place]
                met = 0
                while partner >= 0 and partner > position - size and met < rules.cap:
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
        if at == len(times):
            break
        # 3. insert the share
        place = position % size
        if position >= size and ring.slot[place] >= 0:
            _evict(ring, objects, position - size, now - rules.horizon, state)
        kind = kinds[at]
        found = _find(objects, keys[at])
        slot = objects.index[found] - 1
        if slot < 0:
            slot = np.int32(state[-3])
            state[-3] += 1
            objects.index[found] = slot + 1
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
        own_at = _find_own(objects, accounts[at], keys[at])
        state[-2] += objects.own_position[own_at] == 0
        own = objects.own_position[own_at] - 1
        if before < 0 or (own >= 0 and (own <= position - size or ring.time[own % size] < now - rules.horizon)):
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


@compiled
def _evict(ring: _Ring, objects: _Objects, position: int, oldest: int, state: I64) -> None:
    """Take the oldest share out of its object's windows before its place is used again."""
    place = position % len(ring.time)
    slot = ring.slot[place]
    if ring.time[place] >= oldest:
        state[-1] += 1
    for window in range(MAX_WINDOWS):
        if objects.tail[slot, window] == position:
            if ring.marks[place] & (1 << window):
                objects.counted[slot, window] -= 1
            objects.tail[slot, window] = ring.after[place]
    if objects.head[slot] == position:
        objects.head[slot] = -1
    ring.slot[place] = -1
