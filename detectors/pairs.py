"""Pair evidence: which objects two accounts shared together, each once, over the evidence horizon.

One pair of posts is one piece of evidence. Two posts that share a URL share its headline and tags too;
counting each would inflate whatever assumes independence. So of the co-shares of one pair of posts, one is
*independent*: that of an object already known as independent for this pair of accounts, else that of the
smallest crowd.

Co-shares are rows chained by pair. A repeated co-share of a known object widens what is known of it (a
shorter window, a smaller crowd) and counts no second time. Rows age by their latest sighting; pairs seen once
leave early.
"""

import numpy as np

from detectors.affinity import FEW, SLOW_WINDOW, is_slow, slow_expected
from detectors.chance import KIND_COUNT, Null, pair_surprise, tally
from detectors.co_shares import NO_STRATUM, Cells, Records, window_table
from detectors.compiled import Int, compiled, inlined
from detectors.config import MAX_WINDOWS, TESTED_WINDOWS, DetectionConfig
from detectors.exposure import F64, counter_key
from detectors.hashing import I64, U64, mix
from detectors.pair_table import (
    BOOL,
    FIRST_SIZE,
    I32,
    ROWS,
    Pairs,
    is_tested,
    mark_kept,
    moved_pairs,
    new_pairs,
    pair_place,
    power_of_two,
    rechain,
    row_place,
    widest_stratum,
)

_LOW = np.uint64(0xFFFFFFFF)


