"""Plain lines of follow events: read as the JSON decoder reads them, or left to it."""

import json
from datetime import UTC, date, datetime, timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.followers.follow_edges import ACTIONS, FOLLOW
from streams.reference_files.follow_events import EVENT_TABLE, FOLLOW_EVENT, decoded_follows, keyed_events
from streams.reference_files.follow_lines import FIELDS, PlainEvents, plain_events
from streams.sources.files.compressed import Block
from streams.sources.files.json_rows import decode_objects
from streams.sources.files.lines import scan_lines
from streams.sources.files.records import Records, read_records

Event = dict[str, str]

EVENT = {
    "platform": "x",
    "follower_id": "12",
    "followee_id": "a b",
    "action": "follow",
    "at": "2023-02-14T08:30:00Z",
}
LATEST = 1_700_000_000.5
"""2023-11-14T22:13:20.5Z"""

words = st.text('ab1 \u00a0\u200b\u4e16"\\/\t', max_size=4)
texts = st.text("ab1_-", min_size=1, max_size=4)
times = st.sampled_from(
    [
        "2023-02-14T08:30:00Z",
        "2000-01-01T00:00:00Z",
        "1999-12-31T23:59:59Z",
        "2023-11-14T22:13:20Z",
        "2023-11-14T22:13:21Z",
        "2023-02-29T00:00:00Z",
        "2020-02-29T23:59:59Z",
        "2023-02-14T24:00:00Z",
        "2023-02-14T08:30:60Z",
        "2023-02-14t08:30:00z",
        "2023-02-14T08:30:00+01:00",
        "2023-02-14T08:30:00.5Z",
        "2023-02-14",
        "soon",
    ]
)
plain = st.fixed_dictionaries(
    {
        "platform": texts,
        "follower_id": texts,
        "followee_id": texts,
        "action": st.sampled_from([action.value for action in ACTIONS]),
        "at": st.just("2023-02-14T08:30:00Z"),
    },
    optional={"note": texts},
)
odd = st.fixed_dictionaries(
    {},
    optional={
        "platform": words,
        "follower_id": words | st.integers(0, 99),
        "followee_id": words | st.none(),
        "action": st.sampled_from(["follow", "Follow", "unfollow", " "]),
        "at": times,
        "note": words | st.booleans() | st.lists(texts, max_size=2),
    },
)
styles = st.sampled_from([(",", ":"), (", ", ": "), (" ,\t", " : ")])


@st.composite
def lines(draw: st.DrawFn) -> bytes:
    """A line that is plain, nearly so, or damaged."""
    event = draw(plain) | (draw(odd) if draw(st.booleans()) else {})
    names = draw(st.permutations(list(event)))
    line = json.dumps(
        {name: event[name] for name in names}, separators=draw(styles), ensure_ascii=draw(st.booleans())
    ).encode()
    for _ in range(draw(st.sampled_from([0, 0, 0, 1, 2]))):
        at = draw(st.integers(0, len(line) - 1))
        put = draw(st.sampled_from([b"", b'"', b",", b"{", b"}", b":", b"\\", b" ", b"a", b"\x7f", b"\x01"]))
        line = line[:at] + put + line[at + draw(st.integers(0, 1)) :]
    return draw(st.sampled_from([b"", b" ", b"\t"])) + line + draw(st.sampled_from([b"", b"\r", b" "]))


def records(*given_lines: bytes) -> Records:
    (found,) = (
        part
        for part in read_records(iter([Block(b"\n".join(given_lines) + b"\n", 0)]), "file", scan_lines, str)
        if len(part) or part.dead_letters
    )
    return found


def line(**changes: str) -> bytes:
    return json.dumps(EVENT | changes).encode()


def read(*given_lines: bytes) -> PlainEvents:
    return plain_events(records(*given_lines), LATEST)


