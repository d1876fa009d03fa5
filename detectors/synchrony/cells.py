"""Cells, the counters that each account has, and the word in which a co-share carries its crowd strata.

A cell counts exposure by kind, window and crowd stratum, or activity by kind. Cells of exposure come first: kind by
kind, within a kind window by window, within a window stratum by stratum. A co-share carries one stratum for each window
in a word of `MAX_WINDOWS` nibbles. The first window has the lowest nibble.
"""

import numpy as np

from detectors.arrays.compiled import inlined, inlined_number
from detectors.arrays.dtypes import I64, U16, Bools, Int
from detectors.config import KINDS, MAX_WINDOWS, REFERENCE, TESTED_WINDOWS, DetectionConfig

NO_STRATUM = 15
"""The nibble of a window that does not hold both shares: the greatest value of four bits, so no stratum has it."""


def window_table(config: DetectionConfig) -> I64:
    """Length of each window in seconds; int64 (kinds, MAX_WINDOWS), 0 where a kind has no such window."""
    share = config.co_share
    windows = np.zeros((len(KINDS), MAX_WINDOWS), np.int64)
    for kind, spans in share.windows_s.items():
        windows[KINDS.index(kind), : len(spans)] = spans
        windows[KINDS.index(kind), REFERENCE] = share.reference_s if spans else 0
    return windows


class Cells:
    """How many cells there are, and where those of activity begin."""

    def __init__(self, config: DetectionConfig) -> None:
        self.strata = len(config.co_share.strata) + 1
        """Count of crowd strata; the last one is that of viral objects."""
        self.activity = len(KINDS) * MAX_WINDOWS * self.strata
        """The first cell of activity, that of the first kind; one follows for each other kind."""
        self.count = self.activity + len(KINDS)
        cap = config.co_share.cap or max(config.co_share.strata)
        # strata that the cap cuts short would show fewer slow co-shares than their exposure promises
        self.reference_strata = max(1, sum(bound <= 2 * cap for bound in config.co_share.strata))
        """Crowd strata, from the smallest, in which slow co-shares are counted."""


@inlined_number
def cell_of(kind: Int, window: Int, stratum: Int, strata: Int) -> Int:
    """The cell of exposure of a kind, window and stratum, where there are `strata` strata."""
    return (kind * MAX_WINDOWS + window) * strata + stratum


@inlined
def kind_of(cell: Int, strata: Int) -> Int:
    """Kind of a cell of exposure."""
    return cell // (MAX_WINDOWS * strata)


@inlined
def window_of(cell: Int, strata: Int) -> Int:
    """Window of a cell of exposure."""
    return cell // strata % MAX_WINDOWS


@inlined
def stratum_of(cell: Int, strata: Int) -> Int:
    """Stratum of a cell of exposure."""
    return cell % strata


@inlined_number
def stratum_in(strata_word: Int, window: Int) -> Int:
    """Crowd stratum of a co-share in a window, or `NO_STRATUM`."""
    return (strata_word >> (4 * window)) & 15


@inlined
def in_window(strata_word: Int, window: Int) -> bool:
    """Whether a window holds both shares of a co-share."""
    return stratum_in(strata_word, window) != NO_STRATUM


@inlined
def stratum_bits(stratum: Int, window: Int) -> np.uint16:
    """The stratum of one window in its place in the word, the other bits 0; joined by `|` they make the word."""
    return np.uint16(stratum) << np.uint16(4 * window)


@inlined
def widest_stratum(strata_word: Int) -> Int:
    """Crowd stratum of a co-share in the widest window that holds it."""
    widest: Int = 0
    for window in range(MAX_WINDOWS):
        stratum = stratum_in(strata_word, window)
        if stratum != NO_STRATUM:
            widest = stratum
    return widest


@inlined
def merged_strata(strata_word: Int, other_word: Int) -> np.uint16:
    """The smaller crowd stratum in each window; a window that holds either co-share holds both."""
    merged = np.uint16(0)
    for window in range(MAX_WINDOWS):
        shift = np.uint16(4 * window)
        stratum = (np.uint16(strata_word) >> shift) & np.uint16(15)
        other = (np.uint16(other_word) >> shift) & np.uint16(15)
        merged |= min(stratum, other) << shift
    return merged


@inlined
def is_tested(strata_word: Int) -> bool:
    """Whether a co-share falls into a window that is tested, not only into the reference window."""
    tested = False
    for window in range(TESTED_WINDOWS):
        tested = tested or in_window(strata_word, window)
    return tested


def rows_in_window(strata_words: U16, window: int) -> Bools:
    """As `in_window`, of an array of words."""
    return np.asarray(((strata_words >> np.uint16(4 * window)) & np.uint16(15)) != NO_STRATUM)


def widest_strata(strata_words: U16) -> I64:
    """As `widest_stratum`, of an array of words; int64."""
    widest = np.zeros(len(strata_words), np.int64)
    for window in range(MAX_WINDOWS):
        strata = ((strata_words >> np.uint16(4 * window)) & np.uint16(15)).astype(np.int64)
        widest = np.where(strata != NO_STRATUM, strata, widest)
    return widest
