"""The kernel of co-sharing: one pass over shares in event order, in three steps for each.

1. Everything whose wait for its crowd ended before this share settles: crowds are fixed and exposures added.
2. What has settled in all its windows is paired with earlier shares of its object.
3. The share itself is chained to its object.

A share has a *position*: its number in order of arrival. The ring holds the latest ones.
"""

from typing import Any, NamedTuple

import numpy as np

from detectors.arrays.ascending import count_below
from detectors.arrays.compiled import compiled, compiled_without_references, inlined
from detectors.arrays.copying import widened
from detectors.arrays.dtypes import I32, I64, U8, U64, Int, StructArray
from detectors.config import MAX_WINDOWS
from detectors.synchrony.cells import NO_STRATUM, cell_of, stratum_bits
from detectors.synchrony.co_shares import CO_SHARES, EXPOSURES, CoShareRules, CoShareTally
from detectors.synchrony.share_ring import ObjectTable, ShareMemory, ShareRing, object_place, own_place

_ALL_WINDOWS = np.uint8((1 << MAX_WINDOWS) - 1)
"""Marks of a share in every window."""


class Shares(NamedTuple):
    """Shares in event order, a column each: the rows that the stage of synchrony reads."""

    time: I64
    account: I32
    post: I64
    kind: U8
    object: U64


def picked(shares: Shares, rows: slice | I64) -> Shares:
    """Some of the shares, by a slice or by their places."""
    time, account, post, kind, thing = shares
    return Shares(time[rows], account[rows], post[rows], kind[rows], thing[rows])


@compiled
def push_shares(
    batch: Shares, until: int, rules: CoShareRules, memory: ShareMemory, tally: CoShareTally
) -> tuple[StructArray, StructArray]:
    """Add shares and settle what can be settled before `until`.

    Args:
        batch: in event order; there is room for them.
        until: event time, seconds; every share before it has been given.
        rules: settings.
        memory: what is remembered of shares; changed.
        tally: shares that were not paired with all before them; added to. Co-shares made are left to the caller.

    Returns:
        Records of `CO_SHARES`, ordered by (time, later_post), and of `EXPOSURES`.
    """
    pairs = np.empty(max(64, len(batch.time) * 4), CO_SHARES)
    exposures = np.empty(max(64, len(batch.time) * 4), EXPOSURES)
    row: Int = np.int64(0)
    pair_count: Int = np.int64(0)
    exposure_count: Int = np.int64(0)
    while row <= len(batch.time):
        row, pair_count, exposure_count, room = _advance(
            batch, until, rules, memory, tally, pairs, exposures, row, pair_count, exposure_count
        )
        if pair_count + room > len(pairs):
            pairs = widened(pairs, max(2 * len(pairs), pair_count + room))
        if exposure_count + MAX_WINDOWS + 1 > len(exposures):
            exposures = widened(exposures, 2 * len(exposures))
    return pairs[:pair_count], exposures[:exposure_count]


@compiled_without_references
def _advance(
    batch: Shares,
    until: int,
    rules: CoShareRules,
    memory: ShareMemory,
    tally: CoShareTally,
    pairs: StructArray,
    exposures: StructArray,
    begin: Int,
    pair_count: Int,
    exposure_count: Int,
) -> tuple[Int, Int, Int, Int]:
    """Go on with `push_shares` from share `begin` to the end, or for as long as `pairs` and `exposures` have room.

    Returns:
        Shares that are in the ring, one more at the end; the two counts; co-shares that the next share may make.
    """
    ring, table, settled = memory.ring, memory.objects, memory.settled
    counts = memory.counts[0]
    size = len(ring.shares)
    lags = len(rules.lags)
    for row in range(begin, len(batch.time) + 1):
        now = batch.time[row] if row < len(batch.time) else until
        position = counts.position
        oldest_held = max(np.int64(0), position - size)
        for lag in range(lags):
            while settled[lag] < position:
                place = settled[lag] % size
                # no room left: what the next share will overwrite settles now, whole crowd or not
                forced = row < len(batch.time) and position - settled[lag] >= size
                if ring.shares[place].time + rules.lags[lag] >= now and not forced:
                    break
                share = ring.shares[place]
                most = np.int64(0)
                if lag == lags - 1:
                    most = min(np.int64(rules.cap), np.int64(table.objects[share.slot].shares))
                if exposure_count + MAX_WINDOWS + 1 > len(exposures) or pair_count + most > len(pairs):
                    return np.int64(row), pair_count, exposure_count, most
                settled[lag] += 1
                rule = rules.kinds[table.objects[share.slot].kind]
                exposure_count = _settle(
                    share, place, rule, lag, ring, table, rules.bounds, oldest_held, exposures, exposure_count
                )
                if lag == lags - 1 and rule.longest > 0:
                    if not _repeats(share, ring.shares, oldest_held, rule.longest):
                        exposures[exposure_count].post = share.post
                        exposures[exposure_count].account = share.account
                        exposures[exposure_count].cell = rules.activity_cell + table.objects[share.slot].kind
                        exposures[exposure_count].amount = 1
                        exposure_count += 1
                    limit = _most_partners(
                        ring.crowd[place, rule.widest], rules.capped, rules.cap, rules.bounds
                    )
                    pair_count = _pair(
                        share, place, rule, limit, ring, table.objects, rules.bounds, oldest_held,
                        pairs, pair_count, tally,
                    )  # fmt: skip
        if row < len(batch.time):
            _insert(batch, row, ring.shares, table, counts, rules.horizon)
    return np.int64(len(batch.time) + 1), pair_count, exposure_count, np.int64(0)


