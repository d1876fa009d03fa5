"""Lockstep's own posts."""

from tests.streams.sources.exports import jsonl

POST = {
    "post_id": "1",
    "platform": "x",
    "account_id": "a",
    "created_at": "2023-01-01T00:00:00Z",
    "text": "one",
}


def test_given_reports_of_deletions_when_read_then_they_are_counted_apart_from_posts(take):
    gone = POST | {"deleted": True, "text": None}
    kept = POST | {"post_id": "2", "deleted": False, "text": '"deleted"'}
    taken = take(jsonl(POST, gone, kept, gone | {"post_id": "3"}))
    read = [(row["post_id"], bool(row["deleted"])) for row in taken.rows]
    assert read == [("1", False), ("1", True), ("2", False), ("3", True)]
    assert (taken.others, taken.dead) == ({"deletions": 2}, [])
