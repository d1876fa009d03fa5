"""Broken rows of every kind: a dead letter, never a traceback, never a lost neighbour."""

import io
import sys
import tracemalloc
from types import SimpleNamespace

import pytest

from schemas.dead_letters import RAW_LIMIT
from streams.sources import open_source
from streams.sources.files.records import RECORD_LIMIT
from tests.streams.sources.dumps import CSV_HEADER, line, share

# --- rows ---


@pytest.mark.parametrize(
    ("broken", "reason", "words"),
    [
        ('{"post_id": "x", ', "malformed", "not JSON"),
        ("nonsense", "malformed", "not JSON"),
        ("null", "malformed", "not a JSON object but null"),
        ("[1]", "malformed", "not a JSON object but a list"),
        ('"text"', "malformed", "not a JSON object but text"),
        ("17", "malformed", "not a JSON object but a number"),
        (line(text={"a": 1}).strip(), "malformed", "field text is an object, text is expected"),
        (line(followers_count="many").strip(), "malformed", "field followers_count is text"),
        (line(urls=[["a"]]).strip(), "malformed", "field urls is not a list of texts"),
        (line(metrics=5).strip(), "malformed", "field metrics is a number, an object is expected"),
        (line(metrics={"likes": "many"}).strip(), "malformed", "field metrics.likes is text"),
        (line().strip() + "," + line().strip(), "malformed", "not JSON"),
        (line().strip() + ",", "malformed", "not JSON"),
        ('{"a":' + "[" * 50_000 + "]" * 50_000 + "}", "malformed", "nested too deeply"),
        (line(text="X").strip().replace("X", "\x00"), "malformed", "not JSON"),
        (line(post_id="").strip(), "missing_field", "post_id"),
        (line(account_id="  ").strip(), "missing_field", "account_id"),
        (line(platform=None).strip(), "missing_field", "platform"),
        (line(created_at=None).strip(), "missing_field", "created_at"),
        (line(created_at="").strip(), "missing_field", "created_at"),
        (line(created_at="yesterday").strip(), "bad_time", "'yesterday'"),
        (line(created_at="1970-01-01T00:00:00Z").strip(), "bad_time", "'1970-01-01T00:00:00Z' lies before"),
        (
            line(created_at="2100-01-01T00:00:00Z").strip(),
            "bad_time",
            "'2100-01-01T00:00:00Z' lies in the future",
        ),
        (line(created_at="2016-02-30T00:00:00Z").strip(), "bad_time", "not a time"),
    ],
)
def test_given_one_bad_json_row_when_read_then_only_it_is_set_aside(take, broken, reason, words):
    taken = take(line(1) + line(2) + broken + "\n" + line(4))
    assert taken.posts["post_id"].to_list() == ["p1", "p2", "p4"]
    (letter,) = taken.dead
    assert (letter.reason, letter.position) == (reason, 3)
    assert words in letter.detail
    assert letter.raw == broken[:RAW_LIMIT]
    assert letter.raw_bytes == len(broken)


def test_given_an_object_over_two_lines_when_read_then_no_neighbour_is_harmed(take):
    half = line(2).strip()
    taken = take(line(1) + half[:20] + "\n" + half[20:] + "\n" + line(3))
    assert taken.posts["post_id"].to_list() == ["p1", "p3"]
    assert taken.positions == [2, 3]


def test_given_a_post_of_tomorrow_when_read_then_clocks_are_forgiven_a_day(take):
    times = ["2023-11-15T22:00:00Z", "2023-11-16T00:00:00Z"]  # 23:47 and 49:47 hours from now
    taken = take("".join(line(created_at=time) for time in times))
    assert (len(taken.rows), taken.reasons) == (1, ["bad_time"])


