"""Inputs written for a test, and everything that reading one gave."""

import gzip
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from detectors.post_columns import POSTS
from schemas.dead_letters import DeadLetter
from schemas.errors import InputError
from streams.sources import open_source

NOW = 1_700_000_000.0  # 2023-11-14


@dataclass
class Taken:
    """What reading one input to its end gave."""

    posts: pl.DataFrame
    dead: list[DeadLetter]
    format: str
    time_ordered: bool
    size: int | None
    others: dict[str, int] = field(default_factory=dict)
    bytes_read: int = 0
    fault: InputError | None = None
    rows: list[dict[str, Any]] = field(default_factory=list)

    @property
    def reasons(self) -> list[str]:
        return [letter.reason.value for letter in self.dead]

    @property
    def positions(self) -> list[int]:
        return [letter.position for letter in self.dead]


Take = Callable[..., Taken]


def take_all(path: str, **options: Any) -> Taken:
    source = open_source(path, now=lambda: NOW, **options)
    frames, dead, bytes_read, fault = [pl.DataFrame(schema=POSTS)], [], 0, None
    others: Counter[str] = Counter()
    try:
        for batch in source.batches():
            assert batch.posts.schema == pl.Schema(POSTS)
            frames.append(batch.posts)
            dead += batch.dead_letters
            others.update(batch.others)
            bytes_read = batch.bytes_read
    except InputError as error:
        fault = error
    posts = pl.concat(frames)
    return Taken(
        posts,
        dead,
        source.format,
        source.time_ordered,
        source.size,
        dict(others),
        bytes_read,
        fault,
        posts.to_dicts(),
    )


@pytest.fixture
def take(tmp_path: Path) -> Iterator[Take]:
    """Write bytes or text to a file and read it as a source."""
    numbers = iter(range(1_000_000))

    def write_and_take(content: bytes | str, *, zipped: bool = False, **options: Any) -> Taken:
        data = content.encode() if isinstance(content, str) else content
        path = tmp_path / f"input{next(numbers)}"
        path.write_bytes(gzip.compress(data) if zipped else data)
        return take_all(str(path), **options)

    yield write_and_take
