"""Any handle, hidden in every way in any text: it is found, whatever the batches, and nothing else is."""

# ruff: noqa: RUF001 - disguises are written as they look

import functools
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.attribution.hidden_mentions.confusables import folded
from detectors.attribution.hidden_mentions.hidden_mentions import EXCERPT, STYLES, HiddenMentionFinder
from tests.detectors.attribution.hidden_mentions.registry_handles import find
from tests.long_runs import LONG

CYRILLIC = str.maketrans("aeopcx", "\u0430\u0435\u043e\u0440\u0441\u0445")


FULL_WIDTH = {ord(c): ord(c) + 0xFEE0 for c in "abcdefghijklmnopqrstuvwxyz0123456789_"}


BOLD = {ord("a") + at: 0x1D41A + at for at in range(26)}


# every way to hide, for any handle with an underscore
def marked(mark: str) -> Callable[[str, int], str]:
    return lambda h, n: mark + " " * (n % 2) + h


def invisible(point: int) -> Callable[[str, int], str]:
    return lambda h, n: ("@" + h)[: 1 + n % len(h)] + chr(point) + ("@" + h)[1 + n % len(h) :]


EVASIONS: dict[str, Callable[[str, int], str]] = {
    "full-width at": lambda h, _: "＠" + h,
    "small at": lambda h, _: "﹫" + h,
    "space after at": lambda h, n: "@" + " " * (n % 3 + 1) + h,
    "spaced letters": lambda h, _: " ".join(h),
    "spaced letters and at": lambda h, _: " ".join("@" + h),
    "dotted letters": lambda h, _: ".".join(h),
    "a dot": lambda h, n: h[: 1 + n % (len(h) - 1)] + "." + h[1 + n % (len(h) - 1) :],
    "a space after at": lambda h, n: "@" + h[: 1 + n % (len(h) - 1)] + " " + h[1 + n % (len(h) - 1) :],
    "platform, colon": lambda h, n: ["Twitter", "X", "Telegram", "IG", "推特"][n % 5] + ": " + h,
    "platform": lambda h, n: ["twitter ", "X/", "TELEGRAM ", "Твиттер "][n % 4] + h,
    "platform, mark, space for underscore": lambda h, _: "Twitter •" + h.replace("_", " "),
    "undertie": lambda h, _: "•" + h.replace("_", "\u203f"),
    "spelled": lambda h, n: ["(at)", "[at]", "(at) ", "{AT}", "(arroba)"][n % 5] + h,
    "credit": lambda h, n: (
        ["vía ", "via ", "Fuente: ", "source: ", "Источник: ", "来源：", "h/t "][n % 7] + h
    ),
    "brackets": lambda h, n: f"({h})" if n % 2 else f"[{h}]",
    "full width": lambda h, _: h.translate(FULL_WIDTH),
    "mathematical": lambda h, _: h.translate(BOLD),
    "Cyrillic after at": lambda h, _: "@" + h.translate(CYRILLIC),
    "upper case": lambda h, _: h.upper(),
}


EVASIONS |= {f"mark {mark}": marked(mark) for mark in "•·*→▪►◦‣★➡✓👉|"}


_UNSEEN = "\u00ad\u200b\u200c\u200d\u200e\u202a\u2060\u2066\ufeff\ufe0e\ufe0f\u180e\U000e0001"


EVASIONS |= {f"invisible U+{ord(unseen):04X}": invisible(ord(unseen)) for unseen in _UNSEEN}


names = st.from_regex(r"[a-z]{2,8}_[a-z0-9]{1,4}[aeopcx]{4}", fullmatch=True)


words = st.lists(
    st.sampled_from(
        [
            "hola",
            "mundo",
            "China",
            "El",
            "новости",
            "新闻",
            "أخبار",
            "x",
            "3",
            "...",
            "😀",
            "(a)",
            "T-1",
            "#a_b",
        ]
    )
)


