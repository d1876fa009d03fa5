"""Handles named without a working mention: each way to hide that is found, and what is not taken for one."""

# ruff: noqa: RUF001 - disguises are written as they look

import polars as pl
import pytest

from detectors.attribution.hidden_mentions.hidden_mentions import (
    EXCERPT,
    HIDDEN_MENTIONS,
    HiddenMentionFinder,
)
from tests.detectors.attribution.hidden_mentions.registry_handles import (
    FRANCE,
    GLOBAL,
    MUNDO,
    ODD,
    PRAVDA,
    REUTERS,
    RT,
    SEARCH,
    find,
)


@pytest.mark.parametrize(
    ("text", "handle", "style", "excerpt"),
    [
        ("Twitter •mundo_china dice", MUNDO, "platform_word", "Twitter •mundo_china"),
        ("sigue Twitter: mundo_china", MUNDO, "platform_word", "Twitter: mundo_china"),
        ("Twitter mundo_china", MUNDO, "platform_word", "Twitter mundo_china"),
        ("en X/mundo_china hoy", MUNDO, "platform_word", "X/mundo_china"),
        ("Twitter: mundo china", MUNDO, "platform_word", "Twitter: mundo china"),
        ("Twitter •mundo\u203fchina", MUNDO, "platform_word", "Twitter •mundo\u203fchina"),
        ("Твиттер: mundo_china", MUNDO, "platform_word", "Твиттер: mundo_china"),
        ("推特：mundo_china的", MUNDO, "platform_word", "推特：mundo_china"),
        ("Twitter •globaltimesnews dice", GLOBAL, "platform_word", "Twitter •globaltimesnews"),
        ("Twitter: France24", FRANCE, "platform_word", "Twitter: France24"),
        ("•MUNDO_CHINA", MUNDO, "bullet", "•MUNDO_CHINA"),
        ("dice · mundo_china", MUNDO, "bullet", "· mundo_china"),
        ("→mundo_china", MUNDO, "bullet", "→mundo_china"),
        ("*mundo_china*", MUNDO, "bullet", "*mundo_china"),
        ("👉 mundo_china", MUNDO, "bullet", "👉 mundo_china"),
        ("•rt_com", RT, "bullet", "•rt_com"),
        ("＠mundo_china", MUNDO, "full_width_at", "＠mundo_china"),
        ("﹫Reuters", REUTERS, "full_width_at", "﹫Reuters"),
        ("＠mundo china", MUNDO, "full_width_at", "＠mundo china"),
        ("@ mundo_china", MUNDO, "spaced_at", "@ mundo_china"),
        ("@ m u n d o _ c h i n a", MUNDO, "spaced_at", "@ m u n d o _ c h i n a"),
        ("(at)mundo_china", MUNDO, "spelled_at", "(at)mundo_china"),
        ("sigue a [arroba] mundo_china", MUNDO, "spelled_at", "[arroba] mundo_china"),
        ("m u n d o _ c h i n a", MUNDO, "broken", "m u n d o _ c h i n a"),
        ("m.u.n.d.o_c.h.i.n.a", MUNDO, "broken", "m.u.n.d.o_c.h.i.n.a"),
        ("mun.do_china", MUNDO, "broken", "mun.do_china"),
        ("@mundo.china", MUNDO, "broken", "@mundo.china"),
        ("@mundo_ china", MUNDO, "broken", "@mundo_ china"),
        ("@r e u t e r s", REUTERS, "broken", "@r e u t e r s"),
        ("@\u200bmundo_china", MUNDO, "zero_width", "@\u200bmundo_china"),
        ("@\u200breuters", REUTERS, "zero_width", "@\u200breuters"),
        ("mun\u2060do_china", MUNDO, "zero_width", "mun\u2060do_china"),
        ("mundo\u00ad_china", MUNDO, "zero_width", "mundo\u00ad_china"),
        ("@\u202emundo_china", MUNDO, "zero_width", "@\u202emundo_china"),
        ("mundо_сhina", MUNDO, "confusable", "mundо_сhina"),
        ("@rеuters", REUTERS, "confusable", "@rеuters"),
        ("ｍｕｎｄｏ＿ｃｈｉｎａ", MUNDO, "confusable", "ｍｕｎｄｏ＿ｃｈｉｎａ"),
        ("𝐦𝐮𝐧𝐝𝐨_𝐜𝐡𝐢𝐧𝐚", MUNDO, "confusable", "𝐦𝐮𝐧𝐝𝐨_𝐜𝐡𝐢𝐧𝐚"),
        ("múndo_china", MUNDO, "confusable", "múndo_china"),
        ("vía mundo_china", MUNDO, "credit_word", "vía mundo_china"),
        ("Fuente: mundo_china.", MUNDO, "credit_word", "Fuente: mundo_china"),
        ("source: Rt_com", RT, "credit_word", "source: Rt_com"),
        ("消息来源：mundo_china", MUNDO, "credit_word", "来源：mundo_china"),
        ("h/t mundo_china", MUNDO, "credit_word", "h/t mundo_china"),
        ("hoy (mundo_china)", MUNDO, "bracket", "(mundo_china"),
        ("Mundo_China lo dice", MUNDO, "bare", "Mundo_China"),
        ("mundo_china's", MUNDO, "bare", "mundo_china"),
        ("_odd_name_", ODD, "bare", "_odd_name_"),
        ("pravda19820 dice", PRAVDA, "bare", "pravda19820"),
        ("https://t.co/a mundo_china", MUNDO, "bare", "mundo_china"),
    ],
)
def test_given_a_way_to_hide_then_it_is_found_with_its_style_and_excerpt(
    text: str, handle: int, style: str, excerpt: str
) -> None:
    assert find(text) == [(0, handle, style, excerpt)]


