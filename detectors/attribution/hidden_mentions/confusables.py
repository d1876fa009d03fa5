"""Folds text for comparison with handles: letters that look the same become the same, and changes are noted.

A character is folded in three steps: by the table of confusables below, by Unicode's compatibility decomposition
without marks on letters (full-width, mathematical and circled letters become plain letters), and by case. Invisible
characters are left out. The idea is the *skeleton* of Unicode Technical Standard #39, section 4; the table is a small
one of our own, made for names in Latin letters. Digits stay digits: `mund0` is another name than `mundo`, not a
disguise of it.
"""

import unicodedata
from bisect import bisect_right
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from detectors.arrays.compiled import compiled, inlined
from detectors.arrays.dtypes import I32, U8, U16, U32, Int

MAX_CHARACTERS = 8_192
"""Most folded characters read in one text; the rest is ignored. Bounds the work for hostile texts; not measured."""

# kinds of characters
(WORD, UNSPACED, JOINER, SPACE, LINE, AT, ODD_AT, HASH, COLON, SLASH, DOT, HYPHEN, MARK, OPEN, CLOSE) = range(
    15
)
(PUNCTUATION, QUERY, LINK, IGNORED) = range(15, 19)
# what folding changed: nothing, a mark on a letter, a styled letter, a letter of another script
PLAIN, ACCENT, STYLED, SCRIPT = range(4)
# what invisible thing stood before a character, as bits
ZERO_WIDTH, SOFT_HYPHEN, COMBINING = 1, 2, 4

_FOREIGN = {
    # in each: Cyrillic, Greek, Armenian, Cherokee; what a script lacks is left out
    "a": "\u0430\u0410\u03b1\u0391\u13aa",
    "b": "\u0432\u0412\u044c\u042c\u0392\u13f4",
    "c": "\u0441\u0421\u03f2\u03f9\u13df",
    "d": "\u0501\u0500\u13a0",
    "e": "\u0435\u0415\u0395\u13ac",
    "g": "\u0581\u13c0",
    "h": "\u043d\u041d\u04bb\u04ba\u0397\u0570\u13bb",
    "i": "\u0456\u0406\u03b9\u0399",
    "j": "\u0458\u0408\u03f3\u037f\u0575\u13ab",
    "k": "\u043a\u041a\u03ba\u039a\u13e6",
    "l": "\u04cf\u04c0\u053c\u13de",
    "m": "\u043c\u041c\u039c\u13b7",
    "n": "\u043f\u03b7\u039d\u0578\u057c",
    "o": "\u043e\u041e\u03bf\u039f\u03c3\u0585\u0555",
    "p": "\u0440\u0420\u03c1\u03a1\u13e2",
    "q": "\u051b\u051a\u0563\u0566",
    "r": "\u0433\u13a1",
    "s": "\u0455\u0405\u054f\u13da",
    "t": "\u0442\u0422\u03c4\u03a4\u13a2",
    "u": "\u03c5\u057d\u054d",
    "v": "\u0475\u0474\u03bd\u13d9",
    "w": "\u051d\u051c\u0461\u0460\u0561\u13d4",
    "x": "\u0445\u0425\u03c7\u03a7",
    "y": "\u0443\u0423\u04af\u04ae\u03b3\u03a5",
    "z": "\u0396\u13c3",
    "3": "\u0437\u0417",
}
_LATIN = {
    # small capitals, and letters of phonetic alphabets
    "a": "\u1d00\u0251", "b": "\u0299", "c": "\u1d04", "d": "\u1d05", "e": "\u1d07\u212e", "f": "\ua730",
    "g": "\u0262\u0261", "h": "\u029c", "i": "\u026a\u0269", "j": "\u1d0a", "k": "\u1d0b", "l": "\u029f",
    "m": "\u1d0d", "n": "\u0274", "o": "\u1d0f", "p": "\u1d18", "q": "\ua7af", "r": "\u0280", "s": "\ua731",
    "t": "\u1d1b", "u": "\u1d1c", "v": "\u1d20", "w": "\u1d21", "y": "\u028f", "z": "\u1d22",
}  # fmt: skip
_STROKED = {"\u00f8": "o", "\u0111": "d", "\u0142": "l", "\u0127": "h", "\u0167": "t", "\u0131": "i"}
"""Letters of living alphabets that Unicode does not take apart."""

