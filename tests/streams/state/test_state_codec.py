"""Saved states as chunks: the same state comes back, and damaged or incomplete chunks are refused."""

import struct
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.state.state_forms import StateError
from streams.state import column_buffers, state_codec
from streams.state.state_codec import MOST_CHUNK_BYTES, decode, encode
from tests.streams.state.saved_states import FRAME, HEAD, STATE, bodies, same


def test_given_any_kind_of_thing_then_it_comes_back_as_it_was() -> None:
    found = decode(encode(STATE))

    assert found["plain"] == STATE["plain"]
    for name, array in STATE["arrays"].items():
        assert (found["arrays"][name].dtype, found["arrays"][name].shape) == (array.dtype, array.shape)
        assert found["arrays"][name].tobytes() == array.tobytes()
    for one, other in zip(found["frames"], STATE["frames"], strict=True):
        assert one.schema == other.schema
        assert one.equals(other)
    assert same(found, STATE)


@pytest.mark.parametrize("step", [1, 2, 3])
def test_given_few_strings_at_a_time_then_the_columns_are_the_same(
    step: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(column_buffers, "_STEP", step)

    assert decode(encode({"it": FRAME}))["it"].equals(FRAME)


@pytest.mark.slow
@settings(max_examples=100, deadline=None)
@given(
    texts=st.lists(st.none() | st.text(max_size=5), max_size=12),
    lists=st.lists(st.none() | st.lists(st.none() | st.text(max_size=3), max_size=3), max_size=12),
    numbers=st.lists(st.none() | st.integers(-(2**63), 2**63 - 1), max_size=12),
)
def test_given_any_columns_then_they_come_back_as_they_were(
    texts: list[str | None], lists: list[list[str | None] | None], numbers: list[int | None]
) -> None:
    for name, values, dtype in (
        ("text", texts, pl.String()),
        ("list", lists, pl.List(pl.String)),
        ("number", numbers, pl.Int64()),
    ):
        frame = pl.DataFrame({name: values}, schema={name: dtype})
        found = decode(encode({"frame": frame}))["frame"]
        assert found.schema == frame.schema
        assert found.equals(frame)


@pytest.mark.parametrize("most", [HEAD.size + 1, 100, 977, MOST_CHUNK_BYTES])
def test_given_a_size_then_no_chunk_is_larger_and_all_are_full_but_the_last(most: int) -> None:
    chunks = list(encode(STATE, most))

    assert {len(chunk) for chunk in chunks[:-1]} <= {most}
    assert HEAD.size < len(chunks[-1]) <= most
    assert bodies(chunks) == bodies(list(encode(STATE)))
    assert same(decode(chunks), STATE)


@pytest.mark.parametrize(
    "thing",
    [
        object(),
        {1, 2}.__iter__(),
        np.array([object()]),
        np.array(["text"]),
        np.array(["2020"], "M8[s]"),
        np.zeros(2, [("inner", [("deep", "<i4")])]),
        np.zeros(2, np.dtype([("key", "<u8"), ("near", "|b1")], align=True)),
        np.zeros(2, ">i4"),
        pl.DataFrame({"when": [None]}, schema={"when": pl.Datetime}),
        pl.DataFrame({"deep": [[[[[1]]]]]}),
    ],
    ids=lambda thing: type(thing).__name__,
)
def test_given_a_value_that_is_not_on_the_list_then_it_is_refused_before_it_is_saved(thing: object) -> None:
    with pytest.raises(StateError):
        list(encode({"thing": thing}))


def test_given_no_room_for_a_piece_then_it_is_refused() -> None:
    with pytest.raises(ValueError, match="room"):
        list(encode(STATE, HEAD.size))


@pytest.mark.slow
@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_given_flipped_bytes_then_it_is_refused(data: st.DataObject) -> None:
    chunks = list(encode(STATE, 400))
    number = data.draw(st.integers(0, len(chunks) - 1))
    broken = bytearray(chunks[number])
    for at in data.draw(st.sets(st.integers(0, len(broken) - 1), min_size=1, max_size=4)):
        broken[at] ^= data.draw(st.integers(1, 255))
    chunks[number] = bytes(broken)

    with pytest.raises(StateError):
        decode(chunks)


@pytest.mark.parametrize(
    "arranged",
    [
        lambda chunks: [],
        lambda chunks: chunks[1:],
        lambda chunks: chunks[:-1],
        lambda chunks: [chunks[1], chunks[0], *chunks[2:]],
        lambda chunks: [chunks[0], *chunks],
        lambda chunks: [*chunks, chunks[-1]],
        lambda chunks: [*chunks[:-1], chunks[-1][:-1]],
        lambda chunks: [*chunks[:-1], chunks[-1] + b"\0"],
        lambda chunks: [chunks[0][:20], *chunks[1:]],
        lambda chunks: [b"", *chunks],
        lambda chunks: [*list(encode({"another": 1}, 300)), *chunks[1:]],
    ],
)
def test_given_chunks_that_are_not_all_of_one_state_in_order_then_it_is_refused(arranged: Any) -> None:
    with pytest.raises(StateError):
        decode(arranged(list(encode(STATE, 300))))


def test_given_another_format_then_it_is_named() -> None:
    (chunk,) = encode(STATE)

    with pytest.raises(StateError, match="format 2, where 1"):
        decode([chunk[:4] + struct.pack("<I", 2) + chunk[8:]])


def test_given_the_limits_then_a_chunk_fits_a_message() -> None:
    assert MOST_CHUNK_BYTES < 1_000_000
    assert state_codec._HEAD.size == HEAD.size
