"""Kafka records to rows of a frame; what cannot be used becomes a dead letter with its place."""

import json
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.dead_letters import RAW_LIMIT, Reason
from streams.live.exchange.decoding import KIND_OF, Batch, decode_batch
from streams.live.exchange.frames import COLUMNS
from tests.streams.live.exchange.odd_records import (
    AT,
    GOOD,
    ODD,
    POST,
    VALUES,
    Outcome,
    alone,
    entity,
    follow,
    outcomes,
    rule,
)
from tests.streams.live.partitions import Message, decoded, post_value


@pytest.mark.slow
@settings(max_examples=120, deadline=None)
@given(
    topic=st.sampled_from(sorted(KIND_OF)),
    runs=st.lists(
        st.tuples(
            st.integers(0, 2**40),
            st.lists(st.tuples(st.sampled_from(VALUES), st.integers(1, 3), st.booleans()), max_size=10),
        ),
        min_size=1,
        max_size=4,
    ),
    good=st.integers(0, 3),
)
def test_given_any_mix_of_records_then_each_becomes_what_it_becomes_by_itself(
    topic: str, runs: list[tuple[int, list[tuple[bytes, int, bool]]]], good: int
) -> None:
    expected: dict[tuple[str, int], list[Outcome]] = {}
    given_runs = []
    for number, (begin, values) in enumerate(runs):
        offset, messages = begin, []
        for value, step, keyed in [*values, *[(POST, 1, True)] * good, (follow(), 1, True)]:
            offset += step  # offsets may leave some out
            key = b"e" if keyed else b"\xff"
            messages.append(Message(offset, AT * 1_000, key, value))
            expected[f"{topic}/{number}", offset] = [alone(topic, value, key)]
        given_runs.append((number, begin, messages))

    frame, letters = decoded(topic, *given_runs)

    assert outcomes(frame, letters) == expected
    assert dict(frame.rows.schema) == dict(COLUMNS[KIND_OF[topic]])
    assert [(s.topic, s.partition, s.begin, s.end) for s in frame.header.spans] == [
        (topic, number, begin, messages[-1].offset + 1) for number, begin, messages in given_runs
    ]
    # rows are in the order of spans, and of offsets within one
    assert frame.rows.select("source", "offset").equals(
        frame.rows.select("source", "offset").sort("source", "offset")
    )


@pytest.mark.parametrize("topic", sorted(KIND_OF))
def test_given_odd_values_then_a_dead_letter_holds_them_as_they_came(topic: str) -> None:
    for value in ODD:
        outcome = alone(topic, value, b"e")
        if outcome.row is None:
            assert outcome.detail
            assert outcome.raw_bytes == len(value)
            assert outcome.raw == value.decode("utf-8", "backslashreplace")[:RAW_LIMIT]


def test_given_the_list_of_odd_values_then_posts_are_made_of_those_that_are_posts() -> None:
    reasons: dict[Reason | None, int] = {}
    for value in ODD:
        reason = alone("posts.v1", value, b"k").reason
        reasons[reason] = reasons.get(reason, 0) + 1
    assert set(reasons) == {
        None, Reason.MALFORMED, Reason.NOT_UTF8, Reason.OVERSIZED, Reason.MISSING_FIELD, Reason.BAD_TIME
    }  # fmt: skip
    assert alone("posts.v1", b"\n" + POST + b"\r\n", b"k") == alone("posts.v1", POST, b"k")
    assert alone("posts.v1", post_value("x", created_at="2023-02-14T00:05:00Z"), b"k").row is not None


