"""Streams of the fediverse: what is asked, how events are cut, and how they become posts."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from benchmarks.live_sources.mastodon_server import statuses_of
from schemas.errors import InputError, UsageError
from streams.collect.mastodon.decoding import HEARTBEAT, UPDATE, MastodonDecoder
from streams.collect.mastodon.event_stream import server_events
from streams.collect.mastodon.request import TOKEN_VARIABLE, mastodon_request
from streams.collect.mastodon.timelines import order, written_ms
from streams.collect.source import Message, Position
from tests.streams.small_world import START, small_world

WIRE = (
    b':)\nevent: update\r\ndata: {"id":\r\ndata: 1}\r\n\r\n:thump\nid: 4\nretry\ndata:no name\n\n'
    b"event: delete\ndata: 12\n\nevent: nothing\n\nevent: update\ndata: cut o"
)
EVENTS = [("", b")"), ("update", b'{"id":\n1}'), ("", b"thump"), ("message", b"no name"), ("delete", b"12")]


@pytest.mark.asyncio
@pytest.mark.parametrize("size", [1, 2, 7, 1_000])
async def test_given_chunks_of_any_size_then_the_events_are_the_same_and_one_cut_off_is_left_out(
    size: int,
) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for begin in range(0, len(WIRE), size):
            yield WIRE[begin : begin + size]

    assert [tuple(event) async for event in server_events(chunks())] == EVENTS


@pytest.mark.asyncio
async def test_given_a_line_without_end_then_memory_is_bounded_and_the_next_event_is_read() -> None:
    async def chunks() -> AsyncIterator[bytes]:
        yield b"data: "
        for _ in range(80):
            yield b"x" * (1 << 16)
        yield b"\n\ndata: 1\n\n"

    events = [event async for event in server_events(chunks())]
    assert [len(event.data) for event in events] == [(2 << 20) - len("data: "), 1]


@pytest.mark.parametrize(
    ("stream", "streaming", "timeline"),
    [
        ("public", "/api/v1/streaming/public", "/api/v1/timelines/public?limit=40"),
        ("public:local", "/api/v1/streaming/public/local", "/api/v1/timelines/public?local=true&limit=40"),
        ("public:remote", "/api/v1/streaming/public/remote", "/api/v1/timelines/public?remote=true&limit=40"),
        ("hashtag:news", "/api/v1/streaming/hashtag?tag=news", "/api/v1/timelines/tag/news?limit=40"),
        (
            "hashtag:local:#Año",
            "/api/v1/streaming/hashtag/local?tag=A%C3%B1o",
            "/api/v1/timelines/tag/A%C3%B1o?local=true&limit=40",
        ),
    ],
)
def test_given_a_stream_then_its_timeline_has_the_same_posts(
    stream: str, streaming: str, timeline: str
) -> None:
    request = mastodon_request("social.example", stream, None, {})
    assert (request.stream_path, request.timeline_path(limit=40)) == (streaming, timeline)
    assert request.server == "https://social.example"


@pytest.mark.parametrize(
    "stream", ["", "user", "public:all", "hashtag:", "hashtag:a/b", "hashtag:a b", "list:1"]
)
def test_given_what_is_no_public_stream_then_it_is_refused(stream: str) -> None:
    with pytest.raises(UsageError, match="--stream"):
        mastodon_request("https://social.example", stream, None, {})


@pytest.mark.parametrize(
    "server", ["", "ftp://a.example", "https://a.example/path", "https://u:p@a.example", "https://"]
)
def test_given_what_is_no_server_then_it_is_refused(server: str) -> None:
    with pytest.raises(UsageError, match="--server"):
        mastodon_request(server, "public", None, {})


def test_given_a_token_then_the_environment_comes_first_and_it_is_never_shown_or_sent_in_the_clear(
    tmp_path: Path,
) -> None:
    path = tmp_path / "token"
    path.write_text(" from-file \n")
    request = mastodon_request("social.example", "public", str(path), {})
    assert request.headers == {"Authorization": "Bearer from-file"}
    assert "from-file" not in repr(request)
    assert mastodon_request("social.example", "public", str(path), {TOKEN_VARIABLE: "env"}).token == "env"  # noqa: S105
    with pytest.raises(UsageError, match="unencrypted"):
        mastodon_request("http://social.example", "public", str(path), {})
    path.write_text("")
    with pytest.raises(UsageError, match="no token"):
        mastodon_request("social.example", "public", str(path), {})
    with pytest.raises(InputError, match="cannot be read"):
        mastodon_request("social.example", "public", str(tmp_path / "absent"), {})


def test_given_ids_then_their_order_is_that_of_numbers_and_their_time_is_known() -> None:
    assert sorted(["9", "10", "100", "11"], key=order) == ["9", "10", "11", "100"]
    assert written_ms(str(1_700_000_000_000 << 16)) == 1_700_000_000_000
    assert [written_ms(post_id) for post_id in ("12", "AcFlake9", "", "9" * 40)] == [None] * 4


def test_given_events_then_posts_have_no_reactions_yet_and_the_rest_is_counted() -> None:
    statuses = list(statuses_of(small_world()[:3]))
    counts = {"favourites_count": 0, "reblogs_count": 0, "replies_count": 0}
    messages = [Message(UPDATE, json.dumps(status | counts).encode()) for status in statuses]
    messages.insert(1, Message("delete", b"12"))
    messages.insert(2, Message("status.update", b"{}"))
    messages += [
        Message("notification", b"{}"),
        Message(UPDATE, b"no json"),
        Message(HEARTBEAT, str(START).encode()),
    ]

    events = MastodonDecoder("server").decode(messages, 10)

    assert events.posts["post_id"].to_list() == [status["uri"] for status in statuses]
    assert events.posts.select("likes", "reposts", "replies").null_count().row(0) == (3, 3, 3)
    assert events.others == {"deletions": 1, "edits": 1, "other events": 1}
    assert [(letter.position, letter.reason) for letter in events.dead_letters] == [(16, "malformed")]
    assert events.position == Position(events.posts["created_at"][2] * 1_000_000, post_id=statuses[2]["id"])
    assert events.reached == START - 60


def test_given_a_deletion_then_it_names_the_post_as_everyone_does_if_it_was_seen() -> None:
    statuses = list(statuses_of(small_world()[:2]))
    decoder = MastodonDecoder("server", now=lambda: START + 86_400.0 * 9)
    decoder.decode([Message(UPDATE, json.dumps(statuses[0]).encode())], 1)
    both = [Message("delete", status["id"].encode()) for status in statuses]

    events = decoder.decode([*both, Message("delete", b"\xff")], 1)

    assert events.deletions is not None
    assert events.deletions.to_dicts() == [
        {
            "platform": "mastodon",
            "post_id": statuses[0]["uri"],
            "account_id": f"{statuses[0]['account']['acct']}@social.example",
            "created_at": "2023-02-23T00:00:00Z",
        }
    ]
    assert events.others == {"deletions": 2}
    assert decoder.decode(both[:1], 1).deletions is None  # a second one adds nothing


def test_given_older_posts_and_one_from_the_future_then_the_place_does_not_move() -> None:
    older, newer = statuses_of(small_world()[:2])
    decoder = MastodonDecoder("server")
    ahead = newer | {"id": str(int(newer["id"]) + (1 << 40)), "created_at": "2999-01-01T00:00:00.000Z"}
    for status in (newer, older, ahead):
        place = decoder.decode([Message(UPDATE, json.dumps(status).encode())], 1).position
        assert place is not None and place.post_id == newer["id"]
