"""Lists in every form that dumps write them."""

import polars as pl
import pytest

from streams.sources.cells.lists import handles, links, tags, words


def read(reader, *cells, **options):
    frame = pl.DataFrame({"cell": cells}, schema={"cell": pl.String})
    return frame.select(reader(pl.col("cell"), **options)).to_series().to_list()


OBJECTS = (
    r'[{"start":1,"expanded_url":"https:\/\/x.y\/z","url":"https://t.co/a","title":"q\"expanded_url\":\"no"},'
    r' {"url":"https://t.co/b","expanded_url":"https://b.c"}]'
)


@pytest.mark.parametrize(
    ("cell", "items"),
    [
        ("https://a.b/c", ["https://a.b/c"]),
        ("https://a.b/c,d", ["https://a.b/c,d"]),
        ("https://a.b/c https://d.e", ["https://a.b/c", "https://d.e"]),
        ("https://a.b/c\nhttps://d.e", ["https://a.b/c", "https://d.e"]),
        ("https://a.b/c,https://d.e", ["https://a.b/c", "https://d.e"]),
        ("https://a.b/c|https://d.e; https://f.g", ["https://a.b/c", "https://d.e", "https://f.g"]),
        ("['https://a.b/c', 'https://d.e']", ["https://a.b/c", "https://d.e"]),
        ("""['https://a.b/c', "https://d.e/it's"]""", ["https://a.b/c", "https://d.e/it's"]),
        ("['https://a.b/c' 'https://d.e']", ["https://a.b/c", "https://d.e"]),
        ("('https://a.b/c',)", ["https://a.b/c"]),
        ("[None, 'https://a.b/c']", ["https://a.b/c"]),
        ('["https:\\/\\/a.b\\/c"]', ["https://a.b/c"]),
        ("{https://a.b/c,https://d.e}", ["https://a.b/c", "https://d.e"]),
        ("[https://a.b/c,x, https://d.e]", ["https://a.b/c,x", "https://d.e"]),
        (OBJECTS, ["https://x.y/z", "https://b.c"]),
        ("[{'url': 'https://a.b'}, {'url': 'https://d.e'}]", ["https://a.b", "https://d.e"]),
        ('{"urls": ["https://a.b"]}', ["https://a.b"]),
        ('["\\u00e4\\ud83d\\ude00\\ud83d"]', ["ä😀\ufffd"]),
        ("an opaque id", ["an opaque id"]),
        ("[]", []),
        ("['']", []),
        ("{}", []),
        ("[nan]", []),
        ("nan", None),
        ("None", None),
        ("NA", None),
        ("<NA>", None),
        ("-", None),
        ("  ", None),
        ('""', None),
        ("", None),
        (None, None),
    ],
)
def test_given_a_list_of_links_in_any_form_when_read_then_its_items_are_there(cell, items):
    assert read(links, "https://first.example", cell, "['https://last.example']") == [
        ["https://first.example"],
        items,
        ["https://last.example"],
    ]


@pytest.mark.parametrize(
    ("cell", "items"),
    [
        ("#one #two", ["one", "two"]),
        ("#one#two", ["one", "two"]),
        ("one, two", ["one", "two"]),
        ("one|two;three", ["one", "two", "three"]),
        ("[one, two]", ["one", "two"]),
        ("['one', '#two']", ["one", "two"]),
        ('[{"text": "one", "indices": [1, 2]}]', ["one"]),
        ("[{'start': 1, 'end': 3, 'tag': 'one'}]", ["one"]),
        ("null", None),
    ],
)
def test_given_a_list_of_hashtags_in_any_form_when_read_then_its_items_are_there(cell, items):
    assert read(tags, cell) == [items]


def test_given_mentions_and_ids_when_read_then_objects_give_handles_and_signs_go():
    cells = ('[{"screen_name":"one","id":123}]', '[{"id": 123}]', "@one,@two", "[]")
    assert read(handles, *cells) == [["one"], ["123"], ["one", "two"], []]
    assert read(words, "a1 b2", "['a1', 'b2']") == [["a1", "b2"], ["a1", "b2"]]


def test_given_a_separator_when_lists_are_read_then_only_it_parts_items():
    assert read(links, "id one/id two", "id three", separator="/") == [["id one", "id two"], ["id three"]]


def test_given_no_rows_or_only_unknown_ones_when_read_then_nothing_fails():
    assert read(links) == []
    assert read(tags, None, "nan") == [None, None]


FORMS = ["['a']", "[]", '[{"id":"b"}]', "[c]", "d", "e f", None, "nan"]
ITEMS = [["a"], [], ["b"], ["c"], ["d"], ["e", "f"], None, None]


@pytest.mark.parametrize("kept", range(1, 2 ** len(FORMS), 7))
def test_given_any_mixture_of_forms_when_read_then_each_row_keeps_its_own_items(kept):
    """In every order, with some forms or all: a row never gets the items of another."""
    places = [place for place in range(len(FORMS)) if kept >> place & 1]
    for turn in range(len(places)):
        order = places[turn:] + places[:turn] + places[::-1]
        assert read(words, *(FORMS[place] for place in order)) == [ITEMS[place] for place in order]
