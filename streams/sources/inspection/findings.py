"""What the beginning of an input holds, as posts."""

import itertools
from collections import Counter
from dataclasses import dataclass, field

import polars as pl

from detectors.post_columns import POSTS, parted
from schemas.dead_letters import DeadLetter, Reason
from schemas.errors import InputError
from streams.sources.base import Source
from streams.sources.formats.catalogue import EVIDENCE

LOOKED_AT = 50_000
"""Rows of the beginning that are looked at. Enough for shares to a percent, and read in a second or two."""


@dataclass
class Findings:
    """What was found."""

    posts: pl.DataFrame
    """Columns of `detectors.post_columns.POSTS`."""
    rejected: Counter[Reason] = field(default_factory=Counter)
    examples: dict[Reason, DeadLetter] = field(default_factory=dict)
    others: Counter[str] = field(default_factory=Counter)
    """What is no post, such as likes."""
    whole: bool = True
    """Whether this is all of the input."""
    fault: InputError | None = None

    def share(self, what: str) -> float:
        """Share of the posts that have one of `EVIDENCE`."""
        has = [_has(name) for name in EVIDENCE[what]]
        return float(self.posts.select(pl.any_horizontal(has).mean()).item() or 0) if len(self.posts) else 0.0


def look(source: Source) -> Findings:
    """Read the beginning of an input."""
    frames = [pl.DataFrame(schema=POSTS)]
    found = Findings(frames[0])
    batches = source.batches()
    rows = 0
    try:
        for batch in batches:
            frames.append(batch.posts)
            found.others.update(batch.others)
            for letter in batch.dead_letters:
                found.rejected[letter.reason] += 1
                found.examples.setdefault(letter.reason, letter)
            rows += len(batch.posts) + len(batch.dead_letters) + sum(batch.others.values())
            if rows >= LOOKED_AT:
                found.whole = not any(len(more.posts) for more in itertools.islice(batches, 1))
                break
    except InputError as fault:
        found.fault = fault
    found.posts, _ = parted(pl.concat(frames))
    return found


def _has(name: str) -> pl.Expr:
    column = pl.col(name)
    if isinstance(POSTS[name], pl.List):
        return (column.list.len() > 0).fill_null(value=False)
    if name == "text":
        return (column.str.strip_chars() != "").fill_null(value=False)
    return column.is_not_null()
