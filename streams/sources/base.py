"""The interface of a source: batches of canonical posts, with dead letters for the rows that cannot be used."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol

import polars as pl

from detectors.arrays.dtypes import I64
from schemas.dead_letters import DeadLetter


@dataclass(frozen=True, slots=True)
class SourceBatch:
    """Consecutive rows of one source, in the order of the file."""

    posts: pl.DataFrame
    """Columns of `detectors.post_columns.POSTS`; reports of deletions among them."""
    rows: I64
    """The record that each post came from, as a row of the batch's records."""
    dead_letters: list[DeadLetter] = field(default_factory=list)
    bytes_read: int = 0
    """Bytes of the (compressed) input consumed so far, for the progress bar."""
    others: Mapping[str, int] = field(default_factory=dict)
    """What the input holds that is no post, such as likes and reports of deletions: how many of each in this batch."""
    rounded_references: int = 0
    """Count of ids of other posts that were left out because they are rounded."""


class Source(Protocol):
    """One opened input whose format is known."""

    name: str
    """The input's name as the user gave it; `-` for standard input."""
    format: str
    """The name of its format, as `--format` takes it."""
    size: int | None
    """Bytes of the (compressed) input; None for a pipe."""
    time_ordered: bool
    """Whether dumps of this format are usually in time order, apart from small disorder."""

    def batches(self) -> Iterator[SourceBatch]:
        """Read the input once, from the beginning; memory does not grow with the input.

        Raises:
            schemas.errors.InputError: the input ends early or cannot be read. The batches yielded before that
                hold everything that could be read.
        """
        ...
