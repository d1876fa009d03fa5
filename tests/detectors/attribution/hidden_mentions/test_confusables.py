"""Folding: the table, and the kernel against plain Python."""

import unicodedata

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.arrays.hashing import utf8_buffer
from detectors.attribution.hidden_mentions import confusables as chars
from detectors.attribution.hidden_mentions.confusables import (
    CONFUSABLES,
    MAX_CHARACTERS,
    Folded,
    fold,
    folded,
    folding,
    scratch,
)

characters = st.characters(exclude_categories=["Cs"])


def kernel(text: str) -> tuple[str, Folded, int]:
    buffer, offsets = utf8_buffer(pl.Series([text]))
    out = scratch()
    count = fold(buffer, offsets[0], offsets[1], folding(), out)
    return "".join(map(chr, out.point[:count].tolist())), out, count


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("MUNDO_China", "mundo_china"),
        ("mund\u043e_\u0441hin\u0430", "mundo_china"),
        ("\u039c\u03c5nd\u03bf_china", "mundo_china"),
        ("mund\u0585_c\u0570ina", "mundo_china"),
        ("\uff4d\uff55\uff4e\uff44\uff4f\uff3f\uff43\uff48\uff49\uff4e\uff41", "mundo_china"),
        ("\U0001d426\U0001d42e\U0001d427\U0001d41d\U0001d428_\u24d2\u24d7\u24d8\u24dd\u24d0", "mundo_china"),
        ("\U0001f17c\U0001f184\U0001f17d\U0001f173\U0001f17e", "mundo"),
        ("\u1d0d\u1d1c\u0274\u1d05\u1d0f", "mundo"),
        ("mun\u200bdo\u2060_\ufeffchi\u00adna\ufe0f\u202e", "mundo_china"),
        ("m\u00fand\u00f3 mu\u0301ndo\u0301 m\u00f8ndo", "mundo mundo mondo"),
        ("\ufb01n stra\u00dfe", "fin strasse"),
        ("mund0", "mund0"),
        ("\u65b0\u534e\u793e \ud55c\uad6d", "\u65b0\u534e\u793e \ud55c\uad6d"),
        ("", ""),
    ],
)
def test_given_a_disguise_then_the_name(text: str, name: str) -> None:
    assert folded(text) == name
    assert kernel(text)[0] == name


def test_given_the_table_then_every_entry_is_one_character_that_looks_like_a_plain_one() -> None:
    for alike, letter in CONFUSABLES.items():
        assert len(alike) == 1
        assert not alike.isascii()
        assert letter.isascii()
        assert letter.isalnum()
        assert letter == letter.lower()
        assert unicodedata.category(alike)[0] in "LS"
        assert folded(alike) == letter


def test_given_a_russian_word_then_case_makes_no_difference() -> None:
    for point in range(0x0410, 0x0430):
        assert folded(chr(point)) == folded(chr(point).lower())


def test_given_letters_of_living_scripts_that_look_like_nothing_latin_then_they_stay() -> None:
    for letter in "\u0436\u0444\u044e\u03b4\u03c8\u05d0\u0628\u0e01\u3042\u4e2d":
        assert folded(letter) == letter


def test_given_mathematical_letters_and_digits_then_all_are_plain() -> None:
    for point in range(0x1D400, 0x1D6A4):
        if unicodedata.category(chr(point)) != "Cn":
            assert folded(chr(point)).isascii(), hex(point)


@pytest.mark.slow
def test_given_every_character_then_the_kernel_folds_as_the_definition_does() -> None:
    points = [*range(0x20000), *range(0xE0000, 0xE1000), 0x2F800, 0x30000, 0xF0000, 0x10FFFF]
    everything = [chr(point) for point in points if not 0xD800 <= point < 0xE000]
    buffer, offsets = utf8_buffer(pl.Series(everything))
    out, table = scratch(), folding()

    for at, character in enumerate(everything):
        count = fold(buffer, offsets[at], offsets[at + 1], table, out)
        assert "".join(map(chr, out.point[:count].tolist())) == folded(character), hex(ord(character))


