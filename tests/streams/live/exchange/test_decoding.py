"""Records to rows: each at its own offset, whatever else is in the batch; the rest as dead letters with places."""

import functools
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.dead_letters import RAW_LIMIT, DeadLetter, Reason
from streams.live.exchange.decoding import END_HEADER, KIND_OF, UPTO_HEADER, Batch, decode_batch
from streams.live.exchange.frames import COLUMNS, Frame
from tests.streams.live.partitions import Message, decoded, post_value

AT = 1_676_332_800
"""2023-02-14T00:00:00Z"""
END = [(END_HEADER, b"")]
POST = post_value("p")
OPEN = POST[:-1]


def follow(**more: Any) -> bytes:
    event = {"platform": "x", "follower_id": "1", "followee_id": "2", "action": "follow"}
    return json.dumps({**event, "at": "2023-02-14T00:00:00Z", **more}).encode()


def profile(**more: Any) -> bytes:
    seen = {"platform": "x", "account_id": "1", "observed_at": "2023-02-14T00:00:00Z"}
    return json.dumps({**seen, **more}).encode()


def entity(**more: Any) -> bytes:
    return json.dumps({"entity_id": "e", "name": "E", "kind": "other", **more}).encode()


def rule(**more: Any) -> bytes:
    return json.dumps({"rule_id": "e", "kind": "mute", "network_id": "n", "reason": "r", **more}).encode()


GOOD: Mapping[str, Callable[..., bytes]] = {
    "posts.v1": post_value,
    "follows.v1": follow,
    "accounts.v1": profile,
}

ODD: list[bytes] = [
    # blank, or no object
    b"", b" ", b"\t", b"\n", b"\r", b"\r\n", b"\n\n\n", b" \n ", b"\r\r", b"\x00", b"\x0b", b"\x0c", b"\xa0",
    "\u2028".encode(), "\u0085".encode(), b"null", b"1", b'"{}"', b"[]", b"[{}]", b"[1, 2]", b"\xef\xbb\xbf{}",
    b"{}", b"{} {}", b"{},{}", b"{}{}", b"{\n}\n{\r}", b"}{", b"{", b"}", b"{]}", b"{\x00}", b"no json at all",
    # halves that would be one record together, and one that would be two
    OPEN + b',"more":[{}', b"{}]}", OPEN + b',"more":{"a":{}', b'{"b":1}}', OPEN + b',"more":[{},"]"}',
    POST + b"," + post_value("q"), POST + b"\n" + post_value("q"), b'{"a":"}', b'{"}', b'{"a":"\\"}',
    # not in UTF-8, too long, too deep
    b"\xff\xfe\x00", OPEN + b',"text":"\xed\xa0\x80"}', OPEN + b',"text":"' + b"x" * (1 << 20) + b'"}',
    OPEN + b',"more":' + b"[" * 5_000 + b"]" * 5_000 + b"}", OPEN + b',"text":' + b"[" * 5_000 + b"}",
    OPEN + b',"more":' + b'{"a":' * 900 + b"1" + b"}" * 900 + b"}",
    # numbers, names and texts of all sorts
    OPEN + b',"metrics":{"likes":1e400}}', OPEN + b',"metrics":{"likes":99999999999999999999}}',
    OPEN + b',"metrics":{"likes":"7"}}', OPEN + b',"metrics":[1]}', OPEN + b',"followers_count":-1.5}',
    OPEN + b',"more":1' + b"0" * 400 + b"}", post_value("x", account_id=12345678901234567890123),
    post_value("x", account_id={"a": 1}), post_value(""), post_value(" "), post_value("x", platform=None),
    OPEN + b',"post_id":"other"}', OPEN + b',"created_at":"2001-01-01"}', OPEN + b',"metrics":null}',
    post_value("\ud800"), post_value("\udfff", text="\ud83d\ude00 \ude00\ud83d"), post_value("a\\ud800"),
    OPEN + b',"te\\ud800xt":"\\u0000\\\\ud800\\\\\\ud800"}', post_value("x", text="\x00\u2028\x7f"),
    OPEN + b',"urls":"https://a.example"}', OPEN + b',"urls":[null,1,true]}', OPEN + b',"urls":[[1]]}',
    # times
    post_value("x", created_at="once upon a time"), post_value("x", created_at="1999-12-31T23:59:59Z"),
    post_value("x", created_at="2023-02-14T00:05:00Z"), post_value("x", created_at="2023-02-14T00:05:01Z"),
    post_value("x", created_at="9999-12-31T23:59:59Z"), post_value("x", created_at=1676332800),
    post_value("x", created_at="2023-02-14T00:00:60+00:00"), post_value("x", created_at=""),
    follow(action="hug"), follow(followee_id="1"), follow(at="2023-02-15"), follow(follower_id=""),
    profile(observed_at="2099-01-01"), profile(followers_count=-1), profile(created_at="never"),
    # line ends between and inside of tokens
    b"\n" + POST + b"\r\n", POST.replace(b",", b",\n  "), POST.replace(b'"p"', b'"a\nb"'), b"\r" + POST,
]  # fmt: skip
VALUES = [*ODD, POST, follow(), profile(), entity(), rule()]


