"""Events of both Jetstream servers become the same posts, follow events, profiles and places."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from schemas.dead_letters import Reason
from streams.collect.jetstream.decoding import JetstreamDecoder
from streams.collect.source import Events, Message, Position
from tests.streams.sources.formats.test_jetstream import (
    CARD,
    DID,
    GOLDEN,
    OTHER,
    OTHERS,
    POST,
    REPOST,
    T,
    event,
)

Event = dict[str, Any]


def second_form(event: Event, seq: int) -> Event:
    when = datetime.fromtimestamp(event["time_us"] / 1e6, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    payload = {
        "$type": f"network.bsky.jetstream.subscribeEvents#{event['kind']}",
        "did": event["did"],
        "seq": seq,
    }
    payload |= {"time": "2020-01-01T00:00:00.000000Z", "witnessedAt": when, **event.get("commit", {})}
    if "identity" in event:
        payload["identity"] = event["identity"]
    return {"$type": "message", "payload": payload}


def decoded(
    events: list[Event], *, second: bool = False, profiles: bool = False, extra: tuple[bytes, ...] = ()
) -> Events:
    lines = [json.dumps(second_form(one, n) if second else one).encode() for n, one in enumerate(events, 1)]
    decoder = JetstreamDecoder("server", second=second, profiles=profiles, now=lambda: T + 3_600.0)
    return decoder.decode([Message("", line) for line in [*lines, *extra]], 1_000)


@pytest.mark.parametrize("second", [False, True])
def test_given_events_of_either_server_then_posts_follows_and_counts_are_the_same(second: bool) -> None:
    events = decoded([*OTHERS, POST, CARD, REPOST], second=second)
    rows = [{k: v for k, v in row.items() if v is not None} for row in events.posts.to_dicts()]
    assert rows == GOLDEN
    assert events.follows is not None
    assert events.follows.to_dicts() == [
        {
            "platform": "bluesky",
            "follower_id": DID,
            "followee_id": OTHER,
            "action": "follow",
            "at": "2023-01-01T00:00:00Z",
        }
    ]
    assert events.others == {
        "likes": 1,
        "other records": 1,
        "account events": 1,
        "changes": 1,
    }
    assert events.deletions is not None
    assert events.deletions.to_dicts() == [
        {
            "platform": "bluesky",
            "post_id": GOLDEN[0]["post_id"],
            "account_id": DID,
            "created_at": "2023-01-01T00:00:00Z",
        }
    ]
    assert events.dead_letters == []
    assert events.position == Position(time_us=(T + 2) * 1_000_000 + 123_456, seq=9 if second else 0)
    assert events.first is not None and events.first.seq == (1 if second else 0)
    assert events.reached == T + 2


@pytest.mark.parametrize("second", [False, True])
def test_given_garbage_between_events_then_each_piece_is_a_dead_letter_with_its_number(second: bool) -> None:
    pieces = (
        b"no json",
        b"{}",
        b"\xff",
        b"",
        b'["' + b"x" * (1 << 20) + b'"]',
        b'{"did":1,\n"time_us":"soon"}',
    )
    events = decoded([POST, CARD], second=second, extra=pieces)
    assert len(events.posts) == 2
    assert [letter.position for letter in sorted(events.dead_letters, key=lambda letter: letter.position)][
        :5
    ] == [
        1002,
        1003,
        1004,
        1005,
        1006,
    ]
    reasons = {letter.position: letter.reason for letter in events.dead_letters}
    assert reasons[1002] is reasons[1005] is Reason.MALFORMED
    assert (reasons[1003], reasons[1004], reasons[1006]) == (
        Reason.MISSING_FIELD,
        Reason.NOT_UTF8,
        Reason.OVERSIZED,
    )
    assert events.position is not None and events.position.time_us == CARD["time_us"]


def test_given_an_event_from_the_future_then_it_does_not_move_the_cursor() -> None:
    ahead = event("feed.post", "3kahead", {"text": "x"}, at=4_000)
    events = decoded([POST, ahead])
    assert len(events.posts) == 2  # the worker judges it by the time of its arrival
    assert events.position is not None and events.position.time_us == POST["time_us"]


def test_given_a_follow_of_oneself_then_it_is_a_dead_letter_and_posts_are_kept() -> None:
    alone = event("graph.follow", "3kself", {"subject": DID})
    events = decoded([alone, POST])
    assert events.follows is None
    assert len(events.posts) == 1
    assert "itself" in events.dead_letters[0].detail


def test_given_handles_and_profiles_then_what_was_known_before_stays() -> None:
    decoder = JetstreamDecoder("server", second=False, profiles=True, now=lambda: T + 3_600.0)
    named = {
        "did": DID,
        "time_us": T * 10**6,
        "kind": "identity",
        "identity": {"did": DID, "handle": "new.example"},
    }
    described = event(
        "actor.profile", "self", {"displayName": "A", "description": "All news"}, at=5, operation="update"
    )
    first, second = (
        decoder.decode([Message("", json.dumps(one).encode())], 1).profiles for one in (named, described)
    )
    assert first is not None and second is not None
    assert first.to_dicts()[0]["handle"] == "new.example"
    assert second.to_dicts() == [
        {"platform": "bluesky", "account_id": DID, "handle": "new.example", "display_name": "A",
         "description": "All news", "observed_at": "2023-01-01T00:00:05Z"}
    ]  # fmt: skip
    assert decoded([named], profiles=False).profiles is None