@pytest.mark.slow
@settings(max_examples=300, deadline=None)
@given(given_lines=st.lists(lines(), min_size=1, max_size=8))
def test_given_any_lines_then_all_is_as_the_json_decoder_has_it(given_lines: list[bytes]) -> None:
    alone = records(*given_lines)
    expected, expected_rows = keyed_events(*decode_objects(alone, FOLLOW_EVENT), alone, LATEST)
    both = records(*given_lines)
    table, rows = decoded_follows(both, LATEST)

    assert table.equals(expected)
    assert table.schema == EVENT_TABLE
    assert rows.tolist() == expected_rows.tolist()
    assert sorted(both.dead_letters, key=repr) == sorted(alone.dead_letters, key=repr)


@settings(max_examples=100, deadline=None)
@given(events=st.lists(plain, min_size=1, max_size=5), style=styles, order=st.permutations([*FIELDS, "note"]))
def test_given_lines_as_programs_write_them_then_they_are_plain(
    events: list[Event], style: tuple[str, str], order: list[str]
) -> None:
    told = [event | {"followee_id": f"{event['follower_id']}2"} for event in events]
    written = [
        json.dumps({name: event[name] for name in order if name in event}, separators=style).encode()
        for event in told
    ]
    assert read(*written).row.tolist() == list(range(len(events)))


@pytest.mark.parametrize(
    "odd_line",
    [
        line(note="\u00e9"),
        json.dumps(EVENT | {"note": "\u4e16"}, ensure_ascii=False).encode(),
        line(follower_id='1"2'),
        line(follower_id="1\\2"),
        line(follower_id="a b"),  # itself
        line(follower_id="  "),
        line(platform=""),
        line(action="like"),
        line(action="followed"),
        line(action="follo"),
        line(at="2023-02-14T08:30:00+00:00"),
        line(at="2023-02-14T08:30:0aZ"),
        line(at="2023-13-14T08:30:00Z"),
        line(at="2023-02-14T08:60:00Z"),
        line(at="1999-12-31T23:59:59Z"),
        line(at="2023-11-14T22:13:21Z"),
        json.dumps(EVENT | {"follower_id": 12}).encode(),
        json.dumps(EVENT | {"note": None}).encode(),
        json.dumps({name: EVENT[name] for name in FIELDS[1:]}).encode(),
        line()[:-1] + b', "at": "2023-02-14T08:30:00Z"}',
        line()[:-1] + b",}",
        line()[:-1],
        line() + b"}",
        line() + b" x",
        line()[1:],
        b"{}",
        b"{",
        b'{"',
        b'{"at"',
        b'{"at":"',
        b"[" + line() + b"]",
    ],
)
def test_given_a_line_that_is_not_plain_then_it_is_left(odd_line: bytes) -> None:
    found = read(line(follower_id="7"), odd_line, line(follower_id="8"))
    assert found.row.tolist() == [0, 2]


def test_given_every_day_then_its_seconds_are_those_of_the_calendar() -> None:
    first = date(2000, 1, 1)
    days = [first + timedelta(days=at) for at in range((date(2023, 11, 14) - first).days)]
    found = read(*(line(at=f"{day}T23:58:59Z") for day in days))
    assert found.at.tolist() == [
        int(datetime(day.year, day.month, day.day, 23, 58, 59, tzinfo=UTC).timestamp()) for day in days
    ]
    assert set(found.action.tolist()) == {FOLLOW}


def test_given_nothing_plain_or_nothing_at_all_then_there_are_no_events() -> None:
    found = read(b"x")
    assert [len(column) for column in found] == [0] * 7
    assert [column.dtype for column in found] == [
        np.int64, np.int64, np.uint64, np.uint64, np.uint8, pl.String, pl.String
    ]  # fmt: skip
    nothing = Records("file", b"", *(np.zeros(0, np.int64),) * 3, np.zeros(0, np.uint8), 0)
    assert not len(plain_events(nothing, LATEST).row)
    assert not len(decoded_follows(nothing, LATEST)[0])
