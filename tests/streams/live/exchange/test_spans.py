"""Times, ends and offsets of the messages in a batch: the spans of the frame."""

from typing import Any

import pytest

from schemas.dead_letters import Reason
from streams.live.exchange.decoding import UPTO_HEADER, Batch, decode_batch
from tests.streams.live.exchange.odd_records import AT, END, GOOD, POST, follow, profile
from tests.streams.live.partitions import Message, decoded, post_value


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
        said(5, text)
        for text in (b"", b"-1", b"soon", b"1e9", b"9" * 13, "\u0665".encode(), str(AT + 86_401).encode())
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


def test_given_offsets_that_were_deleted_before_the_first_then_the_span_begins_where_it_was_due() -> None:
    frame, _ = decoded("posts.v1", (0, 3, [Message(9, AT * 1_000, b"k", POST)]))

    (span,) = frame.header.spans
    assert (span.begin, span.end) == (3, 10)
