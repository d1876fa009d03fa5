"""Text of the data made fit for a terminal or a page: whoever posts it may try to move the cursor."""

import unicodedata

_JOINERS = "\u200c\u200d"
"""Needed to write Persian, Hindi and joined emoji; harmless."""
_SPACES = {"Cc": " ", "Zl": " ", "Zp": " "}


def plain(text: str, limit: int | None = None) -> str:
    """Return `text` on one line, without control and direction characters, cut to `limit` characters.

    Escape sequences, line ends, zero-width and direction marks, lone surrogates and private characters go;
    what is left prints the same everywhere. What the data really say is in the alerts file.
    """
    if not text.isascii() or not text.isprintable():
        text = "".join(_kept(character) for character in text)
    text = " ".join(text.split())
    if limit is not None and len(text) > limit:
        return text[: limit - 1] + "\u2026"
    return text


def plain_lines(text: str) -> str:
    """As `plain`, but line ends stay: for messages of several lines."""
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