@inlined
def _settle(
    share: Any,
    place: Int,
    rule: Any,
    lag: Int,
    ring: ShareRing,
    table: ObjectTable,
    bounds: I64,
    oldest_held: Int,
    exposures: StructArray,
    exposure_count: Int,
) -> Int:
    """Step 1: fix the crowds of the share at `place` in the windows that wait for `lag`, and add its exposure.

    Returns:
        The count of exposures, of which there is room for one a window.
    """
    shares, counted, tails = ring.shares, table.counted, table.tail
    size = len(shares)
    slot = share.slot
    thing = table.objects[slot]
    own = share.own_before
    for window in range(MAX_WINDOWS):
        span = rule.windows[window]
        if span == 0 or rule.lag_of[window] != lag:
            continue
        # shares that are too old leave the window
        tail = tails[slot, window]
        while shares[tail % size].time < share.time - span:
            leaving = shares[tail % size]
            if leaving.marks & (1 << window):
                leaving.marks &= ~np.uint8(1 << window)
                counted[slot, window] -= 1
            tail = leaving.after
        tails[slot, window] = tail
        crowd = counted[slot, window]
        ring.crowd[place, window] = crowd
        ring.seen[place, window] = thing.shares
        partners = np.int64(crowd - 1)
        if own >= oldest_held and shares[own % size].time >= share.time - span:
            # a repeat meets again the accounts it met before: only newcomers add to its exposure
            partners = min(partners, thing.shares - ring.seen[own % size, window])
        if partners > 0:
            stratum = count_below(bounds, 0, len(bounds), crowd)
            exposures[exposure_count].post = share.post
            exposures[exposure_count].account = share.account
            exposures[exposure_count].cell = cell_of(thing.kind, window, stratum, len(bounds) + 1)
            exposures[exposure_count].amount = partners
            exposure_count += 1
    return exposure_count


@inlined
def _repeats(share: Any, shares: StructArray, oldest_held: Int, span: Int) -> bool:
    """Whether the account shared the object before, at most `span` seconds ago or too long ago to know when."""
    own = share.own_before
    return bool(own >= 0 and (own < oldest_held or shares[own % len(shares)].time >= share.time - span))


