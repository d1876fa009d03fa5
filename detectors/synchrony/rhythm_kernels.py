"""Kernels of the posting rhythm: which pairs share time bins, and how many they would share when shifted.

Posts are a sparse matrix of accounts by time bins, kept by row and by column. The sweep counts each row's meetings
with all later rows, exactly and without a matrix of pairs. Its cost is the sum over bins of k (k - 1) / 2, where k is
the count of accounts in a bin. Pairs with enough meetings are tested against the nulls, the cheap nulls first.
"""

from typing import NamedTuple

import numpy as np

from detectors.arrays.compiled import compiled, inlined
from detectors.arrays.copying import widened
from detectors.arrays.dtypes import F64, I32, I64, U8, Int

HOURS = 24


class Grid(NamedTuple):
    """Accounts by bins. Row r holds `bins[row_start[r]:row_start[r + 1]]`, ascending, without repeats.

    Column c holds `rows[column_start[c]:column_start[c + 1]]`, also ascending.
    """

    row_start: I64
    bins: I32
    column_start: I64
    rows: I32


class RhythmRules(NamedTuple):
    """Settings and chance figures for the kernels; lengths in bins."""

    bins_per_hour: int
    phase: int
    """The bin of the UTC day at which the grid begins."""
    gap: int
    """Least distance between two coincidences."""
    least_days: int
    by_activity: float
    """Expected shared bins of two accounts with one bin each, given how many accounts post in each bin."""
    by_bin: float
    """The same for two accounts without habits: 1 / bins, times the excess of meetings over what hour and phase
    explain. `_by_habit` scales it by the habits."""
    highest_rate: F64
    """By count of coincidences: the highest expectation at which this count still passes the threshold."""
    shifts: I64
    """Shifts of all families, one family after the other."""
    family_start: I64
    weight: F64
    """For each family: the sum over its shifts of the part of the grid that still overlaps."""


class RhythmMatches(NamedTuple):
    """Pairs of rows that pass the threshold."""

    first: I32
    second: I32
    observed: I64
    expected: F64


@compiled
def columns_of(row_start: I64, bins: I32, bin_count: int) -> tuple[I64, I32]:
    """The columns of a grid: where each column begins, and its rows, ascending."""
    start = np.zeros(bin_count + 1, np.int64)
    for entry in range(len(bins)):
        start[bins[entry] + 1] += 1
    for column in range(bin_count):
        start[column + 1] += start[column]
    next_entry = start[:-1].copy()
    rows = np.empty(len(bins), np.int32)
    for row in range(len(row_start) - 1):
        for entry in range(row_start[row], row_start[row + 1]):
            rows[next_entry[bins[entry]]] = row
            next_entry[bins[entry]] += 1
    return start, rows


@compiled
def rhythmic_pairs(grid: Grid, rules: RhythmRules) -> RhythmMatches:
    """Every pair of rows whose coincidences pass the threshold under each null, ascending by first row."""
    row_count = len(grid.row_start) - 1
    bin_count = len(grid.column_start) - 1
    reach = np.int64(0)
    for shift in rules.shifts:
        reach = max(reach, abs(shift))
    present = np.zeros(bin_count + 2 * reach, np.uint8)
    phases = np.zeros(rules.bins_per_hour, np.float64)
    hours = np.zeros(HOURS, np.float64)
    # where the later rows of each column begin: those after the current row
    rest = grid.column_start[:-1].copy()
    last = np.full(row_count, -1, np.int64)
    count = np.zeros(row_count, np.int64)
    candidates = np.empty(row_count, np.int32)
    matches = RhythmMatches(
        np.empty(1024, np.int32),
        np.empty(1024, np.int32),
        np.empty(1024, np.int64),
        np.empty(1024, np.float64),
    )
    match_count = 0
    floor = np.int64(1)
    while floor < len(rules.highest_rate) and rules.highest_rate[floor] <= 0.0:
        floor += 1
    for row in range(row_count):
        own_bins = grid.bins[grid.row_start[row] : grid.row_start[row + 1]]
        candidate_count = _sweep(grid, rules.gap, row, own_bins, rest, last, count, floor, candidates)
        filled = False
        for index in range(candidate_count):
            other = candidates[index]
            other_bins = grid.bins[grid.row_start[other] : grid.row_start[other + 1]]
            bar = rules.highest_rate[min(count[other], len(rules.highest_rate) - 1)]
            bin_pairs = np.float64(len(own_bins)) * len(other_bins)
            if rules.by_activity * bin_pairs > bar:
                continue
            if not filled:
                filled = True
                _fill(own_bins, rules, present, reach, phases, hours)
            expected = max(
                rules.by_activity * bin_pairs, _by_habit(other_bins, bin_pairs, rules, phases, hours)
            )
            if expected > bar or _days(other_bins, rules, present, reach) < rules.least_days:
                continue
            expected = _by_shifts(other_bins, rules, present, reach, expected, bar)
            if expected > bar:
                continue
            if match_count == len(matches.first):
                matches = _doubled(matches)
            matches.first[match_count] = row
            matches.second[match_count] = other
            matches.observed[match_count] = count[other]
            matches.expected[match_count] = expected
            match_count += 1
        if filled:
            for column in own_bins:
                present[reach + column] = 0
    return RhythmMatches(
        matches.first[:match_count],
        matches.second[:match_count],
        matches.observed[:match_count],
        matches.expected[:match_count],
    )


