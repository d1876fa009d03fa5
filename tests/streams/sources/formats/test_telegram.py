"""Telegram: exports of its desktop program, messages of its API, and the table of a collector."""

import json

import pytest

from schemas.errors import FormatError
from tests.streams.sources.exports import jsonl, known, table, without

T = 1_672_531_200  # 2023-01-01T00:00:00Z

MESSAGE = {
    "id": 5,
    "type": "message",
    "date": "2023-01-01T01:00:00",  # of a computer in another zone
    "date_unixtime": "1672531200",
    "from": "Canal Uno",
    "from_id": "channel1111111111",
    "reply_to_message_id": 3,
    "text": ["Look ", {"type": "hashtag", "text": "#News"}, " here"],
    "text_entities": [
        {"type": "plain", "text": "Look "},
        {"type": "hashtag", "text": "#News"},
        {"type": "plain", "text": " by "},
        {"type": "mention", "text": "@bo_example"},
        {"type": "plain", "text": " "},
        {"type": "link", "text": "https://one.example/a"},
        {"type": "plain", "text": " "},
        {"type": "text_link", "text": "here", "href": "https://two.example/b"},
    ],
    "reactions": [{"type": "emoji", "count": 3, "emoji": "x"}, {"type": "emoji", "count": 4, "emoji": "y"}],
}
FORWARD = {
    "id": 6,
    "type": "message",
    "date": "2023-01-01T01:01:00",
    "date_unixtime": "1672531260",
    "from": "Canal Uno",
    "from_id": "channel1111111111",
    "forwarded_from": "Canal Dos",
    "text": "The same words",
    "text_entities": [{"type": "plain", "text": "The same words"}],
}
JOINED = {"id": 4, "type": "service", "date": "2023-01-01T00:59:00", "date_unixtime": "1672531140",
          "actor": "Canal Uno", "actor_id": "channel1111111111", "action": "create_channel", "text": "",
          "text_entities": []}  # fmt: skip
CHAT = {
    "name": "Canal Uno",
    "type": "public_channel",
    "id": 1111111111,
    "messages": [JOINED, MESSAGE, FORWARD],
}
GOLDEN = {
    "post_id": "1111111111/5",
    "platform": "telegram",
    "account_id": "channel1111111111",
    "created_at": T,
    "text": "Look #News by @bo_example https://one.example/a here",
    "urls": ["https://one.example/a", "https://two.example/b"],
    "hashtags": ["News"],
    "mentions": ["bo_example"],
    "reply_to": "1111111111/3",
    "likes": 7,
}


@pytest.mark.parametrize("indent", [None, 1])
def test_given_an_exported_chat_when_read_then_every_field_arrives(take, indent):
    taken = take(json.dumps(CHAT, indent=indent, ensure_ascii=False), block_size=200)
    assert (taken.format, taken.dead) == ("telegram-desktop", [])
    assert taken.others == {"service messages": 1}
    assert known(taken.rows[0]) == GOLDEN
    assert taken.rows[1]["text"] == "The same words"
    assert taken.rows[1]["repost_of"].startswith("text:")


def test_given_two_chats_of_one_account_when_read_then_ids_do_not_meet_and_forwards_do(take):
    other = {
        "name": "Grupo",
        "type": "private_supergroup",
        "id": 2222222222,
        "messages": [FORWARD | {"from_id": "user9"}],
    }
    export = {
        "about": "Here is the data",
        "contacts": {"list": [{"first_name": "Bo"}]},
        "chats": {"list": [CHAT, other]},
    }
    taken = take(json.dumps(export, indent=1))
    assert taken.posts["post_id"].to_list() == ["1111111111/5", "1111111111/6", "2222222222/6"]
    assert taken.posts["account_id"].to_list() == ["channel1111111111"] * 2 + ["user9"]
    assert taken.posts["repost_of"][1] == taken.posts["repost_of"][2] is not None


def test_given_an_export_of_older_years_when_read_then_mixed_texts_are_texts(take):
    old = [without(one, "text_entities", "date_unixtime") for one in (MESSAGE, FORWARD)]
    old[0]["text"] = [
        "Look ",
        {"type": "hashtag", "text": "#News"},
        " ",
        {"type": "text_link", "text": "here", "href": "https://two.example/b"},
    ]
    taken = take(json.dumps(CHAT | {"messages": [JOINED, MESSAGE, *old, without(old[1], "from_id", "text")]}))
    assert taken.posts["text"].to_list()[1:] == ["Look #News here", "The same words", ""]
    assert taken.rows[1]["urls"] == ["https://two.example/b"]
    assert taken.posts["created_at"].to_list() == [T, T + 3600, T + 3660, T + 3660]
    assert taken.posts["account_id"].unique().to_list() == ["channel1111111111"]


def test_given_an_export_that_was_cut_off_when_read_then_the_end_is_an_error(take):
    whole = json.dumps(CHAT, indent=1)
    taken = take(whole[: whole.index("forwarded_from")])
    assert len(taken.rows) == 1
    assert [letter.detail for letter in taken.dead] == ["the input ends inside this record"]
    assert "ends early" in str(taken.fault)


def test_given_broken_messages_when_read_then_only_they_are_set_aside(take):
    bad = [
        MESSAGE | {"text_entities": "none"},
        MESSAGE | {"date_unixtime": "soon"},
        without(MESSAGE, "id"),
        7,
    ]
    taken = take(json.dumps(CHAT | {"messages": [*bad, MESSAGE]}))
    assert len(taken.rows) == 1
    assert taken.reasons == ["malformed", "bad_time", "missing_field", "malformed"]
    assert "field text_entities is text, a list is expected" in taken.dead[0].detail


