"""Near-duplicate texts become one object, so that the co-share engine treats them like any URL.

The text of every post gets an object key. Equal normalised texts get the same key. A text that is nearly equal to a
recent text takes the key of that text, its *leader*. A text is compared with leaders only, so a chain of small edits
cannot drift from one text to another.

Candidates come from MinHash bands: for each band, the most recent leader with that band. A candidate matches if the
estimated Jaccard similarity reaches `similarity`. `docs/decisions/0002-text-objects.md` explains why leaders are
objects and bands are not.
"""

from typing import ClassVar, NamedTuple, Self

import numpy as np

from detectors.arrays.compiled import compiled, inlined
from detectors.arrays.copying import put
from detectors.arrays.dtypes import I64, U8, U32, U64, Bools, Int
from detectors.arrays.hash_index import is_full, key_place, least_places, place_in_order
from detectors.arrays.hashing import mix
from detectors.config import TraceConfig
from detectors.traces.text import BANDS, PERMUTATIONS, band_key, minima, multipliers

_FIRST_SIZE = 1 << 12
"""Room for texts, leaders and bands at the start."""
_STEP = 4_096
"""Texts that are taken in at a time; tables have room for two steps more than they need. Chosen, not measured."""
_NUMBERS = 1 << 32
"""Bands know a leader by its number modulo this. Forgotten leaders leave long before so many are made."""


class _Tables(NamedTuple):
    """Exact texts, leaders and bands. A slot of key 0 is empty."""

    text_key: U64  # (slots,) open addressing by the exact text
    text_object: U64
    text_seen: I64  # event time of last use, seconds
    text_leader: I64  # number of the leader of the text, or -1
    leader_object: U64  # (leaders,) a ring, by order of creation
    leader_seen: I64
    leader_bytes: U8  # (leaders, PERMUTATIONS) low byte of each minimum
    band_key: U64  # (slots,) open addressing by band
    band_leader: U32  # number of the leader, its low 32 bits


