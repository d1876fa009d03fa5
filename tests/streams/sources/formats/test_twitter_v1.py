"""The Twitter API v1.1: posts as streams and hydrators wrote them."""

import json

import pytest

from schemas.errors import FormatError
from tests.streams.sources.exports import jsonl, known, without

T = 1_539_202_764  # Wed Oct 10 20:19:24 +0000 2018

USER = {"id": 6253282, "id_str": "6253282", "screen_name": "ana_example", "name": "Ana", "followers_count": 12,
        "friends_count": 34, "created_at": "Wed May 23 06:01:13 +0000 2007", "verified": False}  # fmt: skip
ORIGINAL = {
    "created_at": "Wed Oct 10 20:00:00 +0000 2018",
    "id": 1050118621198921728,
    "id_str": "1050118621198921728",
    "text": "Cut at 140 characters, so the end is… https://t.co/cut",
    "truncated": True,
    "extended_tweet": {
        "full_text": "Not cut at 140 characters, so the end is here https://t.co/e",
        "entities": {"urls": [{"url": "https://t.co/e", "expanded_url": "https://one.example/e"}],
                     "hashtags": [{"text": "Whole", "indices": [0, 5]}], "user_mentions": []},
    },
    "user": USER | {"id_str": "9", "id": 9},
    "entities": {"urls": [{"url": "https://t.co/cut", "expanded_url": "https://twitter.com/i/web/status/10"}]},
}  # fmt: skip
POST = {
    "created_at": "Wed Oct 10 20:19:24 +0000 2018",
    "id": 1050118621198921729,
    "id_str": "1050118621198921729",
    "full_text": "To @bo_example: #News https://t.co/a",
    "user": USER,
    "entities": {
        "urls": [
            {"url": "https://t.co/a", "expanded_url": "https://one.example/a", "display_url": "one.example/a"}
        ],
        "hashtags": [{"text": "News", "indices": [1, 2]}],
        "user_mentions": [{"screen_name": "bo_example", "id_str": "7"}],
        "symbols": [],
    },
    "in_reply_to_status_id": 1050118621198921000,
    "in_reply_to_status_id_str": "1050118621198921000",
    "quoted_status_id_str": "1050118621198920999",
    "retweet_count": 1,
    "favorite_count": 2,
    "lang": "en",
    "geo": None,
}
REPOST = {
    "created_at": "Wed Oct 10 20:19:25 +0000 2018",
    "id_str": "1050118621198921730",
    "text": "RT @cy_example: Cut at 140 characters, so the e…",
    "user": USER | {"id_str": "10"},
    "retweeted_status": ORIGINAL,
    "entities": {"urls": [], "hashtags": [], "user_mentions": [{"screen_name": "cy_example"}]},
    "quote_count": 0,
    "reply_count": 0,
}
NOTICES = [
    {"delete": {"status": {"id": 1, "id_str": "1", "user_id_str": "2"}, "timestamp_ms": "1539202764000"}},
    {"limit": {"track": 12}},
]


def test_given_posts_of_a_stream_when_read_then_every_field_arrives(take):
    taken = take(jsonl(POST, NOTICES[0], REPOST, NOTICES[1], {"delete": {"status": {"id_str": "3"}}}))
    assert (taken.format, taken.dead) == ("twitter-v1", [])
    assert taken.others == {"deletions": 1, "deletions without a time": 1, "notices of the stream": 1}
    first, deletion, second = map(known, taken.rows)
    assert deletion == {
        "post_id": "1",
        "platform": "x",
        "account_id": "2",
        "created_at": 1_539_202_764,
        "deleted": True,
    }
    assert first == {
        "post_id": "1050118621198921729",
        "platform": "x",
        "account_id": "6253282",
        "created_at": T,
        "text": "To @bo_example: #News https://t.co/a",
        "lang": "en",
        "urls": ["https://one.example/a"],
        "hashtags": ["News"],
        "mentions": ["bo_example"],
        "reply_to": "1050118621198921000",
        "quote_of": "1050118621198920999",
        "followers_count": 12,
        "following_count": 34,
        "likes": 2,
        "reposts": 1,
    }
    assert second == {
        "post_id": "1050118621198921730",
        "platform": "x",
        "account_id": "10",
        "created_at": T + 1,
        "text": "Not cut at 140 characters, so the end is here https://t.co/e",
        "urls": ["https://one.example/e"],
        "hashtags": ["Whole"],
        "mentions": [],
        "repost_of": "1050118621198921728",
        "followers_count": 12,
        "following_count": 34,
        "replies": 0,
        "quotes": 0,
    }


def test_given_posts_without_texts_of_ids_when_read_then_numbers_are_taken_to_the_last_digit(take):
    post = without(POST, "id_str", "in_reply_to_status_id_str") | {"user": without(USER, "id_str")}
    row = take(jsonl(POST, post)).rows[1]
    assert (row["post_id"], row["account_id"]) == ("1050118621198921729", "6253282")
    assert row["reply_to"] == "1050118621198921000"


def test_given_an_array_of_statuses_in_a_search_result_when_read_then_they_are_posts(take):
    taken = take(json.dumps({"search_metadata": {"count": 2}, "statuses": [POST, REPOST]}, indent=1))
    assert taken.posts["post_id"].to_list() == [POST["id_str"], REPOST["id_str"]]


def test_given_broken_posts_when_read_then_only_they_are_set_aside(take):
    taken = take(
        jsonl(POST, POST | {"user": "ana"}, POST | {"created_at": "Oct 10"}, without(POST, "user"), REPOST)
    )
    assert len(taken.rows) == 2
    assert taken.reasons == ["malformed", "bad_time", "missing_field"]
    assert "field user is text, an object is expected" in taken.dead[0].detail


def test_given_users_when_opened_then_they_are_not_taken_for_posts(take):
    with pytest.raises(FormatError, match="screen_name"):
        take(jsonl(USER))
