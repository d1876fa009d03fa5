"""Tables of posts of X that twarc wrote, of the API v2 and of the one before."""

import json

import pytest

from schemas.errors import FormatError
from tests.streams.sources.exports import known, table, without

T = 1_672_531_200  # 2023-01-01T00:00:00Z

V2 = {
    "id": "1609559999999999999",
    "conversation_id": "1609559999999999999",
    "referenced_tweets.replied_to.id": "",
    "referenced_tweets.retweeted.id": "1609550000000000000",
    "referenced_tweets.quoted.id": "nan",
    "author_id": "1500000000000000001",
    "in_reply_to_user_id": "",
    "created_at": "2023-01-01T00:00:00.000Z",
    "text": 'Look #News @bo_example\n"https://t.co/abc"',
    "lang": "en",
    "source": "Twitter Web App",
    "public_metrics.impression_count": "5",
    "public_metrics.reply_count": "2",
    "public_metrics.retweet_count": "1.0",
    "public_metrics.quote_count": "4",
    "public_metrics.like_count": "3",
    "entities.hashtags": json.dumps([{"start": 5, "end": 10, "tag": "News"}]),
    "entities.mentions": json.dumps([{"start": 1, "end": 2, "username": "bo_example", "id": "7"}]),
    "entities.urls": json.dumps(
        [{"start": 1, "url": "https://t.co/abc", "expanded_url": "https://one.example/a?b=1,2", "title": "A, b"},
         {"url": "https://t.co/def", "expanded_url": "https://two.example/"}]
    ),
    "author.id": "1500000000000000001",
    "author.username": "ana_example",
    "author.public_metrics.followers_count": "12",
    "author.public_metrics.following_count": "34",
    "__twarc.retrieved_at": "2023-02-01T00:00:00+00:00",
    "": "0",
}  # fmt: skip
GOLDEN = {
    "post_id": "1609559999999999999",
    "platform": "x",
    "account_id": "1500000000000000001",
    "created_at": T,
    "text": 'Look #News @bo_example\n"https://t.co/abc"',
    "lang": "en",
    "urls": ["https://one.example/a?b=1,2", "https://two.example/"],
    "hashtags": ["News"],
    "mentions": ["bo_example"],
    "repost_of": "1609550000000000000",
    "followers_count": 12,
    "following_count": 34,
    "likes": 3,
    "reposts": 1,
    "replies": 2,
    "quotes": 4,
    "views": 5,
}
V1 = {
    "id": "1609559999999999999",
    "tweet_url": "https://twitter.com/ana_example/status/1609559999999999999",
    "created_at": "Sun Jan 01 00:00:00 +0000 2023",
    "parsed_created_at": "2023-01-01 00:00:00+00:00",
    "user_screen_name": "ana_example",
    "text": "Look #News @bo_example https://t.co/abc",
    "tweet_type": "retweet",
    "coordinates": "",
    "hashtags": "News Other",
    "media": "",
    "urls": "https://one.example/a https://two.example/b",
    "favorite_count": "3",
    "in_reply_to_screen_name": "",
    "in_reply_to_status_id": "",
    "lang": "en",
    "retweet_count": "1",
    "retweet_or_quote_id": "1609550000000000000",
    "retweet_or_quote_screen_name": "cy_example",
    "source": "<a>Web</a>",
    "user_id": "1500000000000000001",
    "user_followers_count": "12",
    "user_friends_count": "34",
}


def test_given_a_table_of_the_api_v2_when_read_then_objects_in_cells_are_lists(take):
    taken = take(table(V2))
    assert (taken.format, taken.dead) == ("twarc-csv", [])
    assert known(taken.rows[0]) == GOLDEN


def test_given_a_table_without_some_columns_when_read_then_the_text_has_to_do(take):
    few = {name: V2[name] for name in ("id", "author_id", "created_at", "text", "public_metrics.like_count")}
    row = known(take(table(few)).rows[0])
    assert (row["urls"], row["hashtags"], row["mentions"]) == (["https://t.co/abc"], ["News"], ["bo_example"])
    assert "repost_of" not in row


