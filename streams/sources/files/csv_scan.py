"""Finds the records of a CSV (RFC 4180), and decides how much of a broken record to drop.

The scan walks over the bytes in a compiled kernel. Counting quotes over a whole block would be the alternative, but one
stray quote changes the parity of everything after it, so every broken record would need a second look at its block. The
walk simply continues at the next line.
"""

from collections.abc import Callable

import numpy as np

from detectors.arrays.compiled import compiled, inlined
from detectors.arrays.dtypes import I64, U8
from streams.sources.files.records import OVERSIZED, RECORD_LIMIT, Scan, Scanner

PLAIN = 0
LITERAL_QUOTE = 1
"""The record has a quote inside an unquoted field, which most readers take as text and strict readers refuse; or
separators at its end with nothing after them, as spreadsheets leave them."""
SHORT = 2
"""The record lacks fields at its end, which some writers leave out where they are empty."""
UNQUOTED = 3
"""The record is a line with tabs that is faulty if its quotes enclose fields, and has all its fields if they are text:
many writers of such tables quote nothing."""
_FIELDS = 4
_AFTER_QUOTE = 5
_UNCLOSED = 6

DECODABLE = UNQUOTED

_TAB = 9
_QUOTE = 34
_NEWLINE = 10
_RETURN = 13


def csv_scanner(separator: str, fields: int) -> Scanner:
    """Return a scanner for records of `fields` fields.

    A record is dropped (`malformed`) if it has one field only, or too many that are not empty, if text follows a
    closing quote, or if a quote is still open after `RECORD_LIMIT` bytes.

    What stands inside quotes never becomes a record: a record of several lines is dropped with all its lines, up to the
    end of a line at which as many quotes were closed as were opened. One kind of fault is different: a first line that
    has one quote, and all its fields if that is taken as text. It is a stray quote, which would take the records after
    it with it, so this line alone is dropped; if the fields are separated by tabs, it is taken as it stands.
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
        _FIELDS: f"it has one field, or more than the {fields} of the first line",
        _AFTER_QUOTE: "text follows a closing quote: a quote is missing or one too many",
        _UNCLOSED: "a quoted field is never closed",
    }
    return lambda verdict: words[verdict]


@inlined
def _fault_end(
    octets: U8, begin: int, scanned: int, separator: int, fields: int, limit: int, final: bool
) -> int:
    """One past the last byte of a faulty record, or of its first line if that alone is at fault; -1: not known yet.

    Args:
        octets: the bytes of the buffer.
        begin: first byte of the record.
        scanned: one past the last byte that belongs to it for sure.
        separator: the byte between fields.
        fields: the number of fields that a record must have.
        limit: bytes of the longest record.
        final: whether no more bytes follow the buffer.
    """
    place = begin
    first_end = -1
    literal_fields = 1  # of the first line, with its quotes taken as text
    quotes = 0
    while place < len(octets) and place - begin < limit:
        octet = octets[place]
        if octet == _QUOTE:
            quotes += 1
        elif octet == separator and first_end < 0:
            literal_fields += 1
        elif octet == _NEWLINE:
            if first_end < 0:
                first_end = place
                if literal_fields == fields and quotes == 1:
                    return place
            if quotes % 2 == 0 and place >= scanned:
                return place
        place += 1
    if place == len(octets) and not final:
        return -1
    if first_end >= 0 and quotes % 2 == 1:
        return first_end  # it is never closed: nothing shows where the record ends
    while place < len(octets) and octets[place] != _NEWLINE:
        place += 1
    return place if place < len(octets) or final else -1


@inlined
def _is_line(octets: U8, begin: int, end: int, fields: int) -> bool:
    """Whether these bytes are one line, with as many fields between tabs as there must be."""
    found = 1
    for place in range(begin, end):
        if octets[place] == _NEWLINE:
            return False
        if octets[place] == _TAB:
            found += 1
    return found == fields


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
        filled = 0  # the last field that is not empty
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
                filled = field_count
            elif just_closed:
                if octet != _RETURN or (index + 1 < size and octets[index + 1] != _NEWLINE):
                    verdict = _AFTER_QUOTE
                    break
            else:
                if octet == _QUOTE:
                    verdict = LITERAL_QUOTE
                if octet != _RETURN or (index + 1 < size and octets[index + 1] != _NEWLINE):
                    filled = field_count
                field_begins = False
            index += 1

        if index >= size:
            if not final:
                break
            ended = not quoted
            verdict = _UNCLOSED if quoted else verdict
        elif not ended and verdict <= SHORT:
            break  # only the next byte shows whether a quote at the end of the buffer closes its field

        end = min(index, size)
        if ended and field_count != fields:
            # A blank line is not a record.
            if end == begin or (end == begin + 1 and octets[begin] == _RETURN):
                begin = end + 1
                continue
            if 1 < field_count < fields:
                verdict = SHORT
            elif 0 < filled <= fields < field_count:
                verdict = LITERAL_QUOTE
            else:
                verdict = _FIELDS
        if verdict > SHORT or (verdict == SHORT and first_line >= 0):
            reach = _fault_end(octets, begin, end, separator, fields, limit, final)
            if reach < 0:
                if size - begin > limit:
                    return count, begin, True
                break  # only what follows shows how far the fault reaches
            if verdict > SHORT or reach < end:
                verdict = max(verdict, _AFTER_QUOTE) if reach < end else verdict
                end = reach
            if verdict >= _AFTER_QUOTE and separator == _TAB and _is_line(octets, begin, end, fields):
                verdict = UNQUOTED
            if end - begin > limit:
                verdict = OVERSIZED
        starts[count] = begin
        ends[count] = end
        verdicts[count] = verdict
        count += 1
        begin = end + 1
    return count, min(begin, size), False
