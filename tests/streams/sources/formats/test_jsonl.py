"""Lockstep's own posts."""

from tests.streams.sources.exports import jsonl

POST = {
    "post_id": "1",
    "platform": "x",
    "account_id": "a",
    "created_at": "2023-01-01T00:00:00Z",
    "text": "one",
}


def test_given_reports_of_deletions_when_read_then_they_are_counted_and_are_no_posts(take):
    gone = POST | {"deleted": True, "text": None}
    kept = POST | {"post_id": "2", "deleted": False, "text": '"deleted"'}
    taken = take(jsonl(POST, gone, kept, gone | {"post_id": "3"}))
    assert [row["post_id"] for row in taken.rows] == ["1", "2"]
    assert (taken.others, taken.dead) == ({"deletions": 2}, [])
