"""Handles of the registry as a trie of their letters, each with its strength: how unlike an ordinary word it is."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import polars as pl

from detectors.arrays.compiled import compiled, inlined
from detectors.arrays.dtypes import I32, I64, U8, U32, U64, Bools, Int
from detectors.arrays.hash_index import free_place, key_place, place_by_low_bits, power_of_two
from detectors.arrays.hashing import mix, utf8_buffer
from detectors.attribution.hidden_mentions import confusables as chars
from detectors.attribution.hidden_mentions.confusables import fold, folded, folding, scratch

# how a handle can be hidden, the clearest first; named in `hidden_mentions.STYLES`
(UNSEEN, CONFUSABLE, FULL, SPELLED, SPACED, BROKEN, PLATFORM, BULLET, CREDIT, BRACKET, BARE) = range(11)
ORDINARY, NUMBERED, UNDERSCORED, DISTINCTIVE = range(4)
"""Strength of a handle: how unlike an ordinary word it is."""
_LEAST_DISTINCTIVE = 8
"""Least characters of a distinctive handle. Chosen with the other rules on the posts described in
`docs/detectors/hidden-mentions.md`, where 43 handles of state media and public offices had no hit."""
_STARTS = 1 << 14
"""Places of `HandleTrie.starts`: 16 kB, which stay in the fastest cache."""
MOST_BETWEEN = 3
"""Most visible characters between two letters of a handle, as in `m . n`. A choice, not measured by itself."""

_WORDS_BEFORE = {
    PLATFORM: "twitter tw x facebook fb instagram insta ig telegram tg tiktok youtube yt weibo wechat vk vkontakte"
    " threads bluesky mastodon cuenta account usuario user handle perfil profile \u63a8\u7279 \u5fae\u535a"
    " \u5fae\u4fe1 \u0442\u0432\u0438\u0442\u0442\u0435\u0440 \u0442\u0435\u043b\u0435\u0433\u0440\u0430\u043c"
    " \u062a\u0648\u064a\u062a\u0631",
    CREDIT: "via fuente fuentes source sources src credit credits credito creditos cortesia courtesy h/t"
    " rt quelle fonte segun \u0438\u0441\u0442\u043e\u0447\u043d\u0438\u043a \u6765\u6e90 \u4f86\u6e90 \u6765\u81ea"
    " \u8f6c\u81ea \u8f6c\u8f7d \u51fa\u5178 \u0627\u0644\u0645\u0635\u062f\u0631",
    SPELLED: "at arroba",
}


class HandleTrie(NamedTuple):
    """Handles as a trie of their letters; about 0.3 kB for each handle with its edges."""

    starts: Bools  # (_STARTS,) whether a handle may begin with two letters, by `start`
    edge_key: U64  # (slots,) hash index of edges: (node << 21 | letter) + 1; 0: empty
    edge_node: I32  # (slots,) the node that the edge leads to
    first: I32  # (nodes,) a handle that ends here, or -1
    following: I32  # (handles,) the next handle that ends at the same node, or -1
    spelling: U32  # of all handles, from the first to the last letter of each
    is_letter: Bools  # of `spelling`
    spelling_at: I64  # (handles + 1,) where each handle begins in `spelling`
    before: I32  # (handles,) underscores before the first letter
    after: I32  # (handles,) underscores after the last letter
    letters: I32  # (handles,) letters and digits
    strength: U8  # (handles,) ORDINARY to DISTINCTIVE
    foreign: Bools  # not ASCII: folded letters are no sign of disguise
    word: U32  # words that announce a handle, one after another
    word_at: I64  # (words + 1,) where each word begins in `word`
    word_lead: U8  # (words,) the style that the word announces
    longest: int  # letters of the longest handle


def build_trie(names: Sequence[str]) -> HandleTrie:
    """Index handles, given without @ and server; a handle's number is its index."""
    table, text = folding(), scratch()
    buffer, offsets = utf8_buffer(pl.Series(names, dtype=pl.String))
    edges: dict[tuple[int, int], int] = {}
    starts = np.zeros(_STARTS, np.bool_)
    first, following, spelling, is_letter, spelling_at = [-1], [], [], [], [0]
    before, after, letters, strength = [], [], [], []
    for handle in range(len(names)):
        count = fold(buffer, offsets[handle], offsets[handle + 1], table, text)
        points = text.point[:count].tolist()
        word = ((text.kind[:count] == chars.WORD) | (text.kind[:count] == chars.UNSPACED)).tolist()
        begin = word.index(True) if any(word) else count
        end = count - word[::-1].index(True) if any(word) else count
        node = 0
        key = [point for point, part in zip(points, word, strict=True) if part]
        if key:
            starts[_start(key[0], key[1]) if len(key) > 1 else slice(None)] = (
                True  # one letter begins with any pair
            )
        for point in key:
            node = edges.setdefault((node, point), len(first))
            if node == len(first):
                first.append(-1)
        # a handle that has other characters before its first or after its last letter cannot be looked for
        searchable = any(word) and set(points[:begin] + points[end:]) <= {ord("_")}
        following.append(first[node] if searchable else -1)
        if searchable:
            first[node] = handle
        spelling += points[begin:end]
        is_letter += word[begin:end]
        spelling_at.append(len(spelling))
        before.append(begin)
        after.append(count - end)
        letters.append(sum(word))
        strength.append(_strength("".join(map(chr, points[begin:end])), sum(word)))
    keys = np.array([(node << 21 | point) + 1 for node, point in edges], np.uint64)
    slots = power_of_two(len(edges) * 2 + 1, 1 << 4)
    edge_key, edge_node = np.zeros(slots, np.uint64), np.zeros(slots, np.int32)
    _place_edges(keys, np.array(list(edges.values()), np.int32), edge_key, edge_node)
    leads = [(folded(word), lead) for lead, words in _WORDS_BEFORE.items() for word in words.split()]
    return HandleTrie(
        starts, edge_key, edge_node, np.array(first, np.int32), np.array(following, np.int32),
        np.array(spelling, np.uint32), np.array(is_letter, np.bool_), np.array(spelling_at, np.int64),
        np.array(before, np.int32), np.array(after, np.int32), np.array(letters, np.int32),
        np.array(strength, np.uint8), np.array([not name.isascii() for name in names], np.bool_),
        np.array([ord(letter) for word, _ in leads for letter in word], np.uint32),
        np.cumsum([0, *(len(word) for word, _ in leads)], dtype=np.int64),
        np.array([lead for _, lead in leads], np.uint8), max(letters),
    )  # fmt: skip


