"""Exports of one set of posts in many forms: whatever the form, the same posts are read, so the same networks found."""

import polars as pl
import pytest

from detectors.traces.urls import canonical_urls
from streams.sources import ColumnMapping
from tests.streams.cases.tables import ACCOUNTS, NAMES, at, changed, table, toolkit_rows
from tests.streams.sources.conftest import take  # noqa: F401 - a fixture

READ = ("post_id", "account_id", "created_at", "text", "urls", "repost_of", "reply_to")
WORDS = ("", "nan", "NA", "None", "null", "[]", "['']", "-", " ", '""', "<NA>", "#N/A", "undefined", r"\N")


def posts(taken):
    """What was read; an empty list and an unknown one are the same here."""
    some = pl.when(pl.col("urls").list.len() > 0).then(pl.col("urls"))
    return taken.posts.select(READ).with_columns(some.alias("urls")).rows()


@pytest.fixture
def expected(take):  # noqa: F811
    taken = take(table(toolkit_rows()))
    assert not taken.dead
    assert taken.format == "toolkit"
    return posts(taken)


@pytest.mark.parametrize("word", WORDS)
@pytest.mark.parametrize("column", ["urls", "repost_id"])
def test_given_a_word_for_empty_then_the_cell_is_empty(take, word, column):  # noqa: F811
    def every_third(written):
        return table(changed(column, lambda value, place: written if place % 3 == 0 else value))

    assert posts(take(every_third(word))) == posts(take(every_third("")))


LISTS = {
    "Python": lambda link: f"['{link}']",
    "JSON": lambda link: f'["{link}"]',
    "JSON with escapes": lambda link: '["' + link.replace("/", "\\/") + '"]',
    "objects": lambda link: f'[{{"url": "https://t.co/x", "expanded_url": "{link}"}}]',
    "PostgreSQL": lambda link: f"{{{link}}}",
    "NumPy": lambda link: f"array(['{link}'])".removeprefix("array(").removesuffix(")"),
    "spaces": lambda link: f"  {link}  ",
}


@pytest.mark.parametrize("form", LISTS.values(), ids=LISTS)
def test_given_lists_in_any_form_then_the_links_are_read(take, expected, form):  # noqa: F811
    assert posts(take(table(changed("urls", lambda link, _: form(link))))) == expected


@pytest.mark.parametrize("mark", [" ", ", ", ",", "|", ";", "\n", "', '"])
def test_given_several_links_in_a_cell_then_each_is_read(take, mark):  # noqa: F811
    def several(link, place):
        cell = mark.join([f"https://side.example/{place}", link])
        return f"['{cell}']" if "'" in mark else cell

    read = take(table(changed("urls", several))).posts["urls"].to_list()
    assert read == [
        [f"https://side.example/{place}", row["urls"]] for place, row in enumerate(toolkit_rows())
    ]


TIMES = {
    "milliseconds": lambda second: f"{second}000",
    "microseconds": lambda second: f"{second}000000",
    "nanoseconds": lambda second: f"{second}000000000",
    "a float of milliseconds": lambda second: f"{second}000.0",
    "an exponent": lambda second: f"{int(second):.9E}",
    "days of a spreadsheet": lambda second: f"{25569 + int(second) / 86400:.7f}",
    "RFC 3339": lambda second: at(second, "%Y-%m-%dT%H:%M:%SZ"),
    "basic ISO": lambda second: at(second, "%Y%m%dT%H%M%SZ"),
    "R": lambda second: at(second, "%Y-%m-%d %H:%M:%S"),
    "PostgreSQL": lambda second: at(second, "%Y-%m-%d %H:%M:%S.123456+00"),
    "Go": lambda second: at(second, "%Y-%m-%d %H:%M:%S +0000 UTC"),
    "RFC 2822": lambda second: at(second, "%a, %d %b %Y %H:%M:%S GMT"),
    "X": lambda second: at(second, "%a %b %d %H:%M:%S +0000 %Y"),
    "Eastern time": lambda second: at(str(int(second) - 5 * 3_600), "%Y-%m-%d %H:%M:%S EST"),
    "an offset": lambda second: at(str(int(second) + 19_800), "%Y-%m-%dT%H:%M:%S+0530"),
    "dots": lambda second: at(second, "%d.%m.%Y, %H:%M:%S"),
}


