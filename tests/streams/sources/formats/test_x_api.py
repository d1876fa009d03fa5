"""The X API v2: pages, streams and flattened posts to canonical posts."""

import json

import pytest

from schemas.errors import FormatError
from tests.streams.sources.exports import jsonl, known, without

T = 1_672_531_200  # 2023-01-01T00:00:00Z
LONG = "a long post that goes on and on, " * 12

AUTHOR = {
    "id": "1500000000000000001",
    "username": "ana_example",
    "name": "Ana",
    "created_at": "2022-03-05T10:00:00.000Z",
    "public_metrics": {"followers_count": 12, "following_count": 34, "tweet_count": 56, "listed_count": 0},
}
POST = {
    "id": "1609559999999999999",
    "edit_history_tweet_ids": ["1609559999999999999"],
    "conversation_id": "1609559999999999999",
    "author_id": "1500000000000000001",
    "created_at": "2023-01-01T00:00:00.000Z",
    "text": "Look #News @bo_example https://t.co/abc https://t.co/pic",
    "lang": "en",
    "source": "Twitter Web App",
    "public_metrics": {
        "retweet_count": 1,
        "reply_count": 2,
        "like_count": 3,
        "quote_count": 4,
        "impression_count": 5,
    },
    "entities": {
        "hashtags": [{"start": 5, "end": 10, "tag": "News"}],
        "mentions": [{"start": 11, "end": 22, "username": "bo_example", "id": "7"}],
        "urls": [
            {"start": 23, "end": 38, "url": "https://t.co/abc", "expanded_url": "https://one.example/a?b=1",
             "display_url": "one.example/a", "status": 200},
            {"url": "https://t.co/pic", "expanded_url": "https://twitter.com/ana_example/status/1/photo/1",
             "media_key": "3_1"},
        ],
        "annotations": [{"start": 1, "end": 2, "probability": 0.5, "type": "Person", "normalized_text": "Bo"}],
    },
}  # fmt: skip
ORIGINAL = {
    "id": "1609550000000000000",
    "author_id": "9",
    "created_at": "2022-12-31T23:00:00.000Z",
    "text": "The whole text of the original, to its very end https://t.co/orig",
    "entities": {"urls": [{"url": "https://t.co/orig", "expanded_url": "https://bit.ly/x",
                           "unwound_url": "https://two.example/page"}]},
}  # fmt: skip
REPOST = {
    "id": "1609560000000000001",
    "author_id": "1500000000000000001",
    "created_at": "2023-01-01T00:01:00.000Z",
    "text": "RT @cy_example: The whole text of the origin…",
    "entities": {"mentions": [{"username": "cy_example", "id": "9"}]},
    "referenced_tweets": [{"type": "retweeted", "id": "1609550000000000000"}],
    "public_metrics": {"retweet_count": 10, "reply_count": 0, "like_count": 0, "quote_count": 0},
}
ANSWER = {
    "id": "1609560000000000002",
    "author_id": "8",
    "created_at": "2023-01-01T00:02:00.000Z",
    "text": "Cut off…",
    "note_tweet": {"text": LONG, "entities": {"hashtags": [{"tag": "Long"}]}},
    "referenced_tweets": [
        {"type": "quoted", "id": "1609559999999999999"},
        {"type": "replied_to", "id": "1609550000000000000"},  # deleted since: not among the included
    ],
    "in_reply_to_user_id": "9",
}
PAGE = {
    "data": [POST, REPOST, ANSWER],
    "includes": {
        "users": [AUTHOR, {"id": "9", "username": "cy_example", "name": "Cy"}],
        "tweets": [ORIGINAL],
    },
    "errors": [{"value": "8", "resource_type": "user", "title": "Not Found Error", "type": "about:blank"}],
    "meta": {"newest_id": "1609560000000000002", "result_count": 3, "next_token": "b26v"},
    "__twarc": {"url": "https://api.twitter.com/2/tweets/search/all?q=x", "version": "2.13.0"},
}
GOLDEN = [
    {
        "post_id": "1609559999999999999",
        "platform": "x",
        "account_id": "1500000000000000001",
        "created_at": T,
        "text": "Look #News @bo_example https://t.co/abc https://t.co/pic",
        "lang": "en",
        "urls": ["https://one.example/a?b=1"],
        "hashtags": ["News"],
        "mentions": ["bo_example"],
        "followers_count": 12,
        "following_count": 34,
        "likes": 3,
        "reposts": 1,
        "replies": 2,
        "quotes": 4,
        "views": 5,
    },
    {
        "post_id": "1609560000000000001",
        "platform": "x",
        "account_id": "1500000000000000001",
        "created_at": T + 60,
        "text": "The whole text of the original, to its very end https://t.co/orig",
        "urls": ["https://two.example/page"],
        "hashtags": [],
        "mentions": [],
        "repost_of": "1609550000000000000",
        "followers_count": 12,
        "following_count": 34,
        "likes": 0,
        "reposts": 10,
        "replies": 0,
        "quotes": 0,
    },
    {
        "post_id": "1609560000000000002",
        "platform": "x",
        "account_id": "8",
        "created_at": T + 120,
        "text": LONG,
        "urls": [],
        "hashtags": ["Long"],
        "mentions": [],
        "reply_to": "1609550000000000000",
        "quote_of": "1609559999999999999",
    },
]


