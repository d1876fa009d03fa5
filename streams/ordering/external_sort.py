"""Sorts dumps without order by an external merge sort, so that memory does not grow with the dump.

Rows are sorted in runs that fit into memory, and runs go to temporary files. The result is one feed a run, in order of
time. The driver merges feeds by watermark, like any other sources.
"""

import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

import polars as pl

from streams.outputs.output_files import OutputError

_SLICE = 20_000
"""Most rows that a feed yields at a time."""
RECORD_BATCH = 2_000
"""Rows of a record batch in a run's file: the least that can be read at a time."""


class RunSorter:
    """Sorts the rows of sources into runs.

    Args:
        run_rows: rows held in memory at a time.
    """

    def __init__(self, run_rows: int) -> None:
        self._run_rows = run_rows
        # removed by `close`, and when the sorter is garbage
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self.runs = 0
        """Runs of all sources written to temporary files so far."""

    def feeds(self, frames: Iterable[pl.DataFrame]) -> list[Iterator[pl.DataFrame]]:
        """Read all frames of a source, and return them as feeds in order of time.

        Args:
            frames: of one source.

        Returns:
            Iterators of frames; within each, `created_at` never falls from row to row or frame to frame.

        Raises:
            OutputError: temporary files cannot be written.
        """
        feeds: list[Iterator[pl.DataFrame]] = []
        held: list[pl.DataFrame] = []
        rows = 0
        for frame in frames:
            held.append(frame)
            rows += len(frame)
            if rows >= self._run_rows:
                feeds.append(self._read(self._spill(pl.concat(held))))
                held, rows = [], 0
        if held:
            feeds.append(_slices(pl.concat(held).sort("created_at", maintain_order=True)))
        return feeds

    def close(self) -> None:
        """Remove the temporary files."""
        if self._folder is not None:
            self._folder.cleanup()
            self._folder = None

    def _spill(self, frame: pl.DataFrame) -> Path:
        try:
            if self._folder is None:
                self._folder = tempfile.TemporaryDirectory(prefix="lockstep-sort-")
            path = Path(self._folder.name) / f"run-{self.runs:05d}.arrow"
            frame.sort("created_at", maintain_order=True).write_ipc(
                path, compression="lz4", record_batch_size=RECORD_BATCH
            )
        except (OSError, pl.exceptions.ComputeError) as error:
            raise temporary_files_fault("sorting", error) from error
        self.runs += 1
        return path

    def _read(self, path: Path) -> Iterator[pl.DataFrame]:
        scan = pl.scan_ipc(path)
        # all feeds together hold about as many rows as one run did while it was sorted
        share = self._run_rows // max(self.runs, 1)
        rows = max(RECORD_BATCH, min(_SLICE, share - share % RECORD_BATCH))
        begin = 0
        while len(frame := scan.slice(begin, rows).collect()):
            yield frame
            begin += rows


def temporary_files_fault(purpose: str, error: Exception) -> OutputError:
    """The fault to raise when temporary files for `purpose` cannot be written, with what to do about it."""
    return OutputError(
        f"{tempfile.gettempdir()}: temporary files for {purpose} cannot be written: {error}. Set TMPDIR to a folder "
        "with as much free space as the unpacked dump takes."
    )


def _slices(frame: pl.DataFrame) -> Iterator[pl.DataFrame]:
    for begin in range(0, len(frame), _SLICE):
        yield frame[begin : begin + _SLICE]