def _strength(inner: str, letters: int) -> int:
    """How unlike an ordinary word or a brand a handle is. A number as in `france24` makes it only `NUMBERED`."""
    digits = sum(letter.isdigit() for letter in inner)
    if "_" in inner and letters >= 4:
        return DISTINCTIVE if len(inner) >= _LEAST_DISTINCTIVE else UNDERSCORED
    if digits >= 5 and len(inner) >= _LEAST_DISTINCTIVE and digits < len(inner):
        return DISTINCTIVE
    return NUMBERED if 0 < digits < len(inner) and letters >= 4 else ORDINARY


@compiled
def _place_edges(keys: U64, nodes: I32, edge_key: U64, edge_node: I32) -> None:
    for row in range(len(keys)):
        place = free_place(edge_key, place_by_low_bits(mix(keys[row]), len(edge_key)))
        edge_key[place] = keys[row]
        edge_node[place] = nodes[row]


def _start(letter: Any, second: Any) -> Int:
    """Place in `HandleTrie.starts` of the first two letters of a word."""
    return (np.int64(letter) * 67 + np.int64(second)) & (_STARTS - 1)


start = inlined(_start)
"""For kernels. What only kernels call is not kept on disk; so others call `_start` and need not wait for a compiler."""


@inlined
def _child(edge_key: U64, edge_node: I32, node: Int, letter: np.uint32) -> Int:
    """The node that `letter` leads to from `node`, or 0."""
    key = (np.uint64(node) << np.uint64(21) | np.uint64(letter)) + np.uint64(1)
    place = key_place(edge_key, key, place_by_low_bits(mix(key), len(edge_key)))
    return np.int64(edge_node[place]) if edge_key[place] != 0 else np.int64(0)


@inlined
def is_letter(kind: Any) -> bool:
    """Whether a character of this kind is part of a word."""
    return bool(kind == chars.WORD or kind == chars.UNSPACED)  # noqa: PLR1714 - faster compiled than a tuple


@inlined
def walk(
    points: U32, kinds: U8, begin: Int, count: Int, edge_key: U64, edge_node: I32, first: I32, ends: I64
) -> int:
    """Find the handles that begin at `begin`.

    Writes node and index of the last letter of each to `ends`, and returns how many there are.
    """
    handles = 0
    node = np.int64(0)
    between = 0
    for place in range(begin, count):
        kind = kinds[place]
        if is_letter(kind):
            node = np.int64(_child(edge_key, edge_node, node, points[place]))
            if node == 0:
                break
            between = 0
            goes_on = place + 1 < count and kind == chars.WORD and kinds[place + 1] == chars.WORD
            if first[node] >= 0 and not goes_on:
                ends[handles, 0] = node
                ends[handles, 1] = place
                handles += 1
        else:
            between += 1
            if between > MOST_BETWEEN or kind not in (
                chars.SPACE,
                chars.JOINER,
                chars.DOT,
                chars.HYPHEN,
                chars.MARK,
                chars.PUNCTUATION,
            ):
                break
    return handles
