"""Text from the data within a sentence of an alert: short, on one line, and without characters that hide or move text.

A headline reaches terminals, pages and messages of other tools. Evidence and members keep the text as it was posted.
"""

import re
import unicodedata

_ADDRESS = re.compile(r"^[a-z]+://(?:www\.)?", re.IGNORECASE)
_LEFT_OUT = '<>"\u201c\u201d'
"""They begin a tag, or end a quotation."""


def quoted(text: str, limit: int) -> str:
    """Return at most `limit` characters of `text`: printable ones, with single spaces between words.

    Control characters, direction marks and characters without width are left out, and so are quotation marks and angle
    brackets. A link has no scheme, so that it is shown and not opened.
    """
    text = _ADDRESS.sub("", text)
    kept = " ".join("".join(_kept(character) for character in text[: limit * 4]).split())
    return kept if len(kept) <= limit else f"{kept[: limit - 1].rstrip()}…"


def _kept(character: str) -> str:
    if character.isprintable():
        return "" if character in _LEFT_OUT else character
    return "" if unicodedata.category(character) == "Cf" else " "
