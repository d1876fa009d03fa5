"""The kernels of pair evidence: taking in co-shares, testing pairs, and what validated pairs explain."""

import math

import numpy as np

from detectors.arrays.compiled import compiled, inlined
from detectors.arrays.dtypes import F64, I32, I64, U64, Bools, Int, StructArray
from detectors.arrays.hashing import mix
from detectors.config import MAX_WINDOWS, TESTED_WINDOWS
from detectors.evidence.null_model import (
    KIND_COUNT,
    NullModel,
    clear_tally,
    new_tally,
    pair_surprise,
    tally_up,
)
from detectors.evidence.pair_table import (
    PairTable,
    entry_of,
    number_at,
    pair_hash,
    pair_number,
    pair_place,
    row_hash,
    row_place,
)
from detectors.evidence.shared_interest import FEW, SLOW_WINDOW, slow_expected, slow_windows
from detectors.synchrony.cells import (
    NO_STRATUM,
    cell_of,
    is_tested,
    merged_strata,
    stratum_in,
    widest_stratum,
)
from detectors.synchrony.exposure import Counters, counter_key, counter_place, move_counters


@compiled
def add_co_shares(
    co_shares: StructArray,
    rows: StructArray,
    pairs: PairTable,
    used: I64,
    min_objects: int,
    viral: int,
    bands: F64,
    slow_strata: int,
    keep_all: bool,
) -> I32:
    """Take in records of `CO_SHARES`; room for all of them has been made.

    Args:
        co_shares: ordered by (time, later_post), all of one post together.
        rows: records of `detectors.evidence.pair_table.ROWS`.
        pairs: the pairs.
        used: int64: rows, pairs; ever: slow co-shares, co-shares by kind, independent ones by kind.
        min_objects: objects of a candidate.
        viral: the crowd stratum of viral objects.
        bands: seconds above which a co-share is slow for each tested window.
        slow_strata: crowd strata below this tell of interest.
        keep_all: whether to hold what is not independent, too (for audits).

    Returns:
        Candidates that gained evidence, int32, in the order they did.
    """
    touched = np.empty(256, np.int32)
    gained = 0
    scratch = np.zeros(1024, np.int64)  # open addressing by earlier post: index of its winner + 1
    kinds = np.zeros(1024, np.uint8)  # kinds the two posts have in common
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
            kinds = np.zeros(size, np.uint8)
        elif end - begin > 1:
            scratch[:] = 0
            kinds[:] = 0
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
            kinds[place] |= np.uint8(1) << co_shares[at].kind
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
            carried = np.uint8(1) << co_shares[at].kind
            if end - begin > 1:
                place = np.int64(mix(np.uint64(co_shares[at].earlier_post))) & mask
                while co_shares[scratch[place] - 1].earlier_post != co_shares[at].earlier_post:
                    place = (place + 1) & mask
                winner = scratch[place] == at + 1
                carried = kinds[place]
            used[3 + co_shares[at].kind] += 1
            if not winner and not keep_all:
                continue
            winner = bool(winner and widest_stratum(co_shares[at].strata) < viral)
            used[3 + KIND_COUNT + co_shares[at].kind] += winner
            slow = slow_windows(co_shares[at].gap, widest_stratum(co_shares[at].strata), bands, slow_strata)
            a = np.uint64(min(co_shares[at].later, co_shares[at].earlier))
            b = np.uint64(max(co_shares[at].later, co_shares[at].earlier))
            key = (a << np.uint64(32)) | b
            hashed = pair_hash(key)
            place = pair_place(pairs, key, hashed)
            pair: Int = number_at(pairs.slots, place)
            if pair < 0:
                pair = used[1]
                used[1] += 1
                pairs.slots[place] = entry_of(hashed, pair)
                pairs.key[pair] = key
                pairs.head[pair] = -1
                pairs.objects[pair] = 0
                pairs.surprise[pair] = 0.0
            hashed = row_hash(key, co_shares[at].object)
            place = row_place(pairs, rows, pair, co_shares[at].object, hashed)
            row: Int = number_at(pairs.row_index, place)
            changed = False
            if row < 0:
                row = used[0]
                used[0] += 1
                pairs.row_index[place] = entry_of(hashed, row)
                rows[row].object = co_shares[at].object
                rows[row].time = co_shares[at].time
                rows[row].later_post = co_shares[at].later_post
                rows[row].earlier_post = co_shares[at].earlier_post
                rows[row].pair = pair
                rows[row].before = pairs.head[pair]
                rows[row].later = co_shares[at].later
                rows[row].gap = co_shares[at].gap
                rows[row].crowd = co_shares[at].crowd
                rows[row].strata = co_shares[at].strata
                rows[row].kind = co_shares[at].kind
                rows[row].independent = np.uint8(winner)
                rows[row].slow = slow
                rows[row].carried = carried
                pairs.head[pair] = row
                used[2] += winner and slow & (1 << SLOW_WINDOW) != 0
                changed = winner and is_tested(co_shares[at].strata)
                pairs.objects[pair] += np.int32(changed)
            else:
                rows[row].time = co_shares[at].time
                rows[row].gap = min(rows[row].gap, co_shares[at].gap)
                rows[row].crowd = min(rows[row].crowd, co_shares[at].crowd)
                merged = merged_strata(rows[row].strata, co_shares[at].strata)
                independent = winner or rows[row].independent == 1
                counted_before = rows[row].independent == 1 and is_tested(rows[row].strata)
                counts_now = independent and is_tested(merged)
                changed = counts_now and (merged != rows[row].strata or not counted_before)
                rows[row].strata = merged
                slow_before = rows[row].independent == 1 and rows[row].slow & (1 << SLOW_WINDOW) != 0
                slow_now = independent and (rows[row].slow | slow) & (1 << SLOW_WINDOW) != 0
                used[2] += slow_now and not slow_before
                rows[row].independent = np.uint8(independent)
                rows[row].slow |= slow
                rows[row].carried |= carried
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


