"""Ranks among peers: the rank of a value among accounts of similar volume and age."""

from itertools import pairwise
from typing import ClassVar, NamedTuple

import numpy as np

from detectors.arrays.ascending import count_below, count_up_to
from detectors.arrays.compiled import compiled
from detectors.arrays.dtypes import F64, I64, Bools

FEW_PEERS, ENOUGH_PEERS = 50, 1_000
"""With fewer than `FEW_PEERS` peers an account has no rank. Strata of volume are merged, and thirds by age dropped,
until a stratum has `ENOUGH_PEERS`. A tail of .067 has a standard error of .008 among 1,000 peers, and of .018 among
200, which is enough to move a network of three accounts across the threshold. For 50 no measurement is recorded."""
THIRDS = 3
"""Groups by age of the account, of equal size."""
LEVELS = 64
"""Levels of volume: powers of two of a 64-bit count."""


class Ranks(NamedTuple):
    """Ranks of values among their peers; NaN and 0 for values without peers."""

    tail: F64
    """Share of the peers that are as low or lower; the value itself counts as a peer."""
    middle: F64
    """The same, but peers that are equal count one half: the mid-rank."""
    peers: I64
    lowest: Bools
    """Whether no peer is lower."""
    median: F64
    """Median of the peers."""


def median(values: F64 | I64) -> float:
    """The median of at least one value, without NaN. It saves the time that numpy spends on a search for NaN."""
    return _middle(np.sort(values.astype(np.float64)))


def _middle(ascending: F64) -> float:
    return float(ascending[(len(ascending) - 1) // 2] + ascending[len(ascending) // 2]) / 2


class PeerComparison:
    """Values of peers. Compares an account with its third by age on its platform if that third has enough peers.

    Args:
        platforms: int64, small numbers from 0.
        thirds: int64, third by age, 0-2; -1 if unknown.
        levels: int64, power of two of the volume, 0-63.
        values: the values to compare; no NaN.
    """

    not_state: ClassVar[frozenset[str]] = frozenset()
    _of_age: "_Strata"
    _of_all: "_Strata"

    def __init__(self, platforms: I64, thirds: I64, levels: I64, values: F64) -> None:
        age_known = thirds >= 0
        groups = platforms[age_known] * THIRDS + thirds[age_known]
        self._of_age = _strata(groups, levels[age_known], values[age_known], ENOUGH_PEERS)
        self._of_all = _strata(platforms, levels, values, FEW_PEERS)

    def rank(self, platforms: I64, thirds: I64, levels: I64, values: F64) -> Ranks:
        """Rank values. NaN values and levels below 0 get no rank."""
        ranks = Ranks(
            np.full(len(values), np.nan),
            np.full(len(values), np.nan),
            np.zeros(len(values), np.int64),
            np.zeros(len(values), np.bool_),
            np.full(len(values), np.nan),
        )
        _rank(self._of_age, np.where(thirds >= 0, platforms * THIRDS + thirds, -1), levels, values, ranks)
        _rank(self._of_all, platforms, levels, values, ranks)
        return ranks


class _Strata(NamedTuple):
    """Values of peers, in groups with enough peers; neighbouring levels are merged into strata."""

    row: I64  # (groups,) of `stratum`; -1: too few peers
    stratum: I64  # (rows, LEVELS)
    start: I64  # (strata + 1,) where the values of each begin
    values: F64  # ascending in each stratum
    median: F64  # (strata,)


def _strata(groups: I64, levels: I64, values: F64, least: int) -> _Strata:
    """Put values of peers into strata. Groups with fewer than `least` values get no stratum."""
    enough = np.bincount(groups) >= least
    row = np.where(enough, np.cumsum(enough) - 1, -1)
    has_stratum = row[groups] >= 0
    cells = row[groups[has_stratum]] * LEVELS + levels[has_stratum]
    counts = np.bincount(cells, minlength=int(enough.sum()) * LEVELS).reshape(-1, LEVELS)
    stratum = np.zeros(counts.shape, np.int64)
    begin = 0
    for number, level_counts in enumerate(counts):
        stratum[number] = begin + _merged(level_counts)
        begin = int(stratum[number, -1]) + 1
    value_stratum = stratum.reshape(-1)[cells]
    # whole numbers of 16 bits or fewer are sorted by counting
    order = np.argsort(value_stratum.astype(np.min_scalar_type(begin)), kind="stable")
    start = np.searchsorted(value_stratum[order], np.arange(begin + 1))
    ascending = values[has_stratum][order]
    for first, end in pairwise(start.tolist()):
        ascending[first:end].sort()
    middles = [_middle(ascending[first:end]) for first, end in pairwise(start.tolist())]
    return _Strata(row, stratum, start, ascending, np.array(middles, np.float64))


@compiled
def _rank(strata: _Strata, groups: I64, levels: I64, values: F64, ranks: Ranks) -> None:
    """Fill in the rank of each value that has a stratum and no rank yet."""
    for index in range(len(values)):
        group, level, value = groups[index], levels[index], values[index]
        if ranks.peers[index] > 0 or np.isnan(value) or level < 0 or group < 0 or group >= len(strata.row):
            continue
        row = strata.row[group]
        if row < 0:
            continue
        stratum = strata.stratum[row, level]
        begin, end = strata.start[stratum], strata.start[stratum + 1]
        lower = count_below(strata.values, begin, end, value)
        lower_or_equal = count_up_to(strata.values, begin, end, value)
        # the account counts as a peer of its own, so a tail is never 0 and is valid for few peers
        ranks.tail[index] = (lower_or_equal + 1) / (end - begin + 1)
        ranks.middle[index] = (lower + lower_or_equal + 1) / 2 / (end - begin + 1)
        ranks.peers[index] = end - begin
        ranks.lowest[index] = value <= strata.values[begin]
        ranks.median[index] = strata.median[stratum]


def _merged(counts: I64) -> I64:
    """Stratum number of each level, ascending from 0. Joins neighbouring levels until a stratum has enough peers."""
    numbers = np.zeros(len(counts), np.int64)
    stratum, peers = 0, 0
    for level, count in enumerate(counts.tolist()):
        peers += count
        numbers[level] = stratum
        if peers >= ENOUGH_PEERS and counts[level + 1 :].sum() >= ENOUGH_PEERS:
            stratum, peers = stratum + 1, 0
    return numbers
