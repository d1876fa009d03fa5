"""Finds the records of JSONL: one on each line."""

import codecs

import numpy as np

from streams.sources.files.records import OVERSIZED, RECORD_LIMIT, Scan


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