def test_given_a_table_of_the_api_before_when_read_then_its_type_says_what_an_id_is(take):
    quote = V1 | {"id": "2", "tweet_type": "quote"}
    reply = V1 | {"id": "3", "tweet_type": "reply", "retweet_or_quote_id": "", "in_reply_to_status_id": "9"}
    taken = take(table(V1, quote, reply))
    assert (taken.format, taken.dead) == ("twarc-v1-csv", [])
    assert known(taken.rows[0]) == without(GOLDEN, "replies", "quotes", "views") | {
        "text": "Look #News @bo_example https://t.co/abc",
        "urls": ["https://one.example/a", "https://two.example/b"],
        "hashtags": ["News", "Other"],
    }
    assert (taken.rows[1]["repost_of"], taken.rows[1]["quote_of"]) == (None, "1609550000000000000")
    assert (taken.rows[2]["repost_of"], taken.rows[2]["quote_of"], taken.rows[2]["reply_to"]) == (
        None,
        None,
        "9",
    )


def test_given_a_table_of_the_first_plugin_when_read_then_references_and_texts_are_taken_from_json(take):
    first = without(V2, *(name for name in V2 if name.startswith("referenced_tweets."))) | {
        "text": json.dumps(V2["text"] + " \u2019s\n\u2191 \U0001f600"),
        "type": "",
        "referenced_tweets": json.dumps(
            [{"type": "replied_to", "id": "9"}, {"type": "retweeted", "id": "1609550000000000000"}]
        ),
    }
    quote = first | {"id": "2", "referenced_tweets": "[{'id': '8', 'type': 'quoted'}]"}
    broken = first | {"id": "3", "referenced_tweets": "", "text": '"Open" and "shut"'}
    taken = take(table(first, quote, broken))
    assert (taken.format, taken.dead) == ("twarc-csv", [])
    assert known(taken.rows[0]) == GOLDEN | {
        "text": V2["text"] + " \u2019s\n\u2191 \U0001f600",
        "reply_to": "9",
    }
    assert [taken.rows[1][name] for name in ("repost_of", "reply_to", "quote_of")] == [None, None, "8"]
    assert (taken.rows[2]["text"], taken.rows[2]["quote_of"]) == ('"Open" and "shut"', None)


def test_given_line_ends_that_the_plugin_has_escaped_when_read_then_they_are_line_ends(take):
    columns = ("id", "author_id", "created_at", "text", "public_metrics.like_count")
    few = {name: V2[name] for name in columns} | {
        "text": r"https://one.example/a\n\n#News of @bo_example\n@cy_example"
    }
    row = take(table(few)).rows[0]
    assert row["text"] == "https://one.example/a\n\n#News of @bo_example\n@cy_example"
    assert (row["urls"], row["hashtags"]) == (["https://one.example/a"], ["News"])
    assert row["mentions"] == ["bo_example", "cy_example"]


def test_given_a_table_of_an_older_json2csv_when_read_then_its_misspelt_column_is_read(take):
    old = without(V1, "retweet_or_quote_id") | {"reweet_or_quote_id": V1["retweet_or_quote_id"]}
    assert take(table(old)).rows == take(table(V1)).rows


@pytest.mark.parametrize("row", [V2, V1])
def test_given_broken_rows_when_read_then_only_they_are_set_aside(take, row):
    who = "author_id" if row is V2 else "user_id"
    taken = take(table(row, row | {who: ""}, row | {"created_at": "x"}) + "1,2\n", format=None)
    assert len(taken.rows) == 1
    assert taken.reasons[:2] == ["missing_field", "bad_time"]
    assert len(taken.dead) == 3


def test_given_a_format_that_does_not_fit_when_opened_then_the_columns_are_shown(take):
    with pytest.raises(FormatError, match="author_id"):
        take(table(V1), format="twarc-csv")
    with pytest.raises(FormatError, match="not in format twarc-csv"):
        take("id,author_id,created_at,text\n1,2,3,4\n", format="twarc-csv")
