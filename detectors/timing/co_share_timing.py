"""The timing of one co-share: where it is in the log, and how likely strangers make a gap as small.

That two accounts shared an object may come from interest, activity or popularity. All three are taken as given. What is
asked is the time alone: of the strangers who shared the object around one of the two, how many came as close?
"""

from typing import NamedTuple

import numpy as np

from detectors.arrays.compiled import compiled, inlined
from detectors.arrays.dtypes import F64, I64, Int, Record, StructArray
from detectors.config import DetectionConfig
from detectors.shards import virtual_shard
from detectors.synchrony.cells import window_table
from detectors.timing.organic_gaps import LEVELS_S, WINDOWS_S, crowd_class

_PSEUDO = 3.0
"""Strangers that the organic gaps count for where real strangers are counted, too. Chosen with the windows
and levels."""
NO_LEVEL = len(LEVELS_S)
"""The level of a share that was not paired with all earlier ones within any of `LEVELS_S`."""


class PairingRules(NamedTuple):
    """With how many earlier shares a share is paired (`detectors.synchrony.co_share_kernels`)."""

    cap: int
    capped: bool
    viral: int  # crowds larger than this are not paired
    settle_s: int  # seconds after a share that its crowd includes
    longest: I64  # (kinds,) seconds between two shares that are paired, at most


class TimingInputs(NamedTuple):
    """What all tests of timing read."""

    logs: tuple[
        StructArray, ...
    ]  # of `detectors.synchrony.share_log.LOGGED`, by the virtual shard of the object
    rules: PairingRules
    profile: F64  # as from `detectors.timing.organic_gaps.GapCounts.profile`


class TimingTally(NamedTuple):
    """Co-shares under test, by window."""

    tested: I64  # (windows,) co-shares whose level is longer than the window
    within: I64  # (windows,) those with a gap within the window
    expected: F64  # (windows,) how many strangers would give


def pairing_rules(config: DetectionConfig) -> PairingRules:
    """The rules that settings ask for."""
    share = config.co_share
    return PairingRules(
        share.cap or np.iinfo(np.int64).max,
        share.cap > 0,
        share.strata[-1],
        share.settle_s,
        window_table(config).max(axis=1),
    )


@inlined
def new_timing_tally() -> TimingTally:
    """A tally of nothing."""
    size = len(WINDOWS_S)
    return TimingTally(np.zeros(size, np.int64), np.zeros(size, np.int64), np.zeros(size))


@inlined
def clear_timing_tally(tally: TimingTally) -> None:
    """Set all counts to zero."""
    tally.tested[:] = 0
    tally.within[:] = 0
    tally.expected[:] = 0.0


@compiled
def find_co_share(log: StructArray, later_post: Int, earlier_post: Int, kind: Int) -> tuple[int, int]:
    """Places of the two shares of a row of evidence in the log.

    Returns:
        (-1, -1) if either has left the log, or repeats what its account shared shortly before.
    """
    low, high = np.int64(0), np.int64(len(log))
    while low < high:
        middle = (low + high) // 2
        if log[middle].post < later_post:
            low = middle + 1
        else:
            high = middle
    place = low
    while place < len(log) and log[place].post == later_post:
        if log[place].kind == kind and log[place].first == 1:
            partner = place
            while log[partner].before > 0 and log[partner].post > earlier_post:
                partner -= log[partner].before
            if log[partner].post == earlier_post and log[partner].first == 1:
                return int(place), int(partner)
        place += 1
    return -1, -1


