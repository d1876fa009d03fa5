"""Recurring crowds: objects that nearly the same set of accounts shared, the dual of the pair test.

A large group that acts together only two or three times leaves no pair with enough evidence, yet its crowds
overlap far beyond chance. For two crowds the expected overlap is |C1| |C2| sum of p1(a) p2(a) over accounts, where p is
an account's share of the activity of all accounts that were in crowds on that day. Organic crowds of one topic overlap
beyond chance too, but mildly: a crowd counts as recurring only when the two are largely the same set. The gate is
Benjamini-Hochberg over all pairs of crowds; candidates come from MinHash of the members.
"""

from typing import NamedTuple

import numpy as np

from detectors.arrays.compiled import compiled
from detectors.arrays.dtypes import F64, I32, I64, U64, StructArray
from detectors.arrays.hashing import mix
from detectors.evidence.null_model import NullModel
from detectors.statistics.false_discovery import benjamini_hochberg
from detectors.statistics.tails import poisson_surprise
from detectors.synchrony.cells import in_window, widest_stratum
from detectors.synchrony.exposure import counted

MIN_CROWD = 4
"""Least accounts of a crowd. Smaller groups are left to the pair test. Chosen, not measured."""
MAX_CROWD = 200
"""Most accounts of a crowd. Larger ones gather around an event: this is the last crowd stratum before *viral*."""
MIN_OVERLAP = 4
"""Least accounts that two crowds have in common: no fewer than the smallest crowd. Chosen, not measured."""
MIN_JACCARD = 0.35
"""Least Jaccard similarity of two crowds. Two crowds of one size that share half of their members have .33, so half
of the members must come again. Organic crowds of one topic overlap beyond chance too, but less. Chosen, not
measured."""
MAX_CROWDS_OF_ACCOUNT = 256
"""Most co-shared objects of an account. Accounts with more say nothing about any one of their crowds. Chosen to bound
the work, not measured."""
CLOSE_WINDOW = 1
"""Crowds gather within this window: ten minutes."""
BURST_S = 600
"""Seconds within which a crowd gathers."""
OCCASION_S = 3_600
"""Crowds closer in time are one occasion, such as one event that many comment on."""
_SKETCH_BITS = 22
_BANDS = 12
"""Of two minima each: crowds with Jaccard similarity .5 are candidates with probability .97, .7 with .9997."""
_NEIGHBOURS = 4
"""Earlier crowds of a band that a crowd is compared with."""
_CROWDS_FOR_A_DAY = 20
"""With fewer crowds on a day, its activity would be that of the very crowds in question."""


class RecurringCrowd(NamedTuple):
    """Accounts that came together around two objects."""

    accounts: I32
    """Ascending."""
    surprise: float
    """Of an overlap of this size."""


class _Crowds(NamedTuple):
    """Crowds by number, ordered by object key; members of one are `account[start[i]:start[i + 1]]`, ascending."""

    start: I64
    account: I32
    time: I64  # of each member's first share, seconds


def recurring_crowds(
    rows: StructArray, pair_keys: U64, null: NullModel, level: float
) -> list[RecurringCrowd]:
    """Find the accounts behind recurring crowds.

    Args:
        rows: evidence, records of `detectors.evidence.pair_table.ROWS`.
        pair_keys: uint64, the two account numbers of each pair.
        null: the null model.
        level: the false-discovery rate.

    Returns:
        The overlap of pairs of crowds that recur, once for each set of accounts, the most surprising first.
    """
    crowds = _crowds(rows, pair_keys, null.strata)
    count = len(crowds.start) - 1
    if count < 2:
        return []
    first, second = _candidates(crowds)
    overlap = _overlaps(crowds, first, second)
    sizes = np.diff(crowds.start)
    largely = overlap >= MIN_JACCARD * (sizes[first] + sizes[second] - overlap)
    alike = largely & (overlap >= MIN_OVERLAP)
    first, second, overlap = first[alike], second[alike], overlap[alike]
    if not len(first):
        return []
    expected = sizes[first] * sizes[second] * _chance_of_same(crowds, first, second, null)
    surprise = np.array(
        [poisson_surprise(int(n), max(float(x), 1e-6)) for n, x in zip(overlap, expected, strict=True)]
    )
    passed = benjamini_hochberg(surprise, level, count * (count - 1) / 2)
    found: dict[bytes, RecurringCrowd] = {}
    for at in np.flatnonzero(passed).tolist():
        both = _met_again(crowds, int(first[at]), int(second[at]))
        known = found.get(both.tobytes())
        if known is None or known.surprise < surprise[at]:
            found[both.tobytes()] = RecurringCrowd(both, float(surprise[at]))
    return sorted(found.values(), key=lambda crowd: (-crowd.surprise, crowd.accounts.tolist()))


