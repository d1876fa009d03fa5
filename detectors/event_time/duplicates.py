"""Duplicates: recognises rows of posts that were counted before."""

from typing import ClassVar

import numpy as np

from detectors.arrays.compiled import compiled
from detectors.arrays.dtypes import I64, U64, Bools
from detectors.arrays.hash_index import key_place, place_by_low_bits
from detectors.arrays.hashing import mix

_FIRST_SIZE = 1 << 14
"""Places of an empty index."""


class DuplicateFilter:
    """Recognises rows that were counted before, by their row key.

    Keys are remembered in two generations, so for at least `memory_s` seconds of event time and at most twice that.

    Args:
        memory_s: length of a generation, seconds.
        max_keys: limit of keys remembered in both generations. When the current one holds half of it, it ends
            early, and the one before is forgotten.
    """

    not_state: ClassVar[frozenset[str]] = frozenset({"_memory_s", "_max_keys"})
    _generation: int | None

    def __init__(self, memory_s: int, max_keys: int) -> None:
        self._memory_s = memory_s
        self._max_keys = max_keys
        self._generation = None
        self._current = np.zeros(_FIRST_SIZE, np.uint64)
        self._previous = np.zeros(_FIRST_SIZE, np.uint64)
        self._used = 0
        self._barring = False
        """Whether any key may bar others: only then are bars looked up."""
        self.forgotten_early = 0
        """Count of generations that ended because the limit of keys was reached."""

    @property
    def held(self) -> int:
        """Count of keys in the current generation; the one before is remembered as well."""
        return self._used

    def fresh(self, times: I64, keys: U64) -> Bools:
        """Which rows are new; arguments as for `fresh_and_barred`. bool, one a row."""
        return self.fresh_and_barred(times, keys, np.zeros(len(keys), np.uint64))[0]

    def fresh_and_barred(
        self, times: I64, keys: U64, bars: U64, *, barring: bool = False
    ) -> tuple[Bools, Bools]:
        """Which rows are new, and which come after the row that bars them.

        Args:
            times: int64, event time of each row, seconds; never falling, also from call to call.
            keys: uint64, row key of each row; never 0.
            bars: uint64, key of the row that bars each row, if it came before; 0: none does.
            barring: whether any of `keys` may bar a row.

        Returns:
            bool, one a row, twice.
        """
        fresh = np.empty(len(keys), np.bool_)
        barred = np.zeros(len(keys), np.bool_)
        self._barring = self._barring or barring
        if not self._barring:
            bars = bars[:0]
        generations = times // self._memory_s
        bounds = np.flatnonzero(np.diff(generations)) + 1
        for begin, end in zip([0, *bounds], [*bounds, len(times)], strict=True):
            if end == begin:
                continue
            generation = int(generations[begin])
            if self._generation is not None and generation != self._generation:
                self._roll(keep=generation == self._generation + 1)
            self._generation = generation
            row = begin
            while row < end:
                if self._used * 2 >= self._max_keys:
                    self._roll(keep=True)
                    self.forgotten_early += 1
                step = int(min(end - row, max(1, self._max_keys // 2 - self._used), 1 << 16))
                self._reserve(step)
                part = slice(row, row + step)
                self._used += _mark_fresh(
                    self._previous, self._current, keys[part], fresh[part], bars[part], barred[part]
                )
                row += step
        return fresh, barred

    def _roll(self, *, keep: bool) -> None:
        self._previous = self._current if keep else np.zeros(_FIRST_SIZE, np.uint64)
        self._current = np.zeros(_FIRST_SIZE, np.uint64)
        self._used = 0

    def _reserve(self, keys: int) -> None:
        """Make room for so many more keys."""
        if (self._used + keys) * 2 > len(self._current):
            grown = np.zeros(1 << ((self._used + keys) * 2).bit_length(), np.uint64)
            _mark_fresh(
                np.zeros(1, np.uint64),
                grown,
                self._current[self._current != 0],
                np.empty(self._used, np.bool_),
                np.zeros(0, np.uint64),
                np.zeros(0, np.bool_),
            )
            self._current = grown


@compiled
def _mark_fresh(previous: U64, current: U64, keys: U64, fresh: Bools, bars: U64, barred: Bools) -> int:
    """Insert `keys` into `current`, and write to `fresh` which were in neither table. Returns how many were inserted.

    Both tables are indexes of keys (`detectors.arrays.hash_index`). Unless `bars` is empty, `barred` receives which
    rows come after the key that bars them.
    """
    inserted = 0
    for row in range(len(keys)):
        key = keys[row]
        if len(bars) and bars[row] != 0:
            bar = bars[row]
            hashed = mix(bar)
            place = key_place(previous, bar, place_by_low_bits(hashed, len(previous)))
            barred[row] = previous[place] == bar
            place = key_place(current, bar, place_by_low_bits(hashed, len(current)))
            barred[row] |= current[place] == bar
        hashed = mix(key)
        place = key_place(previous, key, place_by_low_bits(hashed, len(previous)))
        known = previous[place] == key
        place = key_place(current, key, place_by_low_bits(hashed, len(current)))
        known = known or current[place] == key
        if current[place] == 0:
            current[place] = key
            inserted += 1
        fresh[row] = not known
    return inserted
