"""Where the records of a CSV are, by RFC 4180, and how much of a broken one to give up.

A compiled walk over the bytes rather than whole-block quote parity: one stray quote flips the parity
of all that follows, so every broken record would need its block analysed again, while the walk just
goes back to the next line.
"""

from collections.abc import Callable

import numpy as np

from detectors.arrays.compiled import compiled
from detectors.arrays.dtypes import I64, U8
from streams.sources.files.records import OVERSIZED, RECORD_LIMIT, Scan, Scanner

PLAIN = 0
LITERAL_QUOTE = 1
"""A quote inside an unquoted field: text to most readers, but not to a strict one."""
_FIELDS = 2
_AFTER_QUOTE = 3
_UNCLOSED = 4

DECODABLE = LITERAL_QUOTE

_QUOTE = 34
_NEWLINE = 10
_RETURN = 13


def csv_scanner(separator: str, fields: int) -> Scanner:
    """Return a scanner for records of `fields` fields.

    A record is given up (`malformed`) when it has another number of fields, when text follows a closing
    quote, or when a quote is still open after `RECORD_LIMIT` bytes. Then only its first line is given up
    and reading resumes at the next line, so that one stray quote never swallows its neighbours.
    """
    code = ord(separator)

    def scan(buffer: bytes, final: bool) -> Scan:
        octets = np.frombuffer(buffer, dtype=np.uint8)
        most = buffer.count(b"\n") + 1
        starts = np.empty(most, np.int64)
        ends = np.empty(most, np.int64)
        verdicts = np.empty(most, np.uint8)
        count, consumed, overlong = _walk(octets, code, fields, RECORD_LIMIT, final, starts, ends, verdicts)
        return Scan(starts[:count], ends[:count], verdicts[:count], int(consumed), bool(overlong))

    return scan


def csv_explainer(fields: int) -> Callable[[int], str]:
    """Return the words for this scanner's verdicts."""
    words = {
        _FIELDS: f"the number of fields is not the {fields} of the first line",
        _AFTER_QUOTE: "text follows a closing quote: a quote is missing or one too many",
        _UNCLOSED: "a quoted field is never closed",
    }
    return lambda verdict: words[verdict]


@compiled
def _walk(
    octets: U8,
    separator: int,
    fields: int,
    limit: int,
    final: bool,
    starts: I64,
    ends: I64,
    verdicts: U8,
) -> tuple[int, int, bool]:
    size = len(octets)
    count = 0
    begin = 0
    while begin < size:
        at = begin
        seen = 1
        verdict = PLAIN
        first_line = -1  # end of the record's first line, once a quoted field has run over it
        quoted = False
        closed = False  # a quoted field has just been closed
        fresh = True  # at the first byte of a field
        ended = False
        while at < size:
            octet = octets[at]
            if quoted:
                if at - begin >= limit:
                    verdict = _UNCLOSED
                    break
                if octet == _QUOTE:
                    if at + 1 < size and octets[at + 1] == _QUOTE:
                        at += 1
                    elif at + 1 == size and not final:
                        break
                    else:
                        quoted = False
                        closed = True
                elif octet == _NEWLINE and first_line < 0:
                    first_line = at
            elif octet == _NEWLINE:
                ended = True
                break
            elif at - begin >= limit:
                verdict = _UNCLOSED
                break
            elif octet == separator:
                seen += 1
                fresh = True
                closed = False
            elif octet == _QUOTE and fresh:
                quoted = True
                fresh = False
            elif closed:
                if octet != _RETURN or (at + 1 < size and octets[at + 1] != _NEWLINE):
                    verdict = _AFTER_QUOTE
                    break
            else:
                if octet == _QUOTE:
                    verdict = LITERAL_QUOTE
                fresh = False
            at += 1

        if at >= size:
            if not final:
                break
            if quoted:
                verdict = _UNCLOSED
            else:
                ended = True
        elif not ended and verdict <= LITERAL_QUOTE:
            break  # whether a quote at the end of the buffer closes is known by the next byte only

        end = min(at, size)
        if ended and seen != fields:
            verdict = _FIELDS
            # Fields of a blank line are not counted: it is no record.
            if end == begin or (end == begin + 1 and octets[begin] == _RETURN):
                begin = end + 1
                continue
        if verdict > LITERAL_QUOTE:
            if first_line >= 0:
                end = first_line
            else:
                while end < size and octets[end] != _NEWLINE:
                    end += 1
                if end - begin > limit:
                    verdict = OVERSIZED
                if end == size and not final:
                    return count, begin, end - begin > limit
        starts[count] = begin
        ends[count] = end
        verdicts[count] = verdict
        count += 1
        begin = end + 1
    return count, min(begin, size), False
