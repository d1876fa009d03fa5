"""Where JSON values end. A value that is not certain to be read by every decoder in the same way has no end here.

That is so for halves of surrogate pairs, for numbers with many digits, and where many containers are inside each other.
"""

import numpy as np

from detectors.arrays.compiled import compiled
from detectors.arrays.dtypes import U8, Int

NOT_PLAIN = -1
QUOTE, COLON, COMMA, OPEN, CLOSE, OPEN_LIST, CLOSE_LIST, _BACKSLASH = b'":,{}[]\\'
SPACE, _TAB, _RETURN = b" \t\r"
MINUS, _PLUS, _POINT, ZERO, NINE = b"-+.09"
SMALL_N, _SMALL_U, _SMALL_E, _CAPITAL_E, _SMALL_A, SMALL_F, SMALL_T = b"nueEaft"
NULL = np.frombuffer(b"null", np.uint8)
TRUE, FALSE = np.frombuffer(b"true", np.uint8), np.frombuffer(b"false", np.uint8)
_ESCAPES = np.frombuffer(b'"\\/bfnrt', np.uint8)
_STOPS = np.array([byte < SPACE or byte in (QUOTE, _BACKSLASH) for byte in range(256)])  # in a text
_DEEPEST = 48  # containers inside each other, one bit each
_MOST_DIGITS = 19  # any such number that does not begin with a 9 fits 64 bits, with either sign
_MOST_OF_FRACTION = 24  # bytes of a number with a fraction


@compiled
def past_blanks(data: U8, at: Int, end: Int) -> Int:
    """The next byte that is no blank; `end` if there is none."""
    while at < end and (data[at] == SPACE or data[at] == _TAB or data[at] == _RETURN):
        at += 1
    return at


@compiled
def text_end(data: U8, at: Int, end: Int) -> tuple[Int, bool]:
    """Where the quotation mark is that ends the text which begins at `at`, and whether the text has escapes.

    -1 if there is no text, or it is not plain.
    """
    if at >= end or data[at] != QUOTE:
        return np.int64(NOT_PLAIN), False
    escaped = False
    at += 1
    while True:
        while at < end and not _STOPS[data[at]]:
            at += 1
        if at >= end or data[at] < SPACE:
            return np.int64(NOT_PLAIN), False
        if data[at] == QUOTE:
            return np.int64(at), escaped
        escaped = True
        at = _escape_end(data, at, end)
        if at < 0:
            return np.int64(NOT_PLAIN), False


@compiled
def _escape_end(data: U8, at: Int, end: Int) -> Int:
    """One past the escape that begins at `at`, -1 if it is none or half of a surrogate pair."""
    if at + 1 >= end:
        return np.int64(NOT_PLAIN)
    if data[at + 1] != _SMALL_U:
        for byte in _ESCAPES:
            if data[at + 1] == byte:
                return np.int64(at + 2)
        return np.int64(NOT_PLAIN)
    unit = _hexadecimal(data, at + 2, end)
    if 0xD800 <= unit < 0xDC00 and at + 7 < end and data[at + 6] == _BACKSLASH and data[at + 7] == _SMALL_U:
        low = _hexadecimal(data, at + 8, end)
        return np.int64(at + 12) if 0xDC00 <= low < 0xE000 else np.int64(NOT_PLAIN)
    return np.int64(NOT_PLAIN) if unit < 0 or 0xD800 <= unit < 0xE000 else np.int64(at + 6)


@compiled
def _hexadecimal(data: U8, at: Int, end: Int) -> Int:
    """The number in four hexadecimal digits, -1 if there are none."""
    if at + 4 > end:
        return np.int64(NOT_PLAIN)
    value = np.int64(0)
    for place in range(at, at + 4):
        byte = np.int64(data[place])
        letter = byte | 0x20
        if ZERO <= byte <= NINE:
            value = value * 16 + byte - ZERO
        elif _SMALL_A <= letter <= SMALL_F:
            value = value * 16 + letter - _SMALL_A + 10
        else:
            return np.int64(NOT_PLAIN)
    return value


@compiled
def whole_number(data: U8, at: Int, end: Int) -> tuple[Int, Int]:
    """One past the number that begins at `at`, and its value; -1 if it has a fraction, or many digits."""
    negative = data[at] == MINUS
    first = at + 1 if negative else at
    at = first
    value = np.int64(0)
    while at < end and ZERO <= data[at] <= NINE and at - first < _MOST_DIGITS:
        value = value * 10 + np.int64(data[at]) - ZERO
        at += 1
    if at == first or (data[first] == ZERO and (at - first > 1 or negative)):
        return np.int64(NOT_PLAIN), value
    if at - first == _MOST_DIGITS and data[first] == NINE:
        return np.int64(NOT_PLAIN), value
    if at < end:
        byte = data[at]
        if byte in (_POINT, _SMALL_E, _CAPITAL_E) or ZERO <= byte <= NINE:
            return np.int64(NOT_PLAIN), value
    return np.int64(at), -value if negative else value


