"""Co-shares that chance would give among all pairs of some accounts."""

import numpy as np

from detectors.arrays.compiled import compiled, inlined
from detectors.arrays.dtypes import F64, I32, Bools
from detectors.config import MAX_WINDOWS
from detectors.evidence.null_model import NullModel, same_time
from detectors.synchrony.cells import cell_of
from detectors.synchrony.exposure import counted

_MOST_PAIRS = 1_000_000
"""Most pairs of members whose expected co-shares are added up: those of 1,400 members."""
_SAMPLED_PAIRS = 250_000
"""In a larger network, about this many evenly spaced pairs stand for all. It bounds the time of an alert: for 10,000
members it takes 0.09 s, where a million pairs took 0.33 (measured)."""


@compiled
def counters_of(members: I32, null: NullModel) -> F64:
    """All counters of the members; float64, (members, cells)."""
    out = np.zeros((len(members), null.activity + len(null.mass)))
    for member in range(len(members)):
        for cell in range(out.shape[1]):
            out[member, cell] = counted(null.counters, members[member], cell)
    return out


@inlined
def _any_in_column(own: F64) -> Bools:
    """Whether any value of each column is above 0."""
    found = np.zeros(own.shape[1], np.bool_)
    for row in range(own.shape[0]):
        for column in range(own.shape[1]):
            found[column] |= own[row, column] > 0
    return found


@compiled
def expected_among(members: I32, own: F64, null: NullModel) -> F64:
    """Co-shares that chance would give among all pairs of members, by kind and window.

    As `detectors.evidence.null_model.expected_co_shares`, over counters fetched once. Beyond `_MOST_PAIRS` pairs, it is
    estimated from evenly spaced ones.
    """
    out = np.zeros((len(null.mass), MAX_WINDOWS))
    filled = _any_in_column(own)
    total = len(members) * (len(members) - 1) // 2
    step = 1 if total <= _MOST_PAIRS else total // _SAMPLED_PAIRS
    counted_pairs = 0
    for first in range(len(members)):
        for second in range(first + 1, len(members), step):
            counted_pairs += 1
            together = same_time(null, members[first], members[second])
            for kind in range(len(null.mass)):
                activity = null.activity + kind
                if own[first, activity] == 0 and own[second, activity] == 0:
                    continue
                scale = together / max(null.mass[kind], 1)
                for window in range(MAX_WINDOWS):
                    for stratum in range(null.strata):
                        cell = cell_of(kind, window, stratum, null.strata)
                        if not filled[cell]:
                            continue
                        met = max(
                            own[first, cell] * own[second, activity], own[second, cell] * own[first, activity]
                        )
                        out[kind, window] += met * scale * null.sides[kind, window] * null.independent[kind]
    return out if step == 1 else out * (total / counted_pairs)
