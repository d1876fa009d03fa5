"""Made-up words and texts for the load generator: pronounceable, Zipf-distributed, from no real source."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import polars as pl

from detectors.arrays.dtypes import I64

_ONSETS = (
    "b",
    "br",
    "c",
    "ch",
    "d",
    "f",
    "g",
    "gr",
    "h",
    "j",
    "l",
    "m",
    "n",
    "p",
    "pl",
    "r",
    "s",
    "st",
    "t",
    "v",
)
_RIMES = ("a", "an", "ar", "e", "el", "en", "er", "i", "in", "is", "o", "on", "or", "ul", "um", "ay")
_LONGEST = 18
_SHORTEST = 6
_HASHTAGS = 5000


@dataclass(frozen=True, slots=True)
class Bodies:
    """Texts of posts, without the part that depends on their kind (`RT ...`, a link, a mention)."""

    frame: pl.DataFrame
    """Columns `text` (String) and `hashtags` (List of String, in the order of the text)."""

    def __len__(self) -> int:
        return self.frame.height

    @staticmethod
    def concat(parts: Iterable["Bodies"]) -> "Bodies":
        """The bodies of all `parts`, in order."""
        return Bodies(pl.concat(part.frame for part in parts))


def zipf_index(rng: np.random.Generator, objects: int, exponent: float, size: int) -> I64:
    """Draw `size` ranks below `objects`, rank k with weight (k + 1) ** -exponent."""
    weights = np.arange(1, objects + 1, dtype=np.float64) ** -exponent
    cumulated = np.cumsum(weights)
    drawn = np.searchsorted(cumulated, rng.random(size) * cumulated[-1], side="right")
    ranks: I64 = np.minimum(drawn, objects - 1)
    return ranks


class Writer:
    """Composes texts from one vocabulary; each call draws from the generator it gets."""

    def __init__(self, rng: np.random.Generator, vocabulary: int = 8000) -> None:
        syllables = np.char.add(rng.choice(_ONSETS, (vocabulary, 4)), rng.choice(_RIMES, (vocabulary, 4)))
        lengths = rng.choice([1, 2, 3, 4], vocabulary, p=[0.15, 0.45, 0.3, 0.1])
        words = {"".join(row[:length]) for row, length in zip(syllables, lengths, strict=True)}
        # Short words are the most common ones.
        self._words = pl.Series(sorted(words, key=lambda word: (len(word), word)), dtype=pl.String)
        self._cumulated = np.cumsum(np.arange(1, len(words) + 1, dtype=np.float64) ** -1.0)
        self._cumulated /= self._cumulated[-1]

    def word_ids(self, rng: np.random.Generator, shape: tuple[int, ...]) -> I64:
        """Draw word numbers, Zipf-distributed with exponent 1."""
        drawn = np.searchsorted(self._cumulated, rng.random(shape, dtype=np.float32))
        numbers: I64 = np.minimum(drawn, len(self._words) - 1)
        return numbers

    def bodies(self, rng: np.random.Generator, size: int, tagged: float = 0.3) -> Bodies:
        """Compose `size` texts of 6-18 words; a share `tagged` of them ends with one to three hashtags."""
        return self.from_words(
            rng,
            self.word_ids(rng, (size, _LONGEST)),
            rng.integers(_SHORTEST, _LONGEST + 1, size),
            np.where(rng.random(size) < tagged, rng.integers(1, 4, size), 0),
        )

    def from_words(
        self,
        rng: np.random.Generator,
        ids: I64,
        lengths: I64,
        tags: I64,
    ) -> Bodies:
        """Turn word numbers (one row for each text, cut to `lengths`) into texts with `tags` hashtags at the end."""
        rows, width = ids.shape
        if rows == 0:
            return Bodies(pl.DataFrame(schema={"text": pl.String, "hashtags": pl.List(pl.String)}))
        numbers = pl.Series(zipf_index(rng, _HASHTAGS, 1.05, rows * 3))
        names = ("tag" + numbers.cast(pl.String)).reshape((rows, 3)).arr.to_list()
        words = self._words.gather(pl.Series(ids.ravel())).reshape((rows, width)).arr.to_list()
        frame = pl.DataFrame({"words": words, "length": lengths, "names": names, "tags": tags})
        hashtags = pl.col("names").list.head(pl.col("tags")).list.unique(maintain_order=True)
        plain = pl.col("words").list.head(pl.col("length")).list.join(" ")
        hashed = pl.lit(" #") + pl.col("hashtags").list.join(" #")
        return Bodies(
            frame.select(text=plain, hashtags=hashtags).select(
                text=pl.col("text")
                + pl.when(pl.col("hashtags").list.len() > 0).then(hashed).otherwise(pl.lit("")),
                hashtags="hashtags",
            )
        )
