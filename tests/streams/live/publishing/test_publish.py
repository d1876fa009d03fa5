"""Dumps as messages: which, in what order and under which key; a run that was interrupted goes on without a gap."""

import asyncio
import gzip
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from aiokafka import TopicPartition
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.errors import InputError, LockstepError, UsageError
from streams.live.broker.connection import Connection
from streams.live.exchange.decoding import END_HEADER, UPTO_HEADER
from streams.live.publishing import publish
from streams.live.publishing.post_encoding import encode_posts
from streams.live.publishing.publish import Publisher, PublishOptions, parts_of
from streams.live.service.commands import speed_of
from streams.ordering.ordered_posts import OrderedBatch, OrderedPosts
from streams.outputs.dead_letter_log import DeadLetterLog
from streams.settings.kafka_settings import KafkaSettings
from streams.settings.settings import Settings
from tests.streams.live.publishing.test_post_encoding import frame, plain
from tests.streams.small_world import START, Post, post, small_world, write_jsonl

PARTITIONS = 3
STEP = publish._STEP


@dataclass(frozen=True)
class Sent:
    topic: str
    key: str
    value: bytes | None
    partition: int | None
    headers: tuple[tuple[str, bytes], ...]
    timestamp: int | None


@dataclass
class Broker:
    """A producer that keeps what it is given, and may fail at some message."""

    fails_at: int | None = None
    sent: list[Sent] = field(default_factory=list)
    running: bool = False

    def __call__(self, **_: Any) -> "Broker":
        return self

    async def start(self) -> None:
        self.running = True

    async def stop(self) -> None:
        self.running = False

    async def partitions_for(self, topic: str) -> set[int]:
        return set(range(PARTITIONS))

    async def send(
        self,
        topic: str,
        value: bytes | None,
        *,
        key: bytes,
        partition: int | None = None,
        headers: list[tuple[str, bytes]] | None = None,
        timestamp_ms: int | None = None,
    ) -> "asyncio.Future[object]":
        done: asyncio.Future[object] = asyncio.get_running_loop().create_future()
        if self.fails_at is not None and len(self.sent) >= self.fails_at:
            done.set_exception(ConnectionError("the broker is gone"))
        else:
            self.sent.append(Sent(topic, key.decode(), value, partition, tuple(headers or ()), timestamp_ms))
            done.set_result(None)
        return done

    def of(self, topic: str) -> list[Sent]:
        """Messages with a value."""
        return [one for one in self.sent if one.topic == topic and one.value is not None]

    def ids(self) -> list[str]:
        return [json.loads(one.value or b"")["post_id"] for one in self.of("lockstep.posts.v1")]


@dataclass
class Workers:
    """A consumer of their group, by which one sees how far they are."""

    broker: Broker
    behind: int | None = None
    """How often they are still behind when they are looked at; None: none is running."""
    sent_before: int = -1
    """Messages on the topics when they were looked at last."""

    def __call__(self, **_: Any) -> "Workers":
        return self

    async def start(self) -> None: ...

    async def stop(self) -> None: ...

    def _count(self, partition: TopicPartition) -> int:
        return (
            sum(one.topic == partition.topic for one in self.broker.sent) if partition.partition == 0 else 0
        )

    async def end_offsets(self, partitions: list[TopicPartition]) -> dict[TopicPartition, int]:
        return {partition: self._count(partition) for partition in partitions}

    async def committed(self, partition: TopicPartition) -> int | None:
        self.sent_before = len(self.broker.sent)
        if self.behind is None or not self._count(partition):
            return None
        self.behind -= 1
        return self._count(partition) - (self.behind >= 0)


@pytest.fixture
def broker(monkeypatch: pytest.MonkeyPatch) -> Broker:
    made = Broker()
    monkeypatch.setattr(publish, "AIOKafkaProducer", made)
    monkeypatch.setattr(publish, "AIOKafkaConsumer", Workers(made))
    return made


def posts_of(*paths: Path) -> OrderedPosts:
    settings = Settings()
    return OrderedPosts([str(path) for path in paths], settings, DeadLetterLog(None, settings.input))