def test_given_bytes_that_are_not_utf8_when_read_then_only_their_record_is_set_aside(take):
    bad = line(2, text="caf?").encode().replace(b"?", b"\xe9")
    taken = take(line(1, text="кот").encode() + bad + line(3).encode())
    assert taken.posts["post_id"].to_list() == ["p1", "p3"]
    assert taken.reasons == ["not_utf8"]
    assert r"caf\xe9" in taken.dead[0].raw

    shares = (CSV_HEADER + share(1)).encode() + b"o,a\xff,c2,1456790400\n" + share(3).encode()
    taken = take(shares)
    assert taken.posts["post_id"].to_list() == ["c1", "c3"]
    assert (taken.reasons, taken.positions) == (["not_utf8"], [2])


def test_given_a_byte_order_mark_when_read_then_it_is_dropped(take):
    assert take(b"\xef\xbb\xbf" + (CSV_HEADER + share(1)).encode()).rows[0]["part"] == "o"
    assert len(take(b"\xef\xbb\xbf" + line().encode()).rows) == 1


def test_given_escapes_when_read_then_controls_stay_and_half_a_pair_is_replaced(take):
    rows = [r"a\u0000b\u0007", r"\ud83d\ude00", r"cut \ud83d", r"\ude00 low", r"not \\ud83d one"]
    taken = take("".join(line(text="@").replace("@", row) for row in rows))
    assert taken.posts["text"].to_list() == ["a\0b\a", "😀", "cut \ufffd", "\ufffd low", r"not \ud83d one"]


def test_given_nul_and_control_bytes_in_csv_when_read_then_they_are_text(take):
    taken = take(CSV_HEADER + 'o\x00\x01,a,"c\x00\x0bd",1456790400\n')
    assert (taken.rows[0]["part"], taken.rows[0]["post_id"]) == ("o\x00\x01", "c\x00\x0bd")


@pytest.mark.parametrize(
    ("broken", "reasons"),
    [
        ("o,a,c\n", ["missing_field"]),
        ("o,a,c,1456790400,more\n", ["malformed"]),
        ('o,"a"x,c,1456790400\n', ["malformed"]),
        ('o,"a,c,1456790400\n', ["malformed"]),
        ('o,a,c,"1456790400\n', ["malformed"]),
        ('"o,a,c,1456790400\n' + share("in"), ["malformed"]),
        ('"o\nmore\n', ["malformed", "malformed"]),
        (",a,,1456790400\n", ["missing_field"]),
        ("o,a,c,\n", ["missing_field"]),
        ("o,a,c,soon\n", ["bad_time"]),
        ("o,a,c,nan\n", ["bad_time"]),
        ("o,a,c,0\n", ["bad_time"]),
        ("o,a,c,4102444800\n", ["bad_time"]),
        ("\n\r\n", []),
    ],
)
@pytest.mark.parametrize("follows", ["", 'o,"a ""quoted"" b",c9,1456790400\n'])
def test_given_bad_csv_rows_when_read_then_neighbours_are_unharmed(take, broken, reasons, follows):
    taken = take(CSV_HEADER + share(1) + broken + share(3) + follows)
    expected = ["c1", *(["cin"] if "cin" in broken else []), "c3", *(["c9"] if follows else [])]
    assert taken.posts["post_id"].to_list() == expected
    assert taken.reasons == reasons
    assert taken.positions == list(range(2, 2 + len(reasons)))


def test_given_quotes_inside_unquoted_fields_when_csv_is_read_then_they_are_text(take):
    taken = take(CSV_HEADER + share(1) + 'the 5" pipe,a "b" c,"c,2",1456790400\r\n' + share(3))
    assert not taken.dead
    assert (taken.rows[1]["part"], taken.rows[1]["account_id"]) == ('the 5" pipe', 'a "b" c')
    assert taken.rows[1]["post_id"] == "c,2"


def test_given_line_ends_and_separators_in_quotes_when_csv_is_read_then_they_are_text(take):
    taken = take(CSV_HEADER + '"o,\n\r\n1","a""",c,1456790400\r\n' + share(2))
    assert taken.rows[0]["part"] == "o,\n\r\n1"
    assert taken.rows[0]["account_id"] == 'a"'
    assert len(taken.rows) == 2


