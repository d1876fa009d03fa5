"""Recurring crowds: nearly the same accounts around more than one object. This is the dual of the pair test.

A large group that acts together only two or three times leaves no pair with enough evidence, yet its crowds overlap far
beyond chance. For two crowds the expected overlap is |C1| |C2| sum of p1(a) p2(a) over accounts, where p is an
account's share of the activity of all accounts that were in crowds on that day. Organic crowds of one topic overlap
beyond chance too, but only a little. So a crowd counts as recurring only when the two crowds are largely the same set.
Benjamini-Hochberg over all pairs of crowds decides. Candidates come from MinHash of the members.
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

MIN_OVERLAP = 4
"""Least accounts that two crowds have in common, and so least accounts of a crowd. Smaller groups are left to the pair
test. Chosen, not measured."""
MAX_CROWD = 200
"""Most accounts of a crowd. Larger ones gather around an event: this is the last crowd stratum before *viral*."""
MIN_JACCARD = 0.35
"""Least Jaccard similarity of two crowds. Two crowds of one size that share half of their members have .33, so more
than half of the members must come again. Chosen, not measured."""
MAX_CROWDS_OF_ACCOUNT = 256
"""Most co-shared objects of an account. An account with more is left out of all crowds, since it is no evidence for
any one of them. Chosen to bound the work, not measured."""
CLOSE_WINDOW = 1
"""Crowds gather within this window: ten minutes."""
BURST_S = 600
"""Seconds within which a crowd gathers."""
OCCASION_S = 3_600
"""Least seconds between two occasions. Crowds closer in time may follow one event that many comment on."""
_SKETCH_BITS = 22
_BANDS = 12
"""Of two minima each: crowds with Jaccard similarity .5 are candidates with probability .97, .7 with .9997."""
_NEIGHBOURS = 4
"""Earlier crowds of a band that a crowd is compared with."""
_CROWDS_FOR_A_DAY = 20
"""Least crowds of a day whose activity is used. With fewer, it would be mostly that of the two crowds under test."""


class RecurringCrowd(NamedTuple):
    """Accounts that came together around two objects."""

    accounts: I32
    """Ascending."""
    surprise: float
    """Surprise of the overlap of the two crowds."""


class _Crowds(NamedTuple):
    """Crowds by number, ordered by object key. Members of crowd i: `account[start[i]:start[i + 1]]`, ascending."""

    start: I64
    account: I32
    time: I64  # of each member's first share, seconds


def recurring_crowds(
    rows: StructArray, pair_keys: U64, null: NullModel, level: float
) -> list[RecurringCrowd]:
    """Find the recurring crowds.

    Args:
        rows: evidence, records of `detectors.evidence.pair_table.ROWS`.
        pair_keys: uint64, the two account numbers of each pair.
        null: the null model.
        level: the false-discovery rate.

    Returns:
        The accounts in both of two crowds that recur, each set of accounts once, the most surprising first.
    """
    crowds = _crowds(rows, pair_keys, null.strata)
    count = len(crowds.start) - 1
    if count < 2:
        return []
    first, second = _candidates(crowds)
    overlap = _overlaps(crowds, first, second)
    sizes = np.diff(crowds.start)
    mostly_same = overlap >= MIN_JACCARD * (sizes[first] + sizes[second] - overlap)
    mostly_same &= overlap >= MIN_OVERLAP
    first, second, overlap = first[mostly_same], second[mostly_same], overlap[mostly_same]
    if not len(first):
        return []
    expected = sizes[first] * sizes[second] * _chance_of_same(crowds, first, second, null)
    surprise = np.array(
        [poisson_surprise(int(n), max(float(x), 1e-6)) for n, x in zip(overlap, expected, strict=True)]
    )
    passed = benjamini_hochberg(surprise, level, count * (count - 1) / 2)
    crowd_of: dict[bytes, RecurringCrowd] = {}
    for pair in np.flatnonzero(passed).tolist():
        accounts = _met_again(crowds, int(first[pair]), int(second[pair]))
        known = crowd_of.get(accounts.tobytes())
        if known is None or known.surprise < surprise[pair]:
            crowd_of[accounts.tobytes()] = RecurringCrowd(accounts, float(surprise[pair]))
    return sorted(crowd_of.values(), key=lambda crowd: (-crowd.surprise, crowd.accounts.tolist()))


def crowd_edges(crowds: list[RecurringCrowd]) -> tuple[U64, F64]:
    """Edges between all members of each crowd: keys as in the pair evidence, with repeats, and surprises.

    The surprise belongs to the crowd as a whole, so each edge carries it divided by the number of members.
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
        for first in range(begin, begin + size):
            for second in range(first + 1, begin + size):
                out[made] = (np.uint64(accounts[first]) << np.uint64(32)) | np.uint64(accounts[second])
                made += 1
        begin += size
    return out


