"""The part that all JSON formats share."""

from collections.abc import Iterator, Mapping

import polars as pl

from streams.sources.files.compressed import Block
from streams.sources.files.json_records import json_records
from streams.sources.files.json_rows import decode_objects
from streams.sources.files.json_sample import Framing
from streams.sources.files.records import RECORD_LIMIT, Records
from streams.sources.screening import Decoded

ROW = "_row"
"""Column of the frames below: the record that each row came from."""

PAGE_LIMIT = 32 << 20
"""Bytes of the longest page of posts that is decoded. A page of 500 posts with their authors has 2 to 5 MB."""


class JsonFormat:
    """A format sets `name`, `about`, `schema` and maybe `limit`, and implements `fits` and `posts`.

    Objects may come one a line, over several lines, in an array, or in an array inside something else.
    """

    name: str
    about: str
    """What it is, in a few words."""
    time_ordered = False
    schema: pl.Struct
    """The fields to read. Anything that may be a number or a text is text."""
    limit = RECORD_LIMIT
    """Bytes of the longest record."""

    def __init__(self, framing: Framing) -> None:
        self.framing = framing

    @classmethod
    def fits(cls, record: Mapping[str, object]) -> bool:
        """Whether an object looks like a record of this format."""
        raise NotImplementedError

    def records(self, blocks: Iterator[Block], source: str) -> Iterator[Records]:
        """Cut the input into records."""
        return json_records(blocks, source, self.framing, self.limit)

    def decode(self, records: Records) -> Decoded:
        """Decode records, all fields at once."""
        # records that need no mending are read faster
        mends = type(self).mended is not JsonFormat.mended
        frame, rows = decode_objects(records, self.schema, self.mended if mends else None)
        return self.posts(frame.with_columns(pl.Series(ROW, rows)))

    def mended(self, lines: pl.Series) -> pl.Series:
        """Change the text of records before they are decoded, where a field may have several types."""
        return lines

    def posts(self, frame: pl.DataFrame) -> Decoded:
        """Make posts from a frame with the fields of `schema` and `ROW`."""
        raise NotImplementedError


def decoded(posts: pl.DataFrame, when: str = "when", kind: str | None = None, row: str = ROW) -> Decoded:
    """Take posts apart that a format has put into one frame, with their times and records beside them.

    Args:
        posts: columns of `detectors.post_columns.POSTS`, `when`, `row` and maybe `kind`.
        when: column of the times as text.
        kind: column that names what a row is if it is no post, and is null if it is one.
        row: column of the record that each row came from.
    """
    others: dict[str, int] = {}
    if kind is not None:
        counts = posts.filter(pl.col(kind).is_not_null()).group_by(kind).len().sort(kind)
        others = dict(counts.iter_rows())
        posts = posts.filter(pl.col(kind).is_null()).drop(kind)
    return Decoded(posts.drop(when, row), posts[when], posts[row].to_numpy(), others)
