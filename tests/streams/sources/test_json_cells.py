"""Objects that are read by column: as the JSON decoder reads them, or left to it."""

import json
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.sources.files.compressed import Block
from streams.sources.files.json_cells.columns import read, readable
from streams.sources.files.json_records import scan_lines
from streams.sources.files.json_rows import decode_lines, decode_objects
from streams.sources.files.records import Records, read_records
from streams.sources.formats.json_format import JsonFormat
from streams.sources.formats.json_formats import JSON_FORMATS

_INNER = pl.Struct({"name": pl.String(), "count": pl.Int64()})
SCHEMA = pl.Struct(
    {
        "id": pl.String(),
        "text": pl.String(),
        "likes": pl.Int64(),
        "gone": pl.Boolean(),
        "tags": pl.List(pl.String()),
        "user": pl.Struct({"id": pl.String(), "n": pl.Int64(), "inner": _INNER}),
        "items": pl.List(_INNER),
    }
)
words = st.text('ab1 \u00e9\u200b\u4e16\U0001f600"\\/\t\n\x7f\x00', max_size=5)
numbers = st.integers(-(10**20), 10**20) | st.integers(-3, 30) | st.floats()
anything = st.recursive(
    st.none() | st.booleans() | numbers | words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
    max_leaves=6,
)
inner = st.fixed_dictionaries({}, optional={"name": st.none() | words, "count": st.integers(0, 9)})
typed = st.fixed_dictionaries(
    {},
    optional={
        "id": st.none() | words | st.integers(0, 10**19),
        "text": words,
        "likes": st.none() | st.integers(-9, 10**18),
        "gone": st.none() | st.booleans(),
        "tags": st.none() | st.lists(st.none() | words, max_size=3),
        "user": st.none()
        | st.fixed_dictionaries(
            {}, optional={"id": words, "n": st.integers(0, 9), "inner": st.none() | inner}
        ),
        "items": st.none() | st.lists(st.none() | inner, max_size=2),
        "other": anything,
    },
)
loose = st.dictionaries(
    st.sampled_from(["id", "text", "likes", "gone", "tags", "user", "items", "é", "x"]), anything, max_size=4
)
_DAMAGE = [b"", b'"', b",", b"{", b"}", b"[", b"]", b":", b"\\", b" ", b"a", b"0", b"\x7f", b"\x01", b"\xc3"]
_WHOLE = [
    rb'{"text":"\ud83d\ude00 \ud83d \ude00"}',
    rb'{"text":"\u00e9\u0000\/\b\f\n\r\t"}',
    rb'{"t\u0065xt":"a"}',
    b'{"id":1,"id":2}',
    b'{"id":01}',
    b'{"id":-0}',
    b'{"likes":1e3}',
    b'{"likes":NaN,"x":Infinity}',
    b'{"gone":truer}',
    b'{"gone":"true"}',
    b'{"gone":1}',
    b'{"x":1e999,"id":"a"}',
    b'{"x":' + b"[" * 60 + b"]" * 60 + b"}",
    b'{"x":[{}',
    b"{}]}",
    b"{},{}",
    b"[]",
    b"{}",
]


@st.composite
def lines(draw: st.DrawFn) -> bytes:
    """A line with an object, or something near it."""
    if draw(st.integers(0, 9)) == 0:
        return draw(st.sampled_from(_WHOLE))
    line = json.dumps(
        draw(st.one_of(typed, typed, loose)),
        ensure_ascii=draw(st.booleans()),
        separators=draw(st.sampled_from([(",", ":"), (", ", ": "), (" ,\t", " : ")])),
    ).encode()
    for _ in range(draw(st.sampled_from([0, 0, 0, 1, 2]))):
        at = draw(st.integers(0, len(line) - 1))
        line = line[:at] + draw(st.sampled_from(_DAMAGE)) + line[at + draw(st.integers(0, 1)) :]
    return draw(st.sampled_from([b"", b" ", b"\t"])) + line + draw(st.sampled_from([b"", b"\r", b" "]))


def records(given_lines: list[bytes]) -> Records:
    found, *_ = read_records(iter([Block(b"\n".join(given_lines) + b"\n", 0)]), "file", scan_lines, str)
    return found


def compare(given_lines: list[bytes]) -> None:
    alone, both = records(given_lines), records(given_lines)
    if not len(alone):
        return
    expected, expected_rows = decode_lines(alone, SCHEMA)
    frame, rows = decode_objects(both, SCHEMA)
    assert frame.equals(expected)
    assert frame.schema == expected.schema
    assert rows.tolist() == expected_rows.tolist()
    assert sorted(both.dead_letters, key=repr) == sorted(alone.dead_letters, key=repr)


@settings(max_examples=300, deadline=None)
@given(given_lines=st.lists(lines(), min_size=1, max_size=6))
@pytest.mark.slow
def test_given_any_lines_then_all_is_as_the_json_decoder_has_it(given_lines: list[bytes]) -> None:
    compare(given_lines)


@pytest.mark.long
@settings(max_examples=3_000, deadline=None)
@given(given_lines=st.lists(lines(), min_size=1, max_size=6))
def test_given_many_lines_then_all_is_as_the_json_decoder_has_it(given_lines: list[bytes]) -> None:
    compare(given_lines)


@pytest.mark.parametrize("line", _WHOLE)
def test_given_an_odd_line_then_it_is_as_the_json_decoder_has_it(line: bytes) -> None:
    compare([b'{"id":"a","user":{"n":1}}', line, b'{"id":"b","items":[{"name":"c"}]}'])


@settings(max_examples=100, deadline=None)
@given(
    objects=st.lists(typed, min_size=1, max_size=5),
    ascii_only=st.booleans(),
    separators=st.sampled_from([(",", ":"), (", ", ": ")]),
)
def test_given_objects_as_programs_write_them_then_they_are_plain(
    objects: list[dict[str, Any]], ascii_only: bool, separators: tuple[str, str]
) -> None:
    for one in objects:
        one.pop("other", None)
        if isinstance(one.get("id"), int):
            one["id"] %= 9 * 10**18
    written = [json.dumps(one, ensure_ascii=ascii_only, separators=separators).encode() for one in objects]
    found = records(written)
    frame, plain = read(found.data, found.starts, found.ends, SCHEMA)
    assert plain.all()
    assert len(frame) == len(objects)


@pytest.mark.parametrize("format", JSON_FORMATS)
def test_given_a_format_that_mends_no_records_then_its_fields_are_read_by_column(
    format: type[JsonFormat],
) -> None:
    assert format.mended is not JsonFormat.mended or readable(format.schema)


def test_given_one_odd_line_among_many_then_the_others_stay_in_order() -> None:
    given_lines = [b'{"id":"%d"}' % number for number in range(50)]
    given_lines[20] = b'{"id":true,"likes":2.0}'
    given_lines[30] = b'{"id":{}}'
    found = records(given_lines)
    frame, rows = decode_objects(found, SCHEMA)
    assert rows.tolist() == [row for row in range(50) if row != 30]
    assert frame["id"].to_list() == ["true" if row == 20 else str(row) for row in rows]
    assert [letter.position for letter in found.dead_letters] == [31]