def _crowds(rows: StructArray, pair_keys: U64, strata: int) -> _Crowds:
    """The crowds of objects that were not viral, without accounts of too many objects (`MAX_CROWDS_OF_ACCOUNT`)."""
    number, account, time, keys = _incidence(rows, pair_keys, strata)
    objects_of = np.bincount(account)
    calm = objects_of[account] <= MAX_CROWDS_OF_ACCOUNT if len(account) else np.zeros(0, np.bool_)
    number, account, time = number[calm], account[calm], time[calm]
    together = _bursts(number, time)
    number, account, time = number[together], account[together], time[together]
    size = np.bincount(number, minlength=len(keys))
    large = np.flatnonzero((size >= MIN_OVERLAP) & (size <= MAX_CROWD))
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
    """The row numbers of the entries in each object's largest burst: those within `BURST_S` of the burst's first.

    An audience that comes and goes over an hour is not one crowd, even if it returns often.
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
    object_of = np.repeat(np.arange(len(first_of)), np.diff(np.append(first_of, len(line))))
    starts = np.flatnonzero(size == largest[object_of])
    _, earliest = np.unique(object_of[starts], return_index=True)
    begin = starts[earliest]
    kept = (np.arange(len(line)) >= begin[object_of]) & (np.arange(len(line)) < (begin + largest)[object_of])
    return np.sort(order[kept])


@compiled
def _incidence(rows: StructArray, pair_keys: U64, strata: int) -> tuple[I64, I32, I64, U64]:
    """The crowd of each object: object number, account and time of its first share; and the object keys."""
    # most objects have one row, so two accounts: a small table of counts by hash leaves nearly all of them out
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
    for index in range(close_rows):
        if sketch[np.int64(rows[chosen[index]].object >> np.uint64(64 - _SKETCH_BITS))] >= 2:
            chosen[several] = chosen[index]
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
    entries = 0
    for index in range(several):
        row = chosen[index]
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
                number[entries] = thing
                account[entries] = np.int32(who)
                time[entries] = when
                entries += 1
                seen[place] = entries
            else:
                time[seen[place] - 1] = min(time[seen[place] - 1], when)
    return number[:entries], account[:entries], time[:entries], keys[:objects]


@compiled
def _minima(crowds: _Crowds) -> U64:
    """MinHash of each crowd's members; uint64, (crowds, 2 x bands)."""
    out = np.full((len(crowds.start) - 1, 2 * _BANDS), np.uint64(0xFFFFFFFFFFFFFFFF))
    for crowd in range(len(out)):
        for entry in range(crowds.start[crowd], crowds.start[crowd + 1]):
            base = mix(np.uint64(crowds.account[entry]) + np.uint64(1))
            for column in range(2 * _BANDS):
                value = mix(base + np.uint64(column) * np.uint64(0x9E3779B97F4A7C15))
                out[crowd, column] = min(out[crowd, column], value)
    return out


def _candidates(crowds: _Crowds) -> tuple[I64, I64]:
    """Pairs of crowds that agree in a band, each once, the lower number first."""
    minima = _minima(crowds)
    keys = []
    for band in range(_BANDS):
        order = np.lexsort((minima[:, 2 * band + 1], minima[:, 2 * band]))
        ordered = minima[order, 2 * band : 2 * band + 2]
        for step in range(1, _NEIGHBOURS + 1):
            same = np.flatnonzero((ordered[step:] == ordered[:-step]).all(axis=1))
            crowd, later = order[same], order[same + step]
            keys.append((np.minimum(crowd, later) << 32) | np.maximum(crowd, later))
    pairs = np.unique(np.concatenate(keys))
    return pairs >> 32, pairs & 0xFFFFFFFF


@compiled
def _overlaps(crowds: _Crowds, first: I64, second: I64) -> I64:
    """For each pair of crowds, the count of members of both that joined them on separate occasions; int64."""
    out = np.zeros(len(first), np.int64)
    for pair in range(len(first)):
        out[pair] = len(_met_again(crowds, first[pair], second[pair]))
    return out


@compiled
def _met_again(crowds: _Crowds, first: int, second: int) -> I32:
    """Members of both crowds that joined them on separate occasions, ascending."""
    i, end_i = crowds.start[first], crowds.start[first + 1]
    j, end_j = crowds.start[second], crowds.start[second + 1]
    out = np.empty(min(end_i - i, end_j - j), np.int32)
    count = 0
    while i < end_i and j < end_j:
        if crowds.account[i] == crowds.account[j]:
            if abs(crowds.time[i] - crowds.time[j]) >= OCCASION_S:
                out[count] = crowds.account[i]
                count += 1
            i += 1
            j += 1
        elif crowds.account[i] < crowds.account[j]:
            i += 1
        else:
            j += 1
    return out[:count]


def _chance_of_same(crowds: _Crowds, first: I64, second: I64, null: NullModel) -> F64:
    """The chance that a random member of one crowd is a random member of the other.

    Accounts are drawn by their activity, among those that were in any crowd of the day. The chance is never less than
    among all accounts.
    """
    accounts, column = np.unique(crowds.account, return_inverse=True)
    activity = _activity(accounts, null)
    share_of_all = activity / max(float(null.mass.sum()), 1.0)
    whole = float((share_of_all**2).sum())
    latest = np.maximum.reduceat(crowds.time, crowds.start[:-1])
    days, of_crowd, crowds_on = np.unique(latest // 86_400, return_inverse=True, return_counts=True)
    day_of_entry = np.repeat(of_crowd, np.diff(crowds.start))
    present = np.zeros((len(days), len(accounts)))
    present[day_of_entry, column] = activity[column]
    totals = present.sum(axis=1, keepdims=True)
    present = np.where(
        (crowds_on >= _CROWDS_FOR_A_DAY)[:, None], present / np.maximum(totals, 1.0), share_of_all[None, :]
    )
    together = np.maximum(present @ present.T, whole)
    return np.asarray(together[of_crowd[first], of_crowd[second]])


@compiled
def _activity(accounts: I32, null: NullModel) -> F64:
    """Count of shares of each account, over all kinds; float64."""
    out = np.zeros(len(accounts))
    for index in range(len(accounts)):
        for kind in range(len(null.mass)):
            out[index] += counted(null.counters, accounts[index], null.activity + kind)
    return out
