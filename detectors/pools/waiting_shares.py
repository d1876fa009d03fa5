"""Posts and their shares, held until a day has passed after them: only then is it known who else shared the object."""

from typing import ClassVar, NamedTuple

import numpy as np

from detectors.arrays.compiled import compiled
from detectors.arrays.copying import put
from detectors.arrays.dtypes import I32, I64, U8, U64, Bools, StructArray
from detectors.arrays.hash_index import place_by_low_bits, power_of_two, row_place_of_two
from detectors.arrays.hashing import mix

SPAN_S = 86_400
"""Seconds before and after a share in which other accounts are its company. An account that shares an object again
within this time adds nothing. The organic profile of `detectors.pools.company` was measured with this span."""

ROWS = np.dtype(
    [
        ("object", np.uint64),
        ("time", np.int64),
        ("account", np.int32),
        ("begins", np.bool_),
        ("fresh", np.bool_),
    ]
)
"""One row a share, and one row with object 0 for a post without shares. `time`: seconds. `begins`: whether the row is
the first of its post. `fresh`: whether the account had not shared the object within `SPAN_S` before; known once the
row has been judged. 22 bytes a row."""

_KIND_MIX = np.uint64(0x9E3779B97F4A7C15)
"""Keys of objects are unique within a kind. Multiples of this odd constant keep the kinds apart."""


class Due(NamedTuple):
    """Rows with everything around them that is needed to judge some of them."""

    rows: StructArray
    """Records of `ROWS`, in order of time."""
    begin: int
    end: int
    """`rows[begin:end]` are judged now. Earlier ones were judged before; later ones are company only."""


class WaitingShares:
    """Holds rows of `ROWS` from a day before the first that is not judged yet.

    Memory: 22 bytes a row, up to twice that while the table grows.

    Args:
        limit: most rows held. When there are more, the oldest leave early, judged or not, and are counted.
    """

    not_state: ClassVar[frozenset[str]] = frozenset({"_limit"})

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._rows = np.zeros(1024, ROWS)
        self._end = 0
        self._judged = 0
        """Rows before this one have been judged."""
        self.left_early = 0
        """Count of rows that left early because there was no room."""

    def __len__(self) -> int:
        """Count of rows held."""
        return self._end

    def add(self, times: I64, accounts: I32, share_posts: I32, share_kinds: U8, share_objects: U64) -> None:
        """Hold posts and their shares.

        Args:
            times: int64, seconds of each post; never falling, neither within a call nor from one call to the next.
            accounts: int32, account number of each post.
            share_posts: int32, for each share the index of its post in `times`; ascending.
            share_kinds: uint8, number of the kind of each share.
            share_objects: uint64, key of the object of each share.
        """
        shares = np.bincount(share_posts, minlength=len(times))
        post = np.repeat(np.arange(len(times)), np.maximum(shares, 1))
        rows = np.zeros(len(post), ROWS)
        rows["time"], rows["account"] = times[post], accounts[post]
        rows["begins"] = np.append(True, post[1:] != post[:-1])[: len(post)]
        # a key of 0 would be taken for no object
        keys = share_objects + share_kinds.astype(np.uint64) * _KIND_MIX
        rows["object"][shares[post] > 0] = np.maximum(keys, np.uint64(1))
        self._append(rows)

    def due(self, until: int) -> Due:
        """The rows that are judged now: those not judged yet and earlier than `until` (seconds)."""
        held = self._rows[: self._end]
        return Due(held, self._judged, int(np.searchsorted(held["time"], until)))

    def settle(self, fresh: Bools, until: int) -> None:
        """Note that all rows before `until` have been judged, and let go of those that nothing needs any more.

        Args:
            fresh: bool, `fresh` of all rows held.
            until: seconds, as for `due`.
        """
        held = self._rows[: self._end]
        held["fresh"] = fresh
        judged, needed = np.searchsorted(held["time"], [until, until - SPAN_S]).tolist()
        self._rows = held[needed:].copy()
        self._end -= needed
        self._judged = judged - needed

    def forget(self, accounts: I32, times: I64) -> None:
        """Take away what some posts shared, by account and time (seconds); that they were posted stays."""
        held = self._rows[: self._end]
        held["object"][same_posts(held, accounts, times)] = 0

    def _append(self, rows: StructArray) -> None:
        surplus = self._end + len(rows) - self._limit
        if surplus > 0:
            self.left_early += surplus
            rows = rows[max(surplus - self._end, 0) :]
            gone = min(surplus, self._end)
            self._rows = self._rows[gone : self._end].copy()
            self._end -= gone
            self._judged = max(self._judged - gone, 0)
        if self._end + len(rows) > len(self._rows):
            wider = np.zeros(min(max(2 * len(self._rows), self._end + len(rows)), self._limit), ROWS)
            wider[: self._end] = self._rows[: self._end]
            self._rows = wider
        self._rows[self._end : self._end + len(rows)] = rows
        self._end += len(rows)


def same_posts(rows: StructArray, accounts: I32, times: I64) -> Bools:
    """Which records are of one of some posts, by account and time (seconds); bool."""
    likely = np.flatnonzero(np.isin(rows["time"], times))
    known = set(zip(accounts.tolist(), times.tolist(), strict=True))
    same = np.zeros(len(rows), np.bool_)
    for row in likely.tolist():
        same[row] = (int(rows["account"][row]), int(rows["time"][row])) in known
    return same


def first_of_day(object_: U64, account: I32, time: I64, known: Bools, judged: int) -> Bools:
    """Which rows are the first of their account on their object within `SPAN_S`; bool.

    Args:
        object_: uint64, 0 for none: such a row is never fresh.
        account: int32, account numbers.
        time: int64, seconds, ascending.
        known: bool, what was found before for the first `judged` rows, whose earlier rows may have left.
        judged: count of rows of which it is known.
    """
    columns = np.ascontiguousarray(object_), np.ascontiguousarray(account), np.ascontiguousarray(time)
    index = np.zeros(power_of_two(2 * len(time), 16), np.int32)
    return _first_of_day(*columns, np.ascontiguousarray(known), judged, index)


@compiled
def _first_of_day(object_: U64, account: I32, time: I64, known: Bools, judged: int, index: I32) -> Bools:
    """As `first_of_day`; `index` is int32 zeros, twice as many as rows or more."""
    # it will hold the latest row of each account and object, plus one
    fresh = np.zeros(len(time), np.bool_)
    for row in range(len(time)):
        if object_[row] == 0:
            continue
        hashed = mix(object_[row] ^ mix(np.uint64(account[row])))
        begin = place_by_low_bits(hashed, len(index))
        place = row_place_of_two(index, object_, object_[row], account, account[row], begin)
        before = index[place] - 1
        fresh[row] = before < 0 or time[row] - time[before] > SPAN_S
        index[place] = row + 1
    put(known[:judged], fresh, 0)
    return fresh
