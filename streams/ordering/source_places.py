"""How far an input was read, so that a later run can go on behind that place.

Places are counts of rows, not of bytes: an input may be compressed, and blocks of another size cut it elsewhere.
"""

from collections import Counter
from collections.abc import Iterator

import msgspec
import polars as pl

from streams.sources import SourceBatch


class SourcePlace(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """How far one input was read."""

    ordered: bool
    """Whether it is read in its own order; otherwise it is sorted as a whole."""
    posts: int = 0
    """Posts taken from it, in the order of the file."""
    letters: int = 0
    """Its dead letters that were counted."""
    others: dict[str, int] = msgspec.field(default_factory=dict)
    """What it holds that is no post: how many of each were counted."""
    rounded: int = 0
    """Rounded references to other posts that were counted."""
    parts: list[int] = msgspec.field(default_factory=list)
    """Of a sorted input: its posts at the end of each time that it was read. It may have grown in between; each part is
    sorted by itself."""
    feeds: dict[str, int] = msgspec.field(default_factory=dict)
    """Of a sorted input: rows taken of each of its sorted feeds."""
    latest: float = 0.0
    """Of an input in its own order that has ended: the watermark of its last row."""
    ended: bool = False
    """Whether it was read to its end."""
    fault: str | None = None
    """Why it ended early."""


class Unread:
    """What is left of the batches of an input behind a place.

    Args:
        place: where the input was left.
    """

    def __init__(self, place: SourcePlace) -> None:
        self._posts = place.posts
        self._letters = place.letters
        self._rounded = place.rounded
        self._others = Counter(place.others)

    @property
    def reached(self) -> bool:
        """Whether all posts before the place have passed."""
        return not self._posts

    def of(self, batch: SourceBatch) -> SourceBatch:
        """The part of the next batch that was not read before."""
        if not (self._posts or self._letters or self._rounded or self._others):
            return batch
        posts, letters = min(self._posts, len(batch.posts)), min(self._letters, len(batch.dead_letters))
        rounded = min(self._rounded, batch.rounded_references)
        others = Counter({kind: min(count, self._others[kind]) for kind, count in batch.others.items()})
        self._posts -= posts
        self._letters -= letters
        self._rounded -= rounded
        self._others -= others
        return SourceBatch(
            batch.posts[posts:],
            batch.rows[posts:],
            sorted(batch.dead_letters, key=lambda letter: letter.position)[letters:],
            batch.bytes_read,
            dict(Counter(batch.others) - others),
            batch.rounded_references - rounded,
        )


class RowStream:
    """Rows of frames, taken a number at a time.

    Args:
        frames: in their order.
    """

    def __init__(self, frames: Iterator[pl.DataFrame]) -> None:
        self._frames = frames
        self._left: pl.DataFrame | None = None

    def take(self, rows: int | None) -> Iterator[pl.DataFrame]:
        """The next rows, as frames; None: all that are left."""
        while rows is None or rows > 0:
            frame = self._left if self._left is not None else next(self._frames, None)
            self._left = None
            if frame is None:
                return
            if rows is not None:
                if len(frame) > rows:
                    self._left = frame[rows:]
                    frame = frame[:rows]
                rows -= len(frame)
            yield frame
