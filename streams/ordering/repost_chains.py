"""Reposts of reposts: each counts as a repost of the original, so that all who pass one post on share one object."""

from typing import Annotated, ClassVar

import numpy as np
import polars as pl

from detectors.arrays.compiled import compiled
from detectors.arrays.dtypes import I64, U64
from detectors.arrays.growing import grown
from detectors.arrays.hash_index import is_full, roomy, tagged, tagged_place, tagged_row
from detectors.arrays.hashing import hash_strings, mix
from detectors.traces.traces import POST_KEYS

_MOST_STEPS = 16
"""Reposts in a chain that are followed. Chosen, not measured; it also ends circles."""
_FIRST_SIZE = 1 << 10
"""Reposts that there is room for at first."""
_MOST_CHUNKS = 64
"""Pieces of the column of names; when there are more, they become one. Chosen, not measured."""
_NAMES = {"name": pl.String}


class RepostChains:
    """Remembers what recent reposts repost.

    Args:
        most: reposts remembered, at 50 bytes each and the id of the original where it is longer than 12 bytes; the
            older half leaves when there are more.
    """

    not_state: ClassVar[frozenset[str]] = frozenset({"_most"})
    _names: Annotated[pl.DataFrame, _NAMES]
    """The id of what each repost reposts, in order of arrival."""

    def __init__(self, most: int = 1 << 20) -> None:
        self._most = most
        self._count = 0
        """Reposts held."""
        self._own = np.zeros(_FIRST_SIZE, np.uint64)
        """Key of each repost, hashed with its platform."""
        self._target = np.zeros(_FIRST_SIZE, np.uint64)
        """Key of what it reposts."""
        self._index = np.zeros(roomy(_FIRST_SIZE, 1), np.uint64)
        """Tagged row numbers (`detectors.arrays.hash_index`): the latest row of each repost."""
        self._names = pl.DataFrame(schema=_NAMES)

    def follow(self, posts: pl.DataFrame) -> pl.DataFrame:
        """Let every repost name the original.

        Args:
            posts: in event order, with the columns platform, post_id and repost_of.

        Returns:
            The same posts; repost_of is another where it named a repost seen so far.
        """
        is_repost = pl.col("repost_of").is_not_null()
        reposts = posts.filter(is_repost).select(
            own=pl.concat_str("platform", pl.lit(":"), "post_id"),
            target=pl.concat_str("platform", pl.lit(":"), "repost_of"),
            name="repost_of",
        )
        if not len(reposts):
            return posts
        targets = hash_strings(reposts["target"], POST_KEYS)
        self._enter(hash_strings(reposts["own"], POST_KEYS), targets, reposts.select("name"))
        last = _last_rows(targets, self._own, self._target, self._index, _MOST_STEPS)
        further = np.flatnonzero(last >= 0)
        names = self._names["name"].gather(last[further])
        if self._count > self._most:
            self._forget(self._most // 2)
        if not len(further):
            return posts
        rows = posts.select(is_repost.arg_true()).to_series()
        return posts.with_columns(posts["repost_of"].scatter(rows.gather(further), names))

    def _enter(self, own: U64, targets: U64, names: pl.DataFrame) -> None:
        begin, end = self._count, self._count + len(own)
        if end > len(self._own):
            self._own, self._target = grown(self, "_own", end), grown(self, "_target", end)
        self._own[begin:end], self._target[begin:end] = own, targets
        self._names = self._names.vstack(names)
        if self._names.n_chunks() > _MOST_CHUNKS:
            self._names = self._names.rechunk()
        self._count = end
        if is_full(len(self._index), end):
            self._reindex()
        else:
            _enter_rows(begin, end, self._own, self._index)

    def _forget(self, rows: int) -> None:
        self._own, self._target = (
            self._own[rows : self._count].copy(),
            self._target[rows : self._count].copy(),
        )
        self._names = self._names[rows:].rechunk()
        self._count -= rows
        self._reindex()

    def _reindex(self) -> None:
        self._index = np.zeros(roomy(self._count, _FIRST_SIZE), np.uint64)
        _enter_rows(0, self._count, self._own, self._index)


@compiled
def _enter_rows(begin: int, end: int, own: U64, index: U64) -> None:
    """Let the index know rows, each in place of an earlier one of the same repost."""
    for row in range(begin, end):
        hashed = mix(own[row])
        index[tagged_place(index, own, own[row], hashed)] = tagged(hashed, row)


@compiled
def _last_rows(targets: U64, own: U64, target: U64, index: U64, most_steps: int) -> I64:
    """The row whose target is what each of `targets` is in the end a repost of; -1 where it is no repost. int64."""
    last = np.full(len(targets), -1, np.int64)
    for number in range(len(targets)):
        key = targets[number]
        for _ in range(most_steps):
            row = tagged_row(index[tagged_place(index, own, key, mix(key))])
            if row < 0 or target[row] == key:
                break
            last[number] = row
            key = target[row]
    return last
