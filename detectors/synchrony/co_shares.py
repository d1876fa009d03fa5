"""The records that co-sharing hands on, and its rules."""

from typing import NamedTuple

import numpy as np

from detectors.arrays.compiled import compiled
from detectors.arrays.dtypes import I64, StructArray
from detectors.config import DetectionConfig
from detectors.synchrony.cells import NO_STRATUM as NO_STRATUM  # noqa: PLC0414 - for `co_sharing`, which still takes it from here
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

EXPOSURES = np.dtype([("account", np.int32), ("cell", np.int32), ("amount", np.int32)])
"""Additions to an account's exposure in a cell, or to its activity (`detectors.synchrony.cells`)."""


class CoShareRules(NamedTuple):
    """Settings of co-sharing, as its kernel takes them."""

    windows: I64  # (kinds, MAX_WINDOWS) seconds, 0 where there is none
    lags: I64  # (pointers,) distinct waits for the crowd, ascending
    lag_of: I64  # (kinds, MAX_WINDOWS) index in lags
    bounds: I64  # crowd strata
    cap: int
    capped: bool
    horizon: int  # seconds after which an object without shares starts anew
    activity_cell: int


def co_share_rules(config: DetectionConfig) -> CoShareRules:
    """The rules that settings ask for."""
    share = config.co_share
    windows = window_table(config)
    waits = np.minimum(windows, share.settle_s)
    longest = int(windows.max())
    lags = np.unique(np.append(waits[windows > 0], min(longest, share.settle_s)))
    return CoShareRules(
        windows,
        lags,
        np.searchsorted(lags, waits).clip(0, len(lags) - 1),
        np.array(share.strata, np.int64),
        share.cap or np.iinfo(np.int64).max,
        share.cap > 0,
        longest + share.settle_s,
        Cells(config).activity,
    )


@compiled
def count_made(pairs: StructArray, bounds: I64, tally: I64) -> None:
    """Count records of `CO_SHARES` by kind and crowd stratum.

    It stands apart from the loop that makes them, which it would slow by a tenth (measured).

    Args:
        pairs: the records.
        bounds: crowd strata, ascending.
        tally: int64 (kinds, strata or more), added to.
    """
    for pair in range(len(pairs)):
        tally[pairs[pair].kind, np.searchsorted(bounds, pairs[pair].crowd)] += 1