@compiled
def numbers_of(keys: U64, pairs: PairTable) -> I64:
    """Number of the pair with each key, -1 where there is none; int64, shape of `keys`."""
    out = np.empty(len(keys), np.int64)
    for at in range(len(keys)):
        out[at] = pair_number(pairs, keys[at])
    return out


@inlined
def _independent(co_shares: StructArray, at: int, rows: StructArray, pairs: PairTable) -> bool:
    """Whether the object of a co-share is already an independent one of its pair."""
    a = np.uint64(min(co_shares[at].later, co_shares[at].earlier))
    b = np.uint64(max(co_shares[at].later, co_shares[at].earlier))
    key = (a << np.uint64(32)) | b
    pair = pair_number(pairs, key)
    if pair < 0:
        return False
    thing = co_shares[at].object
    row = number_at(pairs.row_index, row_place(pairs, rows, pair, thing, row_hash(key, thing)))
    return bool(row >= 0 and rows[row].independent == 1)


@compiled
def evaluate_pairs(chosen: I32, rows: StructArray, pairs: PairTable, null: NullModel) -> F64:
    """Surprise of each chosen pair, float64; kept in `pairs.surprise`."""
    out = np.empty(len(chosen), np.float64)
    tally = new_tally(null.strata)
    by_kind = np.empty(KIND_COUNT, np.float64)
    slow = np.empty(TESTED_WINDOWS, np.int64)
    for at in range(len(chosen)):
        pair = chosen[at]
        slow[:] = 0
        row = pairs.head[pair]
        while row >= 0:
            if rows[row].independent == 1:
                tally_up(tally, rows[row].kind, rows[row].strata, null.strata)
                for window in range(TESTED_WINDOWS):
                    slow[window] += (rows[row].slow >> window) & 1
            row = rows[row].before
        a = np.int64(pairs.key[pair] >> np.uint64(32))
        b = np.int64(pairs.key[pair] & np.uint64(0xFFFFFFFF))
        out[at] = pair_surprise(null, tally, slow, a, b, by_kind)
        clear_tally(tally)
        pairs.surprise[pair] = out[at]
    return out


