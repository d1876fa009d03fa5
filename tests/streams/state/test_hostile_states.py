"""Chunks that somebody wrote on purpose, under a digest that is right, are refused or read as a state."""

import struct

import numpy as np
import pytest
import zstandard
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from detectors.state.state_forms import StateError
from streams.state.state_codec import decode, encode
from tests.streams.state.saved_states import STATE, bodies, extension, forged, signed


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


@pytest.mark.slow
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
@pytest.mark.slow
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
        # more than is allowed, openly or hidden
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
        # a tree that is none, or too deep, and bytes that are left over
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
    parts = [
        extension(1, "<u4", [len(lengths)], raw.nbytes, len(buffers[0])),
        extension(1, "|u1", [len(text)], len(text), len(buffers[1])),
    ]
    return forged(extension(2, ["a"], [["String", len(lengths), None, *parts]]), *buffers)


def test_given_strings_that_are_sound_only_together_then_they_are_refused() -> None:
    assert decode(string_column([2, 0, 1], "éa".encode()))["a"].to_list() == ["é", "", "a"]
    for lengths, text in (([1, 2], "éa".encode()), ([2], b"\xffa"), ([3], b"ab"), ([2**32 - 1] * 3, b"ab")):
        with pytest.raises(StateError):
            decode(string_column(lengths, text))
