"""Ranks among peers: where a value stands among those of accounts of like volume and age."""

from typing import ClassVar, NamedTuple

import numpy as np

from detectors.exposure import F64
from detectors.hashing import I64
from detectors.pair_table import BOOL

FEW_PEERS, ENOUGH_PEERS = 50, 1_000
"""With fewer there is no rank; strata of volume are merged, and thirds by age given up, until there are so many. A tail
of .067 among 1,000 has a standard error of .008; among 200, .018, which moves networks of three over the line."""
THIRDS = 3
LEVELS = 64


class Ranks(NamedTuple):
    """Where values stand among peers; NaN and 0 where they have none."""

    tail: F64
    """Share of the peers, and of the value itself as one more, that are as low or lower."""
    middle: F64
    """The same, but of those that are as low one half: the mid-rank."""
    peers: I64
    lowest: BOOL
    """Whether no peer is lower."""
    median: F64
    """Of the peers."""


class Comparison:
    """Values of peers. An account is compared with its platform's third by age if that has enough of them.

    Args:
        platforms: int64, small numbers from 0.
        thirds: int64, third by age, 0-2; -1: unknown.
        levels: int64, power of two of the volume, 0-63.
        values: what is compared; no NaN.
    """

    not_state: ClassVar[frozenset[str]] = frozenset()
    _of_age: "_Strata"
    _of_all: "_Strata"

    def __init__(self, platforms: I64, thirds: I64, levels: I64, values: F64) -> None:
        aged = thirds >= 0
        groups = platforms[aged] * THIRDS + thirds[aged]
        self._of_age = _Strata(groups, levels[aged], values[aged], ENOUGH_PEERS)
        self._of_all = _Strata(platforms, levels, values, FEW_PEERS)

    def rank(self, platforms: I64, thirds: I64, levels: I64, values: F64) -> Ranks:
        """Rank values; NaN and levels below 0 have no rank."""
        usable = ~np.isnan(values) & (levels >= 0)
        of_age = self._of_age.strata(platforms * THIRDS + thirds, levels, usable & (thirds >= 0))
        of_all = self._of_all.strata(platforms, levels, usable & (of_age < 0))
        rank = Ranks(
            np.full(len(values), np.nan),
            np.full(len(values), np.nan),
            np.zeros(len(values), np.int64),
            np.zeros(len(values), np.bool_),
            np.full(len(values), np.nan),
        )
        self._of_age.rank(of_age, values, rank)
        self._of_all.rank(of_all, values, rank)
        return rank


class _Strata:
    """Values of peers, in groups of `least` or more and by levels of which neighbours are merged."""

    not_state: ClassVar[frozenset[str]] = frozenset()
    _rows: I64
    _stratum: I64
    _start: I64
    _values: F64

    def __init__(self, groups: I64, levels: I64, values: F64, least: int) -> None:
        sizes = np.bincount(groups)
        self._rows = np.where(sizes >= least, np.cumsum(sizes >= least) - 1, -1)
        inside = self._rows[groups] >= 0
        cells = self._rows[groups[inside]] * LEVELS + levels[inside]
        counts = np.bincount(cells, minlength=int((sizes >= least).sum()) * LEVELS).reshape(-1, LEVELS)
        self._stratum = np.zeros(counts.shape, np.int64)
        begin = 0
        for row, own in enumerate(counts):
            self._stratum[row] = begin + _merged(own)
            begin = int(self._stratum[row, -1]) + 1
        strata = self._stratum.reshape(-1)[cells]
        order = np.argsort(strata, kind="stable")
        self._start = np.searchsorted(strata[order], np.arange(begin + 1))
        self._values = values[inside][order]
        for stratum in range(begin):
            self._values[self._start[stratum] : self._start[stratum + 1]].sort()

    def strata(self, groups: I64, levels: I64, asked: BOOL) -> I64:
        """The stratum of each account that is `asked` for, -1 where it has none."""
        out = np.full(len(groups), -1)
        there = np.flatnonzero(asked & (groups < len(self._rows)))
        row = self._rows[groups[there]]
        out[there[row >= 0]] = self._stratum[row[row >= 0], levels[there[row >= 0]]]
        return out

    def rank(self, strata: I64, values: F64, rank: Ranks) -> None:
        """Fill in the ranks of values that have a stratum."""
        order = np.argsort(strata, kind="stable")
        bounds = np.searchsorted(strata[order], np.arange(len(self._start)))
        for stratum in np.flatnonzero(np.diff(bounds)).tolist():
            rows = order[bounds[stratum] : bounds[stratum + 1]]
            peers = self._values[self._start[stratum] : self._start[stratum + 1]]
            below = np.searchsorted(peers, values[rows], side="right")
            # as if the account were one more of its peers: never 0, and valid for small numbers of them
            rank.tail[rows] = (below + 1) / (len(peers) + 1)
            less = np.searchsorted(peers, values[rows], side="left")
            rank.middle[rows] = (less + below + 1) / 2 / (len(peers) + 1)
            rank.peers[rows] = len(peers)
            rank.lowest[rows] = values[rows] <= peers[0]
            rank.median[rows] = np.median(peers)


def _merged(counts: I64) -> I64:
    """Number of the stratum of each level: levels in order, each stratum with enough peers; ascending from 0."""
    out = np.zeros(len(counts), np.int64)
    stratum, held = 0, 0
    for level, count in enumerate(counts.tolist()):
        held += count
        out[level] = stratum
        if held >= ENOUGH_PEERS and counts[level + 1 :].sum() >= ENOUGH_PEERS:
            stratum, held = stratum + 1, 0
    return out
