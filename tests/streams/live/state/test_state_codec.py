"""Saved states as chunks: the same state back, StateError for all else, and runs that are cut and go on by them."""

import hashlib
import math
import random
import struct
from typing import Any

import msgspec
import numpy as np
import polars as pl
import pytest
import zstandard
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from detectors.pipeline import Pipeline
from detectors.state.capture import State, capture, reference_data_of, restore
from detectors.state.state_forms import StateError
from streams.live.state import column_buffers, state_codec
from streams.live.state.state_codec import MOST_CHUNK_BYTES, decode, encode
from tests.detectors.state.state_graphs import Run, differences
from tests.streams.live.state.cut_worlds import shipped, simulated

HEAD = struct.Struct("<4sIIIQ32s")
RECORD = np.dtype([("key", "<u8"), ("near", "|b1"), ("far", "<i4")])
FRAME = pl.DataFrame(
    {
        "text": ["x", None, "é😀", "", "中文 text"],
        "tags": [["a", None, ""], [], None, ["é"], [""]],
        "none": [None, None, None, None, None],
        "big": [2**64 - 1, None, 0, 1, 2],
        "known": [True, None, False, True, True],
        "real": [1.5, math.nan, None, math.inf, -0.0],
        "row": [[[1], []], [], None, [None], [[2, None]]],
    },
    schema_overrides={"big": pl.UInt64, "none": pl.String, "row": pl.List(pl.List(pl.Int16))},
)
STATE: State = {
    "plain": [None, True, 2**64 - 1, -(2**63), math.inf, "é", b"\x00\xff"],
    "arrays": {
        "records": np.array([(2**64 - 1, True, -1), (0, False, 7)], RECORD),
        "none": np.zeros((0, 4), np.int32),
        "two": np.arange(6, dtype=np.float64).reshape(2, 3),
        "scalar": np.array(np.float64(1.5)),
        "flags": np.array([True, False]),
    },
    "frames": [FRAME, FRAME.clear(), FRAME[1:3], FRAME.filter(pl.lit(value=False)).select("tags")],
}


def bodies(chunks: list[bytes]) -> bytes:
    return b"".join(chunk[HEAD.size :] for chunk in chunks)


def signed(body: bytes) -> list[bytes]:
    """A chunk as somebody would write it who knows how."""
    digest = hashlib.blake2b(body, digest_size=32).digest()
    return [HEAD.pack(b"LKST", 1, 0, 1, len(body), digest) + body]


def forged(tree: Any, *buffers: bytes, whole: int | None = None) -> list[bytes]:
    """A tree, and buffers that follow it, under a digest that is right."""
    raw = msgspec.msgpack.encode(tree)
    squeezed = zstandard.compress(raw)
    sizes = struct.pack("<QQ", len(raw) if whole is None else whole, len(squeezed))
    return signed(sizes + squeezed + b"".join(buffers))


def extension(code: int, *told: Any) -> msgspec.msgpack.Ext:
    return msgspec.msgpack.Ext(code, msgspec.msgpack.encode(list(told)))


def same(one: Any, other: Any) -> bool:
    """Equality of decoded things, to the byte."""
    return list(encode(one)) == list(encode(other))


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
def test_given_what_is_not_on_the_list_then_it_is_refused_before_it_is_saved(thing: object) -> None:
    with pytest.raises(StateError):
        list(encode({"thing": thing}))


def test_given_no_room_for_a_piece_then_it_is_said() -> None:
    with pytest.raises(ValueError, match="room"):
        list(encode(STATE, HEAD.size))


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


def altered() -> st.SearchStrategy[list[tuple[str, int, int]]]:
    change = st.tuples(st.sampled_from(["set", "cut", "put"]), st.integers(0, 10**6), st.integers(0, 255))
    return st.lists(change, min_size=1, max_size=4)


def changed(raw: bytes, changes: list[tuple[str, int, int]]) -> bytes:
    made = bytearray(raw)
    for how, at, value in changes:
        place = at % (len(made) + 1)
        if how == "set" and place < len(made):
            made[place] = value
        elif how == "cut":
            del made[place : place + value % 5]
        else:
            made.insert(place, value)
    return bytes(made)