class TextObjects:
    """Assigns object keys to texts, in the order of events.

    Args:
        similarity: least Jaccard similarity of near-duplicates, 0-1.
        min_shingles: texts with fewer distinct shingles match only equal texts.
        memory_s: seconds of event time for which a text is remembered after its last use.
        max_leaders: most leaders kept. The oldest leave first. Each needs 0.6 to 0.9 kB.
    """

    not_state: ClassVar[frozenset[str]] = frozenset(
        {"_similarity", "_min_shingles", "_memory_s", "_max_leaders", "_multipliers"}
    )

    def __init__(self, similarity: float, min_shingles: int, memory_s: int, max_leaders: int) -> None:
        self._similarity = similarity
        self._min_shingles = min_shingles
        self._memory_s = memory_s
        self._max_leaders = max_leaders
        self._multipliers = multipliers()
        # texts in the table, leaders made, bands in the table, the first leader that is held
        self._counts = np.zeros(4, np.int64)
        self._evicted_early = np.zeros(1, np.int64)
        self._tables = _empty(_FIRST_SIZE, min(max_leaders, _FIRST_SIZE), _FIRST_SIZE)

    @classmethod
    def of(cls, traces: TraceConfig) -> Self:
        """The text memory for these settings. With `near_duplicates` off, no similarity is high enough."""
        return cls(
            traces.similarity if traces.near_duplicates else 2.0,
            traces.near_duplicate_shingles,
            traces.text_memory_s,
            traces.max_texts,
        )

    @property
    def leaders_made(self) -> int:
        """Count of leaders since the start. If it exceeds `max_leaders`, the oldest have left."""
        return int(self._counts[1])

    @property
    def held(self) -> int:
        """Count of leaders in the table, including those not used for longer than `memory_s`."""
        return min(self.leaders_made - int(self._counts[3]), self._max_leaders)

    @property
    def evicted_early(self) -> int:
        """Count of leaders that left to make room while they were still remembered."""
        return int(self._evicted_early[0])

    def assign(self, shingles: U32, offsets: I64, exact: U64, times: I64) -> tuple[U64, Bools]:
        """Object keys for texts in event order.

        Args:
            shingles: hashed shingles of normalised texts (`detectors.traces.text.text_shingles`).
            offsets: where those of each text begin, and where the last ones end; int64, shape (n + 1,).
            exact: uint64, shape (n,): hash of each normalised text.
            times: int64, shape (n,): event time in seconds, never falling.

        Returns:
            uint64, shape (n,): the object keys. bool, shape (n,): whether the text begins its object, because no
            remembered text is nearly equal.
        """
        objects = np.empty(len(exact), np.uint64)
        begins_object = np.zeros(len(exact), np.bool_)
        for begin in range(0, len(exact), _STEP):
            end = min(begin + _STEP, len(exact))
            self._reserve(end - begin, int(times[begin]))
            _assign(
                shingles,
                offsets[begin : end + 1],
                exact[begin:end],
                times[begin:end],
                self._tables,
                self._counts,
                self._evicted_early,
                self._multipliers,
                self._similarity,
                self._min_shingles,
                self._memory_s,
                objects[begin:end],
                begins_object[begin:end],
            )
        return objects, begins_object

    def _reserve(self, texts: int, now: int) -> None:
        """Make room for `texts` more texts, and drop what is forgotten at `now`. Later results do not change."""
        old = self._tables
        made, first = int(self._counts[1]), int(self._counts[3])
        leaders = len(old.leader_object)
        if (
            not is_full(len(old.text_key), int(self._counts[0]) + texts)
            and not is_full(len(old.band_key), int(self._counts[2]) + texts * BANDS)
            and (leaders >= self._max_leaders or made - first + texts <= leaders)
        ):
            return
        oldest = now - self._memory_s
        alive = old.leader_seen >= oldest
        alive_texts = int(np.count_nonzero((old.text_key != 0) & (old.text_seen >= oldest)))
        first = _first_alive(alive, max(first, made - leaders), made)
        # room for the remembered entries, a quarter more, and a spare step, so the next call does not rebuild
        new = _empty(
            max(_FIRST_SIZE, least_places((alive_texts + 2 * texts) * 5 // 4)),
            min(self._max_leaders, max(_FIRST_SIZE, (made - first) * 5 // 4 + 2 * texts)),
            max(_FIRST_SIZE, least_places((int(np.count_nonzero(alive)) * 5 // 4 + 2 * texts) * BANDS)),
        )
        _rebuild(old, new, self._counts, first, oldest)
        self._tables = new


def _first_alive(alive: Bools, first: int, made: int) -> int:
    """The first leader from number `first` on that is alive, or `made`; `alive` is by place in the ring."""
    numbers = np.arange(first, made)
    places = np.flatnonzero(alive[numbers % len(alive)])
    return first + int(places[0]) if len(places) else made


def _empty(texts: int, leaders: int, bands: int) -> _Tables:
    return _Tables(
        np.zeros(texts, np.uint64),
        np.zeros(texts, np.uint64),
        np.zeros(texts, np.int64),
        np.full(texts, -1, np.int64),
        np.zeros(leaders, np.uint64),
        np.full(leaders, np.iinfo(np.int64).min, np.int64),
        np.zeros((leaders, PERMUTATIONS), np.uint8),
        np.zeros(bands, np.uint64),
        np.zeros(bands, np.uint32),
    )


@compiled
def _place(keys: U64, key: np.uint64) -> Int:
    """Slot of `key` in a table in order of hashes: where it is, or where it would go."""
    return key_place(keys, key, place_in_order(mix(key), len(keys)))


@inlined
def _leader_number(stored: np.uint32, made: Int) -> int:
    """The number of the leader of a band, when `made` leaders have been made."""
    return int(made - (made - np.int64(stored)) % _NUMBERS)


@compiled
def _rebuild(old: _Tables, new: _Tables, counts: I64, first: int, oldest: int) -> None:
    texts = 0
    for old_slot in range(len(old.text_key)):
        if old.text_key[old_slot] != 0 and old.text_seen[old_slot] >= oldest:
            new_slot = _place(new.text_key, old.text_key[old_slot])
            new.text_key[new_slot] = old.text_key[old_slot]
            new.text_object[new_slot] = old.text_object[old_slot]
            new.text_seen[new_slot] = old.text_seen[old_slot]
            new.text_leader[new_slot] = old.text_leader[old_slot]
            texts += 1
    counts[0] = texts
    first = max(first, counts[1] - len(new.leader_object))
    counts[3] = first
    for leader in range(first, counts[1]):
        old_row = leader % len(old.leader_object)
        new_row = leader % len(new.leader_object)
        new.leader_object[new_row] = old.leader_object[old_row]
        new.leader_seen[new_row] = old.leader_seen[old_row]
        put(old.leader_bytes[old_row], new.leader_bytes[new_row], 0)
    bands = 0
    for old_slot in range(len(old.band_key)):
        leader = _leader_number(old.band_leader[old_slot], counts[1])
        if old.band_key[old_slot] != 0 and leader >= first:
            if old.leader_seen[leader % len(old.leader_object)] >= oldest:
                new_slot = _place(new.band_key, old.band_key[old_slot])
                new.band_key[new_slot] = old.band_key[old_slot]
                new.band_leader[new_slot] = np.uint32(leader % _NUMBERS)
                bands += 1
    counts[2] = bands


@compiled
def _estimated_similarity(signature: U8, minhash: U32) -> float:
    """Estimated Jaccard similarity, corrected for bytes that are equal by chance (1 in 256)."""
    equal = 0
    for permutation in range(len(minhash)):
        equal += signature[permutation] == np.uint8(minhash[permutation] & np.uint32(0xFF))
    return (equal / len(minhash) - 1.0 / 256.0) / (1.0 - 1.0 / 256.0)


@compiled
def _assign(
    shingles: U32,
    offsets: I64,
    exact: U64,
    times: I64,
    tables: _Tables,
    counts: I64,
    evicted_early: I64,
    factors: U32,
    similarity: float,
    min_shingles: int,
    memory_s: int,
    objects: U64,
    begins_object: Bools,
) -> None:
    minhash = np.empty(PERMUTATIONS, np.uint32)
    keys = np.empty(BANDS, np.uint64)
    capacity = len(tables.leader_object)
    for row in range(len(exact)):
        now = times[row]
        text_slot = _place(tables.text_key, exact[row])
        in_table = tables.text_key[text_slot] != 0
        if in_table and tables.text_seen[text_slot] >= now - memory_s:
            tables.text_seen[text_slot] = now
            objects[row] = tables.text_object[text_slot]
            leader = tables.text_leader[text_slot]
            if leader >= 0 and leader >= counts[1] - capacity:
                tables.leader_seen[leader % capacity] = now  # or near-copies would lose a leader in use
            continue
        object_key = exact[row]
        leader = -1
        is_first = True
        own = shingles[offsets[row] : offsets[row + 1]]
        if len(own) >= min_shingles:
            minima(own, len(own), factors, minhash)
            best = similarity
            best_leader = -1
            for band in range(BANDS):
                keys[band] = band_key(minhash, band)
                band_slot = _place(tables.band_key, keys[band])
                if tables.band_key[band_slot] == 0:
                    continue
                candidate = _leader_number(tables.band_leader[band_slot], counts[1])
                leader_row = candidate % capacity
                if candidate == best_leader or candidate < counts[1] - capacity:
                    continue
                if tables.leader_seen[leader_row] < now - memory_s:
                    continue
                estimate = _estimated_similarity(tables.leader_bytes[leader_row], minhash)
                # on a tie the older leader wins, so that the answer does not depend on the order of bands
                if estimate > best or (estimate == best and (best_leader < 0 or candidate < best_leader)):
                    best = estimate
                    best_leader = candidate
            if best_leader >= 0:
                is_first = False
                leader = best_leader
                object_key = tables.leader_object[leader % capacity]
                tables.leader_seen[leader % capacity] = now
            else:
                leader = counts[1]
                leader_row = leader % capacity
                if tables.leader_seen[leader_row] >= now - memory_s:
                    evicted_early[0] += 1
                tables.leader_object[leader_row] = object_key
                tables.leader_seen[leader_row] = now
                for permutation in range(PERMUTATIONS):
                    tables.leader_bytes[leader_row, permutation] = np.uint8(
                        minhash[permutation] & np.uint32(0xFF)
                    )
                for band in range(BANDS):
                    band_slot = _place(tables.band_key, keys[band])
                    if tables.band_key[band_slot] == 0:
                        tables.band_key[band_slot] = keys[band]
                        counts[2] += 1
                    tables.band_leader[band_slot] = np.uint32(leader % _NUMBERS)
                counts[1] += 1
        begins_object[row] = is_first
        if not in_table:
            counts[0] += 1
        tables.text_key[text_slot] = exact[row]
        tables.text_object[text_slot] = object_key
        tables.text_leader[text_slot] = leader
        tables.text_seen[text_slot] = now
        objects[row] = object_key
