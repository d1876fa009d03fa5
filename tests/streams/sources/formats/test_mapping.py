"""Inputs in no known format, by a mapping: tables and JSON."""

import json

import pytest

from schemas.errors import FormatError, UsageError
from streams.sources import ColumnMapping
from tests.streams.sources.exports import jsonl, known, table

T = 1_672_531_200  # 2023-01-01T00:00:00Z

RECORD = {
    "key": 9007199254740993,
    "by": {"id": "u1", "fans": "12", "names": [{"nick": "ana"}]},
    "at": {"when": "2023-01-01T00:00:00Z"},
    "said": "Look #News https://three.example/c",
    "parts": {
        "links": [{"url": "https://one.example/a"}, {"title": "none"}, {"url": "https://two.example/b"}, None]
    },
    "groups": [{"tags": ["x", "y"]}, {"tags": ["z"]}],
    "flat.key": "r9",
    "likes": 3,
}
COLUMNS = {
    "post_id": "key",
    "account_id": "by.id",
    "created_at": "at.when",
    "text": "said",
    "urls": "parts.links[].url",
    "hashtags": "groups[].tags[]",
    "repost_of": "flat.key",
    "followers_count": "by.fans",
    "likes": "likes",
}
GOLDEN = {
    "post_id": "9007199254740993",
    "platform": "forum",
    "account_id": "u1",
    "created_at": T,
    "text": "Look #News https://three.example/c",
    "urls": ["https://one.example/a", "https://two.example/b"],
    "hashtags": ["x", "y", "z"],
    "repost_of": "r9",
    "followers_count": 12,
    "likes": 3,
}


def mapping(columns=None, **more):
    return ColumnMapping(columns=COLUMNS if columns is None else columns, platform="forum", **more)


@pytest.mark.parametrize(
    "write",
    [
        lambda one: jsonl(one, one),
        lambda one: json.dumps([one, one], indent=2),
        lambda one: json.dumps({"page": 1, "items": [one, one], "more": {"items": 2}}),
        lambda one: jsonl({"result": {"rows": [one, one]}}),
    ],
)
def test_given_json_and_paths_when_read_then_fields_inside_objects_and_lists_arrive(take, write):
    taken = take(write(RECORD), mapping=mapping())
    assert (taken.format, taken.dead) == ("mapped", [])
    assert [known(row) for row in taken.rows] == [GOLDEN, GOLDEN]


def test_given_a_path_without_brackets_when_it_leads_into_lists_then_it_is_read_all_the_same(take):
    columns = COLUMNS | {"urls": "parts.links.url", "hashtags": "groups.tags", "account_id": "by.names.nick"}
    row = known(take(jsonl(RECORD), mapping=mapping(columns)).rows[0])
    assert (row["urls"], row["hashtags"], row["account_id"]) == (GOLDEN["urls"], GOLDEN["hashtags"], "ana")


def test_given_texts_where_lists_are_meant_when_json_is_read_then_each_column_has_its_separator(take):
    record = {
        "a": "1",
        "t": T,
        "l": "https://one.example/a https://two.example/b",
        "h": "x;New York",
        "m": "bo!cy",
    }
    columns = {"account_id": "a", "created_at": "t", "urls": "l", "hashtags": "h", "mentions": "m"}
    separators = {"hashtags": ";", "mentions": "!"}
    for content in (jsonl(record), table(record)):
        row = take(content, mapping=mapping(columns, separators=separators)).rows[0]
        assert row["urls"] == ["https://one.example/a", "https://two.example/b"]
        assert row["hashtags"] == ["x", "New York"]
        assert row["mentions"] == ["bo", "cy"]


def test_given_a_text_when_asked_then_it_gives_what_no_column_gives(take):
    record = {"a": "1", "t": T, "x": "Look #News @bo https://one.example/a", "l": ""}
    columns = {"account_id": "a", "created_at": "t", "text": "x", "urls": "l"}
    for content in (jsonl(record), table(record)):
        plain = take(content, mapping=mapping(columns)).rows[0]
        assert (plain["urls"], plain["hashtags"], plain["mentions"]) == (None, None, None)
        asked = take(content, mapping=mapping(columns, from_text=("urls", "hashtags", "mentions"))).rows[0]
        assert asked["urls"] == ["https://one.example/a"]
        assert (asked["hashtags"], asked["mentions"]) == (["News"], ["bo"])


def test_given_no_ids_of_posts_when_read_then_equal_rows_are_one_post(take):
    records = [{"a": "1", "t": T, "x": text} for text in ("one", "two", "one")]
    columns = {"account_id": "a", "created_at": "t", "text": "x"}
    for content in (jsonl(*records), table(*records)):
        ids = take(content, mapping=mapping(columns)).posts["post_id"].to_list()
        assert ids[0] == ids[2] != ids[1]


def test_given_header_in_other_case_when_mapped_then_the_columns_are_found(take):
    columns = {"post_id": "id", "account_id": "user_name", "created_at": "date"}
    taken = take("ID, User Name ,Date,id\n1,2,2023-01-01,x\n", mapping=mapping(columns))
    assert (taken.rows[0]["post_id"], taken.rows[0]["account_id"]) == ("x", "2")


def test_given_json_in_a_known_format_when_a_mapping_fits_then_the_mapping_is_taken(take):
    video = {"id": "1", "username": "ana", "create_time": T, "video_description": "x", "team": "t1"}
    columns = {"post_id": "id", "account_id": "team", "created_at": "create_time"}
    taken = take(jsonl(video), mapping=mapping(columns))
    assert (taken.format, taken.rows[0]["account_id"]) == ("mapped", "t1")


def test_given_broken_objects_when_mapped_then_only_they_are_set_aside(take):
    broken = [
        RECORD | {"by": "u1"},
        RECORD | {"parts": {"links": "none"}},
        RECORD | {"at": {}},
        RECORD | {"at": {"when": "x"}},
    ]
    taken = take(jsonl(RECORD, *broken), mapping=mapping())
    assert len(taken.rows) == 1
    assert taken.reasons == ["malformed", "malformed", "missing_field", "bad_time"]


def test_given_paths_that_no_object_has_when_opened_then_they_are_named(take):
    with pytest.raises(FormatError, match=r"by\.number.*key, by, at"):
        take(jsonl(RECORD), mapping=mapping(COLUMNS | {"account_id": "by.number"}))
    with pytest.raises(FormatError, match="a field inside it"):
        take(jsonl(RECORD), mapping=mapping(COLUMNS | {"text": "by"}))
    with pytest.raises(UsageError, match="mapped"):
        take(jsonl(RECORD), format="mapped")
