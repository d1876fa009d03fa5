"""How active each account is, and how often it would meet other accounts by chance.

Exposure is the sum of the crowds that an account was part of, by kind, window and crowd stratum. Activity is the
count of objects of a kind that the account shared. Both cover the evidence horizon, in daily panes. The exposure
that validated co-shares explain can be taken out (*peeled*), so that a network does not raise its own threshold.
"""

from collections import deque
from typing import ClassVar, NamedTuple

import numpy as np

from detectors.arrays.compiled import compiled, inlined, inlined_number
from detectors.arrays.dtypes import F64, I64, U64, Int, StructArray
from detectors.arrays.hash_index import key_place, place_in_order
from detectors.arrays.hashing import mix
from detectors.config import KINDS, REFERENCE
from detectors.statistics.active_days import DayStore
from detectors.synchrony.cells import Cells, stratum_of, window_of

_FIRST_SIZE = 1 << 14
CELL_BITS = 16


class Counters(NamedTuple):
    """Counters by (account, cell), open addressing; key 0 is an empty slot."""

    key: U64  # (account << CELL_BITS | cell) + 1
    value: I64


class Spans(NamedTuple):
    """First and last activity of each account, on a clock that counts the shares of all accounts; (accounts,) each."""

    first: F64
    last: F64


class Slow(NamedTuple):
    """Measures of interest: exposure in the reference window, and activity, over all kinds; (accounts,) each."""

    exposure: F64
    activity: F64


class ExposureStore:
    """Counters of all accounts of one network agent.

    Args:
        cells: numbering of the counters.
        keep_days: count of daily panes kept; 0 keeps everything.
    """

    not_state: ClassVar[frozenset[str]] = frozenset({"_cells", "_keep_days"})
    _panes: deque[tuple[Counters, I64]]
    _pane_starts: deque[int]

    def __init__(self, cells: Cells, keep_days: int) -> None:
        self._cells = cells
        self._keep_days = keep_days
        self._net = _Table()
        self._today = _Table()
        self._panes = deque()
        self._peeled = Counters(np.zeros(0, np.uint64), np.zeros(0, np.int64))
        self.mass = np.zeros(len(KINDS), np.int64)
        """Activity of all accounts over the horizon, by kind; int64, shape (kinds,)."""
        self._today_mass = np.zeros(len(KINDS), np.int64)
        self._clock = np.zeros(1, np.int64)
        self._pane_starts = deque([0])
        self.spans = Spans(np.full(1024, -1.0), np.full(1024, -1.0))
        self.slow = Slow(np.zeros(1024), np.zeros(1024))
        self.slow_exposure_ever = 0.0
        """Slow exposure of all accounts since the start, whether or not it has left the horizon."""
        self.active_days = DayStore(keep_days)

    @property
    def counters(self) -> Counters:
        """Counters over the horizon without the peeled exposure; for kernels."""
        return self._net.counters

    @property
    def clock(self) -> float:
        """Count of shares of all accounts so far."""
        return float(self._clock[0])

    @property
    def horizon_start(self) -> float:
        """The clock at the beginning of the horizon."""
        return float(self._pane_starts[0])

    def add(self, exposures: StructArray, accounts: int) -> None:
        """Count `EXPOSURES` records.

        Args:
            exposures: records in any order.
            accounts: count of account numbers in use.
        """
        if accounts > len(self.spans.first):
            size = max(accounts, len(self.spans.first) * 2)
            self.spans = Spans(_widened(self.spans.first, size, -1.0), _widened(self.spans.last, size, -1.0))
            self.slow = Slow(_widened(self.slow.exposure, size, 0.0), _widened(self.slow.activity, size, 0.0))
        tables = [self._net, self._today] if self._keep_days else [self._net]
        for table in tables:
            table.reserve(len(exposures))
            _count(table.counters, table.used, exposures)
        before = self.mass.copy()
        active = exposures[exposures["cell"] >= self._cells.activity]
        active = active[np.argsort(active["post"], kind="stable")]
        _count_mass(active, self._cells.activity, self.mass, self._clock, self.spans)
        account_numbers = exposures["account"].astype(np.int64)
        self.slow_exposure_ever += _count_slow(
            account_numbers,
            exposures["cell"].astype(np.int64),
            exposures["amount"].astype(np.int64),
            *self._rule,
            self.slow,
        )
        self._today_mass += self.mass - before
        shares = exposures[exposures["cell"] >= self._cells.activity]
        self.active_days.add(
            np.ascontiguousarray(shares["account"]), shares["amount"].astype(np.int64), accounts
        )

    def close_day(self) -> None:
        """End today's pane and drop panes older than `keep_days`."""
        self.active_days.close_day()
        if not self._keep_days:
            return
        self._panes.append((_compact(self._today.counters), self._today_mass))
        self._pane_starts.append(int(self._clock[0]))
        self._today = _Table()
        self._today_mass = np.zeros(len(KINDS), np.int64)
        while len(self._panes) > self._keep_days:
            pane, mass = self._panes.popleft()
            self._pane_starts.popleft()
            self.mass -= mass
            self._net.add(pane.key, -pane.value)
            keys = (pane.key - np.uint64(1)).astype(np.int64)
            _count_slow(keys >> CELL_BITS, keys & ((1 << CELL_BITS) - 1), -pane.value, *self._rule, self.slow)

    @property
    def _rule(self) -> tuple[int, int, int]:
        """The first activity cell, the count of strata, and the count of strata that measure interest."""
        return self._cells.activity, self._cells.strata, self._cells.reference_strata

    def peel(self, keys: U64, amounts: I64) -> None:
        """Peel `amounts` at `keys` (as in `Counters`) in place of what was peeled before."""
        self._net.add(self._peeled.key, self._peeled.value)
        self._net.add(keys, -amounts)
        self._peeled = Counters(keys, amounts)


