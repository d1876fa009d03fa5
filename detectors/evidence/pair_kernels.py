"""Kernels over the evidence on pairs: testing pairs, and what validated pairs and shared interest explain."""

import math

import numpy as np

from detectors.arrays.compiled import compiled, compiled_without_references, inlined
from detectors.arrays.dtypes import F64, I32, I64, U64, Bools, Int, StructArray
from detectors.arrays.pair_keys import first_of, second_of
from detectors.config import MAX_WINDOWS, TESTED_WINDOWS
from detectors.evidence.null_model import (
    KIND_COUNT,
    NullModel,
    Tally,
    clear_tally,
    new_tally,
    pair_surprise,
    tally_up,
)
from detectors.evidence.pair_table import PairTable, pair_number
from detectors.evidence.shared_interest import FEW, SLOW_WINDOW, slow_expected
from detectors.synchrony.cells import NO_STRATUM, cell_of, stratum_in
from detectors.synchrony.exposure import Counters, counter_key, counter_place, move_counters

_SIDE_BY_SIDE = 32
"""Pairs whose chains are followed at once."""
_LOOKED_AHEAD = 16
"""Rows of a chain that are followed so, at most. With these two, a pair of 10 to 25 rows took 1.6 microseconds in place
of 2.4 (measured)."""
_TAKEN_OUT = 2
"""How often the exposure of one explained co-share is taken out. A row counts an object once, but exposure
grows with each repeat and with everyone in the crowd, also those that the cap leaves out. Once left recall on
`ira_de_2017_09` at .14, twice gives .51 and three times .54; elsewhere it changes little. Counting explained
partners in the log of shares gave .14."""


@compiled
def pair_numbers(keys: U64, pairs: PairTable) -> I64:
    """Number of the pair with each key, -1 where there is none; int64, shape of `keys`."""
    numbers = np.empty(len(keys), np.int64)
    for row in range(len(keys)):
        numbers[row] = pair_number(pairs, keys[row])
    return numbers


@compiled
def evaluate_pairs(chosen: I32, rows: StructArray, pairs: PairTable, null: NullModel) -> F64:
    """Surprise of each chosen pair, float64; kept in `pairs.surprise`."""
    surprises = np.empty(len(chosen), np.float64)
    _evaluate(
        chosen,
        rows,
        pairs.head,
        pairs.key,
        null,
        new_tally(null.strata),
        np.empty(TESTED_WINDOWS, np.int64),
        np.empty(KIND_COUNT, np.float64),
        np.empty((_SIDE_BY_SIDE, _LOOKED_AHEAD), np.int64),
        np.empty(_SIDE_BY_SIDE, np.int64),
        surprises,
    )
    for place in range(len(chosen)):
        pairs.surprise[chosen[place]] = surprises[place]
    return surprises


@compiled_without_references
def _evaluate(
    chosen: I32,
    rows: StructArray,
    head: I32,
    key: U64,
    null: NullModel,
    tally: Tally,
    slow: I64,
    by_kind: F64,
    chains: I64,
    lengths: I64,
    surprises: F64,
) -> None:
    """Fill in `surprises`. The other arrays but the first five are space to work in.

    The rows of a pair lie anywhere in memory, and where the next one lies stands in the one before. So the chains of
    several pairs are followed side by side first: while one row is fetched, others are, too.
    """
    for begin in range(0, len(chosen), _SIDE_BY_SIDE):
        several = min(_SIDE_BY_SIDE, len(chosen) - begin)
        _follow(chosen[begin : begin + several], rows, head, chains, lengths)
        for lane in range(several):
            pair = chosen[begin + lane]
            slow[:] = 0
            row = chains[lane, 0]
            step = 0
            while row >= 0:
                if rows[row].independent == 1:
                    tally_up(tally, rows[row].kind, rows[row].strata, null.strata)
                    for window in range(TESTED_WINDOWS):
                        slow[window] += (rows[row].slow >> window) & 1
                step += 1
                row = chains[lane, step] if step < lengths[lane] else np.int64(rows[row].before)
            a, b = first_of(key[pair]), second_of(key[pair])
            surprises[begin + lane] = pair_surprise(null, tally, slow, a, b, by_kind)
            clear_tally(tally)


@inlined
def _follow(chosen: I32, rows: StructArray, head: I32, chains: I64, lengths: I64) -> None:
    """Follow the chains of some pairs side by side, `_LOOKED_AHEAD` rows at most."""
    for lane in range(len(chosen)):
        chains[lane, 0] = head[chosen[lane]]
        lengths[lane] = 1
    for step in range(1, _LOOKED_AHEAD):
        longer = False
        for lane in range(len(chosen)):
            if lengths[lane] == step and chains[lane, step - 1] >= 0:
                chains[lane, step] = rows[chains[lane, step - 1]].before
                lengths[lane] = step + 1
                longer = True
        if not longer:
            break


@compiled
def lag_profile(rows: StructArray, count: int, pairs: PairTable, strata: int) -> F64:
    """Fast co-shares that interest gives for each slow one, by (kind, window, stratum), flat; float64.

    Counted over pairs with one row: chance and interest explain these, even if other accounts are coordinated.
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
    """Count of pairs with two slow co-shares or more where activity gives few, and no more fast ones than usual."""
    slow_pairs = 0
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
            a, b = first_of(pairs.key[pair]), second_of(pairs.key[pair])
            exposure, activity = null.interest.exposure, null.interest.activity
            expected_slow = slow_expected(
                null.interest, exposure[a], activity[a], exposure[b], activity[b], SLOW_WINDOW
            )
            if expected_slow <= FEW:
                # pairs with more fast co-shares than interest gives, by two standard errors, are left out
                both = slow + fast
                slow_pairs += fast <= share * both + 2.0 * math.sqrt(share * (1.0 - share) * both) + 1.0
    return slow_pairs


@compiled
def explained_exposure(
    rows: StructArray, count: Int, pairs: PairTable, validated: Bools, strata: int
) -> tuple[U64, I64]:
    """The exposure that co-shares of validated pairs explain: counter keys, each once, and amounts.

    The amounts are added up in a hash table on the way. Sorting all additions afterwards took three times as long as
    finding them (measured).
    """
    counters = Counters(np.zeros(1 << 12, np.uint64), np.zeros(1 << 12, np.int64))
    used = 0
    for row in range(count):
        if not validated[rows[row].pair]:
            continue
        if 2 * (used + 2 * KIND_COUNT * MAX_WINDOWS) > len(counters.key):
            size = 2 * len(counters.key)
            larger = Counters(np.zeros(size, np.uint64), np.zeros(size, np.int64))
            move_counters(counters, larger)
            counters = larger
        pair = pairs.key[rows[row].pair]
        for window in range(MAX_WINDOWS):
            stratum = stratum_in(rows[row].strata, window)
            if stratum == NO_STRATUM:
                continue
            for kind in range(KIND_COUNT):
                if (rows[row].carried >> kind) & 1:
                    cell = cell_of(kind, window, stratum, strata)
                    for account in (first_of(pair), second_of(pair)):
                        key = counter_key(account, cell)
                        place = counter_place(counters, key)
                        used += counters.key[place] == 0
                        counters.key[place] = key
                        counters.value[place] += _TAKEN_OUT
    keys, values = np.empty(used, np.uint64), np.empty(used, counters.value.dtype)
    kept = 0
    for place in range(len(counters.key)):
        if counters.key[place] != 0:
            keys[kept] = counters.key[place]
            values[kept] = counters.value[place]
            kept += 1
    return keys, values