class PairEvidence:
    """The evidence on all pairs of one partition.

    Args:
        config: horizons, bounds and the least number of objects of a candidate.
    """

    def __init__(self, config: DetectionConfig) -> None:
        self._config = config
        self._viral = len(config.co_share.strata)
        self._slow_gap = int(window_table(config)[:, SLOW_WINDOW].max())
        self._slow_strata = Cells(config).reference_strata
        self._rows: Records = np.zeros(FIRST_SIZE, ROWS)
        self._pairs = new_pairs(FIRST_SIZE, FIRST_SIZE)
        self._used = np.zeros(
            3 + 2 * KIND_COUNT, np.int64
        )  # rows, pairs; ever: slow, by kind all and independent
        self._touched: list[I32] = []
        self.evicted_early = 0
        """Count of co-shares that left before their time, for want of room."""

    @property
    def rows(self) -> Records:
        """All rows, records of `ROWS`; a view, not a copy."""
        return self._rows[: self._used[0]]

    @property
    def size(self) -> int:
        """Count of pairs."""
        return int(self._used[1])

    @property
    def slow_co_shares(self) -> int:
        """Count of all independent slow co-shares so far (`detectors.affinity`), aged or not."""
        return int(self._used[2])

    @property
    def independent_share(self) -> F64:
        """Share of all co-shares so far, aged or not, that were independent; by kind."""
        every, independent = self._used[3 : 3 + KIND_COUNT], self._used[3 + KIND_COUNT :]
        return (independent + 1.0) / (every + 1.0)

    @property
    def table(self) -> Pairs:
        """The memory itself, for kernels that look pairs up."""
        return self._pairs

    @property
    def keys(self) -> U64:
        """The two account numbers of each pair, the smaller in the upper 32 bits; a view."""
        return self._pairs.key[: self._used[1]]

    @property
    def surprise(self) -> F64:
        """Surprise of each pair when last evaluated, 0 before and once it is no candidate; a view."""
        return self._pairs.surprise[: self._used[1]]

    def accounts(self, pairs: I64 | I32) -> tuple[I32, I32]:
        """The two account numbers of each pair, the smaller first."""
        keys = self._pairs.key[pairs]
        return (keys >> np.uint64(32)).astype(np.int32), (keys & _LOW).astype(np.int32)

    def add(self, co_shares: Records) -> None:
        """Add records of `CO_SHARES`, ordered by (time, later_post), all of one post in one call."""
        if not len(co_shares):
            return
        self._reserve(len(co_shares))
        touched = _add(
            co_shares,
            self._rows,
            self._pairs,
            self._used,
            self._config.gate.min_objects,
            self._viral,
            self._slow_gap,
            self._slow_strata,
        )
        if len(touched):
            self._touched.append(touched)

    def take_touched(self) -> I32:
        """Candidate pairs that gained evidence since the last call, ascending."""
        if not self._touched:
            return np.zeros(0, np.int32)
        touched = np.sort(np.concatenate(self._touched))
        self._touched = []
        self._pairs.touched[touched] = False
        # what a pair had when it was touched may have aged since
        return touched[self._pairs.objects[touched] >= self._config.gate.min_objects]

    def candidates(self) -> I32:
        """All pairs with enough independent objects to be tested, ascending."""
        enough = self._pairs.objects[: self._used[1]] >= self._config.gate.min_objects
        return np.flatnonzero(enough).astype(np.int32)

    def evaluate(self, pairs: I32, null: Null) -> F64:
        """Surprise of each of `pairs` against chance, kept for `surprise`; float64, shape of `pairs`."""
        return _evaluate(pairs, self._rows, self._pairs, null)

    def explained(self, validated: BOOL, strata: int) -> tuple[U64, I64]:
        """The exposure that the co-shares of validated pairs explain.

        Args:
            validated: bool, one a pair.
            strata: count of crowd strata.

        Returns:
            Keys as in `detectors.exposure.Counters` and amounts, one a key.
        """
        keys = _explained(self._rows, int(self._used[0]), self._pairs, validated, strata)
        unique, amounts = np.unique(keys, return_counts=True)
        return unique, amounts.astype(np.int64)

    def slow_pairs(self, null: Null, left_out: BOOL) -> int:
        """Count of pairs with two slow co-shares or more, and no other, where few were due.

        Pairs that also met fast may be coordinated, and those `left_out` (bool, one a pair) are known to be.
        """
        return _slow_pairs(self.rows, self.keys, null, left_out)

    def age(self, now: int) -> None:
        """Let go of what is too old at `now` (seconds of event time), and renumber the rest."""
        evidence = self._config.evidence
        day = 86_400
        oldest = now - evidence.keep_days * day if evidence.keep_days else np.iinfo(np.int64).min
        single = now - evidence.singleton_days * day if evidence.singleton_days else oldest
        self._compact(oldest, max(single, oldest))
        # what is no candidate any more is not in the gate, and must not be taken out of it again
        self.surprise[self._pairs.objects[: self.size] < self._config.gate.min_objects] = 0.0

    def make_room(self, now: int) -> None:
        """Evict early, singletons first, when more rows are held than `max_pairs`; for ticks only."""
        limit = self._config.evidence.max_pairs
        held = int(self._used[0])
        oldest = np.iinfo(np.int64).min
        for hours in (72, 24, 6, 1, 0):
            if int(self._used[0]) <= limit:
                break
            self._compact(oldest, now - hours * 3_600)
        if int(self._used[0]) > limit:
            times = np.partition(self.rows["time"], int(self._used[0]) - limit // 2)
            self._compact(int(times[int(self._used[0]) - limit // 2]), now)
        self.evicted_early += held - int(self._used[0])

    def _reserve(self, more: int) -> None:
        rows, pairs = (int(n) for n in self._used[:2])
        if rows + more > len(self._rows):
            grown = np.zeros(power_of_two(rows + more), ROWS)
            grown[:rows] = self._rows[:rows]
            self._rows = grown
        if pairs + more > len(self._pairs.key) or (rows + more) * 2 > len(self._pairs.row_index):
            self._pairs = moved_pairs(self._pairs, self._rows, rows, pairs, pairs + more, rows + more)

    def _compact(self, oldest: int, oldest_single: int) -> None:
        rows, pairs = (int(n) for n in self._used[:2])
        kept, number = mark_kept(self._rows, rows, self._pairs, pairs, oldest, oldest_single)
        count = int(number.max(initial=-1)) + 1
        if kept.all():
            return
        # assigning in place, chunk by chunk, keeps the peak at one copy of what is kept
        survivors = self._rows[:rows][kept]
        old = self._pairs
        self._rows = np.zeros(power_of_two(len(survivors)), ROWS)
        self._rows[: len(survivors)] = survivors
        self._pairs = new_pairs(power_of_two(count), power_of_two(len(survivors)))
        self._used[0], self._used[1] = len(survivors), count
        rechain(self._rows, len(survivors), old, number, self._pairs)
        self._touched = [renamed[renamed >= 0] for renamed in (number[t] for t in self._touched)]


@compiled
def _add(
    co_shares: Records,
    rows: Records,
    pairs: Pairs,
    used: I64,
    min_objects: int,
    viral: int,
    slow_gap: int,
    slow_strata: int,
) -> I32:
    touched = np.empty(256, np.int32)
    gained = 0
    scratch = np.zeros(1024, np.int64)  # open addressing by earlier post: index of its winner + 1
    begin = 0
    while begin < len(co_shares):
        end = begin + 1
        while end < len(co_shares) and co_shares[end].later_post == co_shares[begin].later_post:
            end += 1
        if (end - begin) * 2 > len(scratch):
            size = len(scratch)
            while size < (end - begin) * 2:
                size *= 2
            scratch = np.zeros(size, np.int64)
        elif end - begin > 1:
            scratch[:] = 0
        mask = len(scratch) - 1
        # the independent co-share of each pair of posts
        for at in range(begin, end):
            if end - begin == 1:
                break
            place: Int = np.int64(mix(np.uint64(co_shares[at].earlier_post))) & mask
            while (
                scratch[place] != 0
                and co_shares[scratch[place] - 1].earlier_post != co_shares[at].earlier_post
            ):
                place = (place + 1) & mask
            if scratch[place] == 0:
                scratch[place] = at + 1
                continue
            rival = scratch[place] - 1
            known_at = _independent(co_shares, at, rows, pairs)
            known_rival = _independent(co_shares, rival, rows, pairs)
            if known_at != known_rival:
                better = known_at
            elif co_shares[at].crowd != co_shares[rival].crowd:
                better = co_shares[at].crowd < co_shares[rival].crowd
            else:
                better = False  # records of a post come in the order of kinds
            if better:
                scratch[place] = at + 1
        for at in range(begin, end):
            winner = True
            if end - begin > 1:
                place = np.int64(mix(np.uint64(co_shares[at].earlier_post))) & mask
                while co_shares[scratch[place] - 1].earlier_post != co_shares[at].earlier_post:
                    place = (place + 1) & mask
                winner = scratch[place] == at + 1
            winner = winner and widest_stratum(co_shares[at].strata) < viral
            a = np.uint64(min(co_shares[at].later, co_shares[at].earlier))
            b = np.uint64(max(co_shares[at].later, co_shares[at].earlier))
            key = (a << np.uint64(32)) | b
            place = pair_place(pairs, key)
            pair: Int = pairs.slots[place] - 1
            if pair < 0:
                pair = used[1]
                used[1] += 1
                pairs.slots[place] = pair + 1
                pairs.key[pair] = key
                pairs.head[pair] = -1
                pairs.objects[pair] = 0
                pairs.surprise[pair] = 0.0
            place = row_place(pairs, rows, pair, co_shares[at].object)
            row: Int = pairs.row_index[place] - 1
            changed = False
            if row < 0:
                row = used[0]
                used[0] += 1
                pairs.row_index[place] = row + 1
                rows[row].object = co_shares[at].object
                rows[row].time = co_shares[at].time
                rows[row].later_post = np.uint32(co_shares[at].later_post)
                rows[row].earlier_post = np.uint32(co_shares[at].earlier_post)
                rows[row].pair = pair
                rows[row].before = pairs.head[pair]
                rows[row].later = co_shares[at].later
                rows[row].gap = co_shares[at].gap
                rows[row].crowd = co_shares[at].crowd
                rows[row].strata = co_shares[at].strata
                rows[row].kind = co_shares[at].kind
                rows[row].independent = np.uint8(winner)
                pairs.head[pair] = row
                if winner and co_shares[at].gap > slow_gap:
                    used[2] += widest_stratum(co_shares[at].strata) < slow_strata
                used[3 + co_shares[at].kind] += 1
                used[3 + KIND_COUNT + co_shares[at].kind] += winner
                changed = winner and is_tested(co_shares[at].strata)
                pairs.objects[pair] += np.int32(changed)
            else:
                rows[row].time = co_shares[at].time
                rows[row].gap = min(rows[row].gap, co_shares[at].gap)
                rows[row].crowd = min(rows[row].crowd, co_shares[at].crowd)
                merged = np.uint16(0)
                for window in range(MAX_WINDOWS):
                    shift = np.uint16(4 * window)
                    merged |= (
                        min(
                            (rows[row].strata >> shift) & np.uint16(15),
                            (co_shares[at].strata >> shift) & np.uint16(15),
                        )
                        << shift
                    )
                independent = winner or rows[row].independent == 1
                counted_before = rows[row].independent == 1 and is_tested(rows[row].strata)
                counts_now = independent and is_tested(merged)
                changed = counts_now and (merged != rows[row].strata or not counted_before)
                rows[row].strata = merged
                rows[row].independent = np.uint8(independent)
                pairs.objects[pair] += np.int32(counts_now) - np.int32(counted_before)
            if changed and pairs.objects[pair] >= min_objects and not pairs.touched[pair]:
                pairs.touched[pair] = True
                if gained == len(touched):
                    wider = np.empty(gained * 2, np.int32)
                    wider[:gained] = touched
                    touched = wider
                touched[gained] = pair
                gained += 1
        begin = end
    return touched[:gained]


@inlined
def _independent(co_shares: Records, at: int, rows: Records, pairs: Pairs) -> bool:
    """Whether the object of a co-share is already an independent one of its pair."""
    a = np.uint64(min(co_shares[at].later, co_shares[at].earlier))
    b = np.uint64(max(co_shares[at].later, co_shares[at].earlier))
    pair = pairs.slots[pair_place(pairs, (a << np.uint64(32)) | b)] - 1
    if pair < 0:
        return False
    row = pairs.row_index[row_place(pairs, rows, pair, co_shares[at].object)] - 1
    return bool(row >= 0 and rows[row].independent == 1)


@compiled
def _evaluate(chosen: I32, rows: Records, pairs: Pairs, null: Null) -> F64:
    out = np.empty(len(chosen), np.float64)
    counts = np.empty(KIND_COUNT * MAX_WINDOWS * null.strata, np.int64)
    by_kind = np.empty(KIND_COUNT, np.float64)
    slow = np.empty(TESTED_WINDOWS, np.int64)
    for at in range(len(chosen)):
        pair = chosen[at]
        counts[:] = 0
        slow[:] = 0
        row = pairs.head[pair]
        while row >= 0:
            if rows[row].independent == 1:
                tally(counts, rows[row].kind, rows[row].strata, null.strata)
                for window in range(TESTED_WINDOWS):
                    stratum = widest_stratum(rows[row].strata)
                    slow[window] += is_slow(null.interest, rows[row].gap, stratum, window)
            row = rows[row].before
        a = np.int64(pairs.key[pair] >> np.uint64(32))
        b = np.int64(pairs.key[pair] & np.uint64(0xFFFFFFFF))
        out[at] = pair_surprise(null, counts, slow, a, b, by_kind)
        pairs.surprise[pair] = out[at]
    return out


@compiled
def _slow_pairs(rows: Records, keys: U64, null: Null, left_out: BOOL) -> int:
    slow = np.zeros(len(keys), np.int32)
    for row in range(len(rows)):
        if rows[row].independent == 1:
            pair = rows[row].pair
            if is_slow(null.interest, rows[row].gap, widest_stratum(rows[row].strata), SLOW_WINDOW):
                slow[pair] += 1
            elif rows[row].gap <= null.interest.bands[SLOW_WINDOW]:
                slow[pair] = -1_000_000  # never only slow
    found = 0
    for pair in range(len(keys)):
        if slow[pair] >= 2 and not left_out[pair]:
            a = np.int64(keys[pair] >> np.uint64(32))
            b = np.int64(keys[pair] & np.uint64(0xFFFFFFFF))
            exposure, activity = null.interest.exposure, null.interest.activity
            due = slow_expected(
                null.interest, exposure[a], activity[a], exposure[b], activity[b], SLOW_WINDOW
            )
            found += due <= FEW
    return found


@compiled
def _explained(rows: Records, count: Int, pairs: Pairs, validated: BOOL, strata: int) -> U64:
    keys = np.empty(1024, np.uint64)
    made = 0
    for row in range(count):
        if not validated[rows[row].pair]:
            continue
        key = pairs.key[rows[row].pair]
        for window in range(MAX_WINDOWS):
            stratum = (rows[row].strata >> (4 * window)) & 15
            if stratum == NO_STRATUM:
                continue
            if made + 2 > len(keys):
                wider = np.empty(len(keys) * 2, np.uint64)
                wider[:made] = keys[:made]
                keys = wider
            cell = (rows[row].kind * MAX_WINDOWS + window) * strata + stratum
            keys[made] = counter_key(key >> np.uint64(32), cell)
            keys[made + 1] = counter_key(key & np.uint64(0xFFFFFFFF), cell)
            made += 2
    return keys[:made]