@pytest.mark.parametrize(
    "text",
    [
        "@mundo_china",
        "hola @MUNDO_china: bien",
        ".@mundo_china",
        "RT @mundo_china: hola",
        "@mundo_china@social.example dice",
        "@mundo_china.Luego mundo_china",  # the platform links it all the same
        "@mundo_china y luego •mundo_china",
        "https://x.com/mundo_china/status/1",
        "lee x.com/mundo_china",
        "lee foo.example/twitter/mundo_china",
        "?user=mundo_china",
        "www.mundo_china.example",
        "mundo_china.example",
        "a@mundo_china.example",
        "a ＠mundo_china@b.example",
        "mundo_china@correo.example",
        "info(at)mundo_china",
        "correo@ mundo_china",
        "#mundo_china",
        "＃mundo_china",
        "#_odd_name_",
        "mundo_china2",
        "mundo_chinas",
        "mundo_china_es",
        "mi_mundo_china",
        "mundo_chinaд",
        "pro-mundo_china",
        "mundo_china-2",
        "mundo china",
        "vía Mundo China",
        "• Mundo China",
        "en directo @ Mundo China",
        "@mundo china",  # mentions another account
        "mundo-china",
        "mundo.china",
        "mundochina",
        "•mundochina",
        "M•U•N•D•O C•H•I•N•A",
        "mundo_\nchina",
        "reuters",
        "Reuters",
        "• reuters",
        "•reuters",
        "vía reuters",
        "(reuters)",
        "@ news",
        "en directo @ France24",
        "Reuterѕ",  # one letter from the wrong keyboard
        "Ｒｅｕｔｅｒｓ 𝐑𝐞𝐮𝐭𝐞𝐫𝐬",
        "Reu\u00adters",
        "r e u t e r s",
        "News • Twitter • News",
        "•Twitter •globaltimesnews •reuters",
        "Twitter: reuters",
        "vía France24",
        "(france24)",
        "rt_com",
        "• rt_com",  # a list has its bullets, too
        "n\u200bews",
        "odd_name_",
        "",
        None,
    ],
)
def test_given_a_mention_a_link_or_an_ordinary_word_then_nothing(text: str | None) -> None:
    assert find(text) == []


@pytest.mark.parametrize(
    ("mentions", "count"),
    [
        (None, 1),
        ([], 1),
        (["otra"], 1),
        ([None], 1),
        (["MUNDO_china"], 0),
        (["@mundo_china"], 0),
        (["otra", "mundo_china@social.example"], 0),
    ],
)
def test_given_mentions_then_a_handle_among_them_is_not_hidden(
    mentions: list[str] | None, count: int
) -> None:
    assert len(find("Twitter •mundo_china", mentions=[mentions])) == count


