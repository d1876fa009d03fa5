"""Dumps without order: an external merge sort, so that memory does not grow with the dump.

Rows are sorted in runs that fit in memory; runs go to temporary files. What comes out are feeds, each in order of time:
the driver merges them by watermark as it merges any other sources, so there is no second merge here.
"""

import tempfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import polars as pl

from streams.sources import SourceBatch

_SLICE = 20_000


class RunSorter:
    """Sorts the batches of one source into runs.

    Args:
        run_rows: rows held in memory at a time.
    """

    def __init__(self, run_rows: int) -> None:
        self._run_rows = run_rows
        # removed when the sorter is: on every way out of the run
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._runs = 0

    def feeds(
        self, batches: Iterable[SourceBatch], seen: Callable[[SourceBatch], None]
    ) -> list[Iterator[pl.DataFrame]]:
        """Read everything, and give it back as feeds in order of time.

        Args:
            batches: of one source.
            seen: called with each batch as it is read, for its dead letters and the progress.

        Returns:
            Iterators of frames, each never falling in `created_at` from row to row and frame to frame.
        """
        feeds: list[Iterator[pl.DataFrame]] = []
        held: list[pl.DataFrame] = []
        rows = 0
        for batch in batches:
            seen(batch)
            held.append(batch.posts)
            rows += len(batch.posts)
            if rows >= self._run_rows:
                feeds.append(self._spill(pl.concat(held)))
                held, rows = [], 0
        if held:
            feeds.append(_slices(pl.concat(held).sort("created_at", maintain_order=True)))
        return feeds

    def close(self) -> None:
        """Remove the temporary files."""
        if self._folder is not None:
            self._folder.cleanup()
            self._folder = None

    def _spill(self, frame: pl.DataFrame) -> Iterator[pl.DataFrame]:
        if self._folder is None:
            self._folder = tempfile.TemporaryDirectory(prefix="lockstep-sort-")
        path = Path(self._folder.name) / f"run-{self._runs:05d}.arrow"
        self._runs += 1
        frame.sort("created_at", maintain_order=True).write_ipc(
            path, compression="lz4", record_batch_size=_SLICE
        )
        return _read_run(path)


def _slices(frame: pl.DataFrame) -> Iterator[pl.DataFrame]:
    for begin in range(0, len(frame), _SLICE):
        yield frame[begin : begin + _SLICE]


def _read_run(path: Path) -> Iterator[pl.DataFrame]:
    scan = pl.scan_ipc(path)
    begin = 0
    while len(frame := scan.slice(begin, _SLICE).collect()):
        yield frame
        begin += _SLICE
