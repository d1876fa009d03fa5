"""Texts that are normalised by the table of characters: the same as by expressions."""

from itertools import pairwise

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.traces.text import normalised, normalised_texts

_POINTS = [point for point in range(0x30000) if not 0xD800 <= point < 0xE000]
_SCRIPTS = [
    "aZ09_",
    "éÀñİıſ",
    "АяЁй",
    "Σσςά",
    "אבגּ",
    "عربيةًٌ",
    "हिन्दीक़",
    "বাংলা",
    "தமிழொ",
    "ไทยเำ",
    "中文字",
    "かなガｶﾞ",
    "한국어ᄒ\u1161\u11ab",
]
_SIGNS = [
    "\u200d",
    "\u20e3",
    "\ufe0f",
    "…",
    "½",
    "ﷺ",
    "ﬁ",
    "\uff21",
    "\U0001f600",
    "\U0001d400",
    "\u0301",
    "\u0323",
    "\x00",
]
_SYNTAX = [
    "http://",
    "https://",
    "https:/",
    "www.",
    "ttp://",
    "RT @",
    "rt ",
    "@a",
    "@",
    ":",
    "/",
    " ",
    "\t",
    "\n",
    "\u3000",
    "-",
]
texts = st.lists(
    st.sampled_from([*"".join(_SCRIPTS), *_SIGNS, *_SYNTAX, *_SYNTAX])
    | st.characters(exclude_categories=["Cs"]),
    max_size=12,
).map("".join)


def compare(given_texts: list[str]) -> None:
    series = pl.Series("text", given_texts, dtype=pl.String)
    expected = series.to_frame().select(normalised(pl.col("text"))).to_series()
    buffer, offsets = normalised_texts(series)
    whole = buffer.tobytes()
    found = [whole[begin:end].decode() for begin, end in pairwise(offsets)]
    differing = [
        (text, due, was) for text, due, was in zip(given_texts, expected, found, strict=True) if due != was
    ]
    assert differing == []


@settings(max_examples=500, deadline=None)
@given(given_texts=st.lists(texts, max_size=5))
@pytest.mark.slow
def test_given_any_texts_then_they_are_as_the_expressions_make_them(given_texts: list[str]) -> None:
    compare(given_texts)


@pytest.mark.long
@settings(max_examples=10_000, deadline=None)
@given(given_texts=st.lists(texts, max_size=5))
def test_given_many_texts_then_they_are_as_the_expressions_make_them(given_texts: list[str]) -> None:
    compare(given_texts)


@pytest.mark.parametrize(
    "around", ["{}", "ab{}cd", "e{}\u0301\u0323x", "\u1100{}", "@{}a", "www.{}", "rt @a{}:b", "Σ{}"]
)
def test_given_every_character_then_it_is_as_the_expressions_make_it(around: str) -> None:
    compare([around.format(chr(point)) for point in _POINTS])


@pytest.mark.parametrize("character", ["a", "é", "中", "\U0001f600", "ﷺ", "…", " "])
def test_given_texts_of_any_length_then_they_are_cut_where_the_expressions_cut_them(character: str) -> None:
    compare(
        [character * length for length in (0, 1, 8_191, 8_192, 8_193, 40_000)] + [f"x {character * 9_000} y"]
    )


def test_given_no_texts_then_there_is_nothing() -> None:
    compare([])
