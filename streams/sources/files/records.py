"""Cuts blocks of bytes into whole records, whatever the size of the blocks.

Cutting is the same for every format, except for the `Scanner`, which finds where records begin and end. This module
handles the rest of a block that belongs to the next record, oversized records, bytes that are not UTF-8, and the
numbers of records.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import polars as pl

from detectors.arrays.dtypes import I64, U8, Bools
from schemas.dead_letters import RAW_LIMIT, DeadLetter, Reason
from schemas.errors import InputError
from streams.sources.files.compressed import Block

RECORD_LIMIT = 1 << 20
"""Bytes of the longest record that is decoded. A post has a few hundred bytes."""


@dataclass(frozen=True, slots=True)
class Scan:
    """Where the records of a buffer are; blank lines are not records."""

    starts: I64
    ends: I64
    """One past the last byte of each record, without its line end."""
    verdicts: U8
    """0: can be decoded; `OVERSIZED`; any other value: a fault that the scanner explains."""
    consumed: int
    """Bytes that belong to these records; what follows belongs to a record that is not complete yet."""
    overlong: bool
    """The rest is already longer than a record may be: drop it up to its line end."""
    data: bytes | None = None
    """The bytes that `starts` and `ends` count in, if they are not those of the buffer."""
    lengths: Mapping[int, int] = field(default_factory=dict)
    """Bytes of records that are not here whole, by row."""


OVERSIZED = 255

Scanner = Callable[[bytes, bool], Scan]
"""Scans a buffer that begins with a record; the flag is true if no more bytes follow."""


@dataclass(slots=True)
class Records:
    """Whole records of an input, ready to decode, with dead letters for the others."""

    source: str
    data: bytes
    """The records, one after the other, with one line end between them."""
    starts: I64
    ends: I64
    numbers: I64
    """The number of each record in its input, from 1; dead letters count too."""
    verdicts: U8
    bytes_read: int
    dead_letters: list[DeadLetter] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.starts)

    def raw(self, row: int) -> bytes:
        """Return the bytes of one record."""
        return self.data[self.starts[row] : self.ends[row]]

    def picked(self, rows: I64) -> "Records":
        """Some of the records, by ascending row; they share the list of dead letters with the others."""
        keep = np.zeros(len(self), np.bool_)
        keep[rows] = True
        data, starts, ends = _pick(self.data, self.starts, self.ends, keep)
        return replace(
            self,
            data=data,
            starts=starts,
            ends=ends,
            numbers=self.numbers[rows],
            verdicts=self.verdicts[rows],
        )

    def set_aside(self, row: int, reason: Reason, detail: str) -> None:
        """Add a dead letter for one record."""
        self.dead_letters.append(
            _dead_letter(self.source, int(self.numbers[row]), reason, detail, self.raw(row))
        )


def read_records(
    blocks: Iterator[Block],
    source: str,
    scan: Scanner,
    explain: Callable[[int], str],
    *,
    decodable: int = 0,
    first_number: int = 1,
    limit: int = RECORD_LIMIT,
) -> Iterator[Records]:
    """Cut blocks into records. The records do not depend on the size of the blocks.

    Args:
        blocks: the decompressed input.
        source: the name of the input, for dead letters.
        scan: finds where records begin and end.
        explain: explains a verdict of the scanner.
        decodable: records with a verdict up to this one can be decoded.
        first_number: number of the first record; 0 if it is a header, which is then dropped.
        limit: bytes of the longest record, as the scanner has it.

    Raises:
        InputError: from `blocks`, after the records before the fault. A record that the fault cuts in two becomes a
            dead letter, since the rest of it might change its meaning.
    """
    cutter = _Cutter(source, scan, explain, decodable, first_number, limit)
    bytes_read = 0
    fault: InputError | None = None
    try:
        for block in blocks:
            bytes_read = block.bytes_read
            yield cutter.feed(block.data, bytes_read)
    except InputError as error:
        fault = error
    yield cutter.finish(bytes_read, cut_off=fault is not None)
    if fault is not None:
        raise fault


class _Cutter:
    def __init__(
        self,
        source: str,
        scan: Scanner,
        explain: Callable[[int], str],
        decodable: int,
        first_number: int,
        limit: int,
    ) -> None:
        self._source = source
        self._scan = scan
        self._explain = explain
        self._decodable = decodable
        self._number = first_number
        self._limit = limit
        self._rest = b""
        self._overlong_head: bytes | None = None  # the start of an oversized line that has not ended yet
        self._overlong_bytes = 0

    def feed(self, data: bytes, bytes_read: int) -> Records:
        letters: list[DeadLetter] = []
        if self._overlong_head is not None:
            end = data.find(b"\n")
            if end < 0:
                self._overlong_bytes += len(data)
                return self._records(b"", None, letters, bytes_read)
            self._overlong_bytes += end
            self._end_overlong(letters)
            data = data[end + 1 :]
        return self._cut(self._rest + data if self._rest else data, False, letters, bytes_read)

    def finish(self, bytes_read: int, *, cut_off: bool) -> Records:
        letters: list[DeadLetter] = []
        if self._overlong_head is not None:
            self._end_overlong(letters)
        if cut_off and self._rest:
            detail = "the input ends inside this record"
            letters.append(_dead_letter(self._source, self._number, Reason.MALFORMED, detail, self._rest))
            self._rest = b""
        return self._cut(self._rest, True, letters, bytes_read)

    def _cut(self, buffer: bytes, final: bool, letters: list[DeadLetter], bytes_read: int) -> Records:
        scan = self._scan(buffer, final)
        self._rest = buffer[scan.consumed :]
        records = self._records(buffer if scan.data is None else scan.data, scan, letters, bytes_read)
        if scan.overlong:
            # Only what a dead letter shows is kept, since the line may never end.
            self._overlong_head = self._rest[: 4 * RAW_LIMIT]
            self._overlong_bytes = len(self._rest)
            self._rest = b""
        return records

    def _records(
        self, buffer: bytes, scan: Scan | None, letters: list[DeadLetter], bytes_read: int
    ) -> Records:
        if scan is None or not len(scan.starts):
            none = np.empty(0, np.int64)
            return Records(self._source, b"", none, none, none, np.empty(0, np.uint8), bytes_read, letters)
        numbers = self._number + np.arange(len(scan.starts), dtype=np.int64)
        self._number += len(numbers)
        keep = scan.verdicts <= self._decodable
        if numbers[0] == 0:
            keep[0] = False
        for row in np.flatnonzero(~keep & (numbers > 0)):
            raw = buffer[scan.starts[row] : scan.ends[row]]
            verdict = int(scan.verdicts[row])
            length = scan.lengths.get(int(row), len(raw))
            letters.append(self._excised(int(numbers[row]), verdict, raw, length))
        picked = _pick(buffer, scan.starts, scan.ends, keep)
        if not _is_utf8(picked[0]):
            keep = keep.copy()
            for row in np.flatnonzero(keep):
                raw = buffer[scan.starts[row] : scan.ends[row]]
                try:
                    raw.decode()
                except UnicodeDecodeError as error:
                    keep[row] = False
                    detail = (
                        f"byte {error.start + 1} of the record is not UTF-8 ({error.reason}). Name the encoding in "
                        '[input], such as encoding = "cp1252" for an export of Windows in Western Europe'
                    )
                    letters.append(
                        _dead_letter(self._source, int(numbers[row]), Reason.NOT_UTF8, detail, raw)
                    )
            picked = _pick(buffer, scan.starts, scan.ends, keep)
        data, starts, ends = picked
        return Records(
            self._source, data, starts, ends, numbers[keep], scan.verdicts[keep], bytes_read, letters
        )

    def _end_overlong(self, letters: list[DeadLetter]) -> None:
        assert self._overlong_head is not None  # noqa: S101 - for the type checker; both callers look first
        if self._number > 0:
            letters.append(self._excised(self._number, OVERSIZED, self._overlong_head, self._overlong_bytes))
        self._number += 1
        self._overlong_head = None

    def _excised(self, number: int, verdict: int, raw: bytes, length: int) -> DeadLetter:
        if verdict == OVERSIZED:
            detail = f"longer than {self._limit:,} bytes"
            return _dead_letter(self._source, number, Reason.OVERSIZED, detail, raw, length)
        return _dead_letter(self._source, number, Reason.MALFORMED, self._explain(verdict), raw, length)


def _pick(buffer: bytes, starts: I64, ends: I64, keep: Bools) -> tuple[bytes, I64, I64]:
    starts, ends = starts[keep], ends[keep]
    if not len(starts):
        return b"", starts, ends
    broken = np.flatnonzero(starts[1:] != ends[:-1] + 1) + 1
    if not len(broken):
        return buffer[starts[0] : ends[-1]], starts - starts[0], ends - starts[0]
    # Neighbouring records are copied together, not one by one.
    firsts = np.concatenate(([0], broken))
    lasts = np.concatenate((broken, [len(starts)])) - 1
    data = b"\n".join(buffer[starts[first] : ends[last]] for first, last in zip(firsts, lasts, strict=True))
    lengths = ends - starts
    new_ends = np.cumsum(lengths + 1) - 1
    return data, new_ends - lengths, new_ends


def _is_utf8(data: bytes) -> bool:
    if data.isascii():
        return True
    try:
        pl.Series([data], dtype=pl.Binary).cast(pl.String)
    except pl.exceptions.PolarsError:
        return False
    return True


def _dead_letter(
    source: str, number: int, reason: Reason, detail: str, raw: bytes, length: int | None = None
) -> DeadLetter:
    text = raw[: 4 * RAW_LIMIT].decode("utf-8", "backslashreplace")[:RAW_LIMIT]
    return DeadLetter(
        source=source,
        position=number,
        reason=reason,
        detail=detail,
        raw=text,
        raw_bytes=len(raw) if length is None else length,
    )