CONFUSABLES: dict[str, str] = (
    {character: letter for letter, characters in _FOREIGN.items() for character in characters}
    | {character: letter for letter, characters in _LATIN.items() for character in characters}
    | _STROKED
    # white on black, in circles and squares
    | {chr(first + place): chr(ord("a") + place) for first in (0x1F150, 0x1F170) for place in range(26)}
)
"""The Latin letter or digit that a character looks like, where Unicode has no compatibility form for it."""

# ranges, ascending: the first of one and what follows its last, in turn
_IDEOGRAPHS = (0x3400, 0xA000, 0xAC00, 0xD800, 0x20000, 0x2F800, 0x30000, 0x32400)  # Hangul too
_UNASSIGNED = (0xD800, 0xF900, 0x32400, 0xE0000, 0xE1000, 0x110000)  # and private use
# written without spaces, or, as Korean, joined to a foreign name without one
_UNSPACED = (0x0E00, 0x0F00, 0x1000, 0x10A0, 0x1100, 0x1200, 0x1780, 0x1800, 0x2E80, 0xA4D0,
             0xAC00, 0xD800, 0xF900, 0xFB00, 0xFF66, 0xFFDD, 0x1B000, 0x1B170, 0x20000, 0x32400)  # fmt: skip
_INVISIBLE = (  # Default_Ignorable_Code_Point, less what is of category Cf anyway
    {0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x2065, 0x3164, 0xFFA0}
    | set(range(0x180B, 0x1810)) | set(range(0xFE00, 0xFE10)) | set(range(0xE0000, 0xE1000))
)  # fmt: skip
_BULLETS = "*\u2022\u00b7\u2027\u2020\u2021\u203b\u2042\u2043\u2051\u2055\u30fb\uff65"
_OF_CHARACTER = {"@": AT, "#": HASH, ":": COLON, "/": SLASH, "\u2044": SLASH, "\u2215": SLASH, ".": DOT, "-": HYPHEN,
                 '"': OPEN, "'": OPEN, "\t": SPACE, "$": QUERY, "=": QUERY, "&": QUERY, "%": QUERY, "\\": QUERY,
                 "\ua789": COLON}  # fmt: skip
_OF_CATEGORY = {"Pc": JOINER, "Pd": HYPHEN, "Ps": OPEN, "Pi": OPEN, "Pe": CLOSE, "Pf": CLOSE, "Po": PUNCTUATION,
                "Zs": SPACE, "Zl": LINE, "Zp": LINE}  # fmt: skip


class Folding(NamedTuple):
    """Folded form, kind and change of every code point, in pages of 256. Equal pages are kept once (about 500 kB)."""

    page: U16  # (0x1100,) page of each code point, by code point >> 8
    points: U32  # (pages * 256, 3) folded code points, 0: none; first 0: the code point itself
    kind: U8  # (pages * 256,) of the first folded code point
    change: U8  # (pages * 256,) PLAIN to SCRIPT; of an ignored character, its bit of ZERO_WIDTH to COMBINING


class Folded(NamedTuple):
    """One text, folded; each array (MAX_CHARACTERS,), used up to the count that `fold` returns. 11 bytes each."""

    point: U32
    kind: U8
    change: U8
    unseen: U8  # bits of the invisible characters just before
    place: I32  # index of the character in the text


def folded(text: str) -> str:
    """The form in which names are compared: for example `MUND\u041e\uff3fchi\u200bna` becomes `mundo_china`."""
    apart = ((character, _folded(character)) for character in text)
    return "".join(letters for character, letters in apart if _kind(character, letters) != IGNORED)