@settings(max_examples=300, deadline=None)
@given(st.text(characters, max_size=60).filter(lambda text: "://" not in text and "www." not in text.lower()))
def test_given_any_text_then_the_kernel_folds_as_the_definition_does(text: str) -> None:
    found, out, count = kernel(text)

    assert found == folded(text)
    assert all(folded(text[place]) != "" for place in out.place[:count].tolist())
    assert found == "".join(folded(text[place]) for place in np.unique(out.place[:count]).tolist())


@settings(max_examples=300, deadline=None)
@given(st.text(characters, max_size=40))
def test_given_a_folded_text_then_folding_again_changes_nothing(text: str) -> None:
    once = folded(text)

    assert folded(once) == once


@pytest.mark.parametrize(
    ("character", "kind", "change"),
    [
        ("a", chars.WORD, chars.PLAIN),
        ("\u00e1", chars.WORD, chars.ACCENT),
        ("\u0142", chars.WORD, chars.ACCENT),
        ("\uff41", chars.WORD, chars.STYLED),
        ("\u1d00", chars.WORD, chars.STYLED),
        ("\U0001f150", chars.WORD, chars.STYLED),
        ("\u212a", chars.WORD, chars.ACCENT),  # the sign for kelvin: not ASCII, so never plain
        ("\u0430", chars.WORD, chars.SCRIPT),
        ("\u0451", chars.WORD, chars.SCRIPT),  # with a mark on top
        ("\U0001d6fc", chars.WORD, chars.SCRIPT),  # Greek in a mathematical font
        ("\u0436", chars.WORD, chars.PLAIN),
        ("\u4e2d", chars.UNSPACED, chars.PLAIN),
        ("\ud55c", chars.UNSPACED, chars.PLAIN),
        ("@", chars.AT, chars.PLAIN),
        ("\uff20", chars.ODD_AT, chars.STYLED),
        ("\ufe6b", chars.ODD_AT, chars.STYLED),
        ("_", chars.JOINER, chars.PLAIN),
        ("\u203f", chars.JOINER, chars.PLAIN),
        ("\u2022", chars.MARK, chars.PLAIN),
        ("\u2192", chars.MARK, chars.PLAIN),
        ("\U0001f449", chars.MARK, chars.PLAIN),
        ("\uff1a", chars.COLON, chars.STYLED),
        ("\u00a0", chars.SPACE, chars.STYLED),
        ("\n", chars.LINE, chars.PLAIN),
    ],
)
def test_given_a_character_then_its_kind_and_what_folding_changed(
    character: str, kind: int, change: int
) -> None:
    _, out, count = kernel(character)

    assert (count, out.kind[0], out.change[0]) == (1, kind, change)


def test_given_something_invisible_then_the_next_character_knows() -> None:
    _, out, count = kernel("a\u200bb\u00adc\u0301d e\u200b\u00ad\u0301f")

    assert count == 7
    assert out.unseen[:count].tolist() == [0, 1, 2, 4, 0, 0, 7]
    assert out.place[:count].tolist() == [0, 2, 4, 6, 7, 8, 12]


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("lee https://x.com/mundo_china/1 ahora", "lee \ufffd ahora"),
        ("HTTP://X.COM/mundo_china", "\ufffd"),
        ("\u770bhttps://t.cn/Ab12\u4e2d\u6587", "\u770b\ufffd\u4e2d\u6587"),
        ("www.mundo_china.es mundo", "\ufffd mundo"),
        ("ftp://mundo", "ftp://mundo"),
        ("www. mundo", "www. mundo"),
        ("://", "://"),
        ("s://a", "s://a"),
        ("www.", "www."),
        ("h\u200bttp://a", "http://a"),
    ],
)
def test_given_an_address_then_one_character_stands_for_it(text: str, left: str) -> None:
    found, out, count = kernel(text)

    assert found == left
    assert [out.kind[at] == chars.LINK for at in range(count)] == [letter == "\ufffd" for letter in left]


def test_given_an_endless_text_then_only_its_beginning_is_read() -> None:
    assert len(kernel("a" * 100_000)[0]) == MAX_CHARACTERS - 3
    assert len(kernel("\ufb03" * 100_000)[0]) <= MAX_CHARACTERS
    assert kernel("\u0301" * 100_000 + "a")[0] == "a"
