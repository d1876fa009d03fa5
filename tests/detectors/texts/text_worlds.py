"""Generated posts in three scripts: originals, and copies with a share of their words changed."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from detectors.arrays.dtypes import I64

SYLLABLES = {
    "english": ["th", "er", "ing", "ou", "st", "an", "re", "sh", "wor", "ly", "ment", "con", "ar", "ie"],
    "spanish": ["el", "ción", "ar", "os", "ña", "que", "mi", "ra", "do", "es", "pué", "lla", "tor", "bue"],
}


class World(NamedTuple):
    """Texts in random order; `source` says which original each was made from."""

    texts: list[str]
    source: I64


def vocabulary(language: str, draw: np.random.Generator) -> tuple[npt.NDArray[np.str_], str]:
    """Words, the most frequent first, and what stands between them."""
    if language == "chinese":
        points = 0x4E00 + draw.integers(0, 3_000, (6_000, 2))
        return np.array(sorted({chr(a) + chr(b) for a, b in points.tolist()})), ""
    parts = SYLLABLES[language]
    words = {"".join(draw.choice(parts, int(draw.integers(1, 5)))) for _ in range(6_000)}
    return np.array(sorted(words, key=lambda word: (len(word), word))), " "


def sentence(words: npt.NDArray[np.str_], count: int, draw: np.random.Generator) -> list[str]:
    """Words drawn by the law of Zipf and Mandelbrot."""
    weight = 1 / (np.arange(len(words)) + 2.7)
    chosen: list[str] = draw.choice(words, count, p=weight / weight.sum()).tolist()
    return chosen


def edited(
    original: list[str], share: float, words: npt.NDArray[np.str_], draw: np.random.Generator
) -> list[str]:
    """A copy in which `share` of the words, at random places, are others."""
    copy = list(original)
    for at in draw.permutation(len(copy))[: round(share * len(copy))]:
        copy[at] = str(draw.choice(words))
    return copy


def world(language: str, share: float, seed: int, originals: int = 400, copies: int = 3) -> World:
    """Originals of about a post's length, mixed with others, and after each its edited copies."""
    draw = np.random.default_rng(seed)
    words, between = vocabulary(language, draw)
    texts, source = [], []
    place = []
    for number in range(originals):
        original = sentence(words, int(draw.integers(18, 36)), draw)
        for copy in [original, *(edited(original, share, words, draw) for _ in range(copies))]:
            texts.append(between.join(copy))
            source.append(number)
        place += sorted(draw.random(copies + 1).tolist())
    order = np.argsort(place)
    return World([texts[at] for at in order], np.array(source)[order])
