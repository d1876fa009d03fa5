"""Dumps become messages on the public topics: reference data first, then posts in the order of time."""

import gzip
import json
from pathlib import Path

import polars as pl
import pytest

from schemas.errors import InputError
from streams.live.exchange.decoding import COLLECTOR_HEADER, END_HEADER, UPTO_HEADER
from streams.live.publishing import publish
from tests.streams.live.publishing.broker_in_memory import PARTITIONS, STEP, Broker, Workers, published
from tests.streams.small_world import START, Post, post, small_world, write_jsonl


def test_given_a_dump_then_each_post_is_a_message_under_its_account_in_order_of_time(
    broker: Broker, dump: Path
) -> None:
    publisher = published(broker, dump)

    sent = broker.of("lockstep.posts.v1")
    rows = [json.loads(one.value or b"") for one in sent]
    assert publisher.published == len(rows) == STEP * 5 // 2
    assert {row["post_id"] for row in rows} == {f"p{number}" for number in range(len(rows))}
    assert [row["created_at"] for row in rows] == sorted(row["created_at"] for row in rows)
    assert [one.key for one in sent] == [f"x:{row['account_id']}" for row in rows]
    assert [one.timestamp for one in sent] == [
        (START + offset) * 1_000
        for offset in (
            pl.Series([row["created_at"] for row in rows]).str.to_datetime(time_zone="UTC").dt.epoch("s")
            - START
        )
    ]
    assert {one.partition for one in sent} == {None}
    assert not [one for one in broker.sent if (END_HEADER, b"") in one.headers]


