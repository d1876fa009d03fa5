"""What normalising a text makes of each character by itself, as a table of code points.

The table is made with the expressions that normalise whole texts (`detectors.traces.text`), so both agree whatever
version of Unicode they know. A character whose form depends on its neighbours has no entry. Such are marks that join
the letter before them, the letters of Korean syllables that come one by one, and the capital sigma.
"""

import unicodedata
from functools import cache
from typing import NamedTuple

import numpy as np
import polars as pl

from detectors.arrays.dtypes import I32, I64, U8, U32

WORD, NAME, BLANK, DROPPED = 1, 2, 4, 8
"""Flags of a character: it belongs to a word; to the name of a mention; it is white space; it is invisible."""

NOT_ALONE = -1
"""Target of a character whose form depends on others."""

_BLOCKS = (range(0xD800), range(0xE000, 0x10000), range(0x1F000, 0x1FC00))
"""The code points in the table: the basic plane without surrogates, and pictograms."""
_WITHOUT_MARKS = (range(0x3400, 0x4DC0), range(0x4E00, 0x9FFD), range(0xAC00, 0xD7A4), range(0xE000, 0xF900))
"""Ideographs, whole Korean syllables and private characters: none of them joins the one before."""
_JOINING_LETTERS = (range(0x1100, 0x1200), range(0xD7B0, 0xD800), range(0xA960, 0xA980))
"""Letters of Korean syllables."""
_CAPITAL_SIGMA = "\u03a3"
_LARGEST = 0x20000


class Characters(NamedTuple):
    """The table; all but the last two arrays have an entry for each code point."""

    target: I32
    """The code point that it becomes; `NOT_ALONE`; or -2 - n, for several of number n."""
    flags: U8
    """Of the character itself, not of its target."""
    order: U8
    """Canonical combining class: a mark with a lower one does not come after one with a higher one."""
    several: I32
    """Code points, one after the other."""
    several_start: I64
    """Where those of each number begin, and where the last ones end."""


@cache
def characters(dropped: str, word: str) -> Characters:
    """The table for texts that are brought into form NFKC and lower case.

    Args:
        dropped: pattern of the characters that are dropped.
        word: pattern of the characters that words are made of.
    """
    points = np.concatenate([np.array(block, np.uint32) for block in _BLOCKS])
    alone = pl.Series("alone", list(points.tobytes().decode("utf-32-le")))
    one = pl.col("alone")
    table = alone.to_frame().with_columns(plain=one.str.normalize("NFKC"))
    table = table.with_columns(lower=pl.col("plain").str.to_lowercase())
    flag = table.select(
        one.str.contains(word).cast(pl.UInt8) * WORD
        + one.str.contains(r"\w").cast(pl.UInt8) * NAME
        + one.str.contains(r"\s").cast(pl.UInt8) * BLANK
        + one.str.contains(dropped).cast(pl.UInt8) * DROPPED
    ).to_series()
    target = np.full(_LARGEST, NOT_ALONE, np.int32)
    flags, order = np.zeros(_LARGEST, np.uint8), np.zeros(_LARGEST, np.uint8)
    flags[points] = flag.to_numpy()
    same = table.select(one == pl.col("lower")).to_series().to_numpy()
    target[points[same]] = points[same]
    several: list[int] = []
    starts = [0]
    changed = table.filter(pl.Series(~same))
    for point, plain, text in zip(points[~same], changed["plain"], changed["lower"], strict=True):
        lower = [ord(character) for character in text]
        if _CAPITAL_SIGMA in plain or max(lower) >= _LARGEST:
            continue
        if len(lower) == 1:
            target[point] = lower[0]
        else:
            target[point] = NOT_ALONE - len(starts)
            several += lower
            starts.append(len(several))
    _settle_marks(points, table["plain"], target, order)
    # a target outside the table has no flags
    known = np.zeros(_LARGEST, np.bool_)
    known[points] = True
    target[(target >= 0) & ~known[np.maximum(target, 0)]] = NOT_ALONE
    return Characters(target, flags, order, np.array(several, np.int32), np.array(starts, np.int64))


def _settle_marks(points: U32, plain: pl.Series, target: I32, order: U8) -> None:
    """Note the order of marks; leave out what can join the character before, and what this Python does not know."""
    joining = {point for block in _JOINING_LETTERS for point in block}
    marked = np.ones(_LARGEST, np.bool_)
    for block in _WITHOUT_MARKS:
        marked[block.start : block.stop] = False
    unknown = []
    for point in points[marked[points]].tolist():
        character = chr(point)
        parts = unicodedata.decomposition(character)
        if parts and parts[0] != "<":
            joining.update(int(part, 16) for part in parts.split()[1:])
        order[point] = unicodedata.combining(character)
        if unicodedata.category(character) == "Cn":
            unknown.append(point)
    target[[*joining, *unknown]] = NOT_ALONE
    # one that becomes others may only become such as stay where they are
    changed = (target[points] != points) & (target[points] != NOT_ALONE)
    for point, text in zip(points[changed], plain.filter(pl.Series(changed)), strict=True):
        kept = [ord(character) for character in text]
        if any(part >= _LARGEST or part in joining or (order[part] and len(kept) > 1) for part in kept):
            target[point] = NOT_ALONE
        elif order[kept[0]] != order[point]:
            target[point] = NOT_ALONE