# --- size ---


@pytest.mark.parametrize("block_size", [1 << 16, 4 << 20])
def test_given_a_text_of_ten_megabytes_when_read_then_it_is_oversized_and_cut(take, block_size):
    taken = take(line(1) + line(2, text="x" * (10 << 20)) + line(3), block_size=block_size)
    assert taken.posts["post_id"].to_list() == ["p1", "p3"]
    (letter,) = taken.dead
    assert (letter.reason, letter.position) == ("oversized", 2)
    assert len(letter.raw) == RAW_LIMIT
    assert letter.raw_bytes > 10 << 20

    taken = take(CSV_HEADER + share(1) + f"o,{'x' * (10 << 20)},c,1\n" + share(3), block_size=block_size)
    assert taken.posts["post_id"].to_list() == ["c1", "c3"]
    assert (taken.reasons, taken.positions) == (["oversized"], [2])


def test_given_an_oversized_first_record_when_read_then_the_format_is_still_recognised(take):
    taken = take(line(1, text="x" * (2 << 20)) + line(2))
    assert (len(taken.rows), taken.reasons) == (1, ["oversized"])


def test_given_a_long_text_within_the_limit_when_read_then_it_is_kept_whole(take):
    taken = take(line(text="ы" * 500_000))
    assert len(taken.rows[0]["text"]) == 500_000


def test_given_a_record_of_exactly_the_limit_when_read_then_it_is_kept(take):
    for extra, kept in ((0, 1), (1, 0)):
        size = RECORD_LIMIT - len(line(text="")) + 1 + extra
        for block_size in (1 << 16, 4 << 20):
            assert len(take(line(text="x" * size) + "\n", block_size=block_size).rows) == kept


def test_given_a_quote_that_is_never_closed_when_read_then_one_line_is_lost(take):
    body = "".join(share(number) for number in range(80_000))  # more than one record's limit
    taken = take(CSV_HEADER + 'o,a,"c,1456790400\n' + body)
    assert len(taken.rows) == 80_000
    assert (taken.reasons, taken.positions) == (["malformed"], [1])


class Endless(io.RawIOBase):
    """A first line, then one that does not end for a gigabyte."""

    def __init__(self, first: str) -> None:
        self.head = first.encode()
        self.left = 1 << 28

    def readable(self) -> bool:
        return True

    def readinto(self, buffer) -> int:
        if self.head:
            data, self.head = self.head, b""
        else:
            data = b"x" * min(len(buffer), self.left)
            self.left -= len(data)
        buffer[: len(data)] = data
        return len(data)


@pytest.mark.parametrize("first", [line() + '{"text":"', CSV_HEADER + share(1) + 'o,"'], ids=["jsonl", "csv"])
def test_given_a_record_that_never_ends_when_read_then_memory_is_bounded(monkeypatch, first):
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BufferedReader(Endless(first), 1 << 20)))
    source = open_source("-", block_size=1 << 20)
    tracemalloc.start()
    batches = list(source.batches())
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert sum(len(batch.posts) for batch in batches) == 1
    (letter,) = [letter for batch in batches for letter in batch.dead_letters]
    assert letter.reason == "oversized"
    assert letter.raw_bytes >= 1 << 28
    assert peak < 24 << 20


def test_given_halves_of_an_object_on_two_lines_and_two_on_one_when_read_then_no_other_post_is_taken_for_them(
    take,
):
    two = line(2).strip() + "," + line(3).strip()
    taken = take((line(1) + '{"a":[{}\n{}]}\n' + two + "\n" + line(4)).encode(), format="jsonl")
    assert taken.posts["post_id"].to_list() == ["p1", "p4"]
    assert (taken.reasons, taken.positions) == (["malformed"] * 3, [2, 3, 4])
