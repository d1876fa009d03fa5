"""Event time: rows put in order, late ones told apart, each post counted once.

Every source has a watermark: the latest event time it has shown, less the allowed lateness. Rows are released in
the order of (event time, post key, row key) once every source's watermark has passed them, so what follows sees
the same sequence whatever the order of arrival inside the lateness bound, the size of batches or the number of
sources.
"""

import math
from typing import ClassVar

import numpy as np
import polars as pl

from detectors.arrays.compiled import compiled
from detectors.arrays.dtypes import I64, U64, Bools
from detectors.arrays.hashing import mix

ORDER = ("created_at", "post_key", "row_key")
"""Columns that put rows in event order; `detectors.traces.traces.keyed` adds the keys."""

_FIRST_SIZE = 1 << 14


class EventTimeBuffer:
    """Holds rows until their time has come.

    Args:
        lateness_s: how far a row may lag behind the latest of its source, seconds.
    """

    not_state: ClassVar[frozenset[str]] = frozenset({"_lateness_s"})
    _held: list[pl.DataFrame]
    _latest: dict[str, float]

    def __init__(self, lateness_s: int) -> None:
        self._lateness_s = lateness_s
        self._held = []
        self._latest = {}

    def open(self, source: str) -> None:
        """Announce a source: nothing is released before it has shown how far it is."""
        self._latest[source] = -math.inf

    def close(self, source: str) -> None:
        """Say that a source has ended: it holds nothing up any more."""
        del self._latest[source]

    def watermark(self, source: str | None = None) -> float:
        """Event time before which nothing more is to come, seconds: of one source, or of all (the least).

        Minus infinity before the first row; infinity when every source has ended.
        """
        if source is not None:
            return self._latest[source] - self._lateness_s
        return min(self._latest.values(), default=math.inf) - self._lateness_s

    def add(self, source: str, rows: pl.DataFrame) -> pl.DataFrame:
        """Take rows as they arrive.

        Args:
            source: an opened source.
            rows: with the columns of `ORDER`.

        Returns:
            The rows that came too late, in the order of arrival; they are not kept.
        """
        times = rows["created_at"].to_numpy()
        if not len(times):
            return rows
        before = np.maximum.accumulate(np.concatenate([[self._latest[source]], times]))
        self._latest[source] = float(before[-1])
        late = times < before[:-1] - self._lateness_s
        if late.any():
            mask = pl.Series(late)
            self._held.append(rows.filter(~mask))
            return rows.filter(mask)
        self._held.append(rows)
        return rows.clear()

    @property
    def held(self) -> int:
        """Count of rows that wait."""
        return sum(len(frame) for frame in self._held)

    def release(self) -> pl.DataFrame | None:
        """The rows before the watermark, in event order; None when there are none."""
        if not self._held:
            return None
        watermark = self.watermark()
        held = pl.concat(self._held) if len(self._held) > 1 else self._held[0]
        ready = held.filter(pl.col("created_at") < watermark) if watermark < math.inf else held
        rest = held.filter(pl.col("created_at") >= watermark) if watermark < math.inf else held.clear()
        self._held = [rest] if len(rest) else []
        return ready.sort(ORDER) if len(ready) else None


class DuplicateFilter:
    """Recognises rows that were released before, by their row key.

    Keys are remembered in two generations, so for at least `memory_s` seconds of event time and at most twice that.

    Args:
        memory_s: length of a generation, seconds.
        max_keys: keys held in all; a generation ends early, and the older is forgotten, when there are more.
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
        self.forgotten_early = 0
        """Count of generations that ended for want of room."""

    @property
    def held(self) -> int:
        """Count of keys of the generation that goes on; as many as twice that are remembered."""
        return self._used

    def fresh(self, times: I64, keys: U64) -> Bools:
        """Which rows are new, in event order: times never fall from call to call."""
        fresh = np.empty(len(keys), np.bool_)
        generations = times // self._memory_s
        bounds = np.flatnonzero(np.diff(generations)) + 1
        for begin, end in zip([0, *bounds], [*bounds, len(times)], strict=True):
            if end == begin:
                continue
            generation = int(generations[begin])
            if self._generation is not None and generation != self._generation:
                self._roll(keep=generation == self._generation + 1)
            self._generation = generation
            at = begin
            while at < end:
                if self._used * 2 >= self._max_keys:
                    self._roll(keep=True)
                    self.forgotten_early += 1
                step = int(min(end - at, max(1, self._max_keys // 2 - self._used), 1 << 16))
                self._reserve(step)
                self._used += _mark_fresh(
                    self._previous, self._current, keys[at : at + step], fresh[at : at + step]
                )
                at += step
        return fresh

    def _roll(self, *, keep: bool) -> None:
        self._previous = self._current if keep else np.zeros(_FIRST_SIZE, np.uint64)
        self._current = np.zeros(_FIRST_SIZE, np.uint64)
        self._used = 0

    def _reserve(self, more: int) -> None:
        if (self._used + more) * 2 > len(self._current):
            grown = np.zeros(1 << ((self._used + more) * 2).bit_length(), np.uint64)
            _mark_fresh(
                np.zeros(1, np.uint64),
                grown,
                self._current[self._current != 0],
                np.empty(self._used, np.bool_),
            )
            self._current = grown


@compiled
def _mark_fresh(previous: U64, current: U64, keys: U64, fresh: Bools) -> int:
    """Insert `keys` into `current`; say which were in neither table. Returns how many were inserted."""
    inserted = 0
    for row in range(len(keys)):
        at = np.int64(mix(keys[row])) & (len(previous) - 1)
        while previous[at] != 0 and previous[at] != keys[row]:
            at = (at + 1) & (len(previous) - 1)
        known = previous[at] == keys[row]
        at = np.int64(mix(keys[row])) & (len(current) - 1)
        while current[at] != 0 and current[at] != keys[row]:
            at = (at + 1) & (len(current) - 1)
        known = known or current[at] == keys[row]
        if current[at] == 0:
            current[at] = keys[row]
            inserted += 1
        fresh[row] = not known
    return inserted