@compiled
def _number_end(data: U8, at: Int, end: Int) -> Int:
    """One past the number that begins at `at`, -1 if it is none or may be too large for a decoder."""
    begin = at
    at, _ = whole_number(data, begin, end)
    if at >= 0:
        return at
    at = begin + 1 if data[begin] == MINUS else begin
    first = at
    while at < end and ZERO <= data[at] <= NINE:
        at += 1
    if at == first or (data[first] == ZERO and at - first > 1):
        return np.int64(NOT_PLAIN)
    if at < end and data[at] == _POINT:
        at += 1
        fraction = at
        while at < end and ZERO <= data[at] <= NINE:
            at += 1
        if at == fraction:
            return np.int64(NOT_PLAIN)
    elif at >= end or (data[at] != _SMALL_E and data[at] != _CAPITAL_E):
        return np.int64(NOT_PLAIN)
    if at < end and (data[at] == _SMALL_E or data[at] == _CAPITAL_E):
        at += 1
        if at < end and (data[at] == MINUS or data[at] == _PLUS):
            at += 1
        exponent = at
        while at < end and ZERO <= data[at] <= NINE:
            at += 1
        if at == exponent or at - exponent > 2:
            return np.int64(NOT_PLAIN)
    return np.int64(at) if at - begin <= _MOST_OF_FRACTION else np.int64(NOT_PLAIN)


@compiled
def word_end(data: U8, at: Int, end: Int, word: U8) -> Int:
    """One past the word at `at`, -1 if another stands there."""
    if at + len(word) > end:
        return np.int64(NOT_PLAIN)
    for place in range(len(word)):
        if data[at + place] != word[place]:
            return np.int64(NOT_PLAIN)
    return np.int64(at + len(word))


@compiled
def value_end(data: U8, at: Int, end: Int) -> Int:
    """One past the value that begins at `at`, -1 if it is not plain."""
    depth = 0
    lists = np.uint64(0)  # a bit a container, the innermost last: 1 for a list
    while at < end:
        byte = data[at]
        if byte in (OPEN, OPEN_LIST):
            if depth == _DEEPEST:
                return np.int64(NOT_PLAIN)
            depth += 1
            lists = (lists << np.uint64(1)) | np.uint64(byte == OPEN_LIST)
            at = past_blanks(data, at + 1, end)
            closing = CLOSE_LIST if byte == OPEN_LIST else CLOSE
            if at >= end or data[at] != closing:
                if byte == OPEN:
                    at = _past_key(data, at, end)
                    if at < 0:
                        break
                continue
            depth -= 1
            lists >>= np.uint64(1)
            at += 1
        elif byte == QUOTE:
            at, _ = text_end(data, at, end)
            at = at + 1 if at >= 0 else end + 1
        elif byte == MINUS or ZERO <= byte <= NINE:
            at = _number_end(data, at, end)
        else:
            word = NULL if byte == SMALL_N else TRUE if byte == SMALL_T else FALSE
            at = word_end(data, at, end, word)
        # after a value: the next one of the same container, or ends of containers
        while depth > 0 and 0 <= at < end:
            at = past_blanks(data, at, end)
            if at >= end:
                break
            in_list = bool(lists & np.uint64(1))
            if data[at] == COMMA:
                at = past_blanks(data, at + 1, end)
                if not in_list:
                    at = _past_key(data, at, end)
                break
            if data[at] != (CLOSE_LIST if in_list else CLOSE):
                return np.int64(NOT_PLAIN)
            depth -= 1
            lists >>= np.uint64(1)
            at += 1
        if at < 0 or at > end:
            break
        if depth == 0:
            return np.int64(at)
    return np.int64(NOT_PLAIN)


@compiled
def _past_key(data: U8, at: Int, end: Int) -> Int:
    """Where the value after a key begins, -1 if there is no key with a colon."""
    at, _ = text_end(data, at, end)
    if at < 0:
        return np.int64(NOT_PLAIN)
    at = past_blanks(data, at + 1, end)
    if at >= end or data[at] != COLON:
        return np.int64(NOT_PLAIN)
    return past_blanks(data, at + 1, end)
