"""Organic gaps: how far apart two accounts share one object where nobody acts together.

Around an object with few strangers the gaps of strangers say little. Then the usual gaps count. They are
learnt from pairs that met once, which chance and interest explain. Where most of the data is coordinated,
these gaps are too small and would hide it. So what is learnt is bounded by `ORGANIC`.
"""

import numpy as np

from detectors.arrays.compiled import compiled, inlined
from detectors.arrays.dtypes import F64, I64, Int

WINDOWS_S = np.array([1.0, 15.0, 60.0, 600.0, 3600.0])
"""Greatest gaps that are tested, seconds. The first two are for sources with seconds: rings of accounts that
repost within a second are invisible at a minute (`up_2017_02`: 1,495 such pairs; 0 once times are moved by a
minute)."""
LEVELS_S = np.array([7200.0, 3600.0, 600.0, 60.0])
"""Times around a share in which strangers are looked for, seconds, longest first."""
CROWDS = np.array([0, 1, 3, 8, 20, 50, 100])
"""Upper bounds of crowd sizes: other accounts around the two shares."""
ORGANIC = np.array(
    [
        [
            [0.149, 0.176, 0.187, 0.323, 0.697],
            [0.067, 0.084, 0.086, 0.219, 0.682],
            [0.040, 0.052, 0.064, 0.190, 0.667],
            [0.016, 0.022, 0.033, 0.177, 0.661],
            [0.005, 0.009, 0.027, 0.186, 0.664],
            [0.001, 0.009, 0.030, 0.202, 0.677],
            [0.029, 0.033, 0.048, 0.203, 0.661],
        ],
        [
            [0.000, 0.004, 0.017, 0.197, 1.0],
            [0.000, 0.004, 0.017, 0.167, 1.0],
            [0.000, 0.039, 0.049, 0.235, 1.0],
            [0.000, 0.020, 0.056, 0.274, 1.0],
            [0.018, 0.020, 0.061, 0.334, 1.0],
            [0.002, 0.013, 0.048, 0.405, 1.0],
            [0.046, 0.051, 0.067, 0.259, 1.0],
        ],
        [
            [0.002, 0.024, 0.111, 1.0, 1.0],
            [0.027, 0.092, 0.160, 1.0, 1.0],
            [0.010, 0.051, 0.213, 1.0, 1.0],
            [0.004, 0.064, 0.210, 1.0, 1.0],
            [0.005, 0.050, 0.185, 1.0, 1.0],
            [0.004, 0.036, 0.134, 1.0, 1.0],
            [0.003, 0.033, 0.125, 1.0, 1.0],
        ],
        [
            [0.017, 0.250, 1.0, 1.0, 1.0],
            [0.017, 0.387, 1.0, 1.0, 1.0],
            [0.107, 0.608, 1.0, 1.0, 1.0],
            [0.061, 0.495, 1.0, 1.0, 1.0],
            [0.037, 0.336, 1.0, 1.0, 1.0],
            [0.028, 0.281, 1.0, 1.0, 1.0],
            [0.238, 0.244, 1.0, 1.0, 1.0],
        ],
    ]
)
"""Share of gaps within each of `WINDOWS_S`, by level and crowd, in pairs that met once; float64 (levels,
crowds, windows). The greatest of three organic sets: the Higgs announcement of 2012 and the Uttar Pradesh
election of 2017 (both Twitter), and Weibo in 2012. They agree: within a minute around a day, by crowd, .067
to .021 and .070 to .021."""
_UNIFORM = 20.0
"""Gaps of a uniform distribution that what is learnt begins with. Chosen; a class with fewer pairs says
little itself."""


class GapCounts:
    """Gaps of pairs that met once, by level and crowd."""

    def __init__(self) -> None:
        self.within: I64 = np.zeros(ORGANIC.shape, np.int64)
        self.all: I64 = np.zeros(ORGANIC.shape[:2], np.int64)

    def profile(self) -> F64:
        """Share of gaps within each window, by level and crowd, at most `ORGANIC`; float64, its shape."""
        uniform = np.minimum(WINDOWS_S[None, :] / LEVELS_S[:, None], 1.0)[:, None, :]
        own = (self.within + _UNIFORM * uniform) / (self.all[:, :, None] + _UNIFORM)
        return np.asarray(np.minimum(own, ORGANIC))


@inlined
def crowd_class(others: Int) -> Int:
    """Index of a crowd in `CROWDS`."""
    size = 0
    while size < len(CROWDS) - 1 and CROWDS[size] < others:
        size += 1
    return size


@compiled
def binned(gap: Int) -> int:
    """Index of the smallest of `WINDOWS_S` that holds a gap (seconds), their count if none does."""
    for window in range(len(WINDOWS_S)):
        if gap <= WINDOWS_S[window]:
            return window
    return len(WINDOWS_S)