def test_given_posts_that_are_on_the_topic_then_every_partition_shows_how_far_they_have_come(
    broker: Broker, dump: Path
) -> None:
    published(broker, dump, end=True)

    latest = 0
    said = []
    for one in broker.sent:
        if one.value is not None:
            latest = json.loads(one.value)["created_at"]
        elif one.headers[0][0] == UPTO_HEADER:
            assert one.headers[1][0] == COLLECTOR_HEADER
            upto = pl.from_epoch(pl.Series([int(one.headers[0][1])])).dt.strftime("%Y-%m-%dT%H:%M:%SZ").item()
            assert upto == latest
            said.append((one.topic, one.partition))
    places = [(f"lockstep.{topic}", at) for topic in ("posts.v1", "follows.v1") for at in range(PARTITIONS)]
    assert said == places * (len(said) // len(places))
    assert len(said) >= 3 * len(places)
    # the end comes last, once on every partition
    ends = broker.sent[-len(places) :]
    assert [(one.topic, one.partition, one.value, one.headers[0]) for one in ends] == [
        (topic, partition, None, (END_HEADER, b"")) for topic, partition in places
    ]


def test_given_reference_data_then_they_go_before_the_posts_and_follow_events_in_order_of_time(
    broker: Broker, tmp_path: Path
) -> None:
    above = {"a": "e", "c": "a", "e": None, "f": None, "b": "c"}
    entities = [
        {"entity_id": name, "name": name, "kind": "other", "parent_id": of} for name, of in above.items()
    ]
    rule = {"rule_id": "r", "kind": "mute", "network_id": "n", "reason": "known"}
    follows: list[Post] = [
        {
            "platform": "x",
            "follower_id": "1",
            "followee_id": "b",
            "action": "follow",
            "at": "2023-02-14T02:00:00Z",
        },
        {
            "platform": "x",
            "follower_id": "2",
            "followee_id": "a",
            "action": "follow",
            "at": "2023-02-14T01:00:00Z",
        },
        {
            "platform": "x",
            "follower_id": "3",
            "followee_id": "a",
            "action": "follow",
            "at": "2023-02-14T01:00:00+00:00",
        },
        {"platform": "x", "follower_id": "4", "followee_id": 7, "action": "follow", "at": "2023-02-14"},
        {"platform": "x", "follower_id": "5", "followee_id": "c", "action": "follow"},
    ]
    profile = {"platform": "x", "account_id": "a", "observed_at": "2023-02-14T00:00:00Z"}
    options = {
        "registry": str(write_jsonl(tmp_path / "registry.jsonl", entities)),
        "suppressions": str(write_jsonl(tmp_path / "rules.jsonl", [rule])),
        "accounts": str(write_jsonl(tmp_path / "accounts.jsonl", [profile, {"more": 1}])),
        "follows": str(write_jsonl(tmp_path / "follows.jsonl", follows)),
    }
    published(
        broker, write_jsonl(tmp_path / "posts.jsonl", [post(1, "a", START, "https://a.example")]), **options
    )

    sent = [(one.topic.removeprefix("lockstep."), one.key) for one in broker.sent if one.value is not None]
    assert sent == [
        # those above go before those below, so that no worker ever sees a registry that is not whole
        *(("registry.v1", name) for name in "efacb"),
        ("suppressions.v1", "r"),
        ("accounts.v1", "x:a"),
        ("accounts.v1", ":"),
        # an event without a time goes first: the worker rejects it
        ("follows.v1", "x:c"),
        ("follows.v1", "x:7"),
        ("follows.v1", "x:a"),
        ("follows.v1", "x:a"),
        ("follows.v1", "x:b"),
        ("posts.v1", "x:a"),
    ]
    sent = broker.of("lockstep.follows.v1")
    assert [json.loads(one.value or b"")["follower_id"] for one in sent] == ["5", "4", "2", "3", "1"]
    found = [json.loads(one.value or b"") for one in broker.of("lockstep.registry.v1")]
    assert {one["entity_id"]: one.get("parent_id") for one in found} == above


@pytest.mark.parametrize("behind", [0, 5])
def test_given_workers_that_run_then_posts_wait_until_they_have_read_the_reference_data(
    broker: Broker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, behind: int
) -> None:
    workers = Workers(broker, behind)
    monkeypatch.setattr(publish, "AIOKafkaConsumer", workers)
    monkeypatch.setattr(publish, "_LOOK_EVERY_S", 0.001)
    registry = write_jsonl(tmp_path / "registry.jsonl", [{"entity_id": "e", "name": "E", "kind": "other"}])

    published(broker, write_jsonl(tmp_path / "posts.jsonl", small_world(2, 2)), registry=str(registry))

    assert workers.behind == -1
    assert workers.sent_before == 1
    assert len(broker.ids()) == 30


def test_given_lines_that_are_no_records_then_they_go_on_as_they_are(broker: Broker, tmp_path: Path) -> None:
    good = b'{"platform":"x","account_id":"a","observed_at":"2023-02-14T00:00:00Z"}'
    lines = [
        good,
        b"",
        b'{"platform":"x","account_id":"\xff"}',
        b" ",
        b'{"cut off',
        b"\xff\xfe",
        b"  " + good + b" \r",
    ]
    path = tmp_path / "accounts.jsonl.gz"
    path.write_bytes(gzip.compress(b"\n".join(lines)))

    published(
        broker,
        write_jsonl(tmp_path / "posts.jsonl", [post(1, "a", START, "https://a.example")]),
        accounts=str(path),
    )

    sent = broker.of("lockstep.accounts.v1")
    assert [one.value for one in sent] == [lines[0], lines[2], lines[4], lines[5], lines[6]]
    assert [one.key for one in sent] == ["x:a", ":", ":", ":", "x:a"]


@pytest.mark.parametrize("what", ["accounts", "follows"])
def test_given_a_file_of_something_else_then_it_is_refused(broker: Broker, what: str, tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text("platform,account_id\nx,1\n")

    with pytest.raises(InputError, match="JSON objects, one on each line"):
        published(broker, write_jsonl(tmp_path / "posts.jsonl", small_world(2, 2)), **{what: str(path)})
    assert not broker.of("lockstep.posts.v1")
