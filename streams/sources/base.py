"""What every source gives: batches of canonical posts, with the rows that were set aside beside them."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Protocol

import polars as pl

from detectors.arrays.dtypes import I64
from schemas.dead_letters import DeadLetter


@dataclass(frozen=True, slots=True)
class SourceBatch:
    """Some rows of one source, in the order they came."""

    posts: pl.DataFrame
    """Columns of `detectors.post_columns.POSTS`."""
    rows: I64
    """Which of the records each post came from."""
    dead_letters: list[DeadLetter] = field(default_factory=list)
    bytes_read: int = 0
    """Bytes of the (compressed) input consumed so far, for the progress bar."""


class Source(Protocol):
    """One input, opened and recognised."""

    name: str
    """The input's name as the user gave it; `-` for standard input."""
    format: str
    """The name of its format, as `--format` takes it."""
    size: int | None
    """Bytes of the (compressed) input; None for a pipe."""
    time_ordered: bool
    """Whether this format's dumps come in time order (small disorder aside) as a rule."""

    def batches(self) -> Iterator[SourceBatch]:
        """Read once, from the beginning, with memory that does not grow with the input.

        Raises:
            schemas.errors.InputError: the input ends early or cannot be read. Batches already
                yielded hold everything that could be read before the fault.
        """
        ...
