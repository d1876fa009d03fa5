"""Summary of pairs: co-shares of each pair against chance, by kind and window. `--pairs` writes this table."""

import math

import numpy as np

from detectors.arrays.compiled import compiled
from detectors.arrays.copying import widened
from detectors.arrays.dtypes import I32, StructArray
from detectors.arrays.pair_keys import first_of, second_of
from detectors.config import MAX_WINDOWS, TESTED_WINDOWS
from detectors.evidence.null_model import KIND_COUNT, NullModel, expected_co_shares, same_time
from detectors.evidence.pair_table import PairTable
from detectors.statistics.tails import poisson_surprise
from detectors.synchrony.cells import NO_STRATUM, stratum_in

SUMMARY = np.dtype(
    [
        ("pair", np.int32),
        ("kind", np.uint8),
        ("window", np.uint8),
        ("co_shares", np.int32),  # distinct objects
        ("expected", np.float64),
        ("p_value", np.float64),  # of independent co-shares: least over crowd strata, times their number
    ]
)
"""One pair, kind and window with at least one co-share."""


@compiled
def summarise(chosen: I32, rows: StructArray, pairs: PairTable, null: NullModel) -> StructArray:
    """Compare the co-shares of pairs with chance, by kind and window.

    Args:
        chosen: int32, pair numbers.
        rows: records of `detectors.evidence.pair_table.ROWS`.
        pairs: the pairs.
        null: the null model.

    Returns:
        Records of `SUMMARY`, in the order of `chosen`, then kind, then window.
    """
    out = np.empty(max(1024, len(chosen) * 2), SUMMARY)
    made = 0
    distinct = np.zeros((KIND_COUNT, MAX_WINDOWS), np.int32)
    counts = np.zeros((KIND_COUNT, MAX_WINDOWS, null.strata), np.int64)
    for pair in chosen:
        distinct[:] = 0
        counts[:] = 0
        row = pairs.head[pair]
        while row >= 0:
            for window in range(TESTED_WINDOWS):
                stratum = stratum_in(rows[row].strata, window)
                if stratum != NO_STRATUM:
                    distinct[rows[row].kind, window] += 1
                    counts[rows[row].kind, window, stratum] += rows[row].independent
            row = rows[row].before
        a, b = first_of(pairs.key[pair]), second_of(pairs.key[pair])
        together = same_time(null, a, b)
        for kind in range(KIND_COUNT):
            for window in range(TESTED_WINDOWS):
                if distinct[kind, window] == 0:
                    continue
                if made == len(out):
                    out = widened(out, 2 * made)
                expected = 0.0
                surprise = 0.0
                for stratum in range(null.strata):
                    chance = expected_co_shares(null, kind, window, stratum, a, b, together)
                    expected += chance
                    surprise = max(surprise, poisson_surprise(counts[kind, window, stratum], chance))
                out[made].pair = pair
                out[made].kind = kind
                out[made].window = window
                out[made].co_shares = distinct[kind, window]
                out[made].expected = expected
                out[made].p_value = min(1.0, math.exp(-surprise) * null.strata)
                made += 1
    return out[:made]
