"""Pair evidence: the distinct objects that two accounts co-shared, over the evidence horizon.

Two posts are one piece of evidence. If they share a URL, they share its headline and tags too, and counting each of
these would break the assumption of independence. So one co-share of the two posts is *independent*: that of an object
which is already independent evidence for these two accounts, or else that of the smallest crowd.

Co-shares are rows, chained by pair. When two accounts co-share an object again, its row takes the shorter window and
the smaller crowd, and the count stays the same. Rows age from their latest co-share. Pairs with one row leave early.
"""

from functools import partial
from typing import ClassVar

import numpy as np

from detectors.arrays.dtypes import F64, I32, I64, U64, Bools, StructArray
from detectors.arrays.growing import grown
from detectors.arrays.pair_keys import numbers_of
from detectors.config import TESTED_WINDOWS, DetectionConfig
from detectors.evidence.null_model import KIND_COUNT, NullModel
from detectors.evidence.pair_intake import EvidenceRules, add_co_shares, new_counts
from detectors.evidence.pair_kernels import (
    count_slow_pairs,
    evaluate_pairs,
    explained_exposure,
    lag_profile,
    pair_numbers,
)
from detectors.evidence.pair_table import (
    FIRST_SIZE,
    ROWS,
    PairTable,
    mark_kept,
    new_pairs,
    rechain,
    renumber_index,
    with_room,
)
from detectors.shards import Runner, in_turn
from detectors.synchrony.cells import Cells, window_table

_LONG_AGO = np.iinfo(np.int64).min
"""Time of rows that are about to leave."""
WORTH_SHARING = 4_096
"""Pairs from which slices are tested side by side: 4,096 take some 10 ms, and starting a task takes 0.1 ms."""


