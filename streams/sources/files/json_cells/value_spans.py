"""Checks objects byte by byte, and finds where the values of wanted fields stand.

An object is not plain if a field comes twice, a key has escapes, or a value is not plain
(`streams.sources.files.json_cells.grammar`).
"""

from typing import NamedTuple

import numpy as np

from detectors.arrays.compiled import compiled
from detectors.arrays.dtypes import I64, U8, Bools, Int
from streams.sources.files.json_cells.grammar import (
    CLOSE,
    COLON,
    COMMA,
    FALSE,
    MINUS,
    NINE,
    NULL,
    OPEN,
    OPEN_LIST,
    QUOTE,
    SMALL_F,
    SMALL_N,
    SMALL_T,
    SPACE,
    TRUE,
    ZERO,
    past_blanks,
    text_end,
    value_end,
    whole_number,
    word_end,
)

TEXT, WHOLE_NUMBER, TRUTH, LIST, OBJECT = range(5)
"""What a field must hold, if it is there and not null."""

ABSENT, PLAIN, ESCAPED, NUMBER = range(4)
"""What was found of a field: nothing or null; a value as its bytes show it; a text with escapes, with its quotation
marks; a number, which stands in place of its first byte: the value for `WHOLE_NUMBER`, 1 or 0 for `TRUTH`."""


class Fields(NamedTuple):
    """The wanted fields of an object."""

    text: U8
    """Their names, one after the other."""
    start: I64
    """Where each name begins in `text`, and where the last one ends."""
    kind: U8
    """What each must hold."""


class ValueSpans(NamedTuple):
    """Where the values are; each array has shape (fields, records)."""

    begin: I64
    length: I64
    found: U8
    """`ABSENT`, `PLAIN`, `ESCAPED` or `NUMBER`."""


def fields(names: list[str], kinds: list[int]) -> Fields:
    """The fields of these names and kinds."""
    words = [name.encode() for name in names]
    start = np.cumsum([0, *(len(word) for word in words)], dtype=np.int64)
    return Fields(np.frombuffer(b"".join(words), np.uint8), start, np.array(kinds, np.uint8))


@compiled
def find_values(data: U8, begins: I64, ends: I64, wanted: Fields) -> tuple[ValueSpans, Bools]:
    """Find the values of the wanted fields of each record.

    Args:
        data: the bytes, UTF-8.
        begins: where each record begins.
        ends: one past the last byte of each.
        wanted: the fields.

    Returns:
        The values, and which records are plain; of the others nothing is known.
    """
    shape = (len(wanted.kind), len(begins))
    begin, length = np.empty(shape, np.int64), np.empty(shape, np.int64)
    found, plain = np.zeros(shape, np.uint8), np.empty(len(begins), np.bool_)
    seen = np.full(len(wanted.kind), -1, np.int64)
    # field by place in the object: most objects have their fields in the order of the one before
    order = np.zeros(len(wanted.kind) + 1, np.int64)
    for row in range(len(begins)):
        plain[row] = _find(
            data,
            begins[row],
            ends[row],
            wanted.text,
            wanted.start,
            wanted.kind,
            row,
            seen,
            order,
            begin,
            length,
            found,
        )
    return ValueSpans(begin, length, found), plain


@compiled
def _find(
    data: U8,
    at: Int,
    end: Int,
    names: U8,
    name_start: I64,
    kinds: U8,
    row: Int,
    seen: I64,
    order: I64,
    begin: I64,
    length: I64,
    found: U8,
) -> bool:
    """Find the values of one record; False if it is not plain."""
    at = past_blanks(data, at, end)
    if at >= end or data[at] != OPEN:
        return False
    at = past_blanks(data, at + 1, end)
    if at < end and data[at] == CLOSE:
        return bool(past_blanks(data, at + 1, end) == end)
    place = 0
    while True:
        name = at + 1
        name_end, escaped = text_end(data, at, end)
        if name_end < 0 or escaped:
            return False
        at = past_blanks(data, name_end + 1, end)
        if at >= end or data[at] != COLON:
            return False
        at = past_blanks(data, at + 1, end)
        field = _field(data, name, name_end, names, name_start, order[place])
        if field < 0:
            at = value_end(data, at, end)
        elif seen[field] == row:
            return False
        else:
            seen[field] = row
            order[place] = field
            place += 1
            begin[field, row] = at
            first = data[at] if at < end else SPACE
            if first == QUOTE:
                stop, escaped = text_end(data, at, end)
                if stop < 0 or kinds[field] != TEXT:
                    return False
                begin[field, row] = at if escaped else at + 1
                at = stop + 1
                length[field, row] = (at if escaped else stop) - begin[field, row]
                found[field, row] = ESCAPED if escaped else PLAIN
            elif first == SMALL_N:
                at = word_end(data, at, end, NULL)
            elif first == MINUS or ZERO <= first <= NINE:
                stop, number = whole_number(data, at, end)
                if stop < 0 or (kinds[field] != TEXT and kinds[field] != WHOLE_NUMBER):
                    return False
                length[field, row] = stop - at
                at = stop
                found[field, row] = PLAIN
                if kinds[field] == WHOLE_NUMBER:
                    begin[field, row], found[field, row] = number, NUMBER
            elif kinds[field] == TRUTH and first in (SMALL_T, SMALL_F):
                at = word_end(data, at, end, TRUE if first == SMALL_T else FALSE)
                begin[field, row], found[field, row] = first == SMALL_T, NUMBER
            elif (first == OPEN and kinds[field] == OBJECT) or (first == OPEN_LIST and kinds[field] == LIST):
                at = value_end(data, at, end)
                length[field, row] = at - begin[field, row]
                found[field, row] = PLAIN
            else:
                return False
        if at < 0:
            return False
        at = past_blanks(data, at, end)
        if at >= end:
            return False
        if data[at] == CLOSE:
            return bool(past_blanks(data, at + 1, end) == end)
        if data[at] != COMMA:
            return False
        at = past_blanks(data, at + 1, end)


@compiled
def _field(data: U8, begin: Int, end: Int, names: U8, name_start: I64, guess: Int) -> Int:
    """Which field has this name, -1 for none."""
    count = len(name_start) - 1
    for step in range(count):
        field = guess + step
        if field >= count:
            field -= count
        first = name_start[field]
        if name_start[field + 1] - first != end - begin:
            continue
        same = True
        for byte in range(end - begin):
            if data[begin + byte] != names[first + byte]:
                same = False
                break
        if same:
            return np.int64(field)
    return np.int64(-1)
