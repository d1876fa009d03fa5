"""Finds the records of JSON that is not one object a line: arrays, wrapped arrays, objects over several lines.

A record is an element: an object in an array of a given key (`messages` of a Telegram export), or, without a key, an
object that stands alone or in an array. What surrounds the elements is walked over and dropped, whatever its size. Only
the plain fields just before the array are kept: they say what its elements are part of, such as the name of a channel.
"""

from dataclasses import dataclass, field

import msgspec
import numpy as np

from detectors.arrays.compiled import compiled
from detectors.arrays.dtypes import I64, U8
from schemas.dead_letters import RAW_LIMIT
from streams.sources.files.records import OVERSIZED, Scan

WITHIN = "_within"
"""The field that an element gets for what it is part of: the plain fields before its array."""

_CUT = 1
_SPACES = bytes.maketrans(b"\r\n", b"  ")  # line ends inside a value; a text has none unescaped
_HEADER = 4096  # bytes of plain fields kept before an array
_DEEPEST = 64  # containers around the elements
_OBJECT, _ARRAY, _WANTED = 1, 2, 3
# What the state of a walk holds, by position.
_DEPTH, _LENGTH, _KEY, _KEY_END, _COLON, _STRING, _ESCAPED = range(7)


def explain(verdict: int) -> str:
    """Explain a verdict of the scanner."""
    return "the input ends inside this record" if verdict == _CUT else f"verdict {verdict}"


@dataclass(slots=True)
class ElementScanner:
    """Scans one input from its beginning, buffer after buffer; see `streams.sources.files.records.Scanner`.

    Args:
        key: of the arrays whose elements are wanted, wherever they are; empty: every object that is not inside another.
        limit: bytes of the longest element.
    """

    key: str
    limit: int
    _state: I64 = field(default_factory=lambda: np.zeros(7, np.int64))
    _stack: U8 = field(default_factory=lambda: np.zeros(_DEEPEST, np.uint8))
    _header: U8 = field(default_factory=lambda: np.zeros(_HEADER, np.uint8))
    _within: bytes = b""
    _skipped: I64 = field(default_factory=lambda: np.zeros(3, np.int64))
    _overlong: bytes | None = None
    """The start of an element that is longer than the limit and has not ended yet."""
    _overlong_bytes: int = 0

    @property
    def unfinished(self) -> bool:
        """Whether brackets are still open."""
        return bool(self._state[_DEPTH]) or self._overlong is not None

    def __call__(self, buffer: bytes, final: bool) -> Scan:
        """Find the elements of a buffer."""
        octets = np.frombuffer(buffer, dtype=np.uint8)
        found = _Found()
        begin = 0
        if self._overlong is not None:
            begin = self._skip(octets, final, found)
        key = np.array(list(self.key.encode()), dtype=np.uint8)
        most = buffer.count(b"{") + buffer.count(b",") + 2
        starts, ends = np.empty(most, np.int64), np.empty(most, np.int64)
        while begin < len(buffer):
            count, begin, entered = _walk(
                octets, begin, self._state, self._stack, self._header, key, final, starts, ends
            )
            found.add(buffer, starts[:count], ends[:count], self._within, self.limit)
            if not entered:
                break
            self._within = self._fields()
        rest = len(buffer) - begin
        if final and rest:
            found.add_one(buffer[begin:], _CUT)
            begin = len(buffer)
        elif rest > self.limit:
            self._overlong, self._overlong_bytes = buffer[begin : begin + 4 * RAW_LIMIT], rest
            self._skipped[:] = 0
            _element_end(octets, begin, self._skipped)
            begin = len(buffer)
        return found.scan(begin)

    def _skip(self, octets: U8, final: bool, found: "_Found") -> int:
        """Skip the rest of an overlong element; returns where the next one may begin."""
        end = int(_element_end(octets, 0, self._skipped))
        self._overlong_bytes += len(octets) if end < 0 else end
        if end < 0 and not final:
            return len(octets)
        assert self._overlong is not None  # noqa: S101 - for the type checker; the caller looks first
        found.add_one(self._overlong, OVERSIZED, self._overlong_bytes)
        if end >= 0:
            self._overlong = None
        return len(octets) if end < 0 else end

    def _fields(self) -> bytes:
        """The plain fields before an array, as the beginning of an element; empty if there are none."""
        fields = self._header[: self._state[_LENGTH]].tobytes().strip(b", ")
        try:
            msgspec.json.decode(b"{" + fields + b"}")
        except (msgspec.DecodeError, ValueError):
            return b""  # too long to be kept whole
        return f'{{"{WITHIN}":{{'.encode() + fields + b"}" if fields else b""


