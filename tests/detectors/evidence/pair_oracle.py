"""A slow oracle for pair evidence: the definition, in dictionaries."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from itertools import groupby
from typing import NamedTuple

import numpy as np

from detectors.arrays.dtypes import StructArray
from detectors.config import MAX_WINDOWS, TESTED_WINDOWS
from detectors.synchrony.cells import NO_STRATUM
from detectors.synchrony.co_shares import CO_SHARES

DAY = 86_400


class CoShare(NamedTuple):
    """One record of `CO_SHARES`."""

    time: int
    object: int
    later_post: int
    earlier_post: int
    later: int
    earlier: int
    gap: int
    crowd: int
    strata: tuple[int, ...]
    kind: int


class Row(NamedTuple):
    """The evidence of one object on one pair."""

    time: int
    later_post: int
    earlier_post: int
    later: int
    gap: int
    crowd: int
    strata: tuple[int, ...]
    kind: int
    independent: bool
    slow: frozenset[int]
    """Windows for which a co-share was slow."""
    carried: frozenset[int]
    """Kinds that the two posts had in common."""


Pair = tuple[int, int]


def records(co_shares: Sequence[CoShare]) -> StructArray:
    """The co-shares as a structured array."""
    out = np.zeros(len(co_shares), CO_SHARES)
    for index, row in enumerate(co_shares):
        word = sum(nibble << (4 * window) for window, nibble in enumerate(row.strata))
        out[index] = (*row[:8], word, row.kind)
    return out


class Evidence:
    """The oracle."""

    def __init__(
        self, min_objects: int, viral: int, bands: Sequence[int], slow_strata: int, keep_all: bool
    ) -> None:
        self.min_objects = min_objects
        self.viral = viral
        self.bands = bands
        self.slow_strata = slow_strata
        self.keep_all = keep_all
        self.every: Counter[int] = Counter()
        self.independent_ever: Counter[int] = Counter()
        self.pairs: dict[Pair, dict[int, Row]] = defaultdict(dict)
        self.touched: set[Pair] = set()

    def independent(self, pair: Pair) -> int:
        return sum(counts(row) for row in self.pairs[pair].values()) if pair in self.pairs else 0

    def add(self, co_shares: Sequence[CoShare]) -> None:
        for _, post_rows in groupby(co_shares, key=lambda row: row.later_post):
            group = list(post_rows)
            chosen: dict[int, int] = {}
            for earlier in {row.earlier_post for row in group}:
                chosen[earlier] = min(
                    (not self._known(row), row.crowd, index)
                    for index, row in enumerate(group)
                    if row.earlier_post == earlier
                )[2]
            for index, row in enumerate(group):
                self.every[row.kind] += 1
                best = chosen[row.earlier_post] == index
                if best or self.keep_all:
                    carried = {other.kind for other in group if other.earlier_post == row.earlier_post}
                    wins = best and widest(row.strata) < self.viral
                    self.independent_ever[row.kind] += wins
                    self._add(row, wins, frozenset(carried))

    def _known(self, row: CoShare) -> bool:
        known = self.pairs.get(pair_of(row), {}).get(row.object)
        return known is not None and known.independent

    def _add(self, new: CoShare, wins: bool, carried: frozenset[int]) -> None:
        slow = frozenset(
            window
            for window, band in enumerate(self.bands)
            if new.gap > band and widest(new.strata) < self.slow_strata
        )
        pair = pair_of(new)
        old = self.pairs[pair].get(new.object)
        if old is None:
            row = Row(new.time, *new[2:5], *new[6:], wins, slow, carried)
            changed = counts(row)
        else:
            row = old._replace(
                time=new.time,
                gap=min(old.gap, new.gap),
                crowd=min(old.crowd, new.crowd),
                strata=tuple(map(min, old.strata, new.strata)),
                independent=old.independent or wins,
                slow=old.slow | slow,
                carried=old.carried | carried,
            )
            changed = counts(row) and (row.strata != old.strata or not counts(old))
        self.pairs[pair][new.object] = row
        if changed and self.independent(pair) >= self.min_objects:
            self.touched.add(pair)

    def age(self, oldest: int, oldest_single: int) -> None:
        for pair, rows in list(self.pairs.items()):
            kept = {thing: row for thing, row in rows.items() if row.time >= oldest}
            if len(kept) == 1 and max(row.time for row in kept.values()) < oldest_single:
                kept = {}
            if kept:
                self.pairs[pair] = kept
            else:
                del self.pairs[pair]
        self.touched = {pair for pair in self.touched if self.independent(pair) >= self.min_objects}

    def candidates(self) -> set[Pair]:
        return {pair for pair in self.pairs if self.independent(pair) >= self.min_objects}

    def counts(self, pair: Pair) -> Counter[tuple[int, int, int]]:
        """Independent co-shares by (kind, window, stratum)."""
        rows = [row for row in self.pairs[pair].values() if row.independent]
        return Counter(place for row in rows for place in places(row))

    def slow(self, pair: Pair, window: int) -> int:
        """Count of independent objects with a slow co-share for a window."""
        return sum(row.independent and window in row.slow for row in self.pairs[pair].values())

    def explained(self, validated: set[Pair]) -> Counter[tuple[int, int, int, int]]:
        """Twice the exposure that co-shares explain by (account, kind, window, stratum), for all kinds of the posts."""
        return Counter(
            (account, kind, window, stratum)
            for pair in validated
            for row in self.pairs[pair].values()
            for _, window, stratum in places(row)
            for kind in row.carried
            for account in pair
            for _ in range(2)
        )


def pair_of(row: CoShare) -> Pair:
    return min(row.later, row.earlier), max(row.later, row.earlier)


def widest(strata: tuple[int, ...]) -> int:
    """Stratum in the widest window that holds a co-share."""
    return [stratum for stratum in strata if stratum != NO_STRATUM][-1]


def counts(row: Row) -> bool:
    """Whether a row is evidence: independent, and in a window that is tested."""
    return row.independent and any(stratum != NO_STRATUM for stratum in row.strata[:TESTED_WINDOWS])


def places(row: Row) -> list[tuple[int, int, int]]:
    """Windows that hold a co-share, with the stratum in each."""
    return [(row.kind, w, row.strata[w]) for w in range(MAX_WINDOWS) if row.strata[w] != NO_STRATUM]
