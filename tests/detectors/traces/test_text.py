"""Normalised words, their shingles against Python sets, and MinHash against exact similarity."""

import itertools
import re
import unicodedata
from collections.abc import Sequence

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rensa import RMinHash

from detectors.arrays.dtypes import U32
from detectors.arrays.hashing import utf8_buffer
from detectors.traces.normalising import fixed
from detectors.traces.text import (
    BANDS,
    MAX_SHINGLES,
    PERMUTATIONS,
    ROWS,
    band_key,
    minima,
    multipliers,
    normalised,
    shingles,
    text_shingles,
)

NORMALISED = [
    ("Hola, Mundo!", "hola mundo"),
    ("RT @someone: Hola mundo", "hola mundo"),
    ("  rt  @someone hola", "hola"),
    ("RT is a word here", "rt is a word here"),
    ("hola @otra_cuenta mundo", "hola mundo"),
    ("hola \uff20otra mundo", "hola mundo"),
    ("lee https://example.com/a?b=c&d=e#f ahora", "lee ahora"),
    ("lee www.example.com/a ahora", "lee ahora"),
    ("看https://t.cn/Ab12中文新闻", "看中文新闻"),
    ("hola 😀👍🏽 mundo 🇨🇱", "hola mundo"),
    ("hola ❤️ mundo", "hola mundo"),
    ("👨‍👩‍👧 hola", "hola"),
    ("paso 1️⃣ hola", "paso 1 hola"),
    ("ho\u200bla mun\u2060do", "hola mundo"),
    ("ho\u00adla mun\u034fdo\ufeff", "hola mundo"),
    ("ho\u3164la \u115fmundo", "hola mundo"),
    ("\u202ehola\u202c mundo", "hola mundo"),
    ("\uff28\uff2f\uff2c\uff21\u3000\uff4d\uff55\uff4e\uff44\uff4f", "hola mundo"),
    ("ﬁn \U0001d4f1\U0001d4f8\U0001d4f5\U0001d4ea ①", "fin hola 1"),
    ("cafe\u0301 CAFÉ", "café café"),
    ("#Tag_uno dos-tres", "tag uno dos tres"),
    ("新华社\uff1a今天\uff0c天气很好。", "新华社 今天 天气很好"),
    ("สวัสดี ครับ", "สวัสดี ครับ"),
    ("!!! 😀 …", ""),
    ("", ""),
]


def normal(*texts: str | None) -> list[str | None]:
    return (
        pl.DataFrame({"t": pl.Series(texts, dtype=pl.String)}).select(normalised(pl.col("t")))["t"].to_list()
    )


def unspaced(character: str) -> bool:
    name = unicodedata.name(character, "")
    return name.startswith(("CJK", "HIRAGANA", "KATAKANA", "BOPOMOFO", "THAI", "LAO", "MYANMAR", "KHMER"))


def shingle_set(text: str) -> set[str]:
    """The definition: words, and pairs of neighbours in runs of a script without spaces."""
    found: set[str] = set()
    for token in text.split(" "):
        run = ""
        for character in [*token, ""]:
            if run and (not character or unspaced(character) != unspaced(run[0])):
                found |= {run[at : at + 2] for at in range(len(run) - 1)} if unspaced(run[0]) else {run}
                run = ""
            run += character
    return found


def hashes(text: str) -> U32:
    buffer, offsets = utf8_buffer(pl.Series([text]))
    out = np.zeros(MAX_SHINGLES, np.uint32)
    return out[: shingles(buffer, offsets[0], offsets[1], out)]


def signature(parts: Sequence[str]) -> U32:
    found = hashes(" ".join(parts))
    out = np.empty(PERMUTATIONS, np.uint32)
    minima(found, len(found), multipliers(), out)
    return out


@pytest.mark.parametrize(("text", "words"), NORMALISED)
def test_given_a_text_then_its_words(text: str, words: str) -> None:
    assert normal(text) == [words]


def test_given_no_text_then_null() -> None:
    assert normal(None) == [None]


def test_given_an_endless_text_then_only_its_beginning_is_read() -> None:
    assert normal("a" * 100_000) == ["a" * 8_192]


