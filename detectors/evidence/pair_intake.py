"""Taking in co-shares: which of them are independent evidence, and the row of evidence that each adds or widens.

Co-shares come post by post. One post can share several objects with one earlier post: a link, its headline, its tags.
Those two posts are one piece of evidence, so one of their co-shares is chosen as *independent*. A co-share of an object
that is new for its pair of accounts adds a row; one of a known object widens the row that is there.

Helpers with a loop take single arrays where they can. Around a loop numba counts the references to every array of a
tuple that a helper takes; with tuples throughout this was a fifth slower (measured, CPU seconds of `PairStore.add`).
"""

from typing import NamedTuple

import numpy as np

from detectors.arrays.compiled import compiled, compiled_without_references, inlined, inlined_number
from detectors.arrays.dtypes import F64, I32, I64, U8, Int, Record, StructArray
from detectors.arrays.hash_index import place_by_low_bits, tagged, tagged_row
from detectors.arrays.hashing import mix
from detectors.arrays.pair_keys import unordered_pair_key
from detectors.evidence.pair_table import (
    PairTable,
    is_counted,
    pair_hash,
    pair_number,
    pair_place,
    row_hash,
    row_place,
)
from detectors.evidence.shared_interest import SLOW_WINDOW, slow_windows
from detectors.synchrony.cells import merged_strata, widest_stratum


class EvidenceRules(NamedTuple):
    """Settings of pair evidence, as its kernels take them."""

    min_objects: int  # independent objects of a pair that is tested
    viral: int  # the crowd stratum of viral objects, which are no evidence
    bands: F64  # (TESTED_WINDOWS,) seconds: a co-share is slow for a window when its gap is longer
    slow_strata: int  # slow co-shares are counted in crowd strata below this
    keep_all: bool  # whether co-shares that are not independent are kept too, for audits


class EvidenceCounts(NamedTuple):
    """How much evidence there is, and how much there has been; int64, counted up by kernels."""

    rows: I64  # (1,) rows that are held
    pairs: I64  # (1,) pairs that are held
    slow: I64  # (1,) independent slow co-shares since the start, aged or not
    made: I64  # (kinds,) co-shares since the start
    independent: I64  # (kinds,) independent ones among `made`


class _EarlierPosts(NamedTuple):
    """The earlier posts that one post has co-shares with, by place in a hash index of post numbers."""

    choice: I64  # the co-share that is chosen as independent, plus one; 0: empty place
    kinds: U8  # one bit for each kind of object that the two posts have in common


def new_counts(kinds: int) -> EvidenceCounts:
    """Counts of no evidence at all."""
    return EvidenceCounts(
        np.zeros(1, np.int64),
        np.zeros(1, np.int64),
        np.zeros(1, np.int64),
        np.zeros(kinds, np.int64),
        np.zeros(kinds, np.int64),
    )


@compiled
def add_co_shares(
    co_shares: StructArray,
    rows: StructArray,
    pairs: PairTable,
    counts: EvidenceCounts,
    rules: EvidenceRules,
) -> I32:
    """Take in co-shares. The caller has made room for all of them.

    Args:
        co_shares: records of `CO_SHARES`, ordered by (time, later_post), all of one post in one call.
        rows: records of `detectors.evidence.pair_table.ROWS`.
        pairs: the pairs.
        counts: brought up to date.
        rules: the settings.

    Returns:
        Candidates that gained evidence, int32, in the order in which they did.
    """
    places = _places(_longest_run(co_shares))
    earlier = _EarlierPosts(np.zeros(places, np.int64), np.zeros(places, np.uint8))
    touched = np.empty(len(co_shares), np.int32)
    return touched[: _add(co_shares, rows, pairs, counts, rules, earlier, touched)].copy()


@compiled_without_references
def _add(
    co_shares: StructArray,
    rows: StructArray,
    pairs: PairTable,
    counts: EvidenceCounts,
    rules: EvidenceRules,
    room: _EarlierPosts,
    touched: I32,
) -> int:
    """As `add_co_shares`; fills in `touched`, and returns how many there are. `room` is space for the longest post."""
    gained = 0
    begin = 0
    while begin < len(co_shares):
        end = _end_of_post(co_shares, begin)
        several = end - begin > 1
        places = _places(end - begin)
        earlier = _EarlierPosts(room.choice[:places], room.kinds[:places])
        if several:
            earlier.choice[:] = 0
            earlier.kinds[:] = 0
            _choose_independent(co_shares, begin, end, rows, pairs, earlier)
        for number in range(begin, end):
            co_share = co_shares[number]
            chosen = True
            kinds = np.uint8(1) << co_share.kind
            if several:
                place = _post_place(earlier.choice, co_shares, co_share.earlier_post)
                chosen = earlier.choice[place] == number + 1
                kinds = earlier.kinds[place]
            counts.made[co_share.kind] += 1
            if not chosen and not rules.keep_all:
                continue
            widest = widest_stratum(co_share.strata)
            slow = slow_windows(co_share.gap, widest, rules.bands, rules.slow_strata)
            independent = bool(chosen and widest < rules.viral)
            counts.independent[co_share.kind] += independent
            key = unordered_pair_key(co_share.later, co_share.earlier)
            hashed = pair_hash(key)
            place = pair_place(pairs, key, hashed)
            pair = tagged_row(pairs.slots[place])
            if pair < 0:
                pair = counts.pairs[0]
                counts.pairs[0] += 1
                pairs.slots[place] = tagged(hashed, pair)
                _begin_pair(pairs, pair, key)
            hashed = row_hash(key, co_share.object)
            place = row_place(pairs, rows, pair, co_share.object, hashed)
            row_number = tagged_row(pairs.row_index[place])
            if row_number < 0:
                row_number = counts.rows[0]
                counts.rows[0] += 1
                pairs.row_index[place] = tagged(hashed, row_number)
                _begin_row(rows[row_number], co_share, pair, pairs.head[pair])
                pairs.head[pair] = row_number
            row = rows[row_number]
            was_counted, was_slow, known_strata = is_counted(row), _is_slow(row), row.strata
            _widen_row(row, co_share, independent, slow, kinds)
            counts.slow[0] += _is_slow(row) and not was_slow
            counts_now = is_counted(row)
            pairs.objects[pair] += np.int32(counts_now) - np.int32(was_counted)
            gains = counts_now and (not was_counted or row.strata != known_strata)
            if gains and pairs.objects[pair] >= rules.min_objects and not pairs.touched[pair]:
                pairs.touched[pair] = True
                touched[gained] = pair
                gained += 1
        begin = end
    return gained


