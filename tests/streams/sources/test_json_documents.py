"""JSON that is not one object a line: arrays, wrapped arrays, objects over several lines, and what breaks them."""

import io
import json
import sys
import tracemalloc
from types import SimpleNamespace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from streams.sources import open_source
from streams.sources.files.compressed import Block
from streams.sources.files.json_scan import ElementScanner, explain
from streams.sources.files.records import RECORD_LIMIT, read_records
from tests.streams.sources.dumps import line

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)


def elements(data, key="", size=7, limit=RECORD_LIMIT):
    scanner = ElementScanner(key, limit)
    blocks = (Block(data[at : at + size], at + size) for at in range(0, len(data), size))
    kept, dead = [], []
    for records in read_records(blocks, "input", scanner, explain, limit=limit):
        kept += [records.raw(row) for row in range(len(records))]
        dead += records.dead_letters
    return [json.loads(one) for one in kept], dead, scanner.unfinished


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    objects=st.lists(st.dictionaries(st.text(max_size=4), values, max_size=3), max_size=5),
    indent=st.sampled_from([None, 0, 3]),
    size=st.sampled_from([1, 5, 64, 4096]),
    ascii=st.booleans(),
)
def test_given_any_objects_in_an_array_when_cut_then_they_are_the_objects(objects, indent, size, ascii):
    written = json.dumps(objects, indent=indent, ensure_ascii=ascii).encode()
    assert elements(written, size=size) == (objects, [], False)
    wrapped = {"a": {"rows": {}}, "rows": "rows", "b": {"n": 1, "rows": objects, "c": [objects]}, "d": [1]}
    found, dead, unfinished = elements(
        json.dumps(wrapped, indent=indent, ensure_ascii=ascii).encode(), "rows", size
    )
    assert (dead, unfinished) == ([], False)
    assert [{name: value for name, value in one.items() if name != "_within"} for one in found] == objects
    assert all(one["_within"] == {"n": 1} for one in found)


def test_given_objects_without_a_line_between_when_read_then_all_are_read(take):
    taken = take((line(1) + line(2)).replace("\n", "") + line(3).replace(", ", ",\n"))
    assert taken.posts["post_id"].to_list() == ["p1", "p2", "p3"]


def test_given_an_array_of_numbers_and_posts_when_read_then_the_numbers_are_set_aside(take):
    taken = take("[1, " + line(1) + ', null, "x", ' + line(2) + "]")
    assert taken.posts["post_id"].to_list() == ["p1", "p2"]
    assert (taken.reasons, taken.positions) == (["malformed"] * 3, [1, 3, 4])


def test_given_an_array_that_is_cut_off_when_read_then_what_came_before_is_used(take):
    whole = "[" + ",\n".join(line(number).strip() for number in range(5)) + "]"
    taken = take(whole[:-30])
    assert len(taken.rows) == 4
    assert [letter.detail for letter in taken.dead] == ["the input ends inside this record"]
    assert "ends early" in str(taken.fault)
    assert "ends early" in str(take(whole[:-1]).fault)


@pytest.mark.parametrize("block_size", [1 << 16, 4 << 20])
def test_given_a_huge_object_in_an_array_when_read_then_only_it_is_lost(take, block_size):
    taken = take(
        "[" + ",".join([line(1), line(2, text="x" * (5 << 20)), line(3)]) + "]", block_size=block_size
    )
    assert taken.posts["post_id"].to_list() == ["p1", "p3"]
    (letter,) = taken.dead
    assert (letter.reason, letter.position) == ("oversized", 2)
    assert letter.raw_bytes > 5 << 20


def test_given_words_that_json_has_not_when_read_then_they_are_unknown(take):
    taken = take(
        line(1, followers_count=float("nan"), text="a: NaN, b") + line(2, metrics={"likes": float("inf")})
    )
    assert not taken.dead
    assert (taken.rows[0]["followers_count"], taken.rows[0]["text"]) == (None, "a: NaN, b")
    assert taken.rows[1]["likes"] is None


class Array(io.RawIOBase):
    """A hundred megabytes of posts in one array, without line ends."""

    def __init__(self) -> None:
        self.post = ("," + line(1, text="x" * 1000).strip()).encode()
        self.left = 100_000
        self.rest = b'{"rows":[' + self.post[1:]

    def readable(self) -> bool:
        return True

    def readinto(self, buffer) -> int:
        while len(self.rest) < len(buffer) and self.left:
            self.left -= 100
            self.rest += self.post * 100 if self.left else b"]}"
        data, self.rest = self.rest[: len(buffer)], self.rest[len(buffer) :]
        buffer[: len(data)] = data
        return len(data)


@pytest.mark.slow
def test_given_an_array_of_a_hundred_megabytes_when_read_then_memory_is_bounded(monkeypatch):
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BufferedReader(Array(), 1 << 20)))
    source = open_source("-", block_size=1 << 20)
    tracemalloc.start()
    posts = sum(len(batch.posts) for batch in source.batches())
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert posts == 99_901
    assert peak < 24 << 20