@settings(max_examples=200, deadline=None)
@given(st.text(st.characters(exclude_categories=["Cs", "Cn"]), max_size=60))
def test_given_any_text_then_words_are_parted_by_single_spaces(text: str) -> None:
    [words] = normal(text)

    assert words is not None
    assert re.fullmatch(r"(?:[^ ]+(?: [^ ]+)*)?", words)
    assert all(unicodedata.category(c)[0] in "LMN" for c in words if c != " ")


alphabet = "ab cñé дя 中文新闻天气 かなカ ไทยสวัส ລາວ 한국 ကခ ខគ 𠀀𠀁"


@pytest.mark.slow
@settings(max_examples=300, deadline=None)
@given(st.text(alphabet, max_size=60))
def test_given_any_mixture_of_scripts_then_shingles_are_those_of_the_definition(text: str) -> None:
    [words] = normal(text)
    assert words is not None
    expected = shingle_set(words)

    found = hashes(words).tolist()

    assert found == sorted(set(found))
    assert len(found) == len(expected)
    assert set(found) == {int(hashes(shingle)[0]) for shingle in expected}


def test_given_many_texts_then_each_is_counted_by_itself() -> None:
    texts = ["", "uno", "uno dos uno", "中文新闻", "中 文", "abc中文def 中文", "สวัสดี"]
    buffer, offsets = utf8_buffer(pl.Series(texts))

    long_enough, found, bounds = text_shingles(fixed(buffer), offsets, 0, 0)

    assert long_enough.all()
    assert np.diff(bounds).tolist() == [0, 1, 2, 3, 0, 3, 5]
    parts = [found[begin:end].tolist() for begin, end in itertools.pairwise(bounds.tolist())]
    assert parts == [hashes(text).tolist() for text in texts]
    assert [len(shingle_set(text)) for text in texts] == [0, 1, 2, 3, 0, 3, 5]


@pytest.mark.parametrize("token", ["w{} ", "{}中文 "])
def test_given_a_text_beyond_the_bound_then_its_beginning_counts(token: str) -> None:
    text = "".join(token.format(at) for at in range(4_000)).strip()

    assert MAX_SHINGLES - 3 <= len(hashes(text)) + ("中文" in text) * (MAX_SHINGLES // 2) <= MAX_SHINGLES + 2


def overlapping(shared: int, own: int, number: int) -> tuple[list[str], list[str]]:
    common = [f"common{number}x{at}" for at in range(shared)]
    return (
        common + [f"left{number}x{at}" for at in range(own)],
        common + [f"right{number}x{at}" for at in range(own)],
    )


@pytest.mark.parametrize(("shared", "own"), [(30, 0), (27, 3), (20, 5), (20, 10), (10, 20), (3, 30), (0, 20)])
def test_given_two_texts_then_equal_minima_estimate_their_similarity(shared: int, own: int) -> None:
    similarity = shared / (shared + 2 * own)
    ours, theirs = [], []
    for number in range(200):
        left, right = overlapping(shared, own, number)
        ours.append(float(np.mean(signature(left) == signature(right))))
        one, other = RMinHash(PERMUTATIONS, 7), RMinHash(PERMUTATIONS, 7)
        one.update(left)
        other.update(right)
        theirs.append(one.jaccard(other))

    error = np.sqrt(similarity * (1 - similarity) / PERMUTATIONS)
    assert np.mean(ours) == pytest.approx(similarity, abs=4 * error / np.sqrt(200) + 1e-12)
    assert np.std(ours) <= 1.3 * error + 1e-12
    assert np.max(np.abs(np.array(ours) - similarity)) <= 5 * error + 1e-12
    assert np.mean(ours) == pytest.approx(np.mean(theirs), abs=8 * error / np.sqrt(200) + 1e-12)


def test_given_two_signatures_then_a_band_agrees_when_all_its_rows_do() -> None:
    left, right = signature(overlapping(20, 5, 1)[0]), signature(overlapping(20, 5, 1)[1])
    bands = np.array(
        [
            np.array_equal(left[b * ROWS : (b + 1) * ROWS], right[b * ROWS : (b + 1) * ROWS])
            for b in range(BANDS)
        ]
    )

    assert 0 < bands.sum() < BANDS
    assert [keys_of(left)[b] == keys_of(right)[b] for b in range(BANDS)] == bands.tolist()
    assert len(set(keys_of(left))) == BANDS


def keys_of(minhash: U32) -> list[int]:
    return [int(band_key(minhash, band)) for band in range(BANDS)]
