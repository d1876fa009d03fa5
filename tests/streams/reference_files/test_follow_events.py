"""Follow events from JSONL and CSV: keys in order of time, and what is set aside."""

import gzip
import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import zstandard

from detectors.followers.follow_edges import FOLLOW, SNAPSHOT, UNFOLLOW, FollowEvents
from detectors.followers.followers import FollowerStore
from detectors.post_columns import POSTS
from detectors.traces.traces import keyed
from schemas.dead_letters import Reason
from schemas.errors import InputError
from streams.outputs.dead_letter_log import DeadLetterLog
from streams.reference_files.follow_events import EVENT_TABLE, decoded_follows, read_follows
from streams.settings.settings import InputSettings
from streams.sources.files.records import Records

Row = dict[str, object]

NOON = "2023-02-14T12:00:00Z"
NOON_S = 1_676_376_000
NEXT_DAY = NOON_S + 86_400


def event(follower: str, followee: str, action: str = "follow", at: str = NOON, platform: str = "x") -> Row:
    return {
        "platform": platform,
        "follower_id": follower,
        "followee_id": followee,
        "action": action,
        "at": at,
    }


def lines(*rows: Row) -> bytes:
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


def log() -> DeadLetterLog:
    return DeadLetterLog(None, InputSettings())


def read(
    path: Path, content: bytes, dead_letters: DeadLetterLog | None = None, block_size: int = 1 << 20
) -> FollowEvents:
    path.write_bytes(content)
    letters = log() if dead_letters is None else dead_letters
    return read_follows(str(path), letters, block_size=block_size, now=lambda: NEXT_DAY)


def rows_of(events: FollowEvents) -> list[tuple[int, int, int, int]]:
    columns = (events.at, events.follower, events.followee, events.action)
    return list(zip(*(column.tolist() for column in columns), strict=True))


def account_key(account: str, platform: str = "x") -> int:
    """The key that posts of an account have."""
    post = pl.DataFrame({"platform": [platform], "account_id": [account], "post_id": ["1"]})
    columns = [pl.lit(None, POSTS[name]).alias(name) for name in POSTS if name not in post.columns]
    return int(keyed(post.with_columns(columns))["account_key"][0])


@pytest.mark.slow
def test_events_come_in_order_of_time_with_the_keys_that_posts_have(tmp_path: Path) -> None:
    events = read(
        tmp_path / "follows",
        lines(
            event("2", "1", "unfollow", "2023-02-14T14:00:01+02:00"),
            event("9", "1", "snapshot"),
            event("2", "1", at="2023-02-14 12:00:00.9"),
            event("2", "1", at="2023-02-14"),
            event("2", "1", at="2023-02-14", platform="y"),
        ),
    )
    first = sorted([account_key("2"), account_key("2", "y")])
    assert events.at.tolist() == [NOON_S - 43_200] * 2 + [NOON_S, NOON_S, NOON_S + 1]
    assert events.follower[:2].tolist() == first
    assert sorted(rows_of(events)[2:4]) == rows_of(events)[2:4]
    assert {(row[1], row[3]) for row in rows_of(events)[2:4]} == {
        (account_key("2"), FOLLOW),
        (account_key("9"), SNAPSHOT),
    }
    assert rows_of(events)[4] == (NOON_S + 1, account_key("2"), account_key("1"), UNFOLLOW)
    assert len(events) == 5
    assert [column.dtype for column in (events.follower, events.followee, events.action, events.at)] == [
        np.uint64,
        np.uint64,
        np.uint8,
        np.int64,
    ]


@pytest.mark.slow
def test_any_order_of_lines_block_size_and_wrapping_gives_the_same(tmp_path: Path) -> None:
    rows = [
        event(str(a), str(b), action, f"2023-02-1{a % 5}T0{b}:00:00Z")
        for a in range(20)
        for b in range(3)
        for action in ("follow", "unfollow")
        if a != b
    ]
    once = rows_of(read(tmp_path / "follows", lines(*rows)))
    content = lines(*(rows[at] for at in np.random.default_rng(4).permutation(len(rows))))

    assert len(once) == len(rows)
    assert rows_of(read(tmp_path / "mixed", content, block_size=100)) == once
    assert rows_of(read(tmp_path / "zipped", gzip.compress(content))) == once
    assert rows_of(read(tmp_path / "zstd", zstandard.compress(content))) == once
    assert rows_of(read(tmp_path / "marked", b"\xef\xbb\xbf" + content)) == once


