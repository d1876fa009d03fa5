"""Keys against a SipHash written from the paper, one byte at a time."""

from itertools import pairwise

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.arrays.hashing import hash_strings, utf8_buffer

WORD = (1 << 64) - 1
KEY = int.from_bytes(b"lockstep", "big")
GOLDEN = 0x9E3779B97F4A7C15


def turned(x: int, bits: int) -> int:
    return ((x << bits) | (x >> (64 - bits))) & WORD


def siphash(c: int, d: int, k0: int, k1: int, message: bytes) -> int:
    """SipHash-c-d, sections 2.1 to 2.4 of the paper."""
    v = [
        k0 ^ int.from_bytes(b"somepseu", "big"),
        k1 ^ int.from_bytes(b"dorandom", "big"),
        k0 ^ int.from_bytes(b"lygenera", "big"),
        k1 ^ int.from_bytes(b"tedbytes", "big"),
    ]

    def rounds(count: int) -> None:
        for _ in range(count):
            v[0] = (v[0] + v[1]) & WORD
            v[2] = (v[2] + v[3]) & WORD
            v[1] = turned(v[1], 13) ^ v[0]
            v[3] = turned(v[3], 16) ^ v[2]
            v[0] = turned(v[0], 32)
            v[2] = (v[2] + v[1]) & WORD
            v[0] = (v[0] + v[3]) & WORD
            v[1] = turned(v[1], 17) ^ v[2]
            v[3] = turned(v[3], 21) ^ v[0]
            v[2] = turned(v[2], 32)

    padded = message + bytes(7 - len(message) % 8) + bytes([len(message) % 256])
    for at in range(0, len(padded), 8):
        word = int.from_bytes(padded[at : at + 8], "little")
        v[3] ^= word
        rounds(c)
        v[0] ^= word
    v[2] ^= 0xFF
    rounds(d)
    return v[0] ^ v[1] ^ v[2] ^ v[3]


def key_of(text: str, domain: int) -> int:
    return siphash(1, 3, KEY, domain * GOLDEN & WORD, text.encode()) or 1


def hashed(texts: list[str | None], domain: int) -> list[int]:
    keys: list[int] = hash_strings(pl.Series(texts, dtype=pl.String), domain).tolist()
    return keys


def test_the_reference_gives_the_example_of_the_paper() -> None:
    k0, k1 = (int.from_bytes(bytes(range(at, at + 8)), "little") for at in (0, 8))

    assert siphash(2, 4, k0, k1, bytes(range(15))) == 0xA129CA6149BE45E5


@pytest.mark.parametrize("domain", [0, 1, 7, 101, 1 << 31])
def test_given_texts_of_every_length_then_keys_are_siphash_1_3(domain: int) -> None:
    texts = ["".join(chr(33 + (at * 7 + length) % 90) for at in range(length)) for length in range(41)]
    texts += ["x" * 255, "x" * 256, "x" * 257, "y" * 1_000]

    assert hashed(list(texts), domain) == [key_of(text, domain) for text in texts]


@pytest.mark.slow
@settings(max_examples=100, deadline=None)
@given(st.lists(st.one_of(st.none(), st.text(max_size=30)), max_size=20), st.integers(0, 200))
def test_given_any_texts_then_a_batch_gives_what_each_row_gives(texts: list[str | None], domain: int) -> None:
    keys = hashed(texts, domain)

    assert keys == [key_of(text or "", domain) for text in texts]
    assert [hashed([text], domain)[0] for text in texts] == keys


def test_given_two_domains_then_equal_texts_have_different_keys() -> None:
    keys = [hashed(["the same"], domain)[0] for domain in range(200)]

    assert len(set(keys)) == 200


def test_given_many_texts_then_no_key_is_zero_and_none_collide() -> None:
    keys = hash_strings(pl.Series([str(n) for n in range(200_000)]), 3)

    assert keys.dtype == np.uint64
    assert keys.min() > 0
    assert len(np.unique(keys, return_counts=True)[0]) == 200_000


@settings(max_examples=100, deadline=None)
@given(st.lists(st.one_of(st.none(), st.text(max_size=12), st.just("a\0b\0"), st.just("\0")), max_size=20))
def test_given_any_texts_then_the_buffer_holds_them_between_its_offsets(texts: list[str | None]) -> None:
    buffer, offsets = utf8_buffer(pl.Series(texts, dtype=pl.String))

    assert offsets[0] == 0
    assert offsets[-1] == len(buffer)
    assert [bytes(buffer[a:b]).decode() for a, b in pairwise(offsets)] == [text or "" for text in texts]