@settings(max_examples=60, deadline=None)
@given(
    ids=st.lists(
        st.one_of(st.text(min_size=1, max_size=4), st.sampled_from(VALUES)), min_size=1, max_size=30
    ),
    seed=st.integers(0, 2**40),
)
def test_given_good_posts_among_others_then_each_row_has_the_offset_of_the_record_with_its_id(
    ids: list[str | bytes], seed: int
) -> None:
    at_offset: dict[tuple[int, int], str] = {}
    runs: list[tuple[int, int, list[Message]]] = [(number, seed, []) for number in range(3)]
    for place, post_id in enumerate(ids):
        number, offset = place % 3, seed + place
        value = post_id if isinstance(post_id, bytes) else post_value(f"{place}:{post_id}")
        runs[number][2].append(Message(offset, AT * 1_000, b"k", value))
        if isinstance(post_id, str):
            # blanks around an id are no part of it
            name = f"{place}:{post_id}".encode("utf-8", "replace").decode()
            at_offset[number, offset] = pl.Series([name]).str.strip_chars().item()

    frame, _ = decoded("posts.v1", *(run for run in runs if run[2]))

    partitions = [span.partition for span in frame.header.spans]
    found = {
        (partitions[source], offset): post_id
        for source, offset, post_id in frame.rows.select("source", "offset", "post_id").iter_rows()
    }
    assert {place: found.get(place) for place in at_offset} == at_offset


@pytest.mark.parametrize("name", ["post_id", "account_id"])
@pytest.mark.parametrize("blank", [" ", "\t \u00a0", '=""', "'", '=" "', '="NA"'])
def test_given_an_id_of_blanks_then_it_is_a_dead_letter_and_no_post_has_an_empty_id(
    name: str, blank: str
) -> None:
    outcome = alone("posts.v1", json.dumps(json.loads(POST) | {name: blank}).encode(), b"k")

    assert outcome.row is None
    assert outcome.reason is Reason.MISSING_FIELD
    assert name in outcome.detail


@pytest.mark.parametrize("end", [" ", "\t", "\n", "\u00a0", "\u3000"])
def test_given_blanks_after_an_id_then_the_post_is_the_same_whatever_comes_with_it(end: str) -> None:
    spaced = post_value(f"one{end}")
    for others in ([], [post_value(" two")]):
        messages = [Message(at, AT * 1_000, b"k", value) for at, value in enumerate([spaced, *others])]
        frame, letters = decoded("posts.v1", (0, 0, messages))
        assert letters == []
        assert frame.rows["post_id"].to_list() == ["one", *(["two"] if others else [])]


@pytest.mark.parametrize("topic", ["posts.v1", "follows.v1"])
def test_given_two_halves_and_a_double_then_none_of_the_three_passes_as_another(topic: str) -> None:
    whole = GOOD[topic]
    first = whole("a") if topic == "posts.v1" else whole(follower_id="a")
    other = whole("b") if topic == "posts.v1" else whole(follower_id="b")
    halves = [first[:-1] + b',"more":[{}', b"{}]}", first + b"," + other]

    frame, letters = decoded(
        topic, (4, 7, [Message(7 + at, AT * 1_000, b"k", v) for at, v in enumerate(halves)])
    )

    assert not len(frame.rows)
    assert sorted(letter.position for letter in letters) == [7, 8, 9]
    assert {letter.reason for letter in letters} == {Reason.MALFORMED}
    assert {letter.source for letter in letters} == {f"{topic}/4"}


@pytest.mark.parametrize("topic", sorted(KIND_OF))
def test_given_a_message_without_a_value_then_it_deletes_or_is_nothing_or_is_no_post(topic: str) -> None:
    frame, letters = decoded(
        topic, (3, 5, [Message(5, AT * 1_000, b"e", None), Message(6, AT * 1_000, b"f", None)])
    )

    assert [(span.begin, span.end, span.ended) for span in frame.header.spans] == [(5, 7, False)]
    if topic in ("posts.v1", "follows.v1"):
        assert not len(frame.rows)
        assert [
            (letter.source, letter.position, letter.reason, letter.raw, letter.raw_bytes)
            for letter in letters
        ] == [(f"{topic}/3", at, Reason.MALFORMED, "", 0) for at in (5, 6)]
    elif topic == "accounts.v1":  # a tombstone erases an account, and these keys name none
        assert not len(frame.rows)
        assert [(letter.position, letter.reason) for letter in letters] == [
            (5, Reason.MISSING_FIELD),
            (6, Reason.MISSING_FIELD),
        ]
    else:
        assert letters == []
        deleted = [("e", None, 0, 5), ("f", None, 0, 6)]
        assert frame.rows.rows() == ([] if topic == "reviews.v1" else deleted)
    assert dict(frame.rows.schema) == dict(COLUMNS[KIND_OF[topic]])


