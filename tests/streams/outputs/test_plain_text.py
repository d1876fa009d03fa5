"""Text of the data on a terminal: nothing in it moves the cursor, turns lines round or breaks the output."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.outputs.plain_text import plain, plain_lines


@given(st.text(st.characters(codec=None)))
def test_nothing_that_controls_is_left(text: str) -> None:
    shown = plain(text)
    shown.encode()
    assert all(c in "\u200c\u200d" or unicodedata.category(c)[0] != "C" for c in shown)
    assert "\n" not in shown
    assert plain(shown) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "plain"),
        ("\x1b[31mred\x1b[0m", "[31mred [0m"),
        ("one\r\ntwo\tthree", "one two three"),
        ("abc\u202edef\u200b\ufeff", "abcdef"),
        ("lone \ud800", "lone \ufffd"),
        ("Grüße 日本 👩\u200d🚀", "Grüße 日本 👩\u200d🚀"),
    ],
)
def test_letters_stay(text: str, shown: str) -> None:
    assert plain(text).strip() == shown


def test_long_text_is_cut() -> None:
    assert plain("abcdef", 4) == "abc\u2026"
    assert plain("abcd", 4) == "abcd"


def test_messages_keep_their_lines() -> None:
    assert plain_lines("one:\r\n  two\x1b = 1 ") == "one:\n  two  = 1"