@dataclass(frozen=True)
class Outcome:
    """What became of one record: a row without its place, or the reason and the detail of a dead letter."""

    row: tuple[Any, ...] | None
    reason: Reason | None = None
    detail: str = ""
    raw: str = ""
    raw_bytes: int = 0


def outcomes(frame: Frame, letters: Sequence[DeadLetter]) -> dict[tuple[str, int], list[Outcome]]:
    """What became of each place."""
    found: dict[tuple[str, int], list[Outcome]] = {}
    rows = frame.rows.drop("source", "offset").rows()
    for row, source, offset in zip(rows, frame.rows["source"], frame.rows["offset"], strict=True):
        span = frame.header.spans[source]
        found.setdefault((f"{span.topic}/{span.partition}", offset), []).append(
            Outcome(tuple(map(repr, row)))
        )
    for letter in letters:
        outcome = Outcome(None, letter.reason, letter.detail, letter.raw, letter.raw_bytes)
        found.setdefault((letter.source, letter.position), []).append(outcome)
    return found


@functools.cache
def alone(topic: str, value: bytes, key: bytes) -> Outcome:
    """What becomes of a record that is by itself."""
    frame, letters = decoded(topic, (0, 0, [Message(0, AT * 1_000, key, value)]))
    ((outcome,),) = outcomes(frame, letters).values()
    return outcome


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
    for place, told in enumerate(ids):
        number, offset = place % 3, seed + place
        value = told if isinstance(told, bytes) else post_value(f"{place}:{told}")
        runs[number][2].append(Message(offset, AT * 1_000, b"k", value))
        if isinstance(told, str):
            at_offset[number, offset] = f"{place}:{told}".encode("utf-8", "replace").decode()

    frame, _ = decoded("posts.v1", *(run for run in runs if run[2]))

    partitions = [span.partition for span in frame.header.spans]
    found = {
        (partitions[source], offset): post_id
        for source, offset, post_id in frame.rows.select("source", "offset", "post_id").iter_rows()
    }
    assert {place: found.get(place) for place in at_offset} == at_offset


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


@pytest.mark.parametrize(
    ("topic", "field", "good"),
    [
        ("posts.v1", "created_at", post_value),
        ("follows.v1", "at", follow),
        ("accounts.v1", "observed_at", profile),
    ],
)
def test_given_a_record_dated_after_the_time_of_its_message_then_it_is_set_aside(
    topic: str, field: str, good: Any
) -> None:
    def dated(second: int) -> bytes:
        when = {field: f"2023-02-14T00:00:{second:02}Z"}
        return bytes(good("p", **when) if topic == "posts.v1" else good(**when))

    messages = [Message(at, AT * 1_000, b"k", dated(at)) for at in range(60)]
    frame, letters = decoded(topic, (2, 0, messages), max_ahead_s=20)

    assert frame.rows["offset"].to_list() == list(range(21))
    assert [letter.position for letter in letters] == list(range(21, 60))
    assert {(letter.source, letter.reason) for letter in letters} == {(f"{topic}/2", Reason.BAD_TIME)}
    assert letters[0].detail == f"{field} is more than 20 s after the time of its record"


