"""Sorting dumps that do not fit in memory: complete, in order, and nothing left behind."""

import random
import tempfile
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import polars as pl
import pytest

from streams.ordering.external_sort import RunSorter
from streams.outputs.output_files import OutputError


def frames(times: list[int], size: int) -> Iterator[pl.DataFrame]:
    for begin in range(0, len(times), size):
        part = times[begin : begin + size]
        yield pl.DataFrame({"created_at": part, "row": range(begin, begin + len(part))})


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


@pytest.mark.parametrize(("rows", "runs"), [(0, 0), (999, 0), (1_000, 1), (10_500, 10)])
def test_every_row_comes_back_in_runs_in_order(rows: int, runs: int, temporary: Path) -> None:
    rng = random.Random(rows)  # noqa: S311 - repeatable, not secret
    times = [rng.randrange(1_000) for _ in range(rows)]
    sorter = RunSorter(1_000)
    feeds = sorter.feeds(frames(times, 250))
    assert sorter.runs == runs
    assert len(list(temporary.rglob("*.arrow"))) == runs
    seen = []
    for feed in feeds:
        run = [row for frame in feed for row in frame.iter_rows()]
        assert all(one[0] <= other[0] for one, other in pairwise(run))
        # equals stay in the order in which they came
        assert all(one[1] < other[1] for one, other in pairwise(run) if one[0] == other[0])
        seen += run
    assert sorted(seen, key=lambda row: row[1]) == [(at, row) for row, at in enumerate(times)]
    sorter.close()
    assert list(temporary.iterdir()) == []


def test_many_runs_together_hold_no_more_than_one_did(temporary: Path) -> None:
    sorter = RunSorter(10_000)
    feeds = sorter.feeds(frames(list(range(60_000, 0, -1)), 5_000))
    assert len(feeds) == 6
    assert sum(len(next(feed)) for feed in feeds) <= 12_000
    sorter.close()


def test_two_sources_share_one_folder(temporary: Path) -> None:
    sorter = RunSorter(10)
    one = sorter.feeds(frames(list(range(20)), 10))
    other = sorter.feeds(frames(list(range(20, 40)), 10))
    rows = [at for feed in (*one, *other) for frame in feed for at in frame["created_at"]]
    assert sorted(rows) == list(range(40))
    assert len(list(temporary.iterdir())) == 1
    sorter.close()


def test_when_there_is_no_room_then_it_says_where_to_find_some(
    temporary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(temporary / "absent"))
    with pytest.raises(OutputError, match="TMPDIR"):
        RunSorter(10).feeds(frames(list(range(20)), 10))
