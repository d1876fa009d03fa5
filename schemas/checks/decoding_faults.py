"""Plain words for what msgspec refuses.

msgspec writes "Expected `int`, got `str` - at `$.time.tick_s`"; a person reads "time.tick_s: expected int, got str".
"""

import re
from typing import NamedTuple

import msgspec

DECODING_ERRORS = (msgspec.DecodeError, ValueError, RecursionError)
"""Everything that decoding a value from outside can raise: `ValueError` for bytes that are not UTF-8 or for a time that
is none, `RecursionError` for lists within lists without end."""

_PLACE = re.compile(r"(.*) - at (?:`key` in )?`\$\.?(.*)`$", re.DOTALL)
_UNKNOWN = re.compile(r"Object contains unknown field (.*)$", re.DOTALL)
_MISSING = re.compile(r"Object missing required field (.*)$", re.DOTALL)


class DecodingFault(NamedTuple):
    """What is wrong with a value, and where in it."""

    place: str
    """Dotted path of the field, such as `time.tick_s`; empty: the value as a whole."""
    words: str
    """What is wrong there, without a full stop: `expected int, got str`."""
    unknown_field: str | None = None
    """The name of a field that should not be there; None: the fault is another one."""

    def __str__(self) -> str:
        return f"{self.place}: {self.words}" if self.place else self.words


def decoding_fault(error: BaseException) -> DecodingFault:
    """Put one of `DECODING_ERRORS` into words. The message of a struct's own check keeps its words."""
    if isinstance(error, RecursionError):
        return DecodingFault("", "nested too deeply")
    text, place = str(error), ""
    if placed := _PLACE.match(text):
        text, place = placed[1], placed[2]
    text = text.replace("`", "")
    if unknown := _UNKNOWN.match(text):
        return DecodingFault(place, f"unknown field {unknown[1]}", unknown[1])
    if missing := _MISSING.match(text):
        return DecodingFault(place, f"field {missing[1]} is missing")
    # "JSON is malformed" keeps its capitals
    return DecodingFault(place, text if text[:2].isupper() else text[:1].lower() + text[1:])