@pytest.mark.parametrize(("topic", "made"), [("registry.v1", entity), ("suppressions.v1", rule)])
def test_given_reference_data_then_each_is_under_its_own_key_or_set_aside(topic: str, made: Any) -> None:
    name = "entity_id" if topic == "registry.v1" else "rule_id"
    messages = [
        Message(0, 0, b"e", made()),
        Message(1, 0, b"other", made()),
        Message(2, 0, None, made()),
        Message(3, 0, "é".encode(), made(**{name: "é"}, more={"added": "later"})),
        Message(4, 0, b"e", made()[:-1]),
        Message(5, 0, b"e", made(kind="of another version")),
        Message(6, 0, b"e", made(**{name: ""})),
        Message(7, 0, b"e", made()[:-1] + b',"more":"\xff"}'),
        Message(8, 0, b"e", made()[:-1] + b',"more":' + b"[" * 50_000 + b"]" * 50_000 + b"}"),
        Message(9, 0, b"e", b""),
        Message(10, 0, b"e", None),
    ]
    frame, letters = decoded(topic, (0, 0, messages))

    assert frame.rows.select("key", "offset").rows() == [("e", 0), ("é", 3), ("e", 10)]
    assert frame.rows["value"].to_list() == [made().decode(), messages[3].value.decode(), None]  # type: ignore[union-attr]
    assert [letter.position for letter in letters] == [1, 2, 4, 5, 6, 7, 8, 9]
    details = {letter.position: letter.detail for letter in letters}
    assert details[1] == details[2] == f"the record's key is not its {name}"
    assert details[8] == "nested too deeply"
    assert all(letter.reason is Reason.MALFORMED and letter.source == f"{topic}/0" for letter in letters)


def test_given_reviews_then_each_is_under_the_id_of_its_event_whatever_the_key_of_its_record() -> None:
    def review(event_id: str, **more: Any) -> bytes:
        given = {
            "alert_id": "a",
            "alert_revision": 1,
            "network_id": "n",
            "actor": "r",
            "role": "lead",
            "reason": "why",
        }
        given |= {"event_id": event_id, "at": "2026-01-01T00:00:00Z", "kind": "mute"}
        return json.dumps(given | more).encode()

    messages = [
        Message(0, 0, b"n", review("e1")),
        Message(1, 0, None, review("e2")),
        Message(2, 0, b"n", review("e3", kind="of another version")),
        Message(3, 0, b"n", None),
    ]

    frame, letters = decoded("reviews.v1", (0, 0, messages))

    assert frame.rows.select("key", "offset").rows() == [("e1", 0), ("e2", 1)]
    assert [(letter.position, letter.reason) for letter in letters] == [(2, Reason.MALFORMED)]


def test_given_a_batch_then_it_knows_its_bytes() -> None:
    for topic, value in (("posts.v1", POST), ("registry.v1", entity())):
        batch = Batch(topic)
        batch.add(0, 0, [Message(at, AT * 1_000, b"e", value) for at in range(3)])
        decode_batch(batch, 300)
        assert batch.bytes == 3 * len(value)


def test_given_rows_then_their_keys_are_those_of_a_dump() -> None:
    frame, _ = decoded("posts.v1", (0, 0, [Message(0, AT * 1_000, b"whatever", POST)]))

    assert frame.rows["account"].to_list() == ["x:a"]
    assert frame.rows.select(pl.col("account_key", "post_key", "row_key").null_count()).row(0) == (0, 0, 0)
