"""Finds the records of a CSV (RFC 4180), and decides how much of a broken record to drop.

The scan walks over the bytes in a compiled kernel. Counting quotes over a whole block would be the alternative, but one
stray quote changes the parity of everything after it, so every broken record would need a second look at its block. The
walk simply continues at the next line.
"""

from collections.abc import Callable

import numpy as np

from detectors.arrays.compiled import compiled
from detectors.arrays.dtypes import I64, U8
from streams.sources.files.records import OVERSIZED, RECORD_LIMIT, Scan, Scanner

PLAIN = 0
LITERAL_QUOTE = 1
"""The record has a quote inside an unquoted field. Most readers take it as text, strict readers refuse it."""
_FIELDS = 2
_AFTER_QUOTE = 3
_UNCLOSED = 4

DECODABLE = LITERAL_QUOTE

_QUOTE = 34
_NEWLINE = 10
_RETURN = 13


def csv_scanner(separator: str, fields: int) -> Scanner:
    """Return a scanner for records of `fields` fields.

    A record is dropped (`malformed`) if it has another number of fields, if text follows a closing quote, or if a quote
    is still open after `RECORD_LIMIT` bytes. Only its first line is dropped, and reading continues at the next line. So
    a stray quote never takes the records after it with it.
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
    """Return a function that explains the verdicts of this scanner."""
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
    """Fill in start, end and verdict of each record; blank lines are no records.

    Args:
        octets: the bytes of the buffer.
        separator: the byte between fields.
        fields: the number of fields that a record must have.
        limit: bytes of the longest record.
        final: whether no more bytes follow the buffer.
        starts: first byte of each record, filled in.
        ends: one past the last byte of each record, filled in.
        verdicts: one of the constants above for each record, filled in.

    Returns:
        The number of records, the number of bytes that are settled, and whether the rest is an oversized line.
    """
    size = len(octets)
    count = 0
    begin = 0
    while begin < size:
        index = begin
        field_count = 1
        verdict = PLAIN
        first_line = -1  # end of the first line, if a quoted field goes on after it
        quoted = False
        just_closed = False  # the byte before closed a quoted field
        field_begins = True
        ended = False
        while index < size:
            octet = octets[index]
            if quoted:
                if index - begin >= limit:
                    verdict = _UNCLOSED
                    break
                if octet == _QUOTE:
                    if index + 1 < size and octets[index + 1] == _QUOTE:
                        index += 1
                    elif index + 1 == size and not final:
                        break
                    else:
                        quoted = False
                        just_closed = True
                elif octet == _NEWLINE and first_line < 0:
                    first_line = index
            elif octet == _NEWLINE:
                ended = True
                break
            elif index - begin >= limit:
                verdict = _UNCLOSED
                break
            elif octet == separator:
                field_count += 1
                field_begins = True
                just_closed = False
            elif octet == _QUOTE and field_begins:
                quoted = True
                field_begins = False
            elif just_closed:
                if octet != _RETURN or (index + 1 < size and octets[index + 1] != _NEWLINE):
                    verdict = _AFTER_QUOTE
                    break
            else:
                if octet == _QUOTE:
                    verdict = LITERAL_QUOTE
                field_begins = False
            index += 1

        if index >= size:
            if not final:
                break
            if quoted:
                verdict = _UNCLOSED
            else:
                ended = True
        elif not ended and verdict <= LITERAL_QUOTE:
            break  # only the next byte shows whether a quote at the end of the buffer closes its field

        end = min(index, size)
        if ended and field_count != fields:
            verdict = _FIELDS
            # A blank line is not a record.
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