def test_given_a_message_without_a_time_then_the_clock_stands_for_it() -> None:
    batch = Batch("posts.v1")
    batch.add(0, 0, [Message(0, -1, b"k", POST)])

    assert len(decode_batch(batch, 300, now=lambda: AT + 5.0)[0].rows) == 1
    assert [letter.reason for letter in decode_batch(batch, 300, now=lambda: AT - 301.0)[1]] == [
        Reason.BAD_TIME
    ]


@pytest.mark.parametrize("topic", ["posts.v1", "follows.v1"])
def test_given_the_end_of_a_partition_then_its_span_says_so_unless_something_follows(topic: str) -> None:
    end = Message(8, 0, None, None, END)
    good = [
        Message(at, AT * 1_000, b"k", GOOD[topic]("p") if topic == "posts.v1" else follow()) for at in (7, 9)
    ]

    frame, letters = decoded(topic, (0, 7, [good[0], end]), (1, 8, [end]), (2, 7, [good[0], end, good[1]]))

    assert not letters
    assert [(span.begin, span.end, span.ended) for span in frame.header.spans] == [
        (7, 9, True),
        (8, 9, True),
        (7, 10, False),
    ]
    assert frame.rows.select("source", "offset").rows() == [(0, 7), (2, 7), (2, 9)]


@pytest.mark.parametrize("topic", ["posts.v1", "follows.v1"])
def test_given_the_time_that_a_publisher_has_reached_then_its_span_says_the_latest(topic: str) -> None:
    def said(offset: int, value: bytes, at: int = AT) -> Message:
        return Message(offset, at * 1_000, None, None, [(UPTO_HEADER, value)])

    good = Message(1, AT * 1_000, b"k", GOOD[topic]("p") if topic == "posts.v1" else follow())
    later = [said(2, b"5"), said(3, b"7"), said(4, b"6")]
    # what cannot be, or lies more than a day ahead, is no message of ours
    none = [
        said(5, told)
        for told in (b"", b"-1", b"soon", b"1e9", b"9" * 13, "\u0665".encode(), str(AT + 86_401).encode())
    ]

    frame, letters = decoded(
        topic, (0, 1, [good, *later]), (1, 5, [*none, said(5, str(AT + 86_400).encode())])
    )

    assert [(span.ended, span.upto) for span in frame.header.spans] == [(False, 7), (False, AT + 86_400)]
    assert frame.rows.select("source", "offset").rows() == [(0, 1)]
    assert [letter.reason for letter in letters] == [Reason.MALFORMED] * len(none)


def test_given_a_value_with_the_header_of_the_end_then_it_is_a_record() -> None:
    frame, letters = decoded("posts.v1", (0, 0, [Message(0, AT * 1_000, b"k", POST, END)]))

    assert (len(frame.rows), letters) == (1, [])
    assert not frame.header.spans[0].ended


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
    else:
        assert letters == []
        deleted = [("e", None, 0, 5), ("f", None, 0, 6)]
        assert frame.rows.rows() == ([] if topic == "accounts.v1" else deleted)
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


def test_given_offsets_that_were_deleted_before_the_first_then_the_span_begins_where_it_was_due() -> None:
    frame, _ = decoded("posts.v1", (0, 3, [Message(9, AT * 1_000, b"k", POST)]))

    (span,) = frame.header.spans
    assert (span.begin, span.end) == (3, 10)


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
