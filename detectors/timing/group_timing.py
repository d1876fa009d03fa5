"""Whole groups of accounts: do they share closer in time than everyone else who shared the same?

Evidence of activity can tie accounts that merely like the same things. In such a group the gaps are those of strangers.
So one co-share of each object that two tied members shared is tested, all of a group together. Which pair of
members stands for an object is drawn by hash, since the closest pair of many would always be close. Neither
members nor accounts that are tied to them are strangers.
"""

from collections.abc import Sequence

import numpy as np

from detectors.arrays.compiled import compiled
from detectors.arrays.dtypes import F64, I32, I64, U64, StructArray
from detectors.arrays.hashing import mix
from detectors.arrays.pair_keys import numbers_of
from detectors.evidence.pair_table import PairTable
from detectors.evidence.pairs import PairStore
from detectors.timing.co_share_timing import (
    TimingInputs,
    clear_timing_tally,
    new_timing_tally,
    tally_co_share,
)
from detectors.timing.organic_gaps import WINDOWS_S
from detectors.timing.pair_timing import best_window

_MARGIN = 2.0
"""How many times the odds of strangers a gap may have before it speaks for a group. With hundreds of objects
a small error of the organic gaps would be significant. In `mixed_2016_spring` with all posts moved by 30 to
120 minutes, groups of up to 27 accounts passed at 1, with 1.2 to 1.5 times as many close gaps as expected;
real groups have 3 times as many or more. At 2, eleven accounts of that copy are found (86 at 1)."""


def group_surprise(
    groups: Sequence[I32], edges: U64, component: I32, pairs: PairStore, timing: TimingInputs
) -> F64:
    """Surprise of the timing of each group.

    Args:
        groups: account numbers of each group; no account is in two.
        edges: keys of pairs that are tied; those inside a group give its objects.
        component: int32 (accounts,), the connected component of each account in the graph of all edges.
        pairs: the evidence.
        timing: the log, the rules and the organic gaps.

    Returns:
        float64, minus the natural logarithm of p of each group; 0 where nothing can be tested.
    """
    group_of = np.full(len(component), -1, np.int32)
    for number, group in enumerate(groups):
        group_of[group] = number
    a, b = numbers_of(edges)
    inside = (group_of[a] == group_of[b]) & (group_of[a] >= 0)
    numbers = pairs.numbers(edges[inside])
    known = numbers >= 0
    rows, groups_of_rows = _rows_of(
        numbers[known], group_of[a[inside]][known].astype(np.int64), pairs.rows, pairs.table
    )
    objects = pairs.rows["object"][rows]
    lots = _lots(pairs.keys[pairs.rows["pair"][rows]], objects)
    order = np.lexsort((lots, objects, groups_of_rows))
    same = (np.diff(groups_of_rows[order]) == 0) & (np.diff(objects[order]) == 0)
    drawn = order[np.append(True, ~same)[: len(order)]]
    stamps = np.array([component[group[0]] for group in groups], np.int64)
    return _pooled(groups_of_rows[drawn], rows[drawn], pairs.rows, timing, component.astype(np.int64), stamps)


@compiled
def _rows_of(chosen: I64, groups: I64, rows: StructArray, pairs: PairTable) -> tuple[I64, I64]:
    """The independent rows of the chosen pairs, and the group of each."""
    count = 0
    for place in range(len(chosen)):
        row = pairs.head[chosen[place]]
        while row >= 0:
            count += rows[row].independent
            row = rows[row].before
    found = np.empty(count, np.int64)
    group_of = np.empty(count, np.int64)
    count = 0
    for place in range(len(chosen)):
        row = pairs.head[chosen[place]]
        while row >= 0:
            if rows[row].independent == 1:
                found[count] = row
                group_of[count] = groups[place]
                count += 1
            row = rows[row].before
    return found, group_of


@compiled
def _lots(keys: U64, objects: U64) -> U64:
    """A hash of each pair and object, by which one pair of an object is drawn."""
    lots = np.empty(len(keys), np.uint64)
    for row in range(len(keys)):
        lots[row] = mix(mix(keys[row]) ^ objects[row])
    return lots


@compiled
def _pooled(
    groups: I64, chosen: I64, rows: StructArray, timing: TimingInputs, component: I64, stamps: I64
) -> F64:
    """Surprise of each group from its chosen rows, which are ordered by group."""
    surprise = np.zeros(len(stamps))
    near = np.zeros(len(WINDOWS_S), np.int64)
    tally = new_timing_tally()
    entry = 0
    for group in range(len(stamps)):
        clear_timing_tally(tally)
        while entry < len(groups) and groups[entry] == group:
            tally_co_share(timing, rows[chosen[entry]], component, stamps[group], _MARGIN, tally, near)
            entry += 1
        surprise[group] = best_window(tally)
    return surprise
