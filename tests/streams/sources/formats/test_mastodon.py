"""Mastodon's statuses to canonical posts."""

import json

import pytest

from schemas.errors import FormatError
from tests.streams.sources.exports import jsonl, known, without

T = 1_672_531_200  # 2023-01-01T00:00:00Z

ACCOUNT = {"id": "109000000000000001", "username": "Ana", "acct": "Ana", "url": "https://one.example/@Ana",
           "uri": "https://one.example/users/Ana", "followers_count": 12, "following_count": 34,
           "created_at": "2022-11-01T00:00:00.000Z", "bot": False}  # fmt: skip
STATUS = {
    "id": "109600000000000001",
    "created_at": "2023-01-01T00:00:00.000Z",
    "in_reply_to_id": "109500000000000009",
    "in_reply_to_account_id": "109000000000000009",
    "sensitive": False,
    "visibility": "public",
    "language": "en",
    "uri": "https://one.example/users/Ana/statuses/109600000000000001",
    "url": "https://one.example/@Ana/109600000000000001",
    "replies_count": 1,
    "reblogs_count": 2,
    "favourites_count": 3,
    "edited_at": None,
    "content": '<p>Look &amp; see <a href="https://two.example/p?a=1&amp;b=2" rel="nofollow noopener" target="_blank">'
    '<span class="invisible">https://</span><span class="">two.example/p</span></a><br />'
    '<span class="h-card"><a href="https://two.example/@bo" class="u-url mention">@<span>bo</span></a></span> '
    '<a href="https://one.example/tags/News" class="mention hashtag" rel="tag">#<span>News</span></a></p>',
    "reblog": None,
    "application": {"name": "Web"},
    "account": ACCOUNT,
    "media_attachments": [],
    "mentions": [{"id": "1", "username": "bo", "url": "https://two.example/@bo", "acct": "bo@two.example"}],
    "tags": [{"name": "news", "url": "https://one.example/tags/news"}],
    "emojis": [],
    "card": None,
    "poll": None,
}  # fmt: skip
BOOST = STATUS | {
    "id": "109600000000000002",
    "created_at": "2023-01-01T00:01:00.000Z",
    "uri": "https://two.example/users/cy/statuses/5/activity",
    "url": None,
    "in_reply_to_id": None,
    "content": "",
    "language": None,
    "account": {"id": "7", "username": "cy", "acct": "cy@Two.example", "url": "https://two.example/@cy"},
    "reblog": STATUS,
    "mentions": [],
    "tags": [],
}
GOLDEN = [
    {
        "post_id": "https://one.example/users/Ana/statuses/109600000000000001",
        "platform": "mastodon",
        "account_id": "ana@one.example",
        "created_at": T,
        "text": "Look & see https://two.example/p\n@bo #News",
        "lang": "en",
        "urls": ["https://two.example/p?a=1&b=2"],
        "hashtags": ["news"],
        "mentions": ["bo@two.example"],
        "reply_to": "109500000000000009",
        "followers_count": 12,
        "following_count": 34,
        "likes": 3,
        "reposts": 2,
        "replies": 1,
    },
    {
        "post_id": "https://two.example/users/cy/statuses/5/activity",
        "platform": "mastodon",
        "account_id": "cy@two.example",
        "created_at": T + 60,
        "text": "Look & see https://two.example/p\n@bo #News",
        "lang": "en",
        "urls": ["https://two.example/p?a=1&b=2"],
        "hashtags": ["news"],
        "mentions": ["bo@two.example"],
        "repost_of": "https://one.example/users/Ana/statuses/109600000000000001",
        "likes": 3,
        "reposts": 2,
        "replies": 1,
    },
]


def array(*statuses):
    return json.dumps(statuses, indent=1)


def pages(*statuses):
    return jsonl(statuses)


@pytest.mark.parametrize("write", [jsonl, array, pages])
def test_given_statuses_when_read_then_text_links_and_originals_arrive(take, write):
    taken = take(write(STATUS, BOOST), block_size=300)
    assert (taken.format, taken.dead) == ("mastodon", [])
    assert [known(row) for row in taken.rows] == GOLDEN


def test_given_one_person_on_three_servers_when_read_then_account_and_post_are_one(take):
    foreign = STATUS | {"id": "99", "account": ACCOUNT | {"id": "5", "acct": "ana@one.example"}}
    third = foreign | {"account": without(ACCOUNT, "uri") | {"id": "6", "acct": "Ana@One.Example"}}
    taken = take(jsonl(STATUS, foreign, third))
    assert taken.posts["account_id"].unique().to_list() == ["ana@one.example"]
    assert taken.posts["post_id"].n_unique() == 1


def test_given_a_mention_of_a_servers_own_account_when_read_then_it_is_the_same_on_every_server(take):
    own = STATUS | {
        "mentions": [{"id": "2", "username": "Bo", "url": "https://two.example/@Bo", "acct": "Bo"}]
    }
    bare = STATUS | {"mentions": [{"acct": "Bo"}, {"url": "https://two.example/@bo"}]}
    rows = take(jsonl(own, STATUS, bare, BOOST | {"reblog": own})).rows
    assert [row["mentions"] for row in rows] == [
        ["bo@two.example"],
        ["bo@two.example"],
        ["Bo"],
        ["bo@two.example"],
    ]


def test_given_a_card_and_no_link_in_the_text_when_read_then_the_card_is_the_link(take):
    carded = STATUS | {"content": "<p>See</p>", "card": {"url": "https://three.example/c", "title": "C"}}
    assert take(jsonl(carded)).rows[0]["urls"] == ["https://three.example/c"]


def test_given_a_quote_when_read_then_it_names_the_post(take):
    quote = STATUS | {
        "quote": {"state": "accepted", "quoted_status": {"id": "1", "uri": "https://q.example/1"}}
    }
    assert take(jsonl(quote, STATUS | {"quote": None})).posts["quote_of"].to_list() == [
        "https://q.example/1",
        None,
    ]


@pytest.mark.parametrize(
    "quoting",
    [
        {"quote": {"id": "1", "uri": "https://q.example/1", "content": "x"}, "quote_id": "1"},  # Truth Social
        {"quote": {"id": "1", "uri": "/bo/posts/1", "content": "x"}, "quote_of_id": "1"},  # Gab
        {"quote": None, "quote_id": "1"},
        {"quote": None, "quote_of_id": "1"},
        {"quote": {"state": "accepted", "quoted_status_id": "1"}},
    ],
)
def test_given_a_quote_of_another_server_software_when_read_then_it_names_the_post(take, quoting):
    uri = (quoting["quote"] or {}).get("uri", "1")
    assert take(jsonl(STATUS | quoting)).posts["quote_of"].to_list() == [uri]


def test_given_broken_statuses_when_read_then_only_they_are_set_aside(take):
    taken = take(
        jsonl(
            STATUS, STATUS | {"content": ["x"]}, STATUS | {"account": {"id": "1"}}, STATUS | {"created_at": 0}
        )
    )
    assert len(taken.rows) == 1
    assert taken.reasons == ["malformed", "missing_field", "bad_time"]


def test_given_accounts_when_opened_then_they_are_not_taken_for_posts(take):
    with pytest.raises(FormatError, match="acct, url"):
        take(jsonl(ACCOUNT))