@cache
def folding() -> Folding:
    """The table for `fold`; made once, in about 0.4 s (measured, `docs/detectors/hidden-mentions.md`)."""
    template = {WORD: b"", MARK: b"", UNSPACED: b""}
    numbers: dict[bytes, int] = {}
    page = np.zeros(0x1100, np.uint16)
    for high in range(0x1100):
        uniform = (
            UNSPACED if _within(high << 8, _IDEOGRAPHS) else MARK if _within(high << 8, _UNASSIGNED) else WORD
        )
        rows = template[uniform]
        if not rows:
            rows = np.array(
                [_row(chr((high << 8) + low), uniform) for low in range(256)], np.uint32
            ).tobytes()
            template[uniform] = rows if uniform != WORD else b""
        page[high] = numbers.setdefault(rows, len(numbers))
    table = np.frombuffer(b"".join(numbers), np.uint32).reshape(-1, 5)
    return Folding(
        page,
        np.ascontiguousarray(table[:, :3]),
        table[:, 3].astype(np.uint8),
        table[:, 4].astype(np.uint8),
    )


def scratch() -> Folded:
    """Room for one text."""
    size = MAX_CHARACTERS + 3
    return Folded(
        np.zeros(size, np.uint32),
        np.zeros(size, np.uint8),
        np.zeros(size, np.uint8),
        np.zeros(size, np.uint8),
        np.zeros(size, np.int32),
    )


def _within(point: int, ranges: tuple[int, ...]) -> bool:
    return bisect_right(ranges, point) % 2 == 1


def _row(character: str, uniform: int) -> list[int]:
    """Three folded code points, kind and change."""
    if uniform != WORD:
        return [0, 0, 0, uniform, PLAIN]
    letters = _folded(character)
    kind = _kind(character, letters)
    if kind == IGNORED:
        seen = unicodedata.category(character) in ("Mn", "Me") and ord(character) not in _INVISIBLE
        return [0, 0, 0, kind, COMBINING if seen else SOFT_HYPHEN if character == "\u00ad" else ZERO_WIDTH]
    points = [ord(letter) for letter in letters] if letters != character else []
    return [*points, *[0] * (3 - len(points)), kind, _change(character, letters)]


def _folded(character: str) -> str:
    if character in CONFUSABLES:
        return CONFUSABLES[character]
    if 0xAC00 <= ord(character) < 0xD7A4 or not unicodedata.decomposition(character):
        letters = character.casefold()  # Hangul syllables stay whole
    else:
        apart = unicodedata.normalize("NFKD", character)
        bare = [letter for letter in apart if unicodedata.category(letter) not in ("Mn", "Me")]
        letters = "".join(CONFUSABLES.get(letter, letter.casefold()) for letter in bare)
    # after case, too: some lower-case letters are in the table and their capitals are not
    again = "".join(CONFUSABLES.get(letter, letter) for letter in letters)
    return again if 1 <= len(again) <= 3 else character


def _change(character: str, letters: str) -> int:
    if letters == character.lower() and (character.isascii() or not letters.isascii()):
        return PLAIN
    base = unicodedata.normalize("NFKD", character)[0]
    if base in CONFUSABLES and not base.isascii() and base.lower() not in _STROKED:
        return SCRIPT if unicodedata.name(base, "").startswith(("CYR", "GRE", "ARM", "CHE")) else STYLED
    decomposition = unicodedata.decomposition(character)
    return STYLED if decomposition.startswith("<") else ACCENT


def _kind(character: str, letters: str) -> int:
    point = ord(character)
    category = unicodedata.category(character)
    if character in ("\uff20", "\ufe6b"):
        return ODD_AT
    if character in "\n\r\v\f\x85":
        return LINE
    if character == "\t":
        return SPACE
    if category in ("Cf", "Cc", "Mn", "Me") or point in _INVISIBLE:
        return IGNORED
    if character in _BULLETS:
        return MARK
    first = letters[0]
    if first in _OF_CHARACTER:
        return _OF_CHARACTER[first]
    if _within(point, _UNSPACED) and category[0] in "LMN":
        return UNSPACED
    category = category if first == character else unicodedata.category(first)
    return WORD if category[0] in "LMN" else _OF_CATEGORY.get(category, MARK)


