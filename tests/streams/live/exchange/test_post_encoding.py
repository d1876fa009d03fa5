"""Posts as records of the public topic: what a strict reader finds in them is what the row says."""

import json
from datetime import UTC, datetime
from typing import Any

import msgspec
import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from detectors.post_columns import POSTS
from schemas.dead_letters import Reason
from schemas.events import PostEvent
from streams.live.exchange.post_encoding import encode_posts
from streams.sources.settling import settle
from tests.streams.live.partitions import Message, decoded

METRICS = ("likes", "reposts", "replies", "quotes", "views")
_HOSTILE = [
    '","a":null',
    ',"a":null',
    '"a":null,',
    '"lang":null,"',
    ':null,"',
    "\\",
    '\\"',
    ',"',
    '",',
    "null",
    "\x00\x1f\x7f\x80",
    "\u2028\u2029\ufeff",
    "😀\U0010ffff",
    "</script>",
    "\r\n",
    "}{",
]
# halves of surrogate pairs are in no String of polars
TEXT = st.one_of(st.text(max_size=6), st.lists(st.sampled_from(_HOSTILE), max_size=4).map("".join))
NAME = TEXT.filter(bool)
COUNT = st.none() | st.integers(0, 2**63 - 1)
_OF: dict[pl.DataType, st.SearchStrategy[Any]] = {
    pl.String(): st.none() | TEXT,
    pl.Int64(): COUNT,
    pl.Boolean(): st.none() | st.booleans(),
    pl.List(pl.String()): st.none() | st.lists(TEXT, max_size=3),
}
ROWS = st.fixed_dictionaries(
    {name: _OF[dtype] for name, dtype in POSTS.items()}
    | {"post_id": NAME, "platform": NAME, "account_id": NAME, "created_at": st.integers(946_684_800, 2**35)}
)
Row = dict[str, Any]


def frame(*rows: Row) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=POSTS)


def plain(**more: Any) -> Row:
    row: Row = dict.fromkeys(POSTS)
    return row | {"post_id": "1", "platform": "x", "account_id": "a", "created_at": 1_676_332_800} | more


def row_of(event: PostEvent) -> Row:
    """The row that an event says."""
    fields = {name: getattr(event, name) for name in POSTS if name not in METRICS}
    fields["created_at"] = int(event.created_at.timestamp())
    return fields | {name: getattr(event.metrics, name, None) for name in METRICS}


@pytest.mark.slow
@settings(max_examples=200, deadline=None)
@given(rows=st.lists(ROWS, min_size=1, max_size=4))
@example(
    [plain(text='","a":null', part=',"a":null,"b":null', urls=['"c":null,', ',"d":null']), plain(likes=0)]
)
@example([plain(likes=1, views=None), plain(reposts=0, likes=None), plain(views=2)])
def test_given_any_texts_then_a_strict_reader_finds_the_row(rows: list[Row]) -> None:
    records = encode_posts(frame(*rows))

    events = [msgspec.json.decode(value, type=PostEvent, strict=True) for value in records["value"]]
    assert [row_of(event) for event in events] == rows
    assert records["key"].to_list() == [f"{row['platform']}:{row['account_id']}" for row in rows]
    assert records["timestamp"].to_list() == [row["created_at"] * 1_000 for row in rows]
    for value in records["value"]:
        assert "\n" not in value
        # what is unknown is absent
        found = json.loads(value)
        assert None not in found.values()
        assert None not in found.get("metrics", {"": 0}).values()


@pytest.mark.slow
@settings(max_examples=100, deadline=None)
@given(rows=st.lists(ROWS, min_size=1, max_size=4))
@example([plain(post_id=" 1 ", platform="Twitter"), plain(post_id='=""'), plain(account_id="unknown")])
@example([plain(post_id="1.5E+18"), plain(repost_of="1.5E+18"), plain(text="RT @a: b"), plain(post_id="'\t")])
def test_given_records_when_a_worker_reads_them_then_it_has_the_rows_as_a_replay_has_them(
    rows: list[Row],
) -> None:
    # what is later than now is no time
    rows = [row for row in rows if row["created_at"] < 1_700_000_000] or [plain()]
    records = encode_posts(frame(*rows))
    messages = [
        Message(at, timestamp, key.encode(), value.encode())
        for at, (key, value, timestamp) in enumerate(records.iter_rows())
    ]

    found, letters = decoded("posts.v1", (0, 0, messages))

    one_by_one = [settle(frame(row)) for row in rows]
    nameless = [
        any(each.posts[name].item() is None for name in ("post_id", "platform", "account_id"))
        for each in one_by_one
    ]
    reasons = {
        at: Reason.MISSING_FIELD if none else Reason.ROUNDED_ID
        for at, (each, none) in enumerate(zip(one_by_one, nameless, strict=True))
        if none or each.rounded
    }
    assert {letter.position: letter.reason for letter in letters} == reasons
    expected = [each.posts.row(0, named=True) for at, each in enumerate(one_by_one) if at not in reasons]
    assert all(row[name] for row in expected for name in ("post_id", "platform", "account_id"))
    assert found.rows.select(POSTS.keys()).to_dicts() == expected
    assert found.rows["account"].to_list() == [f"{row['platform']}:{row['account_id']}" for row in expected]


def test_given_a_post_with_little_known_then_its_record_says_no_more() -> None:
    (value,) = encode_posts(frame(plain()))["value"]

    assert json.loads(value) == {
        "post_id": "1",
        "platform": "x",
        "account_id": "a",
        "created_at": "2023-02-14T00:00:00Z",
    }


@pytest.mark.parametrize("known", [{"likes": 0}, {"views": 3}, dict.fromkeys(METRICS, 5)])
def test_given_some_reactions_then_only_those_are_written(known: dict[str, int]) -> None:
    (value,) = encode_posts(frame(plain(**known)))["value"]

    assert json.loads(value)["metrics"] == known


@pytest.mark.parametrize("year", [2000, 2023, 9999])
def test_given_a_time_then_it_is_to_the_second(year: int) -> None:
    when = datetime(year, 12, 31, 23, 59, 59, tzinfo=UTC)
    (value,) = encode_posts(frame(plain(created_at=int(when.timestamp()))))["value"]

    assert msgspec.json.decode(value, type=PostEvent).created_at == when


def test_given_no_posts_then_there_are_no_records() -> None:
    records = encode_posts(frame())

    assert records.columns == ["key", "value", "timestamp"]
    assert not len(records)
