"""Bluesky's Jetstream, in both of its forms."""

from datetime import UTC, datetime

import pytest

from schemas.errors import FormatError
from tests.streams.sources.exports import jsonl, known, without

T = 1_672_531_200  # 2023-01-01T00:00:00Z
DID = "did:plc:aaaaaaaaaaaaaaaaaaaaaaaa"
OTHER = "did:plc:bbbbbbbbbbbbbbbbbbbbbbbb"
URI = f"at://{OTHER}/app.bsky.feed.post/3k2aaaaaaaa2a"


def event(collection, rkey, record, *, at=0, **commit):
    written = {"rev": "3k", "operation": "create", "collection": f"app.bsky.{collection}", "rkey": rkey}
    return {
        "did": DID,
        "time_us": (T + at) * 1_000_000 + 123_456,
        "kind": "commit",
        "commit": written | {"record": record, "cid": "bafy"} | commit,
    }


POST = event(
    "feed.post",
    "3k2post",
    {
        "$type": "app.bsky.feed.post",
        "createdAt": "2006-03-21T20:50:14.000Z",  # whatever the author likes
        "text": "Look #News one.example… the \"subject\":\"no field\"",
        "langs": ["en", "de"],
        "tags": ["hidden"],
        "reply": {"parent": {"cid": "c", "uri": URI}, "root": {"cid": "c", "uri": URI + "root"}},
        "facets": [
            {"index": {"byteStart": 5, "byteEnd": 10},
             "features": [{"$type": "app.bsky.richtext.facet#tag", "tag": "News"}]},
            {"index": {"byteStart": 11, "byteEnd": 25},
             "features": [{"$type": "app.bsky.richtext.facet#link", "uri": "https://one.example/a"},
                          {"$type": "app.bsky.richtext.facet#mention", "did": OTHER}]},
        ],
        "embed": {
            "$type": "app.bsky.embed.recordWithMedia",
            "record": {"$type": "app.bsky.embed.record", "record": {"cid": "c", "uri": URI + "quoted"}},
            "media": {"$type": "app.bsky.embed.images",
                      "images": [{"alt": "", "image": {"$type": "blob", "ref": {"$link": "bafkpicture"}}}]},
        },
    },
)  # fmt: skip
CARD = event(
    "feed.post",
    "3k2card",
    {"$type": "app.bsky.feed.post", "createdAt": "2023-01-01T00:00:01Z", "text": "",
     "embed": {"$type": "app.bsky.embed.external", "external": {"uri": "https://two.example/b", "title": "B"}}},
    at=1,
)  # fmt: skip
REPOST = event(
    "feed.repost",
    "3k2repost",
    {
        "$type": "app.bsky.feed.repost",
        "createdAt": "2023-01-01T00:00:02Z",
        "subject": {"cid": "c", "uri": URI},
    },
    at=2,
)
OTHERS = [
    event("feed.like", "3k2like", {"$type": "app.bsky.feed.like", "subject": {"cid": "c", "uri": URI}}),
    event("graph.follow", "3k2follow", {"$type": "app.bsky.graph.follow", "subject": OTHER}),
    event("graph.listitem", "3k2item", {"$type": "app.bsky.graph.listitem", "subject": OTHER, "list": "at://l"}),
    {"did": DID, "time_us": T * 10**6, "kind": "commit",
     "commit": {"rev": "3k", "operation": "delete", "collection": "app.bsky.feed.post", "rkey": "3k2post"}},
    {"did": DID, "time_us": T * 10**6, "kind": "identity", "identity": {"did": DID, "handle": "a.example"}},
    event("actor.profile", "self", {"$type": "app.bsky.actor.profile"}, operation="update"),
]  # fmt: skip
GOLDEN = [
    {
        "post_id": f"at://{DID}/app.bsky.feed.post/3k2post",
        "platform": "bluesky",
        "account_id": DID,
        "created_at": T,
        "text": 'Look #News one.example… the "subject":"no field"',
        "lang": "en",
        "urls": ["https://one.example/a"],
        "hashtags": ["News", "hidden"],
        "mentions": [OTHER],
        "reply_to": URI,
        "quote_of": URI + "quoted",
        "media_hashes": ["bafkpicture"],
    },
    {
        "post_id": f"at://{DID}/app.bsky.feed.post/3k2card",
        "platform": "bluesky",
        "account_id": DID,
        "created_at": T + 1,
        "text": "",
        "urls": ["https://two.example/b"],
        "hashtags": [],
        "mentions": [],
        "media_hashes": [],
    },
    {
        "post_id": f"at://{DID}/app.bsky.feed.repost/3k2repost",
        "platform": "bluesky",
        "account_id": DID,
        "created_at": T + 2,
        "repost_of": URI,
    },
]


