"""Exports that are odd in one way each, as programs and people leave them: read whole, or refused with the reason."""

import json

import polars as pl
import pytest

from detectors.traces.urls import canonical_urls
from schemas.errors import InputError
from streams.sources.cells.lists import links
from streams.sources.formats.tables.column_mapping import ColumnMapping
from tests.streams.sources.exports import jsonl, known
from tests.streams.sources.formats.test_twitter_v1 import REPOST

NAMES = ("post_id", "account_id", "created_at", "urls", "text")
MAPPING = ColumnMapping(platform="x", columns={name: name for name in NAMES})
POST = {"post_id": "1", "platform": "x", "account_id": "a", "created_at": "2023-01-01T00:00:00Z"}
LINK, OTHER = "https://n.example/1", "https://o.example/7"


def table(*rows: str, before: str = "", end: str = "\n") -> str:
    return before + end.join([",".join(NAMES), *rows]) + end


def row(number: int, text: str = "t", account: str = "a") -> str:
    return f"{number},{account},2023-01-01T00:00:0{number}Z,{LINK},{text}"


@pytest.mark.parametrize("line", ["sep=;\r\n", '"sep=;"\n', "\ufeffSEP=;\n"])
def test_given_the_line_by_which_spreadsheets_name_the_separator_then_the_header_comes_after_it(
    take, line
) -> None:
    taken = take(line + table(row(1)).replace(",", ";"), mapping=MAPPING)
    assert ([post["urls"] for post in taken.rows], taken.dead) == ([[LINK]], [])


def test_given_separators_after_the_last_field_then_rows_are_whole_and_what_is_not_empty_is_refused(
    take,
) -> None:
    several = '"of\r\nlines, ""two"""'
    taken = take(
        table(f"{row(1)},,", f"{row(2, several)},,,", f"{row(3)},,more", row(4), end="\r\n"), mapping=MAPPING
    )
    assert [post["text"] for post in taken.rows] == ["t", 'of\r\nlines, "two"', "t"]
    assert taken.reasons == ["malformed"]


@pytest.mark.parametrize("name", ["deleted_user", "Deleted User", "[deleted user]", "Facebook user"])
def test_given_an_author_who_was_deleted_then_nobody_posted_it(take, name) -> None:
    taken = take(table(row(1, account=name), row(2)), mapping=MAPPING)
    assert ([post["account_id"] for post in taken.rows], taken.reasons) == (["a"], ["missing_field"])


def test_given_files_of_lines_that_were_put_together_then_marks_inside_are_no_text(take) -> None:
    first, second = jsonl(POST), jsonl(POST | {"post_id": "2"})
    taken = take(f"\ufeff{first}\ufeff{second}")
    assert ([post["post_id"] for post in taken.rows], taken.dead) == (["1", "2"], [])


def test_given_a_comma_after_the_last_object_then_all_are_read(take) -> None:
    taken = take("[\n" + "".join(json.dumps(POST | {"post_id": id_}) + ",\n" for id_ in "12") + "]\n")
    assert ([post["post_id"] for post in taken.rows], taken.dead) == (["1", "2"], [])


@pytest.mark.parametrize("text", ["[]", "{}\n", "[\n\n]\n", "[{}]"])
def test_given_json_that_holds_nothing_then_that_is_said(take, text) -> None:
    with pytest.raises(InputError, match="is JSON without any record"):
        take(text)


def test_given_a_repost_of_a_post_that_quotes_then_it_is_no_quote_of_its_own(take) -> None:
    taken = take(jsonl(REPOST | {"quoted_status_id_str": "1400000000000000001"}))
    post = known(taken.rows[0])
    assert "repost_of" in post
    assert "quote_of" not in post


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        (f"array(['{LINK}'], dtype=object)", [LINK]),
        (f"np.array(['{LINK}',\n '{OTHER}'])", [LINK, OTHER]),
        (f"set(['{LINK}'])", [LINK]),
        (f"frozenset({{'{LINK}'}})", [LINK]),
        ("array([], dtype=object)", []),
        (f'<a href="{LINK}" class="x">x</a> <A HREF={OTHER}>y</A>', [LINK, OTHER]),
        (f"<{LINK}>", [LINK]),
        (f"{LINK},", [LINK]),
        (f"{LINK};{OTHER};", [LINK, OTHER]),
        ("https://w.example/Lead_(metal)", ["https://w.example/Lead_(metal)"]),
    ],
)
def test_given_a_list_of_links_in_another_form_then_it_is_read(cell, expected) -> None:
    assert pl.DataFrame({"cell": [cell, LINK]}).select(links(pl.col("cell"))).to_series().to_list() == [
        expected,
        [LINK],
    ]


def test_given_a_link_without_a_scheme_then_it_is_that_page() -> None:
    forms = canonical_urls(pl.Series(["//N.example/1", "http://n.example/1", "//", "// a comment"])).to_list()
    assert forms == ["n.example/1", "n.example/1", "//", "// a comment"]


def test_given_a_text_where_true_or_false_belongs_then_the_reason_says_so(take) -> None:
    taken = take(jsonl(POST, POST | {"deleted": "true"}))
    assert [letter.detail for letter in taken.dead] == ["field deleted is text, true or false is expected"]