@settings(max_examples=300, deadline=None)
@given(changes=altered())
def test_given_a_body_altered_under_a_digest_that_is_right_then_it_is_a_state_or_refused(
    changes: list[tuple[str, int, int]],
) -> None:
    try:
        list(encode(decode(signed(changed(bodies(list(encode(STATE))), changes)), most_bytes=1 << 22)))
    except StateError:
        pass


@settings(max_examples=500, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(changes=altered())
@example([("set", 0, 0xDD), ("set", 1, 0xFF)])
def test_given_a_tree_altered_under_a_digest_that_is_right_then_it_is_a_state_or_refused(
    changes: list[tuple[str, int, int]],
) -> None:
    body = bodies(list(encode({"f": STATE["frames"][0], "a": STATE["arrays"], "p": STATE["plain"]})))
    whole, squeezed = struct.unpack_from("<QQ", body)
    tree = changed(zstandard.decompress(body[16 : 16 + squeezed]), changes)
    again = zstandard.compress(tree)
    assert whole
    try:
        decode(signed(struct.pack("<QQ", len(tree), len(again)) + again + body[16 + squeezed :]), 1 << 22)
    except StateError:
        pass


SQUEEZED = zstandard.compress(bytes(16))


@pytest.mark.parametrize(
    "chunks",
    [
        # arrays that do not fit together, or are of what is not on the list
        forged(extension(1, "<i8", [2], 16, 99)),
        forged(extension(1, "<i8", [3], 16, len(SQUEEZED)), SQUEEZED),
        forged(extension(1, "<i8", [-2], 16, len(SQUEEZED)), SQUEEZED),
        forged(extension(1, "<i8", [True, 2], 16, len(SQUEEZED)), SQUEEZED),
        forged(extension(1, "|O", [2], 16, len(SQUEEZED)), SQUEEZED),
        forged(extension(1, "O8", [2], 16, len(SQUEEZED)), SQUEEZED),
        forged(extension(1, [["a", "|O"]], [2], 16, len(SQUEEZED)), SQUEEZED),
        forged(extension(1, [["a", "<i8"], ["a", "<i8"]], [1], 16, len(SQUEEZED)), SQUEEZED),
        forged(extension(1, [["__class__()", "<i8"]], [2], 16, len(SQUEEZED)), SQUEEZED),
        forged(extension(1, [], [0], 0, 0)),
        forged(extension(1, "<i8", [0] * 5, 0, 0)),
        forged(
            extension(1, "|b1", [16], 16, len(zstandard.compress(b"\2" * 16))), zstandard.compress(b"\2" * 16)
        ),
        forged(extension(1, "<i8", [2], 16, 16), bytes(16)),
        forged(extension(1, "<i8", [2], 16, len(SQUEEZED) + 1), SQUEEZED + b"\0"),
        # more than is allowed, told or hidden
        forged(extension(1, "<i8", [2**60], 2**63, len(SQUEEZED)), SQUEEZED),
        forged(extension(1, "<i8", [1 << 20], 1 << 23, len(SQUEEZED)), SQUEEZED),
        forged(extension(1, "|u1", [16], 16, 60), zstandard.compress(bytes(1 << 24))[:60]),
        forged([None] * 9, whole=2**62),
        forged([extension(1, "|u1", [3 << 20], 3 << 20, 0)] * 2),
        # extensions and frames of something else
        forged(extension(7, 1)),
        forged(extension(1, 1)),
        forged(extension(2, ["a"], [])),
        forged(extension(2, ["a", "a"], [["String", 0, None, None, None]] * 2)),
        forged(extension(2, ["a"], [["Object", 0, None, None, None]])),
        forged(extension(2, ["a"], [["List", 0, None, None, ["List", 0, None, None, 1]]])),
        # a tree that is none, or too deep, and bytes that nothing stands for
        signed(b""),
        signed(bytes(16)),
        signed(struct.pack("<QQ", 100_000, 30) + zstandard.compress(b"\x91" * 100_000)),
        forged(1, b"more"),
    ],
)
def test_given_hostile_bytes_under_a_digest_that_is_right_then_they_are_refused(chunks: list[bytes]) -> None:
    with pytest.raises(StateError):
        decode(chunks, most_bytes=4 << 20)


def string_column(lengths: list[int], text: bytes) -> list[bytes]:
    raw = np.array(lengths, np.uint32)
    buffers = [zstandard.compress(raw.tobytes()), zstandard.compress(text)]
    told = [
        extension(1, "<u4", [len(lengths)], raw.nbytes, len(buffers[0])),
        extension(1, "|u1", [len(text)], len(text), len(buffers[1])),
    ]
    return forged(extension(2, ["a"], [["String", len(lengths), None, *told]]), *buffers)


def test_given_strings_that_are_sound_only_together_then_they_are_refused() -> None:
    assert decode(string_column([2, 0, 1], "éa".encode()))["a"].to_list() == ["é", "", "a"]
    for lengths, text in (([1, 2], "éa".encode()), ([2], b"\xffa"), ([3], b"ab"), ([2**32 - 1] * 3, b"ab")):
        with pytest.raises(StateError):
            decode(string_column(lengths, text))


def through_chunks(state: State) -> State:
    return decode(encode(state, 50_000))


RUNS = {
    "german": lambda: shipped("coortweet_german", 3_000, 80_000),
    "press": lambda: simulated("diaspora-press", 500),
    "trolls": lambda: simulated("troll-farm", 500),
    "no room": lambda: simulated("troll-farm", 900, 9, tight=True),
}
_told: dict[str, list[bytes]] = {}


def told(name: str) -> list[bytes]:
    """The alerts of the run that is not cut."""
    if name not in _told:
        _told[name] = RUNS[name]().alerts()
    return _told[name]


def cuts_of(run: Run, seed: int) -> list[int]:
    """Batches before which to cut: some anywhere, one early in the day that follows on a night, one at its end."""
    days = [until // 86_400 for _, until in run.batches]
    turns = [at for at in range(1, len(days)) if days[at] != days[at - 1]]
    rng = random.Random(seed)  # noqa: S311 - repeatable, not secret
    turn = rng.choice(turns)
    return sorted({turn, min(turn + 1, len(days) - 1), *rng.sample(range(len(days)), 3)})


@pytest.mark.parametrize(
    ("name", "seed"),
    [("german", 1), ("press", 1), ("trolls", 1), ("trolls", 2), ("no room", 1), ("no room", 2)],
)
def test_given_a_run_that_is_cut_when_others_go_on_by_the_chunks_then_the_alerts_are_the_same(
    name: str, seed: int
) -> None:
    run = RUNS[name]()

    assert len(told(name)) > 2
    assert run.alerts(cuts_of(run, seed), through_chunks) == told(name)


def test_given_simulated_worlds_then_what_was_cut_had_covert_networks_in_it() -> None:
    for name in ("press", "trolls"):
        found = [msgspec.json.decode(alert) for alert in told(name)]
        assert any((alert["covertness"] or 0) >= 0.5 for alert in found)


@pytest.mark.parametrize("name", ["press", "no room"])
def test_given_chunks_then_the_pipeline_that_is_restored_differs_in_nothing(name: str) -> None:
    run = RUNS[name]()
    pipeline = run.begun()
    usual = 0
    for at, (posts, until) in enumerate(run.batches):
        list(pipeline.process(posts, until))
        if at % 7 == 3:
            state = through_chunks(capture(pipeline))
            other = Pipeline(run.config, reference_data=reference_data_of(state))
            restore(other, state)
            assert differences(pipeline, other) == []
            assert same(capture(other), state)
            usual += pipeline.observations._baseline is not None
    assert usual


def test_given_the_limits_then_a_chunk_fits_a_message() -> None:
    assert MOST_CHUNK_BYTES < 1_000_000
    assert state_codec._HEAD.size == HEAD.size