def first_form(event):
    """As the first version wrote events: one letter for what happened."""
    if "commit" not in event:
        return without(event, "kind") | {"type": "id"}
    commit = without(event["commit"], "operation") | {"type": event["commit"]["operation"][0]}
    return without(event, "kind") | {"type": "com", "commit": commit}


@pytest.mark.parametrize("form", [dict, first_form])
def test_given_events_when_read_then_posts_and_reposts_are_posts_and_the_rest_is_counted(take, form):
    taken = take(jsonl(*map(form, [*OTHERS, POST, CARD, REPOST])))
    assert (taken.format, taken.time_ordered, taken.dead) == ("jetstream", True, [])
    deletion, *posts = map(known, taken.rows)
    assert posts == GOLDEN
    assert (deletion["post_id"], deletion["created_at"], deletion["deleted"]) == (
        GOLDEN[0]["post_id"],
        T,
        True,
    )
    assert taken.others == {
        "likes": 1,
        "follows": 1,
        "other records": 1,
        "deletions": 1,
        "account events": 1,
        "changes": 1,
    }


def test_given_broken_events_when_read_then_only_they_are_set_aside(take):
    no_record = event("feed.post", "3k2none", None) | {"time_us": "soon"}
    odd = event("feed.post", "3k2odd", {"$type": "app.bsky.feed.post", "text": ["a", "list"]})
    taken = take(jsonl(POST, odd, no_record, without(CARD, "did"), REPOST))
    assert len(taken.rows) == 2
    assert taken.reasons == ["malformed", "bad_time", "missing_field"]
    assert "commit.record.text is not" not in taken.dead[0].detail
    assert "field commit.record.text is a list, text is expected" in taken.dead[0].detail


def test_given_events_of_something_else_when_opened_then_their_fields_are_shown(take):
    with pytest.raises(FormatError, match="did, when"):
        take(jsonl({"did": DID, "when": 1}))


def message(event, seq):
    """As the second server sends it."""
    when = datetime.fromtimestamp(event["time_us"] / 1e6, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    payload = {"$type": f"network.bsky.jetstream.subscribeEvents#{event['kind']}", "did": event["did"]}
    payload |= {
        "seq": seq,
        "time": "2020-01-01T00:00:00.000000Z",
        "witnessedAt": when,
        **event.get("commit", {}),
    }
    return {"$type": "message", "payload": payload}


def test_given_messages_of_the_second_server_when_read_then_posts_are_the_same(take):
    events = [*OTHERS, POST, CARD, REPOST]
    taken = take(jsonl(*(message(event, number) for number, event in enumerate(events))))
    assert (taken.format, taken.time_ordered, taken.dead) == ("jetstream-v2", True, [])
    deletion, *posts = map(known, taken.rows)
    assert posts == GOLDEN
    assert (deletion["post_id"], deletion["created_at"], deletion["deleted"]) == (
        GOLDEN[0]["post_id"],
        T,
        True,
    )
    assert sum(taken.others.values()) == len(OTHERS)


def test_given_a_message_without_the_time_of_its_server_when_read_then_the_time_that_it_shows_counts(take):
    shown = message(POST, 1)
    del shown["payload"]["witnessedAt"]
    assert take(jsonl(shown)).rows[0]["created_at"] == 1_577_836_800
