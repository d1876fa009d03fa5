"""Reddit's submissions and comments to canonical posts."""

import pytest

from schemas.errors import FormatError
from tests.streams.sources.exports import jsonl, known, without

T = 1_672_531_200  # 2023-01-01T00:00:00Z

SUBMISSION = {
    "id": "100abc",
    "author": "ana_example",
    "author_fullname": "t2_1",
    "created_utc": 1672531200,
    "title": "Look",
    "selftext": "",
    "url": "https://one.example/a?b=1&amp;c=2",
    "permalink": "/r/news/comments/100abc/look/",
    "subreddit": "news",
    "subreddit_id": "t5_2qh3l",
    "is_self": False,
    "domain": "one.example",
    "score": 7,
    "num_comments": 2,
    "num_crossposts": 1,
    "edited": False,
}
SELF = SUBMISSION | {
    "id": "100abd",
    "created_utc": "1672531201",
    "selftext": "Ask u/bo_example or see https://two.example/b.",
    "url": "https://www.reddit.com/r/news/comments/100abd/look/",
    "is_self": True,
    "edited": 1672531300.0,
}
CROSSPOST = SUBMISSION | {
    "id": "100abe",
    "created_utc": 1672531202.0,
    "selftext": "[removed]",
    "url": "/r/other/comments/0zzz/look/",
    "crosspost_parent": "t3_0zzz",
    "crosspost_parent_list": [{"id": "0zzz"}],
}
COMMENT = {
    "id": "j2aaaaa",
    "author": "cy_example",
    "created_utc": 1672531203,
    "body": "Yes: https://three.example/c",
    "link_id": "t3_100abc",
    "parent_id": "t1_j2zzzzz",
    "subreddit": "news",
    "score": -4,
}


@pytest.mark.parametrize("post", [SUBMISSION, SELF, COMMENT])
def test_given_only_the_fields_that_were_asked_for_when_read_then_it_is_known_by_the_text(take, post):
    asked = {"id", "created_utc", "author", "title", "selftext", "body", "score"}
    few = {key: cell for key, cell in post.items() if key in asked}
    taken = take(jsonl(few))
    assert (taken.format, taken.dead) == ("reddit", [])
    assert taken.rows[0]["text"] == take(jsonl(post)).rows[0]["text"]
    assert taken.rows[0]["post_id"] == take(jsonl(post)).rows[0]["post_id"]


def test_given_submissions_and_comments_when_read_then_every_field_arrives(take):
    gone = COMMENT | {"id": "j2b", "author": "[deleted]", "body": "[deleted]"}
    taken = take(jsonl(SUBMISSION, SELF, CROSSPOST, COMMENT, gone))
    assert (taken.format, taken.time_ordered, taken.dead) == ("reddit", True, [])
    assert taken.others == {"posts of deleted authors": 1}
    counts = {"likes": 7, "replies": 2, "reposts": 1}
    shared = {"platform": "reddit", "account_id": "ana_example"}
    assert [known(row) for row in taken.rows] == [
        shared | counts | {
            "post_id": "t3_100abc", "created_at": T, "text": "Look", "urls": ["https://one.example/a?b=1&c=2"],
            "mentions": [],
        },
        shared | counts | {
            "post_id": "t3_100abd", "created_at": T + 1,
            "text": "Look\nAsk u/bo_example or see https://two.example/b.",
            "urls": ["https://two.example/b"], "mentions": ["bo_example"],
        },
        shared | counts | {
            "post_id": "t3_100abe", "created_at": T + 2, "text": "Look", "urls": [], "mentions": [],
            "repost_of": "t3_0zzz",
        },
        {
            "post_id": "t1_j2aaaaa", "platform": "reddit", "account_id": "cy_example", "created_at": T + 3,
            "text": "Yes: https://three.example/c", "urls": ["https://three.example/c"], "mentions": [],
            "reply_to": "t1_j2zzzzz",
        },
    ]  # fmt: skip


def test_given_broken_records_when_read_then_only_they_are_set_aside(take):
    broken = [
        without(SUBMISSION, "author"),
        SUBMISSION | {"created_utc": None},
        SUBMISSION | {"title": {}},
        "text",
    ]
    taken = take(jsonl(SUBMISSION, *broken))
    assert len(taken.rows) == 1
    assert taken.reasons == ["missing_field", "missing_field", "malformed", "malformed"]


def test_given_accounts_when_opened_then_they_are_not_taken_for_posts(take):
    with pytest.raises(FormatError, match="link_karma"):
        take(jsonl({"id": 1, "name": "ana_example", "created_utc": 1, "link_karma": 5}))
