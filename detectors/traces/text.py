"""Text made comparable: normalised words, their shingles and MinHash signatures.

Two posts carry nearly the same text when the Jaccard similarity of their shingle sets is high. A shingle
is a word, or a pair of neighbouring characters in scripts that are written without spaces. MinHash
(Broder 1997) keeps `PERMUTATIONS` minima of hashed shingles: bands of `ROWS` minima find candidates, the low
byte of every minimum estimates the similarity (b-bit minwise hashing, Li and König 2010; standard error
about 0.05 at 96 permutations).

Measured (English, Spanish, Chinese; `benchmarks/`): the cost is 1 µs a post, against 100 µs for a MinHash in
Python.
"""

import numpy as np
import polars as pl

from detectors.arrays.ascending import sort
from detectors.arrays.compiled import compiled, inlined
from detectors.arrays.dtypes import I64, U8, U32, Bools, Int
from detectors.arrays.hashing import mix, utf8_buffer
from detectors.traces.characters import characters
from detectors.traces.normalising import MOST_CHARACTERS, fixed, normalise, slices

BANDS = 24
ROWS = 4
PERMUTATIONS = BANDS * ROWS
"""Minima of one text. A pair of similarity s agrees in a band with chance s^4, and in any of 24 bands with chance
1 - (1 - s^4)^24: 0.86 at s = 0.53, 0.999 at 0.7."""
MAX_SHINGLES = 512
"""Shingles that are read from one text; the rest, after about 3,000 characters, is ignored."""

_INVISIBLE = r"[\p{Cf}\p{Default_Ignorable_Code_Point}\x{20E3}]"
# addresses end at the first character outside ASCII: Chinese goes on without a space
_DROPPED = rf"https?://[!-~]+|www\.[!-~]+|@\w+|{_INVISIBLE}"
_NOT_A_WORD = r"[^\p{L}\p{M}\p{N}]+"


def normalised(text: pl.Expr) -> pl.Expr:
    """The words of a text: NFKC, lower case, without URLs, mentions, emoji, punctuation and `RT @x:`.

    Invisible characters are removed, not turned into spaces, so that they cannot split a word.
    Null stays null. `normalised_texts` does the same for most texts in a third of the time.
    """
    return (
        text.str.slice(0, MOST_CHARACTERS)
        .str.normalize("NFKC")
        .str.to_lowercase()
        .str.replace(r"^\s*rt\s+@\w+:?", "")
        .str.replace_all(_DROPPED, "")
        .str.replace_all(_NOT_A_WORD, " ")
        .str.strip_chars(" ")
    )


def normalised_texts(texts: pl.Series) -> tuple[U8, I64]:
    """Normalise texts as `normalised` does.

    Args:
        texts: String without nulls.

    Returns:
        The bytes of the normalised texts (UTF-8), and `len(texts) + 1` offsets (int64).
    """
    table = characters(_INVISIBLE, r"[\p{L}\p{M}\p{N}]")
    buffer, offsets, left = normalise(*utf8_buffer(texts), table)
    if not left.any():
        return fixed(buffer), offsets
    rows = np.flatnonzero(left)
    others = texts.gather(rows).alias("text").to_frame().select(normalised(pl.col("text"))).to_series()
    other_buffer, other_offsets = utf8_buffer(others)
    begins, ends = offsets[:-1].copy(), offsets[1:].copy()
    begins[rows], ends[rows] = other_offsets[:-1] + len(buffer), other_offsets[1:] + len(buffer)
    return slices(np.concatenate((buffer, other_buffer)), begins, ends)


@inlined
def _unspaced(point: Int) -> bool:
    """Whether the script of a code point is written without spaces between words."""
    return bool(
        0x2E80 <= point < 0xA000  # Chinese, Japanese
        or 0x20000 <= point < 0x32000
        or 0xF900 <= point < 0xFB00
        or 0x0E00 <= point < 0x0F00  # Thai, Lao
        or 0x1000 <= point < 0x10A0  # Burmese
        or 0x1780 <= point < 0x1800  # Khmer
    )


