"""Follow events in exports: pages of followers of X, events of Jetstream."""

import pytest

from schemas.errors import FormatError, InputError
from streams.outputs.dead_letter_log import DeadLetterLog
from streams.reference_files.follow_events import read_follows
from streams.settings.settings import InputSettings
from tests.streams.sources.exports import jsonl

NOW = 1_700_000_000.0
T = 1_672_531_200  # 2023-01-01T00:00:00Z
USERS = [{"id": str(number), "username": f"u{number}", "name": "U"} for number in range(1, 4)]


def page(direction, users, **more):
    address = f"https://api.twitter.com/2/users/99/{direction}?max_results=1000"
    return {"data": users, "meta": {"result_count": len(users)},
            "__twarc": {"url": address, "retrieved_at": "2023-01-01T00:00:00+00:00"}} | more  # fmt: skip


def canonical(follower, followee, action="snapshot", platform="x", at="2023-01-01T00:00:00Z"):
    return {
        "platform": platform,
        "follower_id": follower,
        "followee_id": followee,
        "action": action,
        "at": at,
    }


@pytest.fixture
def read(tmp_path):
    def read_and_count(*records):
        path = tmp_path / "follows"
        path.write_text(jsonl(*records))
        log = DeadLetterLog(None, InputSettings())
        events = read_follows(str(path), log, now=lambda: NOW)
        rows = zip(
            events.follower.tolist(),
            events.followee.tolist(),
            events.action.tolist(),
            events.at.tolist(),
            strict=True,
        )
        return sorted(rows), log.total

    return read_and_count


def test_given_pages_of_followers_when_read_then_each_user_follows_the_one_asked_about(read):
    expected, _ = read(*(canonical(user["id"], "99") for user in USERS))
    assert read(page("followers", USERS[:2]), page("followers", USERS[2:]), page("followers", [])) == (
        expected,
        0,
    )


def test_given_pages_of_accounts_followed_when_read_then_the_edges_point_outward(read):
    expected, _ = read(*(canonical("99", user["id"]) for user in USERS))
    assert read(page("following", USERS)) == (expected, 0)


def test_given_a_page_of_a_thousand_users_when_read_then_all_are_read(read):
    users = [
        {"id": str(10**18 + number), "username": "u", "description": "x" * 200} for number in range(1000)
    ]
    assert len(read(page("followers", users))[0]) == 1000


def test_given_events_of_jetstream_when_read_then_its_follows_are_read(read):
    def event(operation, collection, record):
        commit = {"operation": operation, "collection": collection, "rkey": "k", "record": record}
        return {"did": "did:plc:a", "time_us": T * 10**6, "kind": "commit", "commit": commit}

    events = [
        event("create", "app.bsky.feed.post", {"text": "x"}),
        event(
            "create", "app.bsky.graph.follow", {"subject": "did:plc:b", "createdAt": "2006-01-01T00:00:00Z"}
        ),
        event("create", "app.bsky.feed.like", {"subject": {"uri": "at://x", "cid": "c"}}),
        event("delete", "app.bsky.graph.follow", None),
    ]
    expected, _ = read(canonical("did:plc:a", "did:plc:b", "follow", "bluesky"))
    assert read(*events) == (expected, 0)


def test_given_pages_that_cannot_be_used_when_read_then_they_are_said(read):
    odd = page(
        "followers", USERS, __twarc={"url": "https://api.twitter.com/2/tweets", "retrieved_at": "once"}
    )
    with pytest.raises(InputError):
        read(odd)
    with pytest.raises(FormatError, match="whose followers"):
        read({"data": USERS, "meta": {}})
    good, dead = read(
        page("followers", USERS), page("followers", USERS[:1], __twarc={"retrieved_at": "2023-01-01"})
    )
    assert (len(good), dead) == (3, 1)
