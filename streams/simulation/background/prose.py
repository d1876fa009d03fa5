"""The texts of a world: three made-up languages, topics with words of their own, edited copies."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from detectors.arrays.dtypes import F64, I64

Floats = F64

LANGUAGES = ("en", "es", "zh")
TOPICS = 40
TOPIC_LANGUAGE = np.repeat(np.arange(3), (20, 12, 8))
"""The language of each topic; a topic has only one."""

_WIDTH = 26
_VOCABULARY = 6000
_TOPIC_WORDS = 150
_CONSONANTS = ("bcdfghklmnprstvw", "bcdfglmnprstvz")
_VOWELS = (("a", "e", "i", "o", "u", "ea", "oo", "y"), ("a", "e", "i", "o", "u", "ia", "io", "ue"))
_ENDINGS = ("", "", "", ".", ".", ".", "!", "?", "...", " \U0001f602", " \U0001f64f", " \U0001f525")


@dataclass(frozen=True, slots=True)
class Sayings:
    """Sayings as parallel arrays; a saying that copies another has its words."""

    topic: I64
    length: I64
    """Number of words; for Chinese, of characters."""
    copy_of: I64
    """The number of an earlier saying; -1: new words."""
    edits: Floats
    """For copies: the probability that a word is replaced."""


def lengths(rng: np.random.Generator, topic: I64) -> I64:
    """Draw the lengths of sayings on these topics: 3-26 words, most of them 8-16; Chinese ones are longer."""
    drawn = rng.lognormal(2.4, 0.4, len(topic)) * np.where(TOPIC_LANGUAGE[topic] == 2, 1.3, 1.0)
    return np.clip(drawn, 3, _WIDTH).astype(np.int64)


def compose(rng: np.random.Generator, sayings: Sayings) -> pl.Series:
    """Turn sayings into texts.

    Two thirds of the words come from the common vocabulary of the language (Zipf's law), one third from words of the
    topic. So people who write about the same topic sound similar without copying each other.
    """
    language = TOPIC_LANGUAGE[sayings.topic]
    own_words = np.stack(
        [rng.choice(np.arange(60, _VOCABULARY), _TOPIC_WORDS, replace=False) for _ in range(TOPICS)]
    )
    words = np.where(
        rng.random((len(language), _WIDTH), dtype=np.float32) < 0.35,
        own_words[sayings.topic[:, None], _common(rng, _TOPIC_WORDS, 0.7, (len(language), _WIDTH))],
        _common(rng, _VOCABULARY, 1.0, (len(language), _WIDTH)),
    )
    length, ending = sayings.length.copy(), rng.integers(0, len(_ENDINGS), len(language))
    copies = np.flatnonzero(sayings.copy_of >= 0)
    sources = sayings.copy_of[copies]
    kept = rng.random((len(copies), _WIDTH)) >= sayings.edits[copies, None]
    words[copies] = np.where(kept, words[sources], words[copies])
    length[copies], ending[copies] = length[sources], ending[sources]

    texts = pl.Series([None], dtype=pl.String).extend_constant(None, len(language) - 1)
    for number in range(len(LANGUAGES)):
        rows = np.flatnonzero(language == number)
        if len(rows) == 0:
            continue
        vocabulary = _vocabulary(rng, number)
        lists = vocabulary.gather(pl.Series(words[rows].ravel())).reshape((len(rows), _WIDTH)).arr.to_list()
        frame = pl.DataFrame({"words": lists, "length": length[rows], "ending": ending[rows]})
        joined = (
            pl.col("words").list.head(pl.col("length")).list.join("" if LANGUAGES[number] == "zh" else " ")
        )
        end = pl.col("ending").replace_strict(dict(enumerate(_ENDINGS)), return_dtype=pl.String)
        begin = joined.str.slice(0, 1).str.to_uppercase()
        texts = texts.scatter(rows, frame.select(text=begin + joined.str.slice(1) + end)["text"])
    return texts


def _common(rng: np.random.Generator, size: int, exponent: float, shape: tuple[int, int]) -> I64:
    """Draw word ranks below `size` by Zipf's law."""
    cumulated = np.cumsum(np.arange(1, size + 1, dtype=np.float64) ** -exponent)
    drawn = np.searchsorted(cumulated / cumulated[-1], rng.random(shape, dtype=np.float32))
    ranks: I64 = np.minimum(drawn, size - 1)
    return ranks


def _vocabulary(rng: np.random.Generator, language: int) -> pl.Series:
    """Make up the words of a language; Chinese words are single common ideographs, in random order."""
    if LANGUAGES[language] == "zh":
        return pl.Series([chr(0x4E00 + code) for code in rng.permutation(_VOCABULARY).tolist()])
    consonants, vowels = _CONSONANTS[language], _VOWELS[language]
    made: dict[str, None] = {}
    while len(made) < _VOCABULARY:
        syllables = int(rng.integers(1, 2 + (len(made) > 100) + (len(made) > 1500)))
        made["".join(_one(rng, consonants) + _one(rng, vowels) for _ in range(syllables + 1))] = None
    return pl.Series(list(made))


def _one(rng: np.random.Generator, sounds: Sequence[str]) -> str:
    """What `rng.choice` draws, in less time: that makes an array of all sounds at every draw."""
    return sounds[int(rng.integers(len(sounds)))]