@compiled
def shingles(buffer: U8, begin: Int, end: Int, out: U32) -> int:
    """Write the hashes of one normalised text's shingles, sorted and without repeats, into `out`.

    Args:
        buffer: UTF-8 bytes; the text is `buffer[begin:end]`, words parted by single spaces.
        begin: offset of the first byte.
        end: offset after the last byte.
        out: uint32, with room for as many as the text has bytes, or for `MAX_SHINGLES`.

    Returns:
        How many shingles there are.
    """
    count = 0
    word = np.uint64(0)
    in_word = False
    previous = np.uint64(0)  # the neighbour before, in a script without spaces
    offset = begin
    while offset < end and count < MAX_SHINGLES - 2:
        lead = buffer[offset]
        width = 1 if lead < 0x80 else 2 if lead < 0xE0 else 3 if lead < 0xF0 else 4
        point = np.int64(lead) if width == 1 else np.int64(lead & (0x7F >> width))
        for follow in range(1, width):
            point = (point << 6) | np.int64(buffer[offset + follow] & 0x3F)
        offset += width
        if point != 0x20 and not _unspaced(point):
            word = mix(word ^ np.uint64(point))
            in_word = True
            previous = np.uint64(0)
            continue
        if in_word:
            out[count] = np.uint32(word >> np.uint64(32))
            count += 1
            word = np.uint64(0)
            in_word = False
        if point == 0x20:
            previous = np.uint64(0)
        else:
            if previous != 0:
                out[count] = np.uint32(mix((previous << np.uint64(32)) | np.uint64(point)) >> np.uint64(32))
                count += 1
            previous = np.uint64(point)
    if in_word:
        out[count] = np.uint32(word >> np.uint64(32))
        count += 1
    if count < 2:
        return count
    sort(out, count)
    kept = 1
    for index in range(1, count):
        if out[index] != out[kept - 1]:
            out[kept] = out[index]
            kept += 1
    return kept


@compiled
def text_shingles(buffer: U8, offsets: I64, least: int, least_characters: int) -> tuple[Bools, U32, I64]:
    """The shingles of texts that are long enough to be compared.

    A text with few characters is long enough if it has a shingle for two of them or more: scripts without spaces say
    more with each character.

    Args:
        buffer: UTF-8 bytes of normalised texts.
        offsets: where each begins, and where the last one ends.
        least: texts with fewer distinct shingles are left out.
        least_characters: and those with fewer characters, in scripts with spaces.

    Returns:
        Which texts are long enough, and their shingles: uint32, one text after the other, each as `shingles` gives
        them; and where those of each begin, and where the last ones end.
    """
    texts = len(offsets) - 1
    room = 0
    for row in range(texts):
        room += min(offsets[row + 1] - offsets[row], MAX_SHINGLES)
    found = np.empty(room, np.uint32)
    found_offsets = np.zeros(texts + 1, np.int64)
    long_enough = np.zeros(texts, np.bool_)
    kept = 0
    for row in range(texts):
        begin = found_offsets[kept]
        count = shingles(buffer, offsets[row], offsets[row + 1], found[begin:])
        if count < least:
            continue
        characters = 0
        for offset in range(offsets[row], offsets[row + 1]):
            characters += (buffer[offset] & 0xC0) != 0x80  # a byte that begins a character
        if characters >= least_characters or count * 2 >= characters:
            long_enough[row] = True
            kept += 1
            found_offsets[kept] = begin + count
    return long_enough, found[: found_offsets[kept]].copy(), found_offsets[: kept + 1].copy()


@compiled
def minima(shingle: U32, count: Int, multipliers: U32, out: U32) -> None:
    """Write the MinHash of `shingle[:count]` into `out`; uint32, shape (PERMUTATIONS,)."""
    for k in range(len(out)):
        out[k] = np.uint32(0xFFFFFFFF)
    for index in range(count):
        base = shingle[index]
        for k in range(len(out)):
            value = np.uint32(base * multipliers[k])
            value ^= value >> np.uint32(15)
            value = np.uint32(value * np.uint32(0x2C1B3C6D))
            value ^= value >> np.uint32(13)
            out[k] = min(out[k], value)


@inlined
def band_key(minhash: U32, band: Int) -> np.uint64:
    """Key of one band: equal for two texts when all `ROWS` minima of the band are equal."""
    key = np.uint64(band + 1) * np.uint64(0x9E3779B97F4A7C15)
    for row in range(ROWS):
        key = mix(key ^ np.uint64(minhash[band * ROWS + row]))
    return key


def multipliers() -> U32:
    """The odd multipliers of the permutations, fixed; uint32, shape (PERMUTATIONS,)."""
    generator = np.random.Generator(np.random.PCG64(1997))
    drawn = generator.integers(0, 2**32, PERMUTATIONS, dtype=np.uint64) | np.uint64(1)
    return drawn.astype(np.uint32)
