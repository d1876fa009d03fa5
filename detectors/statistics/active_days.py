"""Active days: how much each account shared on each day, and how much likelier that makes two accounts meet.

Accounts meet only on days on which both share something. Where two of them share most of what they ever share on the
same few days, they meet far more often than their activity in all those weeks says. Three accounts that made three
quarters of two days' posts, and hardly any others, met in 2,778 objects where activity alone gives 95; with accounts
exchanged among all posts of a day, which leaves nothing but activity, they did as well.
"""

from typing import ClassVar, NamedTuple

import numpy as np

from detectors.arrays.compiled import compiled, inlined
from detectors.arrays.dtypes import I32, I64, Int, StructArray

ACTIVE_DAYS = np.dtype(
    [
        ("before", np.int64),  # row of the account's day before, -1: none that is remembered
        ("account", np.int32),
        ("day", np.int32),
        ("shares", np.int64),
    ]
)
"""One record for each account and day with shares, in order of the days."""
PRIOR_SHARES = 30.0
"""Shares that follow the days of everybody, added to those of each account. Two accounts whose few shares are what
they have in common would explain themselves otherwise: without them `ira_de_2017_09` fell from 38 accounts to 31.
With 30 or 100 there are 38."""
_FIRST_ROWS = 1 << 12


class ActiveDays(NamedTuple):
    """Days of all accounts, for kernels."""

    latest: I64  # (accounts,) row of each account's latest day, -1: none
    rows: StructArray  # of `ACTIVE_DAYS`
    of_all: I64  # (days,) shares of all accounts on each day, from day `first` on
    first: int
    whole: int  # their sum


class DayStore:
    """Shares by account and day, over the evidence horizon. Memory: 24 bytes for each account and day with shares.

    Args:
        keep_days: days that count, with the one that has not ended; 0 keeps everything.
    """

    not_state: ClassVar[frozenset[str]] = frozenset({"_keep_days"})

    def __init__(self, keep_days: int) -> None:
        self._keep_days = keep_days
        self._latest: I64 = np.full(1024, -1, np.int64)
        self._rows: StructArray = np.zeros(_FIRST_ROWS, ACTIVE_DAYS)
        self._size = 0
        self._first = 0
        self._of_all: I64 = np.zeros(1, np.int64)

    def __len__(self) -> int:
        """Count of records."""
        return self._size

    @property
    def days(self) -> ActiveDays:
        """All days, as kernels read them; views, not copies."""
        return ActiveDays(
            self._latest, self._rows[: self._size], self._of_all, self._first, int(self._of_all.sum())
        )

    def add(self, accounts: I32, amounts: I64, most: int) -> None:
        """Count shares of the day that has not ended.

        Args:
            accounts: account number of each entry; any order and repeats are allowed.
            amounts: shares of each entry.
            most: count of account numbers in use.
        """
        if most > len(self._latest):
            wider = np.full(max(most, 2 * len(self._latest)), -1, np.int64)
            wider[: len(self._latest)] = self._latest
            self._latest = wider
        if self._size + len(accounts) > len(self._rows):
            # most entries are further shares of a day that is there
            fresh = len(np.unique_values(accounts))
            if self._size + fresh > len(self._rows):
                longer = np.zeros(max(self._size + fresh, 2 * len(self._rows)), ACTIVE_DAYS)
                longer[: self._size] = self._rows[: self._size]
                self._rows = longer
        today = self._first + len(self._of_all) - 1
        self._size = _count(accounts, amounts, today, self._latest, self._rows, self._size)
        self._of_all[-1] += int(amounts.sum())

    def close_day(self) -> None:
        """End the day, and drop days older than `keep_days`."""
        self._of_all = np.append(self._of_all, 0)
        leaving = len(self._of_all) - 1 - self._keep_days
        if not self._keep_days or leaving <= 0:
            return
        self._first += leaving
        self._of_all = self._of_all[leaving:].copy()
        gone = int(np.searchsorted(self._rows["day"][: self._size], self._first))
        self._size -= gone
        self._rows[: self._size] = self._rows[gone : gone + self._size].copy()
        _renumber(self._latest, self._rows, self._size, gone)


@inlined
def same_days(days: ActiveDays, a: Int, b: Int) -> float:
    """How many times likelier two accounts meet because of the days on which they share; at least 1.

    If each of their shares of a day is a share of that day drawn at random, they meet in proportion to the product of
    both counts over the count of all, day by day.
    """
    of_a, of_b, together = 0.0, 0.0, 0.0
    row_a, row_b = days.latest[a], days.latest[b]
    while row_a >= 0 or row_b >= 0:
        day_a = days.rows[row_a].day if row_a >= 0 else -1
        day_b = days.rows[row_b].day if row_b >= 0 else -1
        if day_a == day_b:
            shares_a, shares_b = days.rows[row_a].shares, days.rows[row_b].shares
            # nobody meets itself
            others = max(days.of_all[day_a - days.first] - min(shares_a, shares_b), 1)
            together += float(shares_a) * shares_b / others
        if day_a >= day_b:
            of_a += days.rows[row_a].shares
            row_a = days.rows[row_a].before
        if day_b >= day_a:
            of_b += days.rows[row_b].shares
            row_b = days.rows[row_b].before
    shrunk = days.whole * together + PRIOR_SHARES * (of_a + of_b + PRIOR_SHARES)
    return float(max(1.0, shrunk / ((of_a + PRIOR_SHARES) * (of_b + PRIOR_SHARES))))


@compiled
def _count(accounts: I32, amounts: I64, today: Int, latest: I64, rows: StructArray, size: Int) -> int:
    """Add shares to today's records; returns the count of all records."""
    for entry in range(len(accounts)):
        account = accounts[entry]
        row = latest[account]
        if row < 0 or rows[row].day != today:
            rows[size].before = row
            rows[size].account = account
            rows[size].day = today
            rows[size].shares = 0
            latest[account] = row = size
            size += 1
        rows[row].shares += amounts[entry]
    return int(size)


@compiled
def _renumber(latest: I64, rows: StructArray, size: Int, gone: Int) -> None:
    """Let records and accounts point to the places of records after the first `gone` left."""
    for row in range(size):
        rows[row].before = max(rows[row].before - gone, -1)
    for account in range(len(latest)):
        latest[account] = max(latest[account] - gone, -1)
