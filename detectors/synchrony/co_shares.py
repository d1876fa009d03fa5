"""The records that co-sharing hands on, and its rules."""

from typing import NamedTuple

import numpy as np

from detectors.arrays.ascending import count_below
from detectors.arrays.compiled import compiled
from detectors.arrays.dtypes import I64, StructArray
from detectors.config import MAX_WINDOWS, DetectionConfig
from detectors.synchrony.cells import Cells, window_table

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
        ("strata", np.uint16),  # crowd stratum by window: a word as in `detectors.synchrony.cells`
        ("kind", np.uint8),
    ]
)
"""Two shares of one object by two accounts, ordered by the later one."""

EXPOSURES = np.dtype([("post", np.int64), ("account", np.int32), ("cell", np.int32), ("amount", np.int32)])
"""Additions to an account's exposure in a cell, or to its activity (`detectors.synchrony.cells`), by the number of the
post that brought them."""


KIND_RULES = np.dtype(
    [
        ("windows", np.int64, (MAX_WINDOWS,)),  # seconds, 0 where there is none
        ("lag_of", np.int64, (MAX_WINDOWS,)),  # index in `CoShareRules.lags`
        ("longest", np.int64),  # of the windows, seconds; 0 for a kind without windows
        ("widest", np.int64),  # the last of the windows that are the longest
    ]
)


class CoShareRules(NamedTuple):
    """Settings of co-sharing, as its kernels take them."""

    kinds: StructArray  # of KIND_RULES, by kind
    lags: I64  # (lags,) distinct waits for the crowd, seconds, ascending
    bounds: I64  # of crowd strata, accounts, ascending
    cap: int  # earlier shares that a share is paired with, at most
    capped: bool
    horizon: int  # seconds after which an object without shares starts anew
    activity_cell: int


class CoShareTally(NamedTuple):
    """Counts since the start, by kind."""

    made: I64  # (kinds, strata) co-shares by the crowd of the smallest window that holds both shares
    cut_short: I64  # (kinds,) shares that the cap kept from being paired with all before them
    viral: I64  # (kinds,) shares that were paired with none, since their crowd is in the last stratum


def new_tally(rules: CoShareRules) -> CoShareTally:
    """A tally of nothing."""
    kinds = len(rules.kinds)
    return CoShareTally(
        np.zeros((kinds, len(rules.bounds) + 1), np.int64),
        np.zeros(kinds, np.int64),
        np.zeros(kinds, np.int64),
    )


def co_share_rules(config: DetectionConfig) -> CoShareRules:
    """The rules that settings ask for."""
    share = config.co_share
    windows = window_table(config)
    waits = np.minimum(windows, share.settle_s)
    longest = int(windows.max())
    lags = np.unique(np.append(waits[windows > 0], min(longest, share.settle_s)))
    kinds = np.zeros(len(windows), KIND_RULES)
    kinds["windows"] = windows
    kinds["lag_of"] = np.searchsorted(lags, waits).clip(0, len(lags) - 1)
    kinds["longest"] = windows.max(axis=1)
    kinds["widest"] = MAX_WINDOWS - 1 - np.argmax(windows[:, ::-1], axis=1)
    return CoShareRules(
        kinds,
        lags,
        np.array(share.strata, np.int64),
        share.cap or np.iinfo(np.int64).max,
        share.cap > 0,
        longest + share.settle_s,
        Cells(config).activity,
    )


@compiled
def count_made(pairs: StructArray, bounds: I64, made: I64) -> None:
    """Count records of `CO_SHARES` by kind and crowd stratum.

    It stands apart from the loop that makes them, which it would slow by a tenth (measured).

    Args:
        pairs: the records.
        bounds: crowd strata, ascending.
        made: int64 (kinds, strata), added to.
    """
    for pair in range(len(pairs)):
        made[pairs[pair].kind, count_below(bounds, 0, len(bounds), pairs[pair].crowd)] += 1