@inlined
def _most_partners(crowd: Int, capped: bool, cap: Int, bounds: I64) -> Int:
    """Earlier shares that a share is paired with, at most; 0 on a viral object.

    Large crowds would make most of all pairs and say least; viral ones are no evidence at all.
    """
    if capped and crowd > bounds[-1]:
        return np.int64(0)
    return max(cap // 4, 1) if capped and crowd > 4 * cap else cap


@inlined
def _pair(
    share: Any,
    place: Int,
    rule: Any,
    limit: Int,
    ring: ShareRing,
    objects: StructArray,
    bounds: I64,
    oldest_held: Int,
    pairs: StructArray,
    pair_count: Int,
    tally: CoShareTally,
) -> Int:
    """Step 2: pair the share at `place`, whose crowds are all known, with at most `limit` earlier ones of its object.

    Returns:
        The count of co-shares, of which there is room for `limit`.
    """
    shares, crowds = ring.shares, ring.crowd
    thing = objects[share.slot]
    partner = share.before
    met = 0
    while partner >= oldest_held and met < limit:
        partner_place = partner % len(shares)
        earlier = shares[partner_place]
        gap = share.time - earlier.time
        if gap > rule.longest:
            break
        if earlier.account != share.account:
            met += 1
            strata = np.uint16(0)
            smallest = np.int32(0)
            for window in range(MAX_WINDOWS):
                stratum: Int = NO_STRATUM
                if rule.windows[window] > 0 and gap <= rule.windows[window]:
                    crowd = max(crowds[place, window], crowds[partner_place, window])
                    stratum = count_below(bounds, 0, len(bounds), crowd)
                    if smallest == 0:
                        smallest = crowd
                strata |= stratum_bits(stratum, window)
            pair = pairs[pair_count]
            pair.time = share.time
            pair.object = thing.key
            pair.later_post = share.post
            pair.earlier_post = earlier.post
            pair.later = share.account
            pair.earlier = earlier.account
            pair.gap = gap
            pair.crowd = smallest
            pair.strata = strata
            pair.kind = thing.kind
            pair_count += 1
        partner = earlier.before
    if limit == 0:
        tally.viral[thing.kind] += 1
    elif met == limit and partner >= oldest_held:
        # an earlier share within reach was left out
        tally.cut_short[thing.kind] += share.time - shares[partner % len(shares)].time <= rule.longest
    return pair_count


@inlined
def _insert(
    batch: Shares, row: Int, shares: StructArray, table: ObjectTable, counts: Any, horizon: Int
) -> None:
    """Step 3: give a share its place in the ring, and chain it to its object."""
    size = len(shares)
    position = counts.position
    share = shares[position % size]
    now = batch.time[row]
    oldest = now - horizon
    if position >= size and share.slot >= 0:
        _evict(share, position - size, table.objects, table.counted, table.tail)
        counts.evicted_early += share.time >= oldest
    slot = _slot_of(table, batch.object[row], batch.kind[row], counts)
    thing = table.objects[slot]
    before = thing.head
    if before < 0 or before <= position - size or shares[before % size].time < oldest:
        before = -1
        for window in range(MAX_WINDOWS):
            table.counted[slot, window] = 0
            table.tail[slot, window] = position
    else:
        shares[before % size].after = position
    latest = table.own[own_place(table.own, batch.account[row], batch.object[row])]
    counts.own_shares += latest.position == 0
    own = latest.position - 1
    if before < 0 or (own >= 0 and (own <= position - size or shares[own % size].time < oldest)):
        own = -1
    latest.position = position + 1
    for window in range(MAX_WINDOWS):
        bit = np.uint8(1 << window)
        if own >= 0 and shares[own % size].marks & bit:
            shares[own % size].marks &= ~bit
        else:
            table.counted[slot, window] += 1
    share.time = now
    share.account = batch.account[row]
    share.post = batch.post[row]
    share.slot = slot
    share.before = before
    share.after = -1
    share.own_before = own
    share.marks = _ALL_WINDOWS
    thing.head = position
    thing.shares += 1
    counts.position += 1


@inlined
def _slot_of(table: ObjectTable, key: np.uint64, kind: Int, counts: Any) -> Int:
    """The slot of an object, a new one if it has none."""
    entry = object_place(table, key)
    slot = table.slots[entry] - 1
    if slot < 0:
        slot = np.int32(counts.objects)
        counts.objects += 1
        table.slots[entry] = slot + 1
        thing = table.objects[slot]
        thing.key = key
        thing.kind = kind
        thing.head = -1
        thing.shares = 0
    return np.int64(slot)


@inlined
def _evict(share: Any, position: Int, objects: StructArray, counted: I32, tails: I64) -> None:
    """Take the oldest share of the ring out of its object's windows, before its place is used again."""
    for window in range(MAX_WINDOWS):
        if tails[share.slot, window] == position:
            if share.marks & (1 << window):
                counted[share.slot, window] -= 1
            tails[share.slot, window] = share.after
    if objects[share.slot].head == position:
        objects[share.slot].head = -1
    share.slot = -1