API = {
    "_": "Message",
    "id": 5,
    "peer_id": {"_": "PeerChannel", "channel_id": 1111111111},
    "date": "2023-01-01T00:00:00+00:00",
    "message": "Look #News by @bo_example https://one.example/a here",
    "out": False,
    "from_id": None,
    "fwd_from": {
        "_": "MessageFwdHeader", "date": "2022-12-31T00:00:00+00:00", "channel_post": 77,
        "from_id": {"_": "PeerChannel", "channel_id": 3333333333}, "from_name": None,
    },
    "reply_to": {"_": "MessageReplyHeader", "reply_to_msg_id": 3},
    "media": {"_": "MessageMediaWebPage", "webpage": {"_": "WebPage", "url": "https://one.example/a"}},
    "entities": [{"_": "MessageEntityTextUrl", "offset": 1, "length": 2, "url": "https://two.example/b"},
                 {"_": "MessageEntityHashtag", "offset": 1, "length": 2}],
    "views": 9,
    "forwards": 8,
    "replies": {"_": "MessageReplies", "replies": 7},
    "reactions": {"_": "MessageReactions", "results": [{"_": "ReactionCount", "count": 6}]},
}  # fmt: skip


def test_given_links_without_a_scheme_when_read_then_they_are_links_where_telegram_says_so(take):
    text = "\U0001f600 t.me/canal_dos/5, https://one.example/a y site.example"
    entities = [
        {"_": "MessageEntityUrl", "offset": 3, "length": 16},
        {"_": "MessageEntityUrl", "offset": 21, "length": 21},
        {"_": "MessageEntityUrl", "offset": 45, "length": 12},
    ]
    message = without(API, "media") | {"message": text, "entities": entities}
    taken = take(
        jsonl(API, message, message | {"entities": [*entities[:1], None, {"_": "MessageEntityUrl"}]})
    )
    assert taken.dead == []
    assert [sorted(row["urls"]) for row in taken.rows[1:]] == [
        ["https://one.example/a", "https://site.example", "https://t.me/canal_dos/5"],
        ["https://one.example/a", "https://t.me/canal_dos/5"],
    ]
    pieces = [
        {"type": "link", "text": "t.me/canal_dos/5"},
        {"type": "text_link", "text": "x", "href": "site.example"},
    ]
    desktop = take(json.dumps(CHAT | {"messages": [MESSAGE | {"text_entities": pieces}]})).rows[0]
    assert desktop["urls"] == ["https://t.me/canal_dos/5", "https://site.example"]


@pytest.mark.parametrize("write", [jsonl, lambda one: json.dumps({"messages": [one], "chats": []})])
def test_given_messages_of_the_api_when_read_then_forwards_name_the_original(take, write):
    taken = take(write(API))
    assert (taken.format, taken.dead) == ("telegram-api", [])
    assert known(taken.rows[0]) == without(GOLDEN, "urls") | {
        "urls": ["https://two.example/b", "https://one.example/a"],
        "repost_of": "3333333333/77",
        "likes": 6,
        "views": 9,
        "reposts": 8,
        "replies": 7,
    }


def test_given_messages_of_groups_and_older_versions_when_read_then_the_sender_is_the_account(take):
    user = API | {"from_id": {"_": "PeerUser", "user_id": 4444444444}, "fwd_from": None}
    old = without(API, "peer_id") | {"to_id": {"_": "PeerChannel", "channel_id": 5}, "from_id": 6}
    service = {
        "_": "MessageService",
        "id": 1,
        "peer_id": API["peer_id"],
        "date": API["date"],
        "action": {"_": "x"},
    }
    taken = take(jsonl(user, service, old, API | {"message": {"a": 1}}, API | {"date": None}))
    assert taken.posts["account_id"].to_list() == ["user4444444444", "user6"]
    assert taken.posts["post_id"].to_list() == ["1111111111/5", "5/5"]
    assert taken.others == {"service messages": 1}
    assert taken.reasons == ["malformed", "missing_field"]


ROW = {
    "signature": "msg_iteration.0.user.canal_uno.post.5", "channel_id": "1111111111", "channel_name": "canal_uno",
    "msg_id": "5", "message": API["message"], "cleaned_message": "look", "date": "2023-01-01 00:00:00",
    "msg_link": "https://t.me/canal_uno/5", "msg_from_peer": "", "msg_from_id": "", "views": "9",
    "number_replies": "7", "number_forwards": "8", "is_forward": "1", "forward_msg_from_peer_type": "PeerChannel",
    "forward_msg_from_peer_id": "3333333333.0", "forward_msg_from_peer_name": "canal_tres",
    "forward_msg_link": "https://t.me/canal_tres/77", "is_reply": "1", "reply_to_msg_id": "3.0",
    "has_url": "1", "url": "https://two.example/b", "domain": "two.example",
}  # fmt: skip


def test_given_the_table_of_a_tracker_when_read_then_it_is_as_the_messages(take):
    taken = take(table(ROW, ROW | {"msg_id": "6", "is_forward": "0", "forward_msg_from_peer_id": "nan",
                                   "forward_msg_link": "", "url": "", "reply_to_msg_id": ""},
                       ROW | {"date": "yesterday"}, ROW | {"msg_id": ""}))  # fmt: skip
    assert taken.format == "telegram-tracker"
    assert known(taken.rows[0]) == without(GOLDEN, "likes") | {
        "repost_of": "3333333333/77",
        "views": 9,
        "reposts": 8,
        "replies": 7,
    }
    assert (taken.rows[1]["repost_of"], taken.rows[1]["reply_to"]) == (None, None)
    assert taken.reasons == ["bad_time", "missing_field"]


def test_given_chats_without_messages_when_opened_then_the_fields_are_shown(take):
    with pytest.raises(FormatError, match="name, type, id"):
        take(json.dumps(without(CHAT, "messages")))