class _Found:
    """The elements of one buffer."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self._verdicts: list[tuple[int, int, int]] = []  # row, verdict, bytes

    def add(self, buffer: bytes, starts: I64, ends: I64, within: bytes, limit: int) -> None:
        for row in np.flatnonzero(ends - starts > limit).tolist():
            self._verdicts.append((len(self._pieces) + row, OVERSIZED, int(ends[row] - starts[row])))
        bounds = zip(starts.tolist(), ends.tolist(), strict=True)
        elements = [buffer[start:end].translate(_SPACES) for start, end in bounds]
        if within:
            elements = [_part_of(within, element) for element in elements]
        self._pieces += elements

    def add_one(self, element: bytes, verdict: int, length: int | None = None) -> None:
        self._verdicts.append((len(self._pieces), verdict, len(element) if length is None else length))
        self._pieces.append(element.translate(_SPACES))

    def scan(self, consumed: int) -> Scan:
        lengths = np.array([len(piece) for piece in self._pieces], dtype=np.int64)
        ends = np.cumsum(lengths + 1) - 1
        verdicts = np.zeros(len(lengths), np.uint8)
        for row, verdict, _ in self._verdicts:
            verdicts[row] = verdict
        return Scan(
            ends - lengths,
            ends,
            verdicts,
            consumed,
            False,
            data=b"\n".join(self._pieces),
            lengths={row: length for row, _, length in self._verdicts},
        )


def _part_of(within: bytes, element: bytes) -> bytes:
    if not element.startswith(b"{"):
        return element
    rest = element[1:].lstrip()
    return within + (rest if rest.startswith(b"}") else b"," + rest)


@compiled
def _element_end(octets: U8, begin: int, carried: I64) -> int:
    """One past the last byte of the value that begins at `begin`; -1 if it does not end in this buffer.

    Args:
        octets: the bytes of the buffer.
        begin: where the value begins, or goes on.
        carried: open brackets, whether a text is open, whether a backslash came just before; for the next buffer.
    """
    depth, text, escaped = carried[0], carried[1] == 1, carried[2] == 1
    for index in range(begin, len(octets)):
        octet = octets[index]
        if text:
            if escaped:
                escaped = False
            elif octet == 92:  # backslash
                escaped = True
            elif octet == 34:  # quote
                text = False
                if depth == 0:
                    return index + 1
        elif octet == 34:
            text = True
        elif octet in (123, 91):  # { [
            depth += 1
        elif octet in (125, 93):  # } ]
            depth -= 1
            if depth == 0:
                return index + 1
            if depth < 0:  # a bare value before the bracket of its container
                return index
        elif depth == 0 and (octet == 44 or octet <= 32):
            return index
    carried[0], carried[1], carried[2] = depth, text, escaped
    return -1


@compiled
def _is_key(header: U8, begin: int, end: int, key: U8) -> bool:
    if len(key) == 0 or end - begin != len(key):
        return False
    for index in range(len(key)):
        if header[begin + index] != key[index]:
            return False
    return True


@compiled
def _walk(
    octets: U8,
    begin: int,
    state: I64,
    stack: U8,
    header: U8,
    key: U8,
    final: bool,
    starts: I64,
    ends: I64,
) -> tuple[int, int, bool]:
    """Fill in start and end of each element, up to the end of the buffer or into the next wanted array.

    Args:
        octets: the bytes of the buffer.
        begin: where to begin.
        state: where the walk stands, by the positions above; kept from buffer to buffer.
        stack: kinds of the open containers; kept as well.
        header: plain fields of the innermost open object since its last container; kept as well.
        key: of the wanted arrays; empty: elements are what stands alone.
        final: whether no more bytes follow the buffer.
        starts: first byte of each element, filled in.
        ends: one past the last byte of each element, filled in.

    Returns:
        The number of elements, how far the buffer is settled, and whether the walk stopped in a wanted array.
    """
    count = 0
    index = begin
    size = len(octets)
    carried = np.zeros(3, np.int64)
    while index < size:
        octet = octets[index]
        depth = state[_DEPTH]
        top = stack[depth - 1] if depth else 0
        length = state[_LENGTH]
        if state[_STRING]:
            if length + 8 < len(header):
                header[length] = octet
                state[_LENGTH] = length + 1
            if state[_ESCAPED]:
                state[_ESCAPED] = 0
            elif octet == 92:
                state[_ESCAPED] = 1
            elif octet == 34:
                state[_STRING] = 0
                if not state[_COLON]:
                    state[_KEY_END] = length
        elif octet <= 32:
            pass
        elif top == _WANTED or (depth == 0 and len(key) == 0):
            if octet == 93 and depth:
                state[_DEPTH] = depth - 1
                state[_LENGTH] = 0
                state[_COLON] = 0
            elif octet == 91 and len(key) == 0 and depth + 1 < len(stack):
                stack[depth] = _WANTED
                state[_DEPTH] = depth + 1
            elif octet != 44:
                carried[:] = 0
                end = _element_end(octets, index, carried)
                if end < 0 and final and carried[0] == 0 and carried[1] == 0:
                    end = size  # a bare value at the very end
                if end < 0:
                    return count, index, False
                end = max(end, index + 1)
                starts[count] = index
                ends[count] = end
                count += 1
                index = end
                continue
        elif octet in (123, 91):
            wanted = (
                octet == 91
                and top == _OBJECT
                and state[_COLON]
                and _is_key(header, state[_KEY], state[_KEY_END], key)
            )
            if depth + 1 < len(stack):
                stack[depth] = _WANTED if wanted else (_OBJECT if octet == 123 else _ARRAY)
                state[_DEPTH] = depth + 1
            state[_COLON] = 0
            if wanted:
                state[_LENGTH] = state[_KEY] - 1
                return count, index + 1, True
            state[_LENGTH] = 0
        elif octet in (125, 93):
            state[_DEPTH] = max(depth - 1, 0)
            state[_LENGTH] = 0
            state[_COLON] = 0
        else:
            if octet == 34:
                state[_STRING] = 1
                if not state[_COLON]:
                    if length + 256 > len(header):
                        length = 0
                    state[_KEY] = length + 1
            elif octet == 58:  # colon
                state[_COLON] = 1
            elif octet == 44:
                state[_COLON] = 0
            if length + 8 < len(header):
                header[length] = octet
                state[_LENGTH] = length + 1
        index += 1
    return count, index, False