def flattened():
    """As `twarc2 flatten` writes them: one post a line, with what belongs to it inside."""
    repost = REPOST | {"author": AUTHOR, "referenced_tweets": [{"type": "retweeted", **ORIGINAL}]}
    return [POST | {"author": AUTHOR}, repost, ANSWER]


def test_given_pages_of_the_api_when_read_then_authors_and_originals_are_joined(take):
    taken = take(jsonl(PAGE, {"meta": {"result_count": 0}}))
    assert taken.format == "x-pages"
    assert not taken.dead
    assert [known(row) for row in taken.rows] == GOLDEN


@pytest.mark.parametrize("indent", [None, 2])
def test_given_a_page_or_an_array_of_pages_over_many_lines_when_read_then_the_posts_are_the_same(
    take, indent
):
    for content in (PAGE, [PAGE], [[PAGE]]):
        taken = take(json.dumps(content, indent=indent), block_size=512)
        assert (taken.format, taken.dead) == ("x-pages", [])
        assert [known(row) for row in taken.rows] == GOLDEN


def test_given_posts_of_4cat_when_read_then_their_authors_are_read(take):
    first, *others = flattened()
    of_4cat = without(first, "author") | {"author_user": AUTHOR}
    assert take(jsonl(of_4cat, *others)).rows == take(jsonl(*flattened())).rows


def test_given_flattened_posts_when_read_then_the_posts_are_the_same(take):
    lines = take(jsonl(*flattened()))
    assert lines.format == "x-posts"
    assert [known(row) for row in lines.rows] == GOLDEN
    array = take(json.dumps(flattened(), indent=4))
    assert [known(row) for row in array.rows] == GOLDEN


def test_given_messages_of_a_stream_when_read_then_each_is_a_post(take):
    messages = [
        {"data": post, "includes": PAGE["includes"], "matching_rules": [{"id": "1", "tag": ""}]}
        for post in PAGE["data"]
    ]
    taken = take(jsonl(*messages))
    assert taken.format == "x-stream"
    assert [known(row) for row in taken.rows] == GOLDEN


def test_given_a_page_of_more_than_a_mebibyte_when_read_then_its_posts_are_read(take):
    posts = [POST | {"id": str(10**18 + number), "text": "x" * 3000} for number in range(500)]
    taken = take(jsonl(PAGE | {"data": posts}), block_size=1 << 16)
    assert taken.posts["post_id"].to_list() == [post["id"] for post in posts]
    assert taken.posts["followers_count"].to_list() == [12] * 500


def test_given_pages_with_the_same_user_when_read_then_each_page_has_its_own_counts(take):
    later = json.loads(json.dumps(PAGE).replace('"followers_count": 12', '"followers_count": 99'))
    assert take(jsonl(PAGE, later)).posts["followers_count"].to_list() == [12, 12, None, 99, 99, None]


