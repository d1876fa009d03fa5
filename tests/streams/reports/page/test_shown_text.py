"""Text from the data on the page: what cannot be seen is shown, what differs is marked, HTML stays text."""

import re
from html import unescape

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import Markup

from streams.reports.page.shown_text import differences, shown, shown_with


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("hola <b>&", "hola &lt;b&gt;&amp;"),
        ("ze\u200bro", "ze<i>\u27e8U+200B\u27e9</i>ro"),
        ("a\u202eb", "a<i>\u27e8U+202E\u27e9</i>b"),
        ("so\u00adft", "so<i>\u27e8U+00AD\u27e9</i>ft"),
        ("\uff20agencia", "\uff20<i>\u27e8U+FF20\u27e9</i>agencia"),
        ("one\ntwo", "one two"),
        (
            "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",
            "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",
        ),
        ("la\u200cto", "la<i>\u27e8U+200C\u27e9</i>to"),
        ("\U0001f468\u200d\U0001f469", "\U0001f468\u200d\U0001f469"),
        ("\u2764\ufe0f", "\u2764\ufe0f"),
        ("a\ufe0f", "a<i>\u27e8U+FE0F\u27e9</i>"),
        ("\U0001f468\u200d\U0001f469 \u200d", "\U0001f468\u200d\U0001f469 <i>\u27e8U+200D\u27e9</i>"),
        ("\ud800", "<i>\u27e8U+D800\u27e9</i>"),
    ],
)
def test_a_text_is_escaped_and_what_cannot_be_seen_is_shown(text: str, html: str) -> None:
    assert shown(text) == html


def test_the_words_that_differ_are_marked_on_both_sides() -> None:
    left, right, differ = differences("el puerto abre hoy", "el muelle abre hoy <x>")
    assert left == "el <mark>puerto</mark> abre hoy"
    assert right == "el <mark>muelle</mark> abre hoy<mark> &lt;x&gt;</mark>"
    assert differ


def test_a_joined_sign_stays_whole_where_a_difference_begins_in_it() -> None:
    _, right, _ = differences("\U0001f468", "\U0001f468\u200d\U0001f469")
    assert right == "\U0001f468<mark>\u200d\U0001f469</mark>"


def test_equal_texts_have_no_mark() -> None:
    assert differences("el puerto", "el puerto") == (Markup("el puerto"), Markup("el puerto"), False)


def test_a_part_is_marked_where_it_stands() -> None:
    assert (
        shown_with("Foto: \u2022agencia <b>", "\u2022agencia") == "Foto: <mark>\u2022agencia</mark> &lt;b&gt;"
    )
    assert shown_with("Foto", "nothing") == "Foto"


@given(st.text(), st.text())
def test_nothing_of_a_text_is_lost_and_nothing_of_it_becomes_html(one: str, other: str) -> None:
    left, right, differ = differences(one, other)
    assert differ is (one != other)
    for html, text in ((left, one), (right, other)):
        bare = re.sub(r"</?(mark|i)>", "", html)
        assert "<" not in bare
        assert unescape(bare) == unescape(re.sub(r"</?(mark|i)>", "", shown(text)))