def published(broker: Broker, path: Path, **options: Any) -> Publisher:
    publisher = Publisher(Connection(KafkaSettings(), None, None, None), PublishOptions(**options))
    asyncio.run(publisher.run(posts_of(path)))
    assert not broker.running
    return publisher


@pytest.fixture(scope="module")
def dump(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A dump of two steps and a half."""
    rows = small_world(objects=0, others=STEP // 4)[: STEP * 5 // 2]
    assert len(rows) == STEP * 5 // 2
    return write_jsonl(tmp_path_factory.mktemp("dump") / "posts.jsonl", rows)


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


def test_given_posts_that_are_on_the_topic_then_every_partition_is_told_how_far_they_have_come(
    broker: Broker, dump: Path
) -> None:
    published(broker, dump, end=True)

    latest = 0
    said = []
    for one in broker.sent:
        if one.value is not None:
            latest = json.loads(one.value)["created_at"]
        elif one.headers[0][0] == UPTO_HEADER:
            upto = pl.from_epoch(pl.Series([int(one.headers[0][1])])).dt.strftime("%Y-%m-%dT%H:%M:%SZ").item()
            assert upto == latest
            said.append((one.topic, one.partition))
    places = [(f"lockstep.{topic}", at) for topic in ("posts.v1", "follows.v1") for at in range(PARTITIONS)]
    assert said == places * (len(said) // len(places))
    assert len(said) >= 3 * len(places)
    # the end comes last, once on every partition
    ends = broker.sent[-len(places) :]
    assert [(one.topic, one.partition, one.value, one.headers) for one in ends] == [
        (topic, partition, None, ((END_HEADER, b""),)) for topic, partition in places
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

    told = [(one.topic.removeprefix("lockstep."), one.key) for one in broker.sent if one.value is not None]
    assert told == [
        # those above go before those below, so that no worker ever sees a registry that is not whole
        *(("registry.v1", name) for name in "efacb"),
        ("suppressions.v1", "r"),
        ("accounts.v1", "x:a"),
        ("accounts.v1", ":"),
        # what has no time goes first: it is set aside by the worker
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

    with pytest.raises(InputError, match="JSON objects, one a line"):
        published(broker, write_jsonl(tmp_path / "posts.jsonl", small_world(2, 2)), **{what: str(path)})
    assert not broker.of("lockstep.posts.v1")


@pytest.mark.parametrize("fails_at", [0, 1, STEP - 1, STEP, STEP + 7, 2 * STEP + 100, 2 * STEP + 900])
def test_given_a_run_that_was_interrupted_then_it_goes_on_without_a_gap(
    broker: Broker, dump: Path, tmp_path: Path, fails_at: int
) -> None:
    note = tmp_path / "note.json"
    entity = write_jsonl(tmp_path / "registry.jsonl", [])
    entity.write_text('{"entity_id":"e","name":"E","kind":"other"}\n')
    broker.fails_at = fails_at
    with pytest.raises(ConnectionError):
        published(broker, dump, resume=str(note), registry=str(entity))
    first = broker.ids()
    known = json.loads(note.read_text())["posts"]
    assert known <= len(first)
    referred = len(broker.of("lockstep.registry.v1"))

    broker.fails_at = None
    broker.sent.clear()
    publisher = published(broker, dump, resume=str(note), registry=str(entity), end=True)

    # what was confirmed is not sent again, but for the part that was under way
    whole = [f"p{number}" for number in range(STEP * 5 // 2)]
    assert sorted([*first[:known], *broker.ids()], key=lambda name: int(name[1:])) == whole
    assert len(first) - known < STEP
    assert publisher.published == len(whole)
    assert len(broker.of("lockstep.registry.v1")) == (0 if known else 1)
    assert referred == min(1, fails_at)
    # and a run that was finished sends nothing again but the end
    broker.sent.clear()
    assert published(broker, dump, resume=str(note), end=True).published == len(whole)
    assert not broker.ids()
    assert len(broker.sent) == 2 * PARTITIONS


def test_given_a_note_of_other_inputs_then_it_is_refused(broker: Broker, dump: Path, tmp_path: Path) -> None:
    note = tmp_path / "note.json"
    note.write_text(json.dumps({"inputs": ["other.jsonl"], "posts": 3}))

    with pytest.raises(InputError, match="noted for other inputs"):
        published(broker, dump, resume=str(note))
    assert not broker.sent


@pytest.mark.parametrize(
    "content", [b"", b"[]", b"3", b"{}", b'{"inputs": []}', b'{"inputs": [], "posts": "many"}', b"\xff", b"[" * 100_000,
                b'{"inputs": [], "posts": Infinity}']
)  # fmt: skip
def test_given_a_file_that_is_no_note_then_it_is_refused_and_stays(
    broker: Broker, dump: Path, tmp_path: Path, content: bytes
) -> None:
    note = tmp_path / "note.json"
    note.write_bytes(content)

    with pytest.raises(InputError, match="is not a note of an earlier run"):
        published(broker, dump, resume=str(note))
    assert (note.read_bytes(), broker.sent) == (content, [])


def test_given_a_note_that_cannot_be_written_then_nothing_is_published(
    broker: Broker, dump: Path, tmp_path: Path
) -> None:
    with pytest.raises(LockstepError, match=r"--resume: .* cannot be written: No such file"):
        published(broker, dump, resume=str(tmp_path / "none" / "note.json"))
    assert not broker.sent


@pytest.mark.parametrize(
    ("text", "speed"), [("max", None), ("1x", 1.0), ("60x", 60.0), ("0.5x", 0.5), ("3600x", 3600.0)]
)
def test_given_a_speed_then_it_is_read(text: str, speed: float | None) -> None:
    assert speed_of(text) == speed


@pytest.mark.parametrize(
    "text", ["", "x", "60", "0x", "0.0x", "-1x", "1e3x", ".5x", "6 x", "٦x", "MAX", "max ", "infx", "1x\n"]
)
def test_given_what_is_no_speed_then_it_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="--speed: give max, or a multiple"):
        speed_of(text)


def batches_of(sizes: list[int], seconds: int) -> Iterator[OrderedBatch]:
    at = 0
    for size in sizes:
        rows = [plain(post_id=str(at + row), created_at=START + (at + row) * seconds) for row in range(size)]
        at += size
        yield OrderedBatch(frame(*rows), START + at * seconds, 0)


@settings(max_examples=60, deadline=None)
@given(
    sizes=st.lists(st.integers(0, 30), min_size=1, max_size=4),
    skip=st.integers(0, 100),
    step=st.integers(1, 12),
    most_s=st.none() | st.floats(0, 40),
    seconds=st.integers(0, 5),
)
def test_given_any_parts_then_they_are_the_posts_that_are_left_and_count_those_before(
    sizes: list[int], skip: int, step: int, most_s: float | None, seconds: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(publish, "_STEP", step)
        parts = list(parts_of(batches_of(sizes, seconds), skip, most_s))

    whole = pl.concat([encode_posts(batch.posts) for batch in batches_of(sizes, seconds)])
    left = pl.concat([whole.clear(), *(part for part, _ in parts)])
    assert left.equals(whole[skip:])
    assert [count for _, count in parts] == [
        min(skip, len(whole)) + sum(len(part) for part, _ in parts[: at + 1]) for at in range(len(parts))
    ]
    for part, _ in parts:
        assert 1 <= len(part) <= step
        span_ms = int(part["timestamp"][-1]) - int(part["timestamp"][0])
        assert most_s is None or span_ms <= most_s * 1_000


def test_given_a_pace_then_posts_wait_for_their_time(
    broker: Broker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)
        clock[0] += seconds

    clock = [1_000.0]
    monkeypatch.setattr(time, "monotonic", lambda: clock[0])
    monkeypatch.setattr(asyncio, "sleep", sleep)
    rows = [
        post(number, "a", START + at, "https://a.example") for number, at in enumerate((0, 1, 60, 600, 610))
    ]

    published(broker, write_jsonl(tmp_path / "posts.jsonl", rows), speed=60.0)

    # 60 s a second: those within a fifth of a second of it go together
    assert waits == pytest.approx([0.0, 1.0, 9.0])
    assert broker.ids() == ["p0", "p1", "p2", "p3", "p4"]
