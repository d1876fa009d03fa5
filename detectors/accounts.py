"""Accounts by number: their names and keys, their counts of posts, and the followers that their posts state."""

from typing import ClassVar

import numpy as np
import polars as pl

from detectors.arrays.compiled import compiled
from detectors.arrays.dtypes import I32, I64, U64
from detectors.arrays.hash_index import free_place, key_place, place_by_low_bits, power_of_two
from detectors.arrays.hashing import mix

ERASED = "[erased]"
"""The id that stands for every account that was erased; nobody has it."""
_FIRST_SIZE = 1 << 14
"""Accounts that there is room for at first; a power of two."""


class AccountStore:
    """Numbers accounts in the order of their first posts, and keeps what their posts say about them."""

    not_state: ClassVar[frozenset[str]] = frozenset()
    _names: list[str]

    def __init__(self) -> None:
        self._keys = np.zeros(_FIRST_SIZE, np.uint64)
        self._numbers = np.zeros(_FIRST_SIZE, np.int32)
        self._count = np.zeros(1, np.int64)
        self._names = []
        self._key_of = np.zeros(_FIRST_SIZE, np.uint64)
        self.seen = 0
        """Accounts whose posts have been counted, or that have none: those with numbers below this."""
        self.repeated = 0
        """Accounts with two posts or more."""
        self.posts = np.zeros(_FIRST_SIZE, np.int64)
        """Posts of each account so far; int64, at least `len(self)` long."""
        self.followers = np.full(_FIRST_SIZE, -1, np.int64)
        """Followers of each account as its latest post with a count states them, -1 if no post did; int64."""

    def __len__(self) -> int:
        return int(self._count[0])

    @property
    def names(self) -> list[str]:
        """Each account as `platform:account_id`, by number; not a copy."""
        return self._names

    @property
    def keys(self) -> U64:
        """Each account's key, by number; uint64, not a copy."""
        return self._key_of[: len(self)]

    def erase(self, numbers: I32) -> None:
        """Forget the names of accounts; their numbers and counts stay."""
        for number in numbers.tolist():
            self._names[number] = f"{self._names[number].partition(':')[0]}:{ERASED}"

    def find(self, keys: U64) -> I32:
        """The number of each account key, -1 where no such account has been added; int32."""
        return _find(keys, self._keys, self._numbers)

    def add(self, posts: pl.DataFrame, keys: U64) -> I32:
        """Number the accounts of posts in event order; nothing is counted yet.

        Args:
            posts: with the column account.
            keys: uint64, the hash of each post's account.

        Returns:
            int32, the account number of each post.
        """
        if (len(self) + len(keys)) * 2 > len(self._keys):
            size = power_of_two((len(self) + len(keys)) * 3, _FIRST_SIZE)
            keys_grown, numbers_grown = np.zeros(size, np.uint64), np.zeros(size, np.int32)
            _rehash(self._keys, self._numbers, keys_grown, numbers_grown)
            self._keys, self._numbers = keys_grown, numbers_grown
        known_accounts = len(self)
        numbers, first_rows = _number(keys, self._keys, self._numbers, self._count)
        if len(self) > len(self.posts):
            size = max(len(self), len(self.posts) * 2)
            self.posts = np.append(self.posts, np.zeros(size - len(self.posts), np.int64))
            self._key_of = np.append(self._key_of, np.zeros(size - len(self._key_of), np.uint64))
            self.followers = np.append(self.followers, np.full(size - len(self.followers), -1, np.int64))
        if len(self) > known_accounts:
            rows = first_rows[: len(self) - known_accounts]
            self._names.extend(posts["account"].gather(rows).to_list())
            self._key_of[known_accounts : len(self)] = keys[rows]
        return numbers

    def add_followers(self, names: list[str], keys: U64) -> I32:
        """Number accounts that follow others and may have no posts.

        Call it when all accounts that have numbers have been counted: these are counted with them, without posts.

        Args:
            names: `platform:account_id` of each.
            keys: uint64, their keys.

        Returns:
            int32, the number of each.
        """
        numbers = self.add(pl.DataFrame({"account": names}, schema={"account": pl.String()}), keys)
        self.seen = max(self.seen, len(self))
        return numbers

    def count(self, numbers: I32, followers: I64) -> None:
        """Count posts, and keep the followers they state.

        Args:
            numbers: int32, account of each post, in event order.
            followers: int64, followers of the account as each post gives it, -1 where it does not.
        """
        if not len(numbers):
            return
        self.seen = max(self.seen, int(numbers.max()) + 1)
        touched, counts = np.unique(numbers, return_counts=True)
        earlier_posts = self.posts[touched]
        self.posts[touched] += counts
        self.repeated += int(((earlier_posts < 2) & (earlier_posts + counts >= 2)).sum())
        known = followers >= 0
        # assignment in order: the latest wins
        self.followers[numbers[known]] = followers[known]


@compiled
def _number(keys: U64, table: U64, numbers: I32, count: I64) -> tuple[I32, I64]:
    out = np.empty(len(keys), np.int32)
    first_rows = np.empty(len(keys), np.int64)
    added = 0
    for row in range(len(keys)):
        place = key_place(table, keys[row], place_by_low_bits(mix(keys[row]), len(table)))
        if table[place] == 0:
            table[place] = keys[row]
            numbers[place] = count[0]
            count[0] += 1
            first_rows[added] = row
            added += 1
        out[row] = numbers[place]
    return out, first_rows


@compiled
def _find(keys: U64, table: U64, numbers: I32) -> I32:
    out = np.empty(len(keys), np.int32)
    for row in range(len(keys)):
        place = key_place(table, keys[row], place_by_low_bits(mix(keys[row]), len(table)))
        out[row] = numbers[place] if table[place] != 0 else np.int32(-1)
    return out


@compiled
def _rehash(old: U64, old_numbers: I32, new: U64, new_numbers: I32) -> None:
    for old_place in range(len(old)):
        if old[old_place] != 0:
            place = free_place(new, place_by_low_bits(mix(old[old_place]), len(new)))
            new[place] = old[old_place]
            new_numbers[place] = old_numbers[old_place]