def test_given_posts_without_entities_when_read_then_links_and_tags_come_from_the_text(take):
    row = known(take(jsonl(without(POST, "entities", "lang", "public_metrics"))).rows[0])
    assert row["hashtags"] == ["News"]
    assert row["mentions"] == ["bo_example"]
    assert row["urls"] == ["https://t.co/abc", "https://t.co/pic"]
    assert "likes" not in row


def test_given_bad_posts_in_a_page_when_read_then_only_they_are_set_aside(take):
    page = PAGE | {"data": [POST, without(POST, "author_id"), POST | {"created_at": "soon"}, ANSWER]}
    taken = take(jsonl(page, "junk", {"data": "junk"}))
    assert taken.posts["post_id"].to_list() == [POST["id"], ANSWER["id"]]
    assert taken.reasons == ["missing_field", "bad_time", "malformed", "malformed"]
    assert taken.positions == [1, 1, 2, 3]


def test_given_a_page_with_only_the_fields_of_a_small_request_when_read_then_its_meta_names_it(take):
    plain = {key: POST[key] for key in ("id", "author_id", "created_at", "text")}
    page = {"data": [plain], "meta": {"newest_id": plain["id"], "oldest_id": plain["id"], "result_count": 1}}
    taken = take(json.dumps(page))
    assert (taken.format, taken.dead) == ("x-pages", [])
    row = known(taken.rows[0])
    assert (row["post_id"], row["account_id"], row["created_at"]) == (POST["id"], POST["author_id"], T)
    assert row["hashtags"] == ["News"]


@pytest.mark.parametrize(
    "field", [{"possibly_sensitive": False}, {"in_reply_to_user_id": "7"}, {"reply_settings": "everyone"}]
)
def test_given_posts_with_one_field_that_only_the_api_has_when_read_then_they_are_known(take, field):
    plain = {key: POST[key] for key in ("id", "author_id", "created_at", "text")}
    assert take(jsonl(plain | field)).format == "x-posts"
    assert take(jsonl({"data": [plain | field]})).format == "x-pages"


def test_given_counts_in_words_when_read_then_they_are_unknown(take):
    odd = POST | {"public_metrics": {"like_count": "many", "retweet_count": "1"}}
    row = take(jsonl(odd)).rows[0]
    assert (row["likes"], row["reposts"]) == (None, 1)


def test_given_users_where_posts_are_expected_when_opened_then_the_fields_are_shown(take):
    users = {"data": [{"id": "1", "name": "Ana", "username": "ana_example"}], "meta": {"result_count": 1}}
    with pytest.raises(FormatError, match=r"data, meta.*below data: id, name, username"):
        take(jsonl(users))
    with pytest.raises(FormatError, match="not in format x-pages"):
        take(jsonl(POST), format="x-pages")
    with pytest.raises(FormatError, match="does not begin"):
        take("id,text\n1,a\n", format="x-pages")


def test_given_posts_written_by_r_when_read_then_empty_objects_are_empty_lists(take):
    nothing = {"hashtags": {}, "mentions": {}, "urls": {}, "annotations": {}}
    plain = POST | {
        "id": "2",
        "text": "RT @x: cut https://t.co/a",
        "entities": nothing,
        "referenced_tweets": {},
    }
    repost = POST | {
        "id": "3",
        "entities": nothing | {"hashtags": [{"tag": "News"}]},
        "referenced_tweets": [{"type": "retweeted", "id": "1"}],
    }
    taken = take(json.dumps([POST, plain, repost, POST | {"id": "4", "public_metrics": []}]))
    assert (taken.format, taken.dead) == ("x-posts", [])
    # a list that is there and empty says that the text has none either
    assert [row["urls"] for row in taken.rows[:3]] == [["https://one.example/a?b=1"], [], []]
    assert [row["hashtags"] for row in taken.rows[:3]] == [["News"], [], ["News"]]
    assert taken.rows[2]["repost_of"] == "1"
    assert (taken.rows[3]["likes"], taken.rows[0]["likes"]) == (None, 3)