@pytest.mark.parametrize("separator", [",", "\t", ";", "|"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_csv_gives_the_same_as_json(separator: str, mark: bytes, tmp_path: Path) -> None:
    rows = [event("1", "2"), event('3"', "4", "unfollow"), event("5", "6", "snapshot")]
    header = separator.join(["at", "note", "platform", "followee_id", "follower_id", "action"])
    body = [
        separator.join(
            [str(r["at"]), "a", "x", str(r["followee_id"]), str(r["follower_id"]), str(r["action"])]
        )
        for r in rows
    ]
    csv = mark + "\r\n".join([header, *body]).encode()

    assert rows_of(read(tmp_path / "csv", csv)) == rows_of(read(tmp_path / "jsonl", lines(*rows)))


def test_ids_that_are_numbers_are_the_ids_that_are_text(tmp_path: Path) -> None:
    number = event("1", "2") | {"follower_id": 12_345_678_901_234_567}
    events = read(tmp_path / "follows", lines(number, event("12345678901234567", "2")))
    assert events.follower.tolist() == [account_key("12345678901234567")] * 2


BAD: dict[Reason, list[Row]] = {
    Reason.MISSING_FIELD: [
        event("", "2"),
        event("1", " "),
        event("1", "2", platform=""),
        {"platform": "x", "follower_id": "1", "followee_id": "2", "action": "follow"},
        event("1", "2") | {"action": None},
    ],
    Reason.BAD_TIME: [
        event("1", "2", at="soon"),
        event("1", "2", at="1999-12-31T23:59:59Z"),
        event("1", "2", at="2023-02-16T12:00:01Z"),
        event("1", "2", at="9999999-01-01"),
    ],
    Reason.MALFORMED: [
        event("1", "2", "like"),
        event("1", "2", "Follow"),
        event("1", "1"),
        event("1", "2") | {"follower_id": ["1"]},
        event("1", "2") | {"at": {}},
    ],
}


def test_what_cannot_be_used_becomes_a_dead_letter_with_its_place(tmp_path: Path) -> None:
    good = [event(str(number), "0") for number in range(1, 21)]
    bad = [(reason, row) for reason, rows in BAD.items() for row in rows]
    letters = log()
    # one good row before each bad one, so that each is at an even place
    mixed = [row for at, (_, wrong) in enumerate(bad) for row in (good[at], wrong)]
    events = read(tmp_path / "follows", lines(*mixed, *good[len(bad) :]) + b"\xff\nnot json\n", letters)

    assert len(events) == len(good)
    assert letters.counts == {
        **{reason: len(rows) for reason, rows in BAD.items()},
        Reason.MALFORMED: len(BAD[Reason.MALFORMED]) + 1,
        Reason.NOT_UTF8: 1,
    }
    first = letters.examples[Reason.BAD_TIME]
    assert first.position == 2 * (len(BAD[Reason.MISSING_FIELD]) + 1)
    assert json.loads(first.raw) == BAD[Reason.BAD_TIME][0]
    assert "at is not a readable time" in first.detail
    assert letters.rows == 0  # they say nothing about the format of the posts


def test_an_event_up_to_a_day_in_the_future_is_taken(tmp_path: Path) -> None:
    assert len(read(tmp_path / "follows", lines(event("1", "2", at="2023-02-16T12:00:00Z")))) == 1


def test_bad_rows_of_a_csv_are_named_by_their_record(tmp_path: Path) -> None:
    letters = log()
    csv = (
        "platform,follower_id,followee_id,action,at\n"
        + f"x,1,2,follow,{NOON}\n" * 3
        + "x,1\nx,1,2,hug,2023-02-14\n"
    )
    assert len(read(tmp_path / "follows", csv.encode(), letters)) == 3
    # a short record has empty fields at its end
    assert letters.counts == {Reason.MISSING_FIELD: 1, Reason.MALFORMED: 1}
    assert letters.examples[Reason.MISSING_FIELD].position == 4
    assert letters.examples[Reason.MISSING_FIELD].raw == "x,1"
    assert letters.examples[Reason.MALFORMED].position == 5


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\n\n",
        b"account_id,handle\n1,a\n",
        b'{"post_id": "1"}\n',
        b"platform,follower_id,followee_id,action,at\n",
        lines(event("1", "2"), event("1", "1"), event("1", "1")),
    ],
)
def test_a_file_of_something_else_is_refused_with_an_example(content: bytes, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r'are no follow events.*"follower_id": "1"'):
        read(tmp_path / "follows", content)


@pytest.mark.parametrize("block_size", [5_000, 1 << 20])
def test_a_large_file_of_something_else_is_given_up_early(block_size: int, tmp_path: Path) -> None:
    wrong: list[Row] = [{"post_id": "1"}] * 501
    good = [event(str(number), "0") for number in range(1, 2_000)]
    with pytest.raises(InputError, match="501 of 1,000 records"):
        read(tmp_path / "follows", lines(*wrong, *good), block_size=block_size)
    assert len(read(tmp_path / "follows", lines(*wrong[1:], *good), block_size=block_size)) == len(good)


def test_a_file_that_is_cut_off_is_an_error(tmp_path: Path) -> None:
    whole = gzip.compress(lines(*(event(str(number), "0") for number in range(1, 500))))
    with pytest.raises(InputError, match="end early"):
        read(tmp_path / "follows", whole[:-20])
    with pytest.raises(InputError, match="no such file"):
        read_follows(str(tmp_path / "nothing"), log())


def test_what_was_read_goes_into_a_book(tmp_path: Path) -> None:
    events = read(
        tmp_path / "follows",
        lines(event("1", "2"), event("3", "2"), event("3", "2", "unfollow", "2023-02-14T13:00:00Z")),
    )
    book = FollowerStore(np.array([account_key("1")], np.uint64))
    book.apply(events.follower, events.followee, events.action, events.at)
    assert [column.tolist() for column in book.followers_of(np.array([account_key("2")], np.uint64))] == [
        [True],
        [1],
        [1],
    ]


def test_given_no_records_then_there_are_no_events() -> None:
    nothing = Records("file", b"", *(np.zeros(0, np.int64),) * 3, np.zeros(0, np.uint8), 0)
    table, rows = decoded_follows(nothing, 1_700_000_000)
    assert (table.schema, len(table), len(rows)) == (EVENT_TABLE, 0, 0)
