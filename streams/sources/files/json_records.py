"""The records of a JSON input: one object a line, or elements of arrays."""

import codecs
from collections.abc import Iterator
from functools import partial

import numpy as np

from schemas.errors import InputError
from streams.sources.files.compressed import Block
from streams.sources.files.json_sample import LINES, Framing
from streams.sources.files.json_scan import ElementScanner, explain
from streams.sources.files.records import OVERSIZED, RECORD_LIMIT, Records, Scan, read_records


def json_records(
    blocks: Iterator[Block], source: str, framing: Framing, limit: int = RECORD_LIMIT
) -> Iterator[Records]:
    """Cut an input into records.

    Args:
        blocks: of the input.
        source: its name.
        framing: where the records are.
        limit: bytes of the longest record.

    Raises:
        InputError: the input ends while brackets are open.
    """
    if framing.lines:
        yield from read_records(blocks, source, partial(scan_lines, limit=limit), str, limit=limit)
        return
    scanner = ElementScanner(framing.key, limit)
    yield from read_records(blocks, source, scanner, explain, limit=limit)
    if scanner.unfinished:
        raise InputError(
            f"{source}: the JSON ends early: brackets are still open. What could be read was used. The file is "
            "incomplete: fetch or export it again."
        )


def lines_or_array(head: bytes) -> Framing:
    """Where the records of an input are that begins with `head`: in an array, or one a line."""
    return Framing(lines=False) if head.lstrip().startswith(b"[") else LINES


def scan_lines(buffer: bytes, final: bool, limit: int = RECORD_LIMIT) -> Scan:
    """Find the lines of a buffer; empty lines and lines with only a carriage return are not records.

    `limit` is the number of bytes that the longest record may have.
    """
    octets = np.frombuffer(buffer, dtype=np.uint8)
    ends = np.flatnonzero(octets == 10).astype(np.int64, copy=False)
    consumed = int(ends[-1]) + 1 if len(ends) else 0
    overlong = False
    if consumed < len(buffer):
        if final:
            ends = np.append(ends, len(buffer))
            consumed = len(buffer)
        else:
            overlong = len(buffer) - consumed > limit
    starts = np.empty_like(ends)
    starts[:1] = 0
    starts[1:] = ends[:-1] + 1
    for line in np.flatnonzero(octets[starts] == codecs.BOM_UTF8[0]).tolist() if len(starts) else ():
        # files that were put together have a mark at the beginning of each
        if buffer.startswith(codecs.BOM_UTF8, starts[line], ends[line]):
            starts[line] += len(codecs.BOM_UTF8)
    lengths = ends - starts
    blank = lengths == 0
    single = np.flatnonzero(lengths == 1)
    blank[single[octets[starts[single]] == 13]] = True
    if blank.any():
        starts, ends, lengths = starts[~blank], ends[~blank], lengths[~blank]
    verdicts = np.where(lengths > limit, OVERSIZED, 0).astype(np.uint8)
    return Scan(starts, ends, verdicts, consumed, overlong)