def test_given_several_ways_in_one_post_then_the_strongest_style_and_its_first_piece() -> None:
    text = "mundo_china, vía mundo_china, @ mundo_china, @ MUNDO_china, (pravda19820) vía pravda19820"

    assert find(text) == [
        (0, MUNDO, "spaced_at", "@ mundo_china"),
        (0, PRAVDA, "credit_word", "vía pravda19820"),
    ]


def test_given_handles_of_one_name_then_the_shortest_that_is_written_counts_and_equals_all_do() -> None:
    search = HiddenMentionFinder(["a_bcdefgh", "ab_cdefgh", "A_BCDEFGH", "b_cdefgh", "a_bcdefgh_ij"])

    assert find("•a_bcdefgh", search=search) == [
        (0, 0, "bullet", "•a_bcdefgh"),
        (0, 2, "bullet", "•a_bcdefgh"),
    ]
    assert find("•a_bcdefgh_ij", search=search) == [(0, 4, "bullet", "•a_bcdefgh_ij")]
    assert find("Twitter •a_bcdefgh ij", search=search) == [
        (0, 0, "platform_word", "Twitter •a_bcdefgh"),
        (0, 2, "platform_word", "Twitter •a_bcdefgh"),
    ]
    assert find("Twitter •a bcdefgh ij", search=search)[-1][1:3] == (2, "platform_word")
    assert find("@a.bcdefgh", "@ab.cdefgh", search=search)[-1][:3] == (1, 1, "broken")


def test_given_handles_of_other_alphabets_and_servers_then_they_are_found_as_they_are_written() -> None:
    search = HiddenMentionFinder(["@agencia_uno@social.example", "новости_мира", "人民日报", "Ünder_wegs"])

    assert find("•agencia_uno", "@agencia_uno", search=search) == [(0, 0, "bullet", "•agencia_uno")]
    assert find("•НОВОСТИ_мира", "@новости_мира", search=search) == [(0, 1, "bullet", "•НОВОСТИ_мира")]
    assert find("人民日报", "@人民日报", "看人民日报的", search=search) == []
    assert find("•ünder_wegs", "@Ünder_wegs", search=search) == [(0, 3, "bullet", "•ünder_wegs")]


def test_given_characters_between_two_letters_then_three_at_most_are_a_disguise() -> None:
    assert [style for *_, style, _ in find("dice m...undo_china", "", None)] == ["broken"]
    assert find("dice m....undo_china", "", None) == []


@pytest.mark.parametrize("handles", [[], [""], ["@", "___", "•", "\u200b"], ["x"], ["-a-"], ["a b"]])
def test_given_handles_that_cannot_be_found_then_nothing(handles: list[str]) -> None:
    assert find("x ___ • -a- @ a b \u200b", "", None, search=HiddenMentionFinder(handles)) == []


def test_given_no_posts_or_no_column_of_mentions_then_columns_as_declared() -> None:
    posts: list[tuple[list[str | None], int]] = [([], 0), ([None], 0), (["hola"], 0), (["•mundo_china"], 1)]
    for texts, count in posts:
        found = SEARCH.find(pl.Series(texts, dtype=pl.String), pl.Series([None] * len(texts)))
        assert found.schema == HIDDEN_MENTIONS
        assert len(found) == count
    assert HiddenMentionFinder([]).find(pl.Series(["a"]), pl.Series([None])).schema == HIDDEN_MENTIONS


def test_given_series_of_different_length_then_an_error_says_so() -> None:
    with pytest.raises(ValueError, match="must have the same length, not 2 and 1"):
        SEARCH.find(pl.Series(["a", "b"]), pl.Series([["c"]]))


def test_given_a_handle_behind_the_bound_then_it_is_not_read() -> None:
    assert find("a " * 1_000 + "•mundo_china") != []
    assert find("a " * 5_000 + "•mundo_china") == []
    assert find("\u200b" * 100_000 + "•mundo_china") != []


def test_given_a_long_piece_then_its_beginning_is_the_excerpt() -> None:
    text = "@" + "\u200b" * 200 + "mundo_china"

    assert find(text) == [(0, MUNDO, "zero_width", text[:EXCERPT])]