def crowd_edges(crowds: list[RecurringCrowd]) -> tuple[U64, F64]:
    """Every pair of members of every crowd: keys as in the pair evidence, with repeats, and surprises.

    A crowd's surprise is everybody's: each member brings an even part of it.
    """
    if not crowds:
        return np.zeros(0, np.uint64), np.zeros(0)
    sizes = np.array([len(crowd.accounts) for crowd in crowds], np.int64)
    accounts = np.concatenate([crowd.accounts for crowd in crowds])
    keys = _all_pairs(accounts, sizes, int((sizes * (sizes - 1) // 2).sum()))
    even = np.array([crowd.surprise for crowd in crowds]) / sizes
    return keys, np.repeat(even, sizes * (sizes - 1) // 2)


@compiled
def _all_pairs(accounts: I32, sizes: I64, count: int) -> U64:
    out = np.empty(count, np.uint64)
    made = 0
    begin = 0
    for size in sizes:
        for one in range(begin, begin + size):
            for other in range(one + 1, begin + size):
                out[made] = (np.uint64(accounts[one]) << np.uint64(32)) | np.uint64(accounts[other])
                made += 1
        begin += size
    return out


def _crowds(rows: StructArray, pair_keys: U64, strata: int) -> _Crowds:
    """The crowds of objects that were not viral, without accounts that are in every other crowd."""
    number, account, time, keys = _incidence(rows, pair_keys, strata)
    of_account = np.bincount(account)
    calm = of_account[account] <= MAX_CROWDS_OF_ACCOUNT if len(account) else np.zeros(0, np.bool_)
    number, account, time = number[calm], account[calm], time[calm]
    together = _bursts(number, time)
    number, account, time = number[together], account[together], time[together]
    size = np.bincount(number, minlength=len(keys))
    large = np.flatnonzero((size >= MIN_CROWD) & (size <= MAX_CROWD))
    large = large[np.argsort(keys[large], kind="stable")]
    renumbered = np.full(len(keys), -1, np.int64)
    renumbered[large] = np.arange(len(large))
    kept = renumbered[number] >= 0
    number, account, time = renumbered[number[kept]], account[kept], time[kept]
    order = np.argsort((number << 32) | account.astype(np.int64))
    start = np.zeros(len(large) + 1, np.int64)
    np.cumsum(size[large], out=start[1:])
    return _Crowds(start, account[order], time[order])


def _bursts(number: I64, time: I64) -> I64:
    """Of each object's entries, those in its largest burst: within `BURST_S` of the burst's first; row numbers.

    An audience that comes and goes over an hour is not one crowd, however often it returns.
    """
    if not len(number):
        return np.zeros(0, np.int64)
    order = np.lexsort((time, number))
    origin = int(time.min())
    span = int(time.max()) - origin + 2 * BURST_S
    line = number[order] * span + (time[order] - origin)
    ends = np.searchsorted(line, line + BURST_S, side="right")
    size = ends - np.arange(len(line))
    first_of = np.flatnonzero(np.append(True, np.diff(number[order]) != 0))
    largest = np.maximum.reduceat(size, first_of)
    of = np.repeat(np.arange(len(first_of)), np.diff(np.append(first_of, len(line))))
    starts = np.flatnonzero(size == largest[of])
    _, at = np.unique(of[starts], return_index=True)
    begin = starts[at]
    kept = (np.arange(len(line)) >= begin[of]) & (np.arange(len(line)) < (begin + largest)[of])
    return np.sort(order[kept])


@compiled
def _incidence(rows: StructArray, pair_keys: U64, strata: int) -> tuple[I64, I32, I64, U64]:
    """Who was in the crowd of which object, and when first: object numbers, accounts, times; keys of objects."""
    # most objects have one row, hence two accounts: a small table of counts by hash leaves nearly all of them out
    sketch = np.zeros(1 << _SKETCH_BITS, np.uint8)
    chosen = np.empty(len(rows), np.int64)
    close_rows = 0
    for row in range(len(rows)):
        close = in_window(rows[row].strata, CLOSE_WINDOW)
        if close and widest_stratum(rows[row].strata) < strata - 1:
            place = np.int64(rows[row].object >> np.uint64(64 - _SKETCH_BITS))
            sketch[place] = min(sketch[place] + 1, 2)
            chosen[close_rows] = row
            close_rows += 1
    several = 0
    for at in range(close_rows):
        if sketch[np.int64(rows[chosen[at]].object >> np.uint64(64 - _SKETCH_BITS))] >= 2:
            chosen[several] = chosen[at]
            several += 1
    size = 1024
    while size < several * 4:
        size *= 2
    mask = size - 1
    object_slots = np.zeros(size, np.int64)
    keys = np.empty(several, np.uint64)
    objects = 0
    seen = np.zeros(size, np.int64)
    number = np.empty(several * 2, np.int64)
    account = np.empty(several * 2, np.int32)
    time = np.empty(several * 2, np.int64)
    found = 0
    for at in range(several):
        row = chosen[at]
        key = rows[row].object
        place = np.int64(mix(key)) & mask
        while object_slots[place] != 0 and keys[object_slots[place] - 1] != key:
            place = (place + 1) & mask
        if object_slots[place] == 0:
            keys[objects] = key
            objects += 1
            object_slots[place] = objects
        thing = object_slots[place] - 1
        pair = pair_keys[rows[row].pair]
        for side in range(2):
            who = (pair >> np.uint64(32)) if side == 0 else (pair & np.uint64(0xFFFFFFFF))
            when = rows[row].time if who == rows[row].later else rows[row].time - rows[row].gap
            place = np.int64(mix((np.uint64(thing + 1) << np.uint64(32)) | who)) & mask
            while seen[place] != 0:
                known = seen[place] - 1
                if number[known] == thing and account[known] == who:
                    break
                place = (place + 1) & mask
            if seen[place] == 0:
                number[found] = thing
                account[found] = np.int32(who)
                time[found] = when
                found += 1
                seen[place] = found
            else:
                time[seen[place] - 1] = min(time[seen[place] - 1], when)
    return number[:found], account[:found], time[:found], keys[:objects]


@compiled
def _minima(crowds: _Crowds) -> U64:
    """MinHash of each crowd's members; uint64, (crowds, 2 x bands)."""
    out = np.full((len(crowds.start) - 1, 2 * _BANDS), np.uint64(0xFFFFFFFFFFFFFFFF))
    for crowd in range(len(out)):
        for at in range(crowds.start[crowd], crowds.start[crowd + 1]):
            base = mix(np.uint64(crowds.account[at]) + np.uint64(1))
            for k in range(2 * _BANDS):
                value = mix(base + np.uint64(k) * np.uint64(0x9E3779B97F4A7C15))
                out[crowd, k] = min(out[crowd, k], value)
    return out


def _candidates(crowds: _Crowds) -> tuple[I64, I64]:
    """Pairs of crowds that agree in a band, each once, the lower number first."""
    minima = _minima(crowds)
    found = []
    for band in range(_BANDS):
        order = np.lexsort((minima[:, 2 * band + 1], minima[:, 2 * band]))
        ordered = minima[order, 2 * band : 2 * band + 2]
        for step in range(1, _NEIGHBOURS + 1):
            same = np.flatnonzero((ordered[step:] == ordered[:-step]).all(axis=1))
            one, other = order[same], order[same + step]
            found.append((np.minimum(one, other) << 32) | np.maximum(one, other))
    pairs = np.unique(np.concatenate(found))
    return pairs >> 32, pairs & 0xFFFFFFFF


@compiled
def _overlaps(crowds: _Crowds, first: I64, second: I64) -> I64:
    """How many members two crowds have in common that met on separate occasions."""
    out = np.zeros(len(first), np.int64)
    for at in range(len(first)):
        out[at] = len(_met_again(crowds, first[at], second[at]))
    return out


@compiled
def _met_again(crowds: _Crowds, first: int, second: int) -> I32:
    """Members of both crowds that joined them on separate occasions, ascending."""
    i, end_i = crowds.start[first], crowds.start[first + 1]
    j, end_j = crowds.start[second], crowds.start[second + 1]
    out = np.empty(min(end_i - i, end_j - j), np.int32)
    found = 0
    while i < end_i and j < end_j:
        if crowds.account[i] == crowds.account[j]:
            if abs(crowds.time[i] - crowds.time[j]) >= OCCASION_S:
                out[found] = crowds.account[i]
                found += 1
            i += 1
            j += 1
        elif crowds.account[i] < crowds.account[j]:
            i += 1
        else:
            j += 1
    return out[:found]


def _chance_of_same(crowds: _Crowds, first: I64, second: I64, null: NullModel) -> F64:
    """The chance that a random member of one crowd is a random member of the other.

    An account counts by its activity, among the accounts that were in any crowd on the day. The chance is never taken
    to be less than over the activity of everybody.
    """
    accounts, column = np.unique(crowds.account, return_inverse=True)
    activity = _activity(accounts, null)
    everybody = activity / max(float(null.mass.sum()), 1.0)
    whole = float((everybody**2).sum())
    latest = np.maximum.reduceat(crowds.time, crowds.start[:-1])
    days, of_crowd, crowds_on = np.unique(latest // 86_400, return_inverse=True, return_counts=True)
    day_of_entry = np.repeat(of_crowd, np.diff(crowds.start))
    present = np.zeros((len(days), len(accounts)))
    present[day_of_entry, column] = activity[column]
    totals = present.sum(axis=1, keepdims=True)
    present = np.where(
        (crowds_on >= _CROWDS_FOR_A_DAY)[:, None], present / np.maximum(totals, 1.0), everybody[None, :]
    )
    together = np.maximum(present @ present.T, whole)
    return np.asarray(together[of_crowd[first], of_crowd[second]])


@compiled
def _activity(accounts: I32, null: NullModel) -> F64:
    """Shares of each account, of all kinds."""
    out = np.zeros(len(accounts))
    for at in range(len(accounts)):
        for kind in range(len(null.mass)):
            out[at] += counted(null.counters, accounts[at], null.activity + kind)
    return out