@pytest.mark.parametrize("evasion", EVASIONS)
@settings(max_examples=40 if LONG else 12, deadline=None)
@given(handle=names, number=st.integers(0, 1_000), before=words, after=words)
def test_given_any_handle_hidden_in_any_text_then_it_is_found(
    evasion: str, handle: str, number: int, before: list[str], after: list[str]
) -> None:
    piece = EVASIONS[evasion](handle, number)
    text = " ".join([*before, piece, *after])

    found = find(text, search=HiddenMentionFinder(["otra_agencia", handle]))

    assert [row[:2] for row in found] == [(0, 1)]
    assert found[0][3] in text
    assert found[0][2] in STYLES


@settings(max_examples=60, deadline=None)
@given(
    handle=names,
    before=words,
    after=words,
    form=st.sampled_from(["@{}", "RT @{}:", ".@{}!", "#{}", "https://a.example/{}"]),
)
def test_given_any_handle_that_is_mentioned_tagged_or_linked_then_it_is_not_found(
    handle: str, before: list[str], after: list[str], form: str
) -> None:
    text = " ".join([*before, form.format(handle), *after])

    assert find(text, text.upper(), search=HiddenMentionFinder([handle])) == []


letters = st.text(st.sampled_from("mundo_chin @•.:/#()\u200b\u0301\u202eаоеіＭ\n-*1xX推"), max_size=50)


@pytest.mark.slow
@settings(max_examples=500 if LONG else 150, deadline=None)
@given(
    st.lists(st.one_of(letters, st.text(st.characters(exclude_categories=["Cs"]), max_size=40)), max_size=6)
)
def test_given_any_text_then_what_is_found_spells_a_handle(texts: list[str]) -> None:
    handles = ["mundo_china", "n_o", "chin_mund", "mun", "о_мundo_ch"]
    search = HiddenMentionFinder(handles)

    for row, handle, style, excerpt in find(*texts, search=search):
        key = "".join(letter for letter in folded(handles[handle]) if letter.isalnum())
        spelled = "".join(letter for letter in folded(excerpt) if letter.isalnum())
        assert style in STYLES
        assert excerpt in texts[row]
        assert len(excerpt) == EXCERPT or spelled.endswith(key)


pieces = st.lists(
    st.one_of(
        st.none(),
        st.text(max_size=20),
        st.builds(
            "{} {}".format,
            st.sampled_from(["•mundo_china", "@mundo_china", "＠reuters vía rt_com"]),
            st.text(max_size=9),
        ),
    ),
    max_size=12,
)


@pytest.mark.slow
@settings(max_examples=150, deadline=None)
@given(pieces, st.data())
def test_given_any_batches_then_the_same_is_found(texts: list[str | None], data: st.DataObject) -> None:
    mentions = [data.draw(st.sampled_from([None, [], ["rt_com"]])) for _ in texts]
    cut = data.draw(st.integers(0, len(texts)))

    whole = find(*texts, mentions=mentions)

    rest = find(*texts[cut:], mentions=mentions[cut:])
    assert whole == find(*texts[:cut], mentions=mentions[:cut]) + [
        (row + cut, *found) for row, *found in rest
    ]
    assert [row[:2] for row in whole] == sorted({row[:2] for row in whole})


@functools.cache
def finder_of_many() -> HiddenMentionFinder:
    return HiddenMentionFinder([f"agencia_{at}" for at in range(10_000)] + ["a" * at for at in range(1, 60)])


@pytest.mark.parametrize(
    "text",
    [
        "a" * 300_000,
        "a " * 150_000,
        "@" * 300_000,
        "a_b" * 100_000,
        "\u0301" * 300_000,
        "a\u200b" * 150_000,
        "\u202e\u202c\u2066" * 100_000,
        "agencia_0 " * 30_000,
        "http://" * 50_000,
        "www." * 70_000,
        "(at)" * 70_000,
        "Twitter •" * 30_000,
        "\ufdfa" * 100_000,
        "😀\ufe0f" * 70_000,
    ],
)
def test_given_hostile_texts_and_many_handles_then_each_post_is_read_by_itself(text: str) -> None:
    found = find(text, "•agencia_9999", text, search=finder_of_many())

    assert (1, 9_999, "bullet", "•agencia_9999") in found
    assert [row[1:] for row in found if row[0] == 0] == [row[1:] for row in found if row[0] == 2]
