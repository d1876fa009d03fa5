"""Samples of co-shares: the posts and objects behind the evidence, for people to check.

Kernels know posts and objects by number; this store has their ids and labels. It keeps all recent posts, since each
may still become evidence. Of older posts it keeps those that a co-share in the evidence refers to.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
import polars as pl

from detectors.arrays.dtypes import I32, I64, Bools, StructArray
from detectors.traces.traces import Traces

_POSTS = {
    "post": pl.Int64,
    "time": pl.Int64,
    "account": pl.Int32,
    "post_id": pl.String,
    "key": pl.UInt64,  # of the post
    "lang": pl.String,
}
_MOST_CHUNKS = 8
"""Most settled chunks; when there are more, they are joined into one. Bounds the look-ups; not measured."""
_OBJECTS = {"post": pl.Int64, "object": pl.UInt64, "label": pl.String}


@dataclass(slots=True)
class _Chunk:
    """A run of posts with their objects. It is settled once the posts that no co-share refers to are removed."""

    posts: Annotated[pl.DataFrame, _POSTS]
    objects: Annotated[pl.DataFrame, _OBJECTS]
    newest: int
    settled: bool = False


class CoShareSamples:
    """Posts and objects by number.

    Args:
        wait_s: seconds of event time after which a post that no co-share refers to can be removed.
    """

    not_state: ClassVar[frozenset[str]] = frozenset({"_wait_s"})
    _chunks: list[_Chunk]

    def __init__(self, wait_s: int) -> None:
        self._wait_s = wait_s
        self._chunks = []
        self._referred: Bools = np.zeros(1024, np.bool_)
        self._referred_from = 0  # the post of its first place; older posts are settled
        self.posts = 0
        """Count of posts added so far, which is also the running number of the next post."""

    def add(self, traces: Traces, accounts: I32) -> I64:
        """Keep the posts of a batch; returns their running numbers (int64)."""
        numbers = np.arange(self.posts, self.posts + len(traces.times), dtype=np.int64)
        self.posts += len(numbers)
        if not len(numbers):
            return numbers
        posts = traces.posts.select(
            pl.Series("post", numbers),
            pl.Series("time", traces.times),
            pl.Series("account", accounts),
            "post_id",
            pl.Series("key", traces.post_keys),
            "lang",
        )
        objects = pl.DataFrame(
            [
                pl.Series("post", numbers[traces.share_post]),
                pl.Series("object", traces.share_object, pl.UInt64),
                traces.labels.alias("label"),
            ]
        )
        self._chunks.append(_Chunk(posts, objects, int(traces.times[-1])))
        return numbers

    def mark_referenced(self, co_shares: StructArray) -> None:
        """Note the posts that new co-shares refer to."""
        self._make_room()
        for side in ("later_post", "earlier_post"):
            places = co_shares[side] - self._referred_from
            self._referred[places[places >= 0]] = True

    def settle(self, now: int) -> None:
        """Remove posts that no co-share refers to or will refer to, at event time `now` (seconds)."""
        ready = [c for c in self._chunks if not c.settled and c.newest < now - self._wait_s]
        if not ready:
            return
        self._make_room()  # nothing was marked since posts came, if they shared nothing
        for chunk in ready:
            posts = chunk.posts["post"].to_numpy()
            self._keep(chunk, posts[self._referred[posts - self._referred_from]])
            chunk.settled = True
        settled = [c for c in self._chunks if c.settled]
        if len(settled) > _MOST_CHUNKS:
            self._join(settled)
        unsettled = [c for c in self._chunks if not c.settled]
        oldest = int(unsettled[0].posts["post"][0]) if unsettled else self.posts
        self._referred = self._referred[oldest - self._referred_from :].copy()
        self._referred_from = oldest

    def _make_room(self) -> None:
        """Let every post have a mark."""
        needed = self.posts - self._referred_from
        if needed > len(self._referred):
            wider = np.zeros(max(needed, 2 * len(self._referred)), np.bool_)
            wider[: len(self._referred)] = self._referred
            self._referred = wider

    def take_out(self, column: str, values: pl.Series) -> tuple[I64, I32, I64]:
        """Remove the posts that have one of `values` in a column of the store.

        Returns:
            Their running numbers, ascending; account and time (seconds) of each.
        """
        found = [pl.DataFrame(schema=_POSTS)]
        wanted = values.implode()
        for chunk in self._chunks:
            hit = chunk.posts.select(pl.col(column).is_in(wanted)).to_series()
            if hit.any():
                found.append(chunk.posts.filter(hit))
                numbers = found[-1]["post"].to_numpy()
                chunk.posts = chunk.posts.filter(~hit)
                chunk.objects = chunk.objects.filter(~_among(chunk.objects["post"].to_numpy(), numbers))
        self._chunks = [chunk for chunk in self._chunks if len(chunk.posts)]
        taken = pl.concat(found)
        return taken["post"].to_numpy(), taken["account"].to_numpy(), taken["time"].to_numpy()

    @property
    def unsettled_from(self) -> int:
        """A running number below which all posts have settled: no co-share will refer to them for the first time."""
        return self._referred_from

    def age(self, rows: StructArray) -> None:
        """Remove settled posts that no row of the pair evidence refers to any more."""
        referred = np.unique(np.concatenate([rows["later_post"], rows["earlier_post"]]).astype(np.int64))
        settled = [c for c in self._chunks if c.settled]
        for chunk in settled:
            self._keep(chunk, referred)
        self._join(settled)

    def _join(self, settled: list[_Chunk]) -> None:
        """Join the settled chunks into one; they come before the others."""
        filled = [c for c in settled if len(c.posts)]
        if len(filled) > 1:
            posts = pl.concat([c.posts for c in filled], rechunk=True)
            objects = pl.concat([c.objects for c in filled], rechunk=True)
            filled = [_Chunk(posts, objects, filled[-1].newest, settled=True)]
        self._chunks = filled + [c for c in self._chunks if not c.settled]

    def lookup(self, posts: I64) -> tuple[I64, I64, I32, Counter[str]]:
        """The posts with the given running numbers, ordered by number.

        Returns:
            Number, time (seconds) and account of each, and the count of posts in each known language.
        """
        matches = list(_places([c.posts for c in self._chunks], posts))
        if not matches:
            return np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0, np.int32), Counter()
        number, time, account = (
            np.concatenate([frame[name].to_numpy()[rows] for frame, rows in matches])
            for name in ("post", "time", "account")
        )
        languages = pl.concat([frame[["lang"]][rows] for frame, rows in matches])["lang"]
        return number, time, account, Counter(languages.drop_nulls().to_list())

    def post_ids(self, posts: I64) -> dict[int, str]:
        """The post id of each of the given running numbers."""
        id_of_post = _gather([c.posts for c in self._chunks], posts, ["post", "post_id"], _POSTS)
        return dict(zip(id_of_post["post"].to_list(), id_of_post["post_id"].to_list(), strict=True))

    def labels(self, posts: I64) -> pl.DataFrame:
        """The objects of the posts with the given running numbers: columns post, object, label."""
        return _gather([c.objects for c in self._chunks], posts, list(_OBJECTS), _OBJECTS)

    @staticmethod
    def _keep(chunk: _Chunk, referred: I64) -> None:
        if not len(chunk.posts):
            return
        if not len(referred):
            chunk.posts, chunk.objects = chunk.posts.clear(), chunk.objects.clear()
            return
        chunk.posts = chunk.posts.filter(_among(chunk.posts["post"].to_numpy(), referred))
        chunk.objects = chunk.objects.filter(_among(chunk.objects["post"].to_numpy(), referred))


def _among(values: I64, wanted: I64) -> pl.Series:
    """Whether each of `values` is in `wanted`, which is ascending; one boolean for each value."""
    if not len(wanted):
        return pl.Series(np.zeros(len(values), np.bool_))
    place = np.minimum(np.searchsorted(wanted, values), len(wanted) - 1)
    return pl.Series(wanted[place] == values)


def _gather(
    frames: list[pl.DataFrame], posts: I64, columns: list[str], schema: dict[str, type[pl.DataType]]
) -> pl.DataFrame:
    """Columns of the rows whose `post` is one of `posts`; frames as for `_places`."""
    parts = [frame[columns][rows] for frame, rows in _places(frames, posts)]
    return pl.concat(parts) if parts else pl.DataFrame(schema={name: schema[name] for name in columns})


def _places(frames: list[pl.DataFrame], posts: I64) -> Iterator[tuple[pl.DataFrame, I64]]:
    """The rows of each frame whose `post` is one of `posts`; all frames together are ascending by `post`."""
    wanted = np.unique(posts)
    for frame in frames:
        if not len(frame):
            continue
        numbers = frame["post"].to_numpy()
        inside = wanted[
            np.searchsorted(wanted, numbers[0]) : np.searchsorted(wanted, numbers[-1], side="right")
        ]
        if len(inside):
            begin, end = np.searchsorted(numbers, inside), np.searchsorted(numbers, inside, side="right")
            counts = end - begin
            yield frame, np.repeat(begin - np.cumsum(counts) + counts, counts) + np.arange(int(counts.sum()))
