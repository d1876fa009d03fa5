"""Text from the data as HTML: escaped, with what nobody could see made visible, and with differences marked."""

import re
import unicodedata
from collections.abc import Iterable
from difflib import SequenceMatcher

from markupsafe import Markup, escape

_JOINERS = "\u200c\u200d"
"""They belong into Arabic and Indic scripts and into emoji; between other letters they hide something."""
_FIRST_JOINED = 0x0590
"""The first code point of the scripts that use joiners; earlier ones are Latin, Greek, Cyrillic and Armenian."""
_BLANK = frozenset("\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0\u00ad\u034f")
"""Letters and marks that print as nothing."""
_AT_SIGNS = frozenset("\uff20\ufe6b")
"""They look like an @ but make no mention: shown with their code point."""
_HIDDEN_CATEGORIES = frozenset({"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp"})
_WORDS = re.compile(r"\w+|\s+|.", re.DOTALL)
_LONGEST = 2_000
"""Characters of a text that are compared. Posts on most platforms are shorter; it bounds the time; not measured."""


def shown(text: str, before: str = "") -> Markup:
    """A text as HTML. What does not print is shown by its code point, as `⟨U+200B⟩`; line ends become spaces.

    Args:
        text: any text.
        before: what stands before it, where it is part of a longer one.
    """
    return Markup("").join(_parts(text, before[-1:]))


def shown_with(text: str, part: str) -> Markup:
    """A text as HTML, with the first place of `part` marked, if it has one."""
    start = text.find(part) if part else -1
    if start < 0:
        return shown(text)
    end = start + len(part)
    return shown(text[:start]) + _marked(text[start:end], text[:start]) + shown(text[end:], text[:end])


def differences(one: str, other: str) -> tuple[Markup, Markup, bool]:
    """Two texts as HTML, each with the words marked that the other has not.

    Returns:
        Both, and whether they differ at all.
    """
    one, other = one[:_LONGEST], other[:_LONGEST]
    words, others = _WORDS.findall(one), _WORDS.findall(other)
    left, right, differ = [], [], False
    before = after = ""
    for change, a, b, c, d in SequenceMatcher(None, words, others, autojunk=False).get_opcodes():
        here, there = "".join(words[a:b]), "".join(others[c:d])
        if change == "equal":
            left.append(shown(here, before))
            right.append(shown(there, after))
        else:
            differ = True
            left.append(_marked(here, before))
            right.append(_marked(there, after))
        before, after = here or before, there or after
    return Markup("").join(left), Markup("").join(right), differ


def _marked(text: str, before: str) -> Markup:
    return Markup("<mark>{}</mark>").format(shown(text, before)) if text else Markup("")


def _parts(text: str, first: str) -> Iterable[Markup]:
    """Runs of text that prints, and what stands for each character that does not."""
    start = 0
    for place, character in enumerate(text):
        if character.isascii() and character.isprintable():
            continue
        before = text[place - 1] if place else first
        if character in "\n\r\t":
            yield escape(text[start:place] + " ")
        elif is_hidden(character, before):
            yield escape(text[start:place])
            yield _code_point(character)
        elif character in _AT_SIGNS:
            yield escape(text[start : place + 1])
            yield _code_point(character)
        else:
            continue
        start = place + 1
    yield escape(text[start:])


def _code_point(character: str) -> Markup:
    return Markup("<i>\u27e8U+{:04X}\u27e9</i>").format(ord(character))


def is_hidden(character: str, before: str) -> bool:
    """Whether a reader cannot see a character.

    Args:
        character: one character.
        before: the character before it; empty at the start.
    """
    if character in _JOINERS:
        return not before or ord(before) < _FIRST_JOINED
    if character in _BLANK:
        return True
    if "\ufe00" <= character <= "\ufe0f" or character >= "\U000e0100":
        # a variation selector belongs behind a sign that has variants
        return not before or (before.isalpha() and ord(before) < _FIRST_JOINED)
    return unicodedata.category(character) in _HIDDEN_CATEGORIES