@compiled
def lag_profile(rows: StructArray, count: int, pairs: PairTable, strata: int) -> F64:
    """How many fast meetings interest gives for each slow one, by (kind, window, stratum), flat.

    Counted over pairs that met once: those are chance and interest, whatever the rest of the data is.
    """
    fast = np.zeros(KIND_COUNT * MAX_WINDOWS * strata)
    slow = np.zeros(TESTED_WINDOWS)
    for row in range(count):
        if rows[row].before >= 0 or pairs.head[rows[row].pair] != row or rows[row].independent == 0:
            continue
        for window in range(TESTED_WINDOWS):
            slow[window] += (rows[row].slow >> window) & 1
            stratum = stratum_in(rows[row].strata, window)
            if stratum != NO_STRATUM:
                fast[cell_of(rows[row].kind, window, stratum, strata)] += 1.0
    for kind in range(KIND_COUNT):
        for window in range(TESTED_WINDOWS):
            for stratum in range(strata):
                cell = cell_of(kind, window, stratum, strata)
                fast[cell] = (fast[cell] + 1.0) / (slow[window] + 1.0)
    return fast


@compiled
def count_slow_pairs(
    rows: StructArray, pairs: PairTable, count: int, null: NullModel, left_out: Bools
) -> int:
    """Count of pairs that met slowly at least twice where few slow meetings were due, and not mostly fast."""
    found = 0
    ratio = 0.0
    for kind in range(KIND_COUNT):
        for stratum in range(null.strata):
            ratio += null.interest.profile[cell_of(kind, SLOW_WINDOW, stratum, null.strata)]
    share = ratio / (1.0 + ratio)
    for pair in range(count):
        if left_out[pair]:
            continue
        slow = 0
        fast = 0
        row = pairs.head[pair]
        while row >= 0:
            if rows[row].independent == 1:
                slow += (rows[row].slow >> SLOW_WINDOW) & 1
                fast += rows[row].gap <= null.interest.bands[SLOW_WINDOW]
            row = rows[row].before
        if slow >= 2:
            a = np.int64(pairs.key[pair] >> np.uint64(32))
            b = np.int64(pairs.key[pair] & np.uint64(0xFFFFFFFF))
            exposure, activity = null.interest.exposure, null.interest.activity
            due = slow_expected(
                null.interest, exposure[a], activity[a], exposure[b], activity[b], SLOW_WINDOW
            )
            if due <= FEW:
                # more fast meetings than interest gives, two standard errors above: left out
                all_met = slow + fast
                found += fast <= share * all_met + 2.0 * math.sqrt(share * (1.0 - share) * all_met) + 1.0
    return found


@compiled
def explained_exposure(
    rows: StructArray, count: Int, pairs: PairTable, validated: Bools, strata: int
) -> tuple[U64, I64]:
    """The exposure that co-shares of validated pairs explain: counter keys, each once, and amounts.

    Counted in a table as it is met: to sort all additions took three times as long as to find them.
    """
    found = Counters(np.zeros(1 << 12, np.uint64), np.zeros(1 << 12, np.int64))
    used = 0
    for row in range(count):
        if not validated[rows[row].pair]:
            continue
        if 2 * (used + 2 * KIND_COUNT * MAX_WINDOWS) > len(found.key):
            size = 2 * len(found.key)
            wider = Counters(np.zeros(size, np.uint64), np.zeros(size, np.int64))
            move_counters(found, wider)
            found = wider
        pair = pairs.key[rows[row].pair]
        for window in range(MAX_WINDOWS):
            stratum = stratum_in(rows[row].strata, window)
            if stratum == NO_STRATUM:
                continue
            for kind in range(KIND_COUNT):
                if (rows[row].carried >> kind) & 1:
                    cell = cell_of(kind, window, stratum, strata)
                    for account in (pair >> np.uint64(32), pair & np.uint64(0xFFFFFFFF)):
                        key = counter_key(account, cell)
                        at = counter_place(found, key)
                        used += found.key[at] == 0
                        found.key[at] = key
                        found.value[at] += 1
    kept = np.flatnonzero(found.key)
    return found.key[kept], found.value[kept]