@compiled
def fold(buffer: U8, begin: Int, end: Int, table: Folding, out: Folded) -> int:
    """Fold one text. A web address (`https://...`, `www...`) becomes one character of kind `LINK`.

    Args:
        buffer: UTF-8 bytes; the text is `buffer[begin:end]`.
        begin: offset of the first byte.
        end: offset after the last byte.
        table: from `folding()`.
        out: from `scratch()`.

    Returns:
        How many folded characters there are, at most `MAX_CHARACTERS`.
    """
    count = 0
    place = 0
    unseen = np.uint8(0)
    at = begin
    while at < end and count < MAX_CHARACTERS - 3:
        lead = buffer[at]
        width = 1
        point = np.int64(lead)
        if lead >= 0x80:
            width = 2 if lead < 0xE0 else 3 if lead < 0xF0 else 4
            point = np.int64(lead & (0x7F >> width))
            for follow in range(1, width):
                point = (point << 6) | np.int64(buffer[at + follow] & 0x3F)
        elif lead in (0x3A, 0x2E):
            back = _link_head(buffer, begin, at, end)
            if back > 0 and back <= count:
                count -= back
                out.point[count] = np.uint32(0xFFFD)
                out.kind[count] = np.uint8(LINK)
                out.change[count] = np.uint8(PLAIN)
                out.unseen[count] = np.uint8(0)
                out.place[count] = place - back
                count += 1
                # an address ends at the first character outside ASCII: Chinese goes on without a space
                while at < end and 0x21 <= buffer[at] <= 0x7E:
                    at += 1
                    place += 1
                unseen = np.uint8(0)
                continue
        # the first page is that of ASCII
        slot = point if lead < 0x80 else np.int64(table.page[point >> 8]) * 256 + (point & 0xFF)
        kind = table.kind[slot]
        if kind == IGNORED:
            unseen |= table.change[slot]
        else:
            first = table.points[slot, 0]
            out.point[count] = first if first != 0 else np.uint32(point)
            out.kind[count] = kind
            out.change[count] = table.change[slot]
            out.unseen[count] = unseen
            out.place[count] = place
            unseen = np.uint8(0)
            count += 1
            if table.points[slot, 1] != 0:
                for more in range(1, 3):
                    letter = np.int64(table.points[slot, more])
                    if letter != 0:
                        home = np.int64(table.page[letter >> 8]) * 256 + (letter & 0xFF)
                        out.point[count] = np.uint32(letter)
                        out.kind[count] = table.kind[home]
                        out.change[count] = table.change[slot]
                        out.unseen[count] = np.uint8(0)
                        out.place[count] = place
                        count += 1
        at += width
        place += 1
    return count


@inlined
def _letter(byte: Any) -> Int:
    """An ASCII letter in lower case. Other bytes become bytes that are not letters."""
    return np.int64(byte) | 0x20


@compiled
def _link_head(buffer: U8, begin: Int, at: Int, end: Int) -> Int:
    """How many bytes before `at` belong to a web address: 4 or 5 for `http(s)://`, 3 for `www.`, 0: there is none."""
    if buffer[at] == 0x2E:
        long_enough = at - begin >= 3 and at + 1 < end and 0x21 <= buffer[at + 1] <= 0x7E
        if not long_enough:
            return 0
        for back in range(1, 4):
            if _letter(buffer[at - back]) != 0x77:
                return 0
        return 3
    if at + 2 >= end or buffer[at + 1] != 0x2F or buffer[at + 2] != 0x2F:
        return 0
    last = at - 1
    secure = 1 if last >= begin and _letter(buffer[last]) == 0x73 else 0
    last -= secure
    if last - 3 < begin:
        return 0
    matches = (
        _letter(buffer[last]) == 0x70
        and _letter(buffer[last - 1]) == 0x74
        and _letter(buffer[last - 2]) == 0x74
        and _letter(buffer[last - 3]) == 0x68
    )
    return 4 + secure if matches else 0