class _Table:
    """Counters that grow."""

    not_state: ClassVar[frozenset[str]] = frozenset()

    def __init__(self) -> None:
        self.counters = Counters(np.zeros(_FIRST_SIZE, np.uint64), np.zeros(_FIRST_SIZE, np.int64))
        self.used = np.zeros(1, np.int64)

    def reserve(self, new_keys: int) -> None:
        """Make room for this many new keys."""
        # half of the places stay empty: most searches are for counters that an account does not have
        if (int(self.used[0]) + new_keys) * 2 <= len(self.counters.key):
            return
        live_counters = int(np.count_nonzero(self.counters.value))
        size = max((live_counters + new_keys) * 3, _FIRST_SIZE)
        grown = Counters(np.zeros(size, np.uint64), np.zeros(size, np.int64))
        self.used[0] = move_counters(self.counters, grown)
        self.counters = grown

    def add(self, keys: U64, amounts: I64) -> None:
        """Add `amounts` at `keys`."""
        self.reserve(len(keys))
        _add(self.counters, self.used, keys, amounts)


def _widened(old: F64, size: int, empty: float) -> F64:
    new = np.full(size, empty)
    new[: len(old)] = old
    return new


def _compact(counters: Counters) -> Counters:
    kept = counters.value != 0
    return Counters(counters.key[kept], counters.value[kept])


@inlined_number
def counter_key(account: Int, cell: Int) -> np.uint64:
    """Key of a counter."""
    return (np.uint64(account) << np.uint64(CELL_BITS) | np.uint64(cell)) + np.uint64(1)


@inlined
def counter_place(counters: Counters, key: np.uint64) -> Int:
    """Place of a counter: where it is, or where it would go."""
    return key_place(counters.key, key, place_in_order(mix(key), len(counters.key)))


@inlined
def counted(counters: Counters, account: Int, cell: Int) -> Int:
    """The value of a counter, never below 0."""
    place = counter_place(counters, counter_key(account, cell))
    return max(counters.value[place], np.int64(0)) if counters.key[place] != 0 else np.int64(0)


@compiled
def move_counters(old: Counters, new: Counters) -> int:
    """Copy all counters that are not 0 into an empty table with enough room; returns their count."""
    used = 0
    for old_place in range(len(old.key)):
        if old.value[old_place] != 0:
            new_place = counter_place(new, old.key[old_place])
            new.key[new_place] = old.key[old_place]
            new.value[new_place] = old.value[old_place]
            used += 1
    return used


@compiled
def _add(counters: Counters, used: I64, keys: U64, amounts: I64) -> None:
    for row in range(len(keys)):
        place = counter_place(counters, keys[row])
        if counters.key[place] == 0:
            counters.key[place] = keys[row]
            used[0] += 1
        counters.value[place] += amounts[row]


@compiled
def _count(counters: Counters, used: I64, exposures: StructArray) -> None:
    for row in range(len(exposures)):
        key = counter_key(exposures[row].account, exposures[row].cell)
        place = counter_place(counters, key)
        if counters.key[place] == 0:
            counters.key[place] = key
            used[0] += 1
        counters.value[place] += exposures[row].amount


@compiled
def _count_mass(active: StructArray, activity: int, mass: I64, clock: I64, spans: Spans) -> None:
    """Count activity by kind, and let the clock pass; records come in the order of posts."""
    for row in range(len(active)):
        mass[active[row].cell - activity] += active[row].amount
        clock[0] += 1
        account = active[row].account
        if spans.first[account] < 0:
            spans.first[account] = clock[0]
        spans.last[account] = clock[0]


@compiled
def _count_slow(
    accounts: I64, cells: I64, amounts: I64, activity: int, strata: int, counted_strata: int, slow: Slow
) -> float:
    """Add to the measures of interest; returns the slow exposure added."""
    added = 0.0
    for row in range(len(accounts)):
        cell = cells[row]
        if cell >= activity:
            slow.activity[accounts[row]] += amounts[row]
        elif window_of(cell, strata) == REFERENCE and stratum_of(cell, strata) < counted_strata:
            slow.exposure[accounts[row]] += amounts[row]
            added += amounts[row]
    return added