@inlined
def _sweep(
    grid: Grid,
    gap: Int,
    row: Int,
    own_bins: I32,
    rest: I64,
    last: I64,
    count: I64,
    floor: Int,
    candidates: I32,
) -> int:
    """Count the coincidences of `row` with later rows; returns how many later rows reach `floor`."""
    candidate_count = 0
    # times that rise from row to row, so that `last` needs no reset between rows
    origin = np.int64(row) * len(rest)
    for column in own_bins:
        rest[column] += 1
        now = origin + column
        for entry in range(rest[column], grid.column_start[column + 1]):
            other = grid.rows[entry]
            if last[other] < origin:
                last[other] = now
                count[other] = 1
                reached = floor == 1
            elif now - last[other] >= gap:
                last[other] = now
                count[other] += 1
                reached = count[other] == floor
            else:
                reached = False
            if reached:
                candidates[candidate_count] = other
                candidate_count += 1
    return candidate_count


@inlined
def _fill(own_bins: I32, rules: RhythmRules, present: U8, reach: Int, phases: F64, hours: F64) -> None:
    """Mark the bins of a row, and count them by phase of the hour and by hour of the day."""
    phases[:] = 0.0
    hours[:] = 0.0
    for column in own_bins:
        present[reach + column] = 1
        phases[(rules.phase + column) % rules.bins_per_hour] += 1.0
        hours[(rules.phase + column) // rules.bins_per_hour % HOURS] += 1.0


@inlined
def _by_habit(other_bins: I32, bin_pairs: float, rules: RhythmRules, phases: F64, hours: F64) -> float:
    """Expected shared bins of two accounts that share only their hours of the day and minutes of the hour.

    Habits that differ do not lower the expectation: with few posts the difference is mostly chance.
    """
    same_phase = 0.0
    same_hour = 0.0
    for column in other_bins:
        same_phase += phases[(rules.phase + column) % rules.bins_per_hour]
        same_hour += hours[(rules.phase + column) // rules.bins_per_hour % HOURS]
    return (
        rules.by_bin
        * bin_pairs
        * max(1.0, same_phase * rules.bins_per_hour / bin_pairs)
        * max(1.0, same_hour * HOURS / bin_pairs)
    )


@inlined
def _days(other_bins: I32, rules: RhythmRules, present: U8, reach: Int) -> int:
    """Count of UTC days with a shared bin."""
    days = 0
    last_day = np.int64(-1)
    for column in other_bins:
        if present[reach + column]:
            day = (rules.phase + np.int64(column)) // (HOURS * rules.bins_per_hour)
            if day != last_day:
                days += 1
                last_day = day
    return days


@inlined
def _by_shifts(
    other_bins: I32, rules: RhythmRules, present: U8, reach: Int, expected: float, bar: float
) -> float:
    """The greatest of `expected` and the mean count of coincidences in each family of shifts.

    If the result exceeds `bar`, it can be less than the greatest value, since the count stops there. Each family
    starts with half a coincidence; otherwise a pair that never meets when shifted would be infinitely surprising.
    """
    for family in range(len(rules.weight)):
        met = 0.5
        for index in range(rules.family_start[family], rules.family_start[family + 1]):
            shift = reach + rules.shifts[index]
            last_column = np.int64(-rules.gap)
            for column in other_bins:
                if present[shift + column] and column - last_column >= rules.gap:
                    met += 1.0
                    last_column = np.int64(column)
            # without this, thousands of accounts that are awake in the same hours would cost too much
            if met > bar * rules.weight[family]:
                break
        expected = max(expected, met / rules.weight[family])
        if expected > bar:
            break
    return expected


@compiled
def _doubled(matches: RhythmMatches) -> RhythmMatches:
    room = 2 * len(matches.first)
    return RhythmMatches(
        widened(matches.first, room),
        widened(matches.second, room),
        widened(matches.observed, room),
        widened(matches.expected, room),
    )
