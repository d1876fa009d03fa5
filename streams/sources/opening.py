"""Turns the paths a user gives into sources to read."""

import glob
import os
import time
from collections.abc import Callable, Iterator, Sequence

from schemas.errors import InputError
from streams.sources.base import Source, SourceBatch
from streams.sources.detect import HEAD_SIZE, detect
from streams.sources.files.compressed import BLOCK_SIZE, ByteInput
from streams.sources.files.encodings import Readable
from streams.sources.formats.format import Format
from streams.sources.formats.tables.column_mapping import ColumnMapping
from streams.sources.screening import screen


def open_source(
    path: str,
    *,
    format: str | None = None,
    mapping: ColumnMapping | None = None,
    encoding: str | None = None,
    block_size: int = BLOCK_SIZE,
    now: Callable[[], float] = time.time,
) -> Source:
    """Recognise the format of an input and open it; `-` is standard input.

    Args:
        path: a file, plain or compressed, or `-`.
        format: one of `FORMATS`, to override the detection.
        mapping: which column holds what, for a CSV in no known format.
        encoding: of the text, as Python names it; None: UTF-8, or UTF-16 or UTF-32 where the first bytes show it.
        block_size: decompressed bytes decoded at a time. The resulting posts do not depend on it.
        now: seconds since 1970 UTC; posts later than a day from now are set aside.

    Raises:
        InputError: the input is missing, empty, a directory, or not permitted to be read.
        FormatError: no known format fits, or columns are missing.
        UsageError: `format` is unknown, or is `mapped` without a mapping.
    """
    stream = ByteInput(path)
    readable = Readable(stream.peek(HEAD_SIZE), encoding)
    if not readable.head.strip():
        raise InputError(f"{stream.name}: is empty. Check that its export or download has finished.")
    return _FileSource(
        path, stream, readable, detect(readable.head, stream.name, format, mapping), block_size, now
    )


def expand_inputs(patterns: Sequence[str]) -> list[str]:
    """Return the inputs that the patterns name, each once; globs are expanded and sorted, `-` stays.

    Raises:
        InputError: a file is missing, or a glob matches none.
    """
    inputs: dict[str, None] = {}
    for pattern in patterns:
        if pattern == "-" or os.path.exists(pattern):  # a file may have brackets in its name
            inputs[pattern] = None
            continue
        matches = sorted(glob.glob(pattern, recursive=True)) if glob.has_magic(pattern) else []
        if not matches:
            what = "no file matches" if glob.has_magic(pattern) else "no such file"
            raise InputError(f"{pattern}: {what}. Check the path.")
        inputs.update(dict.fromkeys(matches))
    return list(inputs)


class _FileSource:
    """One input in one format."""

    def __init__(
        self,
        name: str,
        stream: ByteInput,
        readable: Readable,
        format: Format,
        block_size: int,
        now: Callable[[], float],
    ) -> None:
        self.name = name
        self.format = format.name
        self.size = stream.size
        self.time_ordered = format.time_ordered
        self._stream = stream
        self._readable = readable
        self._format = format
        self._block_size = block_size
        self._now = now

    def batches(self) -> Iterator[SourceBatch]:
        """Read the input once, from the beginning; see `Source.batches`."""
        blocks = self._readable.blocks(self._stream.blocks(self._block_size))
        for records in self._format.records(blocks, self.name):
            if len(records) or records.dead_letters:
                yield screen(self._format.decode(records), records, self._now)
