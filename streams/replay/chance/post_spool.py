"""Keeps the posts of a run in temporary files, in their order, so that copies can be made of them.

It takes what detection took, so it does not matter whether the posts came from one file or from several, compressed or
not, or from standard input. Memory holds one part at a time.
"""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType

import numpy as np
import polars as pl

from detectors.arrays.dtypes import U64
from detectors.arrays.sorted_keys import places
from detectors.post_columns import POSTS
from streams.ordering.external_sort import RECORD_BATCH, temporary_files_fault
from streams.replay.chance.repost_authors import repost_keys

_PART = 50_000
"""Rows of a file."""
_SLICE = 20_000
"""Most rows that are read at a time."""
_DAY_S = 86_400
_REPOST = "stated_author", "target"


class PostSpool:
    """The posts of a run in temporary files; they are removed at the end of a `with` block."""

    def __init__(self) -> None:
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._held: list[pl.DataFrame] = []
        self._held_rows = 0
        self._parts: list[tuple[Path, int]] = []
        """Each file, and the number of its first row."""
        self._day_starts: list[int] = []
        """Number of the first row of each day that has posts."""
        self._last_day: int | None = None
        self.rows = 0
        """Posts kept."""
        self._originals: U64 = np.zeros(0, np.uint64)
        """Keys of posts that others repeat, ascending."""
        self._authors: U64 = np.zeros(0, np.uint64)
        """Keys of their accounts."""

    def __enter__(self) -> "PostSpool":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._folder is not None:
            self._folder.cleanup()
            self._folder = None

    def add(self, posts: pl.DataFrame) -> None:
        """Keep posts.

        Args:
            posts: columns of `POSTS` and the keys of `detectors.traces.traces.keyed`, in event order, all later than
                those before.

        Raises:
            streams.outputs.output_files.OutputError: temporary files cannot be written.
        """
        days = posts["created_at"].to_numpy() // _DAY_S
        before = np.append(np.int64(days[0] - 1 if self._last_day is None else self._last_day), days[:-1])
        self._day_starts += (self.rows + np.flatnonzero(days != before)).tolist()
        self._last_day = int(days[-1])
        stated, targets = repost_keys(posts)
        keys = {"stated_author": stated, "target": targets}
        self._held.append(posts.select(*POSTS, "account_key", "post_key").with_columns(**keys))
        self._held_rows += len(posts)
        self.rows += len(posts)
        if self._held_rows >= _PART:
            self._write()

    def finish(self) -> None:
        """Write what is left, and find the authors of posts that reposts name by their ids alone.

        Raises:
            streams.outputs.output_files.OutputError: temporary files cannot be written.
        """
        self._write()
        if not self._parts:
            return
        parts = [pl.scan_ipc(path) for path, _ in self._parts]
        wanted = pl.concat(
            part.filter((pl.col("stated_author") == 0) & (pl.col("target") != 0)).select("target").unique()
            for part in parts
        ).unique()
        found = pl.concat(part.select("post_key", "account_key") for part in parts).join(
            wanted, left_on="post_key", right_on="target", how="semi"
        )
        authors = found.unique("post_key").sort("post_key").collect(engine="streaming")
        self._originals, self._authors = authors["post_key"].to_numpy(), authors["account_key"].to_numpy()

    def days(self) -> Iterator[tuple[int, int]]:
        """The numbers of the first row of each UTC day, and of the row after its last."""
        yield from zip(self._day_starts, [*self._day_starts[1:], self.rows], strict=True)

    def authors(self, begin: int, end: int) -> U64:
        """Whose posts the rows repeat: a key, or 0 for rows that repeat none, or one of an unknown author."""
        keys = pl.concat(self._slices(begin, end, _REPOST), rechunk=True)
        stated, targets = keys["stated_author"].to_numpy(), keys["target"].to_numpy()
        at, known = places(self._originals, targets)
        found = np.zeros(len(targets), np.uint64)
        found[known] = self._authors[at[known]]
        return np.where(stated != 0, stated, found)

    def accounts(self, begin: int, end: int, columns: tuple[str, ...]) -> pl.DataFrame:
        """What the rows say about their accounts: `columns`, and `account_key`."""
        return pl.concat(self._slices(begin, end, (*columns, "account_key")), rechunk=True)

    def posts(self, begin: int, end: int) -> Iterator[pl.DataFrame]:
        """The rows with the columns of `POSTS`, a slice at a time."""
        yield from self._slices(begin, end, tuple(POSTS))

    def _slices(self, begin: int, end: int, columns: tuple[str, ...]) -> Iterator[pl.DataFrame]:
        ends = [first for _, first in self._parts[1:]] + [self.rows]
        for (path, first), after in zip(self._parts, ends, strict=True):
            for start in range(max(begin, first), min(end, after), _SLICE):
                length = min(_SLICE, end - start, after - start)
                yield pl.scan_ipc(path).slice(start - first, length).select(columns).collect()

    def _write(self) -> None:
        if not self._held:
            return
        try:
            if self._folder is None:
                self._folder = tempfile.TemporaryDirectory(prefix="lockstep-copies-")
            path = Path(self._folder.name) / f"part-{len(self._parts):05d}.arrow"
            frame = pl.concat(self._held)
            frame.write_ipc(path, compression="lz4", record_batch_size=RECORD_BATCH)
        except (OSError, pl.exceptions.ComputeError) as error:
            raise temporary_files_fault("copies of the posts", error) from error
        self._parts.append((path, self.rows - self._held_rows))
        self._held, self._held_rows = [], 0