@pytest.mark.parametrize("form", TIMES.values(), ids=TIMES)
def test_given_times_in_any_form_then_they_are_the_same_seconds(take, expected, form):  # noqa: F811
    assert posts(take(table(changed("timestamp", lambda second, _: form(second))))) == expected


IDS = {
    "floats": lambda value: f"{value}.0",
    "formulas": lambda value: f'="{value}"',
    "apostrophes": lambda value: f"'{value}",
}


@pytest.mark.parametrize("form", IDS.values(), ids=IDS)
@pytest.mark.parametrize("column", ["message_id", "user_id"])
def test_given_ids_as_a_spreadsheet_writes_them_then_they_are_ids(take, expected, form, column):  # noqa: F811
    assert posts(take(table(changed(column, lambda value, _: form(value))))) == expected


def test_given_tables_of_other_shapes_then_the_same_posts_are_read(take, expected):  # noqa: F811
    rows = toolkit_rows()
    indexed = [{"": str(place), **row} for place, row in enumerate(rows)]
    for content in (
        table(rows, separator=";"),
        table(rows, separator="\t"),
        table(rows, reversed(NAMES)),
        table(indexed, ("", *NAMES)),
        table(rows, header=False),
        table(rows, header=False, separator=";"),
        table(rows).replace("message_id", "Message_ID").replace("urls", " URLs ", 1),
        table(rows).replace("\n", "\r"),
        table(rows).replace("\n", "\r\n"),
        table(rows).replace("\n", "\n\n"),
        "\n\n" + table(rows),
        "\ufeff" + table(rows),
    ):
        assert posts(take(content)) == expected
    assert posts(take(table(rows, separator="\t").encode("utf-16"))) == expected


def test_given_rows_without_their_empty_last_fields_then_they_are_read(take):  # noqa: F811
    rows = changed("urls", lambda link, place: link if place % 2 else "")
    short = "".join(line.removesuffix(",") + "\n" for line in table(rows).splitlines())
    assert posts(take(short)) == posts(take(table(rows)))


def test_given_texts_with_lines_and_quotes_then_a_record_is_a_record(take):  # noqa: F811
    said = 'He said "no; really",\nthen left\n1,2,3,4,5,6,1700000000,https://evil.example\n'
    taken = take(table(changed("message", lambda text, _: said + text)))
    assert not taken.dead
    assert len(taken.posts) == len(toolkit_rows())
    assert "https://evil.example" not in [link for links in taken.posts["urls"].to_list() for link in links]


SHARES = {
    "names of version 1": ("object_id,id_user,content_id,timestamp_share", lambda row: row["timestamp"]),
    "milliseconds": ("object_id,account_id,content_id,timestamp_share", lambda row: row["timestamp"] + "000"),
    "POSIXct": (
        "object_id,account_id,content_id,timestamp_share",
        lambda row: at(row["timestamp"], "%Y-%m-%d %H:%M:%S"),
    ),
}


@pytest.mark.parametrize(("header", "when"), SHARES.values(), ids=SHARES)
def test_given_shares_of_coortweet_then_they_are_the_same_shares(take, header, when):  # noqa: F811
    lines = [f"{row['urls']},{row['user_id']},{row['message_id']},{when(row)}" for row in toolkit_rows()]
    taken = take("\n".join([header, *lines, f"NA,1,2,{when(toolkit_rows()[0])}"]) + "\n")
    assert taken.format == "coortweet"
    assert taken.posts["urls"].to_list() == [*([row["urls"]] for row in toolkit_rows()), None]
    assert taken.posts["created_at"][:-1].to_list() == [int(row["timestamp"]) for row in toolkit_rows()]


