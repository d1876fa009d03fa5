"""Made-up names of people, places, newspapers and sites. None of them is a real name."""

import numpy as np

from detectors.arrays.dtypes import I64

_ONSETS = (
    "b",
    "br",
    "c",
    "d",
    "dr",
    "f",
    "g",
    "h",
    "k",
    "l",
    "m",
    "n",
    "p",
    "qu",
    "r",
    "s",
    "t",
    "tr",
    "v",
    "z",
)
_RIMES = ("a", "e", "i", "o", "u", "an", "el", "ir", "on", "ul", "ae", "ia")
_PLACES = ("Cad", "Bren", "Tes", "Lur", "Morv", "Send", "Quor", "Hald", "Vesp", "Zind")
_PLACE_ENDINGS = ("ora", "enia", "alba")

PLACES = tuple(place + ending for ending in _PLACE_ENDINGS for place in _PLACES)
"""Thirty countries."""


def words(rng: np.random.Generator, count: int, syllables: int = 3) -> list[str]:
    """Draw pronounceable words of `syllables` syllables; some words may repeat."""
    onset = rng.choice(_ONSETS, (count, syllables))
    rime = rng.choice(_RIMES, (count, syllables))
    return [
        "".join(map("".join, zip(*row, strict=True)))
        for row in zip(onset.tolist(), rime.tolist(), strict=True)
    ]


def titles(rng: np.random.Generator, count: int) -> list[str]:
    """Draw names of people: first name and last name."""
    first, last = words(rng, count, 2), words(rng, count, 3)
    return [f"{name.capitalize()} {surname.capitalize()}" for name, surname in zip(first, last, strict=True)]


def handles(titles_of: list[str], rng: np.random.Generator) -> list[str]:
    """Turn names into handles, each one unique."""
    number = rng.permutation(len(titles_of)).tolist()
    return [
        f"{title.lower().replace(' ', '_')}{suffix}" for title, suffix in zip(titles_of, number, strict=True)
    ]


def public_ids(numbers: I64, seed: int) -> list[str]:
    """The platform's ids of accounts by number: ten or eleven digits that show neither order nor role."""
    mixed = (numbers.astype(np.uint64) * np.uint64(2_654_435_761) + np.uint64(seed * 40_503)) % np.uint64(
        1 << 32
    )
    return [str(1_000_000_000 + int(number)) for number in mixed.tolist()]
