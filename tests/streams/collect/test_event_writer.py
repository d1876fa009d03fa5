"""What is written to the topics: every record under its key, and with pseudonyms where they are wanted."""

import asyncio
import json
from typing import Any

import polars as pl
import pytest

from detectors.post_columns import conform
from streams.collect.event_writer import EventWriter
from streams.collect.source import Events
from streams.privacy.keys import PseudonymKey
from streams.privacy.pseudonyms import Pseudonyms
from streams.privacy.records import PseudonymRecords

POST = {"platform": "bluesky", "post_id": "at://did:plc:a/app.bsky.feed.post/1", "account_id": "did:plc:a"}


class Written:
    """Takes the place of a producer, and keeps what is sent."""

    def __init__(self) -> None:
        self.records: list[tuple[str, str, dict[str, Any]]] = []

    async def send(self, topic: str, value: bytes, *, key: bytes, **_: Any) -> "asyncio.Future[object]":
        self.records.append((topic, key.decode(), json.loads(value)))
        done: asyncio.Future[object] = asyncio.get_running_loop().create_future()
        done.set_result(None)
        return done


def events() -> Events:
    return Events(
        posts=conform(pl.DataFrame([POST | {"created_at": 1_672_531_200, "text": "one"}])),
        deletions=pl.DataFrame([POST | {"created_at": "2023-01-01T01:00:00Z"}]),
        follows=pl.DataFrame(
            [{"platform": "bluesky", "follower_id": "did:plc:b", "followee_id": "did:plc:a", "action": "follow",
              "at": "2023-01-01T00:00:00Z"}]
        ),
    )  # fmt: skip


@pytest.mark.asyncio
@pytest.mark.parametrize("secret", [None, b"k" * 32])
async def test_given_a_post_and_its_deletion_then_both_name_the_same_post_with_pseudonyms_too(
    secret: bytes | None,
) -> None:
    written = Written()
    names = None if secret is None else PseudonymRecords(Pseudonyms(PseudonymKey(secret)))
    await EventWriter(written, "lockstep.", "one", names).write(events())  # type: ignore[arg-type]

    post, deletion, follow = written.records
    assert [topic for topic, _, _ in written.records] == [
        "lockstep.posts.v1", "lockstep.posts.v1", "lockstep.follows.v1"
    ]  # fmt: skip
    assert post[1] == deletion[1] == f"bluesky:{post[2]['account_id']}" == follow[1]
    assert deletion[2] == {
        "platform": "bluesky",
        "post_id": post[2]["post_id"],
        "account_id": post[2]["account_id"],
        "created_at": "2023-01-01T01:00:00Z",
        "deleted": True,
    }
    assert (post[2]["post_id"] == POST["post_id"]) == (secret is None)
    assert ("did:plc:a" in json.dumps(written.records)) == (secret is None)