def test_given_a_mapping_then_columns_are_meant_whatever_their_case_and_company(take):  # noqa: F811
    names = {"message_id": "Id", "user_id": " User ", "timestamp": "Date", "message": "Text", "urls": "Link"}
    body = table(toolkit_rows(), names).partition("\n")[2]
    mapping = ColumnMapping(
        columns={"post_id": "id", "account_id": "user", "created_at": "date", "text": "text", "urls": "link"},
        platform="x",
    )
    plain = posts(take(",".join(names.values()) + "\n" + body, mapping=mapping))
    assert len(plain) == len(toolkit_rows())
    doubled = "".join(line + ",second\n" for line in body.splitlines())
    assert posts(take("id,user,date,text,link,text\n" + doubled, mapping=mapping)) == plain
    trailing = "".join(line + ",\n" for line in body.splitlines())
    assert posts(take("id,user,date,text,link,\n" + trailing, mapping=mapping)) == plain


def test_given_links_that_are_cut_off_in_texts_then_they_are_no_links(take):  # noqa: F811
    rows = [
        f"1,A{place},word{place} https://t.co/…,U,E,11/14/2023 22:24,x,1,1,1,,R,0,R,0\n" for place in range(5)
    ]
    header = (
        "external_author_id,author,content,region,language,publish_date,harvested_date,following,followers,updates,"
        "post_type,account_type,retweet,account_category,new_june_2018\n"
    )
    taken = take(header + "".join(rows))
    assert taken.format == "ira"
    assert taken.posts["urls"].to_list() == [[]] * 5


SPELLINGS = [
    lambda link, place: link,
    lambda link, place: f"{link}/?utm_source=x{place}",
    lambda link, place: (
        "https://l.facebook.com/l.php?u=" + link.replace(":", "%3A").replace("/", "%2F") + "&h=AT1"
    ),
    lambda link, place: link.replace("https://", "https://www.google.com/amp/s/"),
    lambda link, place: link.replace("https://", "http://m.") + "#top",
    lambda link, place: link + "?mibextid=Zx2",
]


def test_given_spellings_of_links_then_each_page_is_one_object(take):  # noqa: F811
    rows = changed("urls", lambda link, place: SPELLINGS[place % len(SPELLINGS)](link, place))
    read = take(table(rows)).posts["urls"].list.first()
    assert (
        canonical_urls(read).to_list()
        == canonical_urls(pl.Series([row["urls"] for row in toolkit_rows()])).to_list()
    )


def test_given_names_of_platforms_then_each_platform_has_one_name(take):  # noqa: F811
    names = ["X", "x", "Twitter", "twitter.com", " TWITTER ", "Bsky"]
    lines = [
        f'{{"post_id": "{place}", "platform": "{name}", "account_id": "a", "created_at": "2023-11-14T22:29:23Z"}}'
        for place, name in enumerate(names)
    ]
    assert take("\n".join(lines)).posts["platform"].to_list() == ["x"] * 5 + ["bluesky"]


@pytest.mark.parametrize("nobody", ["[deleted]", "nan", "None", "0", "-1", "Unknown", " "])
def test_given_an_author_who_is_not_known_then_it_is_no_account(take, nobody):  # noqa: F811
    taken = take(table(changed("user_id", lambda value, place: nobody if place % 4 == 0 else value)))
    assert set(taken.reasons) == {"missing_field"}
    assert set(taken.posts["account_id"]) <= set(ACCOUNTS.values())
    assert "author is not known" in taken.dead[0].detail


def test_given_reposts_without_ids_then_the_text_names_what_was_reposted(take):  # noqa: F811
    texts = [
        "RT @News: Markets fell today https://t.co/a",
        "RT @news: Markets fell today https://t.co/b",
        "RT @news: Rain",
    ]
    rows = [{**row, "message": text} for row, text in zip(toolkit_rows(), texts, strict=False)]
    first, second, third = take(table(rows)).posts["repost_of"].to_list()
    assert first == second != third
    assert first is not None
    given = [{**rows[0], "repost_id": "77"}]
    assert take(table(given)).posts["repost_of"].to_list() == ["77"]
