"""Text from the data made safe for a terminal or a page: a post may hold codes that move the cursor."""

import unicodedata

_JOINERS = "\u200c\u200d"
"""Persian, Hindi and joined emoji need these; they are harmless."""
_SPACES = {"Cc": " ", "Zl": " ", "Zp": " "}


def plain(text: str, limit: int | None = None) -> str:
    """Return `text` on one line, without control and direction characters, cut to `limit` characters.

    Escape sequences, line ends, zero-width and direction marks, lone surrogates and private characters are removed; the
    rest prints the same everywhere. The alerts file keeps the original text.
    """
    if not text.isascii() or not text.isprintable():
        text = "".join(_kept(character) for character in text)
    text = " ".join(text.split())
    if limit is not None and len(text) > limit:
        return text[: limit - 1] + "\u2026"
    return text


def plain_lines(text: str) -> str:
    """Like `plain`, but line ends stay, for messages of several lines."""
    lines = text.replace("\r", "").split("\n")
    return "\n".join("".join(map(_kept, line)).rstrip() for line in lines)


def _kept(character: str) -> str:
    if character.isprintable() or character in _JOINERS:
        return character
    category = unicodedata.category(character)
    if category.startswith("Z"):
        return " "
    if category == "Cs":
        return "\ufffd"
    return _SPACES.get(category, "")