@compiled
def level_of(log: StructArray, later: Int, rules: PairingRules) -> int:
    """The longest of `LEVELS_S` within which a share was paired with all earlier ones, by its index; else `NO_LEVEL`.

    The engine pairs a share with the nearest earlier ones only. Beyond the last of them, small gaps would be
    chosen, not found.
    """
    time = log[later].time
    longest = rules.longest[log[later].kind]
    limit = np.int64(rules.cap)
    if rules.capped:
        crowd = 1
        for direction in range(2):
            reach = longest if direction == 0 else rules.settle_s
            place = later
            while crowd <= rules.viral:
                step = log[place].before if direction == 0 else log[place].after
                place = place - step if direction == 0 else place + step
                if step == 0 or abs(log[place].time - time) > reach:
                    break
                crowd += log[place].first
        if crowd > rules.viral:
            return NO_LEVEL
        if crowd > 4 * rules.cap:
            limit = np.int64(max(rules.cap // 4, 1))
    met = 0
    complete = float(longest) + 1.0
    place = later
    while log[place].before > 0:
        place -= log[place].before
        gap = time - log[place].time
        if gap > longest:
            break
        if log[place].account != log[later].account:
            met += 1
            if met > limit:
                complete = float(gap)
                break
    for level in range(len(LEVELS_S)):
        if LEVELS_S[level] < complete:
            return level
    return NO_LEVEL


@compiled
def count_strangers(
    log: StructArray, share: Int, other: Int, span: float, stamps: I64, stamp: Int, within: I64
) -> tuple[int, int]:
    """Count the accounts that shared the object within `span` seconds of a share.

    Args:
        log: records of `LOGGED`.
        share: place of the share.
        other: place of the other share of the co-share, which does not count.
        span: seconds.
        stamps: int64 (accounts,); accounts with `stamp` there are no strangers.
        stamp: the pair or group under test.
        within: int64 (windows,), filled with the strangers within each of `WINDOWS_S`.

    Returns:
        The strangers, and all accounts.
    """
    time = log[share].time
    strangers = 0
    others = 0
    within[:] = 0
    for direction in range(2):
        place = share
        while True:
            step = log[place].before if direction == 0 else log[place].after
            place = place - step if direction == 0 else place + step
            gap = abs(log[place].time - time)
            if step == 0 or gap > span:
                break
            if log[place].first == 0 or place == other:
                continue
            others += 1
            if stamps[log[place].account] != stamp:
                strangers += 1
                for window in range(len(WINDOWS_S)):
                    within[window] += gap <= WINDOWS_S[window]
    return strangers, others


@compiled
def tally_co_share(
    timing: TimingInputs,
    row: Record,
    stamps: I64,
    stamp: Int,
    margin: float,
    tally: TimingTally,
    near: I64,
) -> int:
    """Add one row of evidence to a tally, if its timing can be tested.

    Args:
        timing: the log, the rules and the organic gaps.
        row: a record of `detectors.evidence.pair_table.ROWS`.
        stamps: as for `count_strangers`.
        stamp: as for `count_strangers`.
        margin: the odds of a gap are taken to be this many times what strangers show; 1 or more.
        tally: added to.
        near: int64 (windows,), space to count in.

    Returns:
        Place of the later share in the log, -1 if the row was not added.
    """
    log = timing.logs[virtual_shard(row.object)]
    later, earlier = find_co_share(log, row.later_post, row.earlier_post, row.kind)
    if later < 0:
        return -1
    gap = log[later].time - log[earlier].time
    level = level_of(log, later, timing.rules)
    if level == NO_LEVEL or gap > LEVELS_S[level]:
        return -1
    # a clock of minutes knows no gaps between nothing and a minute
    minutes = log[later].time % 60 == 0 and log[earlier].time % 60 == 0
    chance = np.zeros(len(WINDOWS_S))
    for side in range(2):
        share, other = (later, earlier) if side == 0 else (earlier, later)
        strangers, others = count_strangers(log, share, other, LEVELS_S[level], stamps, stamp, near)
        size = crowd_class(others)
        for window in range(len(WINDOWS_S)):
            organic = timing.profile[level, size, max(window, 2) if minutes else window]
            one = (near[window] + _PSEUDO * organic) / (strangers + _PSEUDO)
            chance[window] = max(chance[window], min(one, 1.0))
    for window in range(len(WINDOWS_S)):
        if WINDOWS_S[window] < LEVELS_S[level]:
            p = chance[window]
            tally.tested[window] += 1
            tally.within[window] += gap <= WINDOWS_S[window]
            tally.expected[window] += margin * p / (1.0 - p + margin * p)
    return int(later)