class PairStore:
    """The evidence on all pairs of one partition.

    Args:
        config: evidence horizons, the most rows, and the least objects of a candidate.
        shards: slices in which many pairs are tested.
        run: works off the slices.
    """

    not_state: ClassVar[frozenset[str]] = frozenset({"_config", "_rules", "_shards", "_run"})
    _touched: list[I32]

    def __init__(self, config: DetectionConfig, shards: int = 1, run: Runner = in_turn) -> None:
        self._config = config
        self._shards = shards
        self._run = run
        self._rules = EvidenceRules(
            config.gate.min_objects,
            len(config.co_share.strata),
            window_table(config)[:, :TESTED_WINDOWS].max(axis=0).astype(np.float64),
            Cells(config).reference_strata,
            config.co_share.cap == 0,
        )
        self._rows: StructArray = np.zeros(FIRST_SIZE, ROWS)
        self._pairs = new_pairs(FIRST_SIZE, FIRST_SIZE)
        self._counts = new_counts(KIND_COUNT)
        self._touched = []
        self.evicted_early = 0
        """Count of co-shares that were removed early because there were too many."""

    @property
    def rows(self) -> StructArray:
        """All rows, records of `ROWS`; a view, not a copy."""
        return self._rows[: self._counts.rows[0]]

    @property
    def size(self) -> int:
        """Count of pairs."""
        return int(self._counts.pairs[0])

    @property
    def slow_co_shares(self) -> int:
        """Count of all independent slow co-shares so far (`detectors.evidence.shared_interest`), with removed ones."""
        return int(self._counts.slow[0])

    @property
    def independent_share(self) -> F64:
        """Share of independent ones among all co-shares so far, with removed ones; float64, by kind."""
        return (self._counts.independent + 1.0) / (self._counts.made + 1.0)

    @property
    def table(self) -> PairTable:
        """The table of pairs itself, for kernels that look pairs up."""
        return self._pairs

    @property
    def keys(self) -> U64:
        """The two account numbers of each pair, the smaller in the upper 32 bits; a view."""
        return self._pairs.key[: self.size]

    @property
    def surprise(self) -> F64:
        """Surprise of each pair when it was last tested; 0 for pairs never tested or no longer candidates. A view."""
        return self._pairs.surprise[: self.size]

    def among(self, keys: U64) -> Bools:
        """Which pairs have one of `keys` (uint64); bool, one for each pair."""
        numbers = pair_numbers(keys, self._pairs)
        among = np.zeros(self.size, np.bool_)
        among[numbers[numbers >= 0]] = True
        return among

    def numbers(self, keys: U64) -> I64:
        """The number of the pair with each key (uint64), -1 where there is none; int64."""
        return pair_numbers(keys, self._pairs)

    def accounts(self, pairs: I64 | I32) -> tuple[I32, I32]:
        """The two account numbers of each pair, the smaller first."""
        return numbers_of(self._pairs.key[pairs])

    def add(self, co_shares: StructArray) -> None:
        """Add records of `CO_SHARES`, ordered by (time, later_post). All of one post come in one call."""
        if not len(co_shares):
            return
        self._reserve(len(co_shares))
        touched = add_co_shares(co_shares, self._rows, self._pairs, self._counts, self._rules)
        if len(touched):
            self._touched.append(touched)

    def take_touched(self) -> I32:
        """Candidate pairs that gained evidence since the last call, ascending."""
        if not self._touched:
            return np.zeros(0, np.int32)
        touched = np.sort(np.concatenate(self._touched))
        self._touched = []
        self._pairs.touched[touched] = False
        # evidence that a pair had when it was touched may have aged since
        return touched[self._pairs.objects[touched] >= self._config.gate.min_objects]

    def candidates(self) -> I32:
        """All pairs with enough independent objects to be tested, ascending."""
        enough = self._pairs.objects[: self.size] >= self._config.gate.min_objects
        return np.flatnonzero(enough).astype(np.int32)

    def evaluate(self, pairs: I32, null: NullModel) -> F64:
        """Test `pairs` against chance and keep the results for `surprise`; float64, one surprise for each."""
        if self._shards == 1 or len(pairs) < WORTH_SHARING:
            return evaluate_pairs(pairs, self._rows, self._pairs, null)
        slices = np.array_split(pairs, self._shards)
        found = self._run([partial(evaluate_pairs, part, self._rows, self._pairs, null) for part in slices])
        return np.concatenate(found)

    def explained(self, validated: Bools, strata: int) -> tuple[U64, I64]:
        """The exposure that the co-shares of validated pairs explain.

        Args:
            validated: bool, one for each pair.
            strata: count of crowd strata.

        Returns:
            Keys as in `detectors.synchrony.exposure.Counters` and amounts, one for each key.
        """
        return explained_exposure(self._rows, len(self.rows), self._pairs, validated, strata)

    def slow_pairs(self, null: NullModel, left_out: Bools) -> int:
        """Count of pairs with two slow co-shares or more where activity gives few, and no more fast ones than usual.

        Pairs with more fast co-shares may be coordinated. Pairs in `left_out` (bool, one for each pair) are known to
        be.
        """
        return count_slow_pairs(self.rows, self._pairs, self.size, null, left_out)

    def profile(self, strata: int) -> F64:
        """How many fast meetings interest gives for each slow one."""
        return lag_profile(self._rows, len(self.rows), self._pairs, strata)

    def forget_posts(self, posts: I64) -> tuple[F64, I32]:
        """Remove the rows whose first co-share is of one of some posts, by their running numbers, ascending.

        What the same two accounts co-shared of the same object later leaves with the row.

        Returns:
            The surprise that pairs had which are no candidates any more, and the accounts of all pairs that lost rows.
        """
        rows = self.rows if len(posts) else self.rows[:0]
        lost = np.isin(rows["later_post"], posts) | np.isin(rows["earlier_post"], posts)
        if not lost.any():
            return np.zeros(0), np.zeros(0, np.int32)
        pairs = np.unique(rows["pair"][lost])
        keys, surprise = self._pairs.key[pairs], self._pairs.surprise[pairs]
        rows["time"][lost] = _LONG_AGO
        self._compact(_LONG_AGO + 1, _LONG_AGO + 1)
        numbers = pair_numbers(keys, self._pairs)
        held = numbers[numbers >= 0]
        enough = np.zeros(len(numbers), np.bool_)
        enough[numbers >= 0] = self._pairs.objects[held] >= self._config.gate.min_objects
        self._pairs.surprise[numbers[(numbers >= 0) & ~enough]] = 0.0
        again = numbers[enough].astype(np.int32)
        again = again[~self._pairs.touched[again]]
        self._pairs.touched[again] = True
        self._touched.append(again)
        return surprise[~enough], np.unique(np.concatenate(numbers_of(keys)))

    def age(self, now: int) -> None:
        """Remove rows that are too old at `now` (event time, seconds), and renumber the rest."""
        evidence = self._config.evidence
        day = 86_400
        oldest = now - evidence.keep_days * day if evidence.keep_days else np.iinfo(np.int64).min
        single = now - evidence.singleton_days * day if evidence.singleton_days else oldest
        self._compact(oldest, max(single, oldest))
        # pairs that are no candidates any more are not in the gate, so they must not be taken out of it again
        self.surprise[self._pairs.objects[: self.size] < self._config.gate.min_objects] = 0.0

    def make_room(self, now: int) -> None:
        """Remove rows early, pairs with one row first, when there are more than `max_pairs`; called at ticks only."""
        limit = self._config.evidence.max_pairs
        rows_before = len(self.rows)
        if rows_before <= limit:
            return
        oldest = np.iinfo(np.int64).min
        for hours in (72, 24, 6, 1, 0):
            if len(self.rows) <= limit:
                break
            self._compact(oldest, now - hours * 3_600)
        if len(self.rows) > limit:
            place = min(len(self.rows) - limit // 2, len(self.rows) - 1)
            self._compact(int(np.partition(self.rows["time"], place)[place]), now)
        self.evicted_early += rows_before - len(self.rows)

    def _reserve(self, added: int) -> None:
        rows, pairs = len(self.rows), self.size
        if rows + added > len(self._rows):
            self._rows = grown(self, "_rows", rows + added)
        self._pairs = with_room(self._pairs, pairs + added, rows + added)

    def _compact(self, oldest: int, oldest_single: int) -> None:
        rows, pairs = len(self.rows), self.size
        kept, number = mark_kept(self._rows, rows, self._pairs, pairs, oldest, oldest_single)
        count = int(number.max(initial=-1)) + 1
        if kept.all():
            return
        survivors = self._rows[:rows][kept]
        old = self._pairs
        # the next day needs about as much room, so tables keep their size unless they are nearly empty
        row_room = max(FIRST_SIZE, min(len(self._rows), 4 * len(survivors)))
        pair_room = max(FIRST_SIZE, min(len(old.key), 4 * count))
        self._rows[: len(survivors)] = survivors
        if row_room < len(self._rows):
            self._rows = self._rows[:row_room].copy()
        self._pairs = new_pairs(pair_room, row_room)
        self._counts.rows[0], self._counts.pairs[0] = len(survivors), count
        rechain(self._rows, len(survivors), old, number, self._pairs)
        renumber_index(old.slots, self._pairs.slots, number)
        renumber_index(
            old.row_index, self._pairs.row_index, np.where(kept, np.cumsum(kept) - 1, -1).astype(np.int32)
        )
        self._touched = [renamed[renamed >= 0] for renamed in (number[t] for t in self._touched)]