@inlined
def _end_of_post(co_shares: StructArray, begin: int) -> int:
    """The end of the run of co-shares that have the same later post as the one at `begin`."""
    end = begin + 1
    while end < len(co_shares) and co_shares[end].later_post == co_shares[begin].later_post:
        end += 1
    return end


@inlined
def _longest_run(co_shares: StructArray) -> int:
    """Most co-shares of one later post."""
    longest = 0
    begin = 0
    while begin < len(co_shares):
        end = _end_of_post(co_shares, begin)
        longest = max(longest, end - begin)
        begin = end
    return longest


@inlined_number
def _places(posts: int) -> int:
    """Places of an index with room for `posts` earlier posts, half full at most; a power of two."""
    places = 16
    while places < posts * 2:
        places *= 2
    return places


@inlined
def _post_place(choice: I64, co_shares: StructArray, post: Int) -> Int:
    """Place of an earlier post in the index, whether it is there or belongs there."""
    place = place_by_low_bits(mix(np.uint64(post)), len(choice))
    while choice[place] != 0 and co_shares[choice[place] - 1].earlier_post != post:
        place = (place + 1) & (len(choice) - 1)
    return place


@compiled_without_references
def _choose_independent(
    co_shares: StructArray,
    begin: int,
    end: int,
    rows: StructArray,
    pairs: PairTable,
    earlier: _EarlierPosts,
) -> None:
    """Choose one co-share of the later post with each earlier one, and note what kinds the two have in common.

    The best is a co-share of an object that is independent evidence on the pair already; then that of the smallest
    crowd; then the first, and the co-shares of a post come in the order of kinds.
    """
    for number in range(begin, end):
        place = _post_place(earlier.choice, co_shares, co_shares[number].earlier_post)
        earlier.kinds[place] |= np.uint8(1) << co_shares[number].kind
        if earlier.choice[place] == 0:
            earlier.choice[place] = number + 1
            continue
        rival = earlier.choice[place] - 1
        known = _is_known(co_shares, number, rows, pairs)
        if known != _is_known(co_shares, rival, rows, pairs):
            better = known
        else:
            better = co_shares[number].crowd < co_shares[rival].crowd
        if better:
            earlier.choice[place] = number + 1


@inlined
def _is_known(co_shares: StructArray, number: int, rows: StructArray, pairs: PairTable) -> bool:
    """Whether the object of a co-share is independent evidence on its pair already."""
    key = unordered_pair_key(co_shares[number].later, co_shares[number].earlier)
    pair = pair_number(pairs, key)
    if pair < 0:
        return False
    thing = co_shares[number].object
    row = tagged_row(pairs.row_index[row_place(pairs, rows, pair, thing, row_hash(key, thing))])
    return bool(row >= 0 and rows[row].independent == 1)


@inlined
def _begin_pair(pairs: PairTable, pair: Int, key: np.uint64) -> None:
    """Fill in a new pair, which has no rows yet."""
    pairs.key[pair] = key
    pairs.head[pair] = -1
    pairs.objects[pair] = 0
    pairs.surprise[pair] = 0.0


@inlined
def _begin_row(row: Record, co_share: Record, pair: Int, before: Int) -> None:
    """Fill in what a new row is about. `_widen_row` adds what it says."""
    row.object = co_share.object
    row.later_post = co_share.later_post
    row.earlier_post = co_share.earlier_post
    row.pair = pair
    row.before = before
    row.later = co_share.later
    row.gap = co_share.gap
    row.crowd = co_share.crowd
    row.strata = co_share.strata
    row.kind = co_share.kind
    row.independent = 0
    row.slow = 0
    row.carried = 0


@inlined
def _widen_row(row: Record, co_share: Record, independent: bool, slow: np.uint8, kinds: np.uint8) -> None:
    """Add to a row what a co-share says of its object."""
    row.time = co_share.time
    row.gap = min(row.gap, co_share.gap)
    row.crowd = min(row.crowd, co_share.crowd)
    row.strata = merged_strata(row.strata, co_share.strata)
    row.independent |= np.uint8(independent)
    row.slow |= slow
    row.carried |= kinds


@inlined
def _is_slow(row: Record) -> bool:
    """Whether a row is an independent slow co-share (`detectors.evidence.shared_interest`)."""
    return bool(row.independent == 1 and row.slow & (1 << SLOW_WINDOW) != 0)
