"""Same followers: two accounts that nearly the same accounts began to follow within a short span.

Whoever buys followers, or joins a ring that follows by a list, gets them from one pool: the accounts that follow one
customer within a few days are those that follow the next. Ordinary accounts that come at the same time, from a front
page or a launch, choose: of what they see together each picks something else. So two followed accounts are a *ring* if

- of the accounts that began to follow either within the span, `SAME` or more surely follow both, and
- that many are more than chance gives. Each follower of the one has made `n` follows in the span; had it chosen all but
  that one by how often accounts were followed in the span, it would follow the other with chance (n - 1) x c / L,
  where c is the other's followers and L all follows. The surprise is that of the Poisson tail of their sum, taken from
  the side where it is larger; Benjamini-Hochberg over all pairs of accounts with `LEAST` followers or more decides.

Popularity is that of the same days, and includes what the ring itself did, so a launch is judged by its own rush. That
is why groups are tested and not pairs of followers: in a quiet week two accounts that share three follows prove little.
Accounts with more than `MOST` followers in the span are counted, and in no pair.

The idea of groups that follow the same accounts within one span is that of CopyCatch (Beutel et al., WWW 2013), and
its use on bought GitHub stars that of StarScout (He et al., ICSE 2026). The test is our own.
"""

from typing import NamedTuple

import numpy as np
import scipy  # its parts load when first used

from detectors.arrays.compiled import compiled
from detectors.arrays.dtypes import F64, I64, U64
from detectors.arrays.hashing import mix
from detectors.statistics.false_discovery import benjamini_hochberg
from detectors.statistics.tails import poisson_surprise

LEAST = 3
"""Least followers of an account that is compared, and least followers of both: as many as the smallest network has."""
MOST = 400
"""Most followers in the span of an account that is compared. It bounds the ties of a ring to 80,000; not measured."""
SAME = 0.58
"""Least share of the followers of either that follow both. Two launches of one maker share a third if half of the
visitors take each of them, and half if two in three do. Measured on sold stars among generated follows
(`docs/detectors/same-followers.md`)."""
_SURE = 0.9
"""How sure the least share has to be, 0-1."""
_BANDS = 10
"""Of two minima each: pairs of which .7 are the same are candidates with probability .9988."""
_NEIGHBOURS = 4
"""Earlier accounts of a band that an account is compared with."""


class Crowds(NamedTuple):
    """The followers of each account within a span. Those of account i: `member[start[i]:start[i + 1]]`, ascending."""

    followee: U64
    start: I64
    member: I64
    """Numbers of followers, within the span."""
    at: I64
    """When each began to follow, seconds."""
    follower: U64
    """Key of each follower, by its number."""
    follows: I64
    """Follows of each follower within the span, by its number."""
    total: int
    """All follows of the span."""
    popular: int
    """Accounts with more than `MOST` followers."""


class SameFollowers(NamedTuple):
    """Pairs of accounts with the same followers; parallel arrays."""

    first: I64
    """Place in `Crowds.followee`."""
    second: I64
    both: I64
    """Accounts that follow both."""
    expected: F64
    """How many chance gives."""
    surprise: F64


def crowds_of(follower: U64, followee: U64, at: I64) -> Crowds:
    """The followers of each account, each once, at its first follow.

    Args:
        follower: keys of the accounts that follow, in the order of `at`.
        followee: keys of the accounts that are followed.
        at: seconds, ascending.
    """
    keys, number, _ = np.unique(follower, return_inverse=True, return_counts=True)
    things, thing, _ = np.unique(followee, return_inverse=True, return_counts=True)
    order = np.lexsort((number, thing))  # stable: the first follow of each comes first
    number, thing, at = number[order].astype(np.int64), thing[order], at[order]
    first = np.append(True, (np.diff(thing) != 0) | (np.diff(number) != 0)) if len(at) else np.zeros(0, bool)
    number, thing, at = number[first], thing[first], at[first]
    follows = np.bincount(number, minlength=len(keys))
    sizes = np.bincount(thing, minlength=len(things))
    compared = (sizes >= LEAST) & (sizes <= MOST)
    kept = compared[thing]
    start = np.zeros(int(compared.sum()) + 1, np.int64)
    np.cumsum(sizes[compared], out=start[1:])
    return Crowds(
        things[compared],
        start,
        number[kept],
        at[kept],
        keys,
        follows,
        len(number),
        int((sizes > MOST).sum()),
    )


def same_followers(crowds: Crowds, level: float) -> SameFollowers:
    """The pairs of accounts with the same followers, beyond chance.

    Args:
        crowds: the followers of a span.
        level: the false-discovery rate.

    Returns:
        Pairs in the order of their places, the lower place first.
    """
    count = len(crowds.followee)
    first, second = _candidates(crowds)
    both = _common(crowds.start, crowds.member, first, second)
    sizes = np.diff(crowds.start)
    either = sizes[first] + sizes[second] - both
    same = (both >= LEAST) & (surely_shared(both, either) >= SAME)
    first, second, both = first[same], second[same], both[same]
    others = np.add.reduceat(crowds.follows[crowds.member] - 1, crowds.start[:-1]) if count else sizes
    expected = (
        np.maximum(others[first] * sizes[second], others[second] * sizes[first]) / max(crowds.total, 1)
    ).astype(np.float64)
    surprise = np.array(
        [
            poisson_surprise(int(observed), max(float(chance), 1e-6))
            for observed, chance in zip(both, expected, strict=True)
        ],
        np.float64,
    )
    passed = benjamini_hochberg(surprise, level, count * (count - 1) / 2)
    return SameFollowers(first[passed], second[passed], both[passed], expected[passed], surprise[passed])


def surely_shared(both: I64, either: I64) -> F64:
    """The share of the followers of either account that follow both, of which one can be `_SURE`; float64.

    The quantile of a Beta distribution from an even prior: three of three give .56, four of four .63, ten of twelve
    .64.
    """
    return np.asarray(scipy.special.betaincinv(both + 1.0, either - both + 1.0, 1.0 - _SURE))


def _candidates(crowds: Crowds) -> tuple[I64, I64]:
    """Pairs of crowds that agree in a band of minima, each once, the lower place first, in their order."""
    keys = [np.zeros(0, np.int64)]
    if len(crowds.followee) > 1:
        minima = _minima(crowds.start, crowds.member, crowds.follower)
        for band in range(_BANDS):
            order = np.lexsort((minima[:, 2 * band + 1], minima[:, 2 * band]))
            ordered = minima[order, 2 * band : 2 * band + 2]
            for step in range(1, _NEIGHBOURS + 1):
                same = np.flatnonzero((ordered[step:] == ordered[:-step]).all(axis=1))
                one, other = order[same], order[same + step]
                keys.append((np.minimum(one, other) << 32) | np.maximum(one, other))
    pairs = np.unique(np.concatenate(keys), return_counts=True)[0]
    return pairs >> 32, pairs & 0xFFFFFFFF


@compiled
def _minima(start: I64, member: I64, follower: U64) -> U64:
    """MinHash of the followers of each account; uint64, (accounts, 2 x bands)."""
    out = np.full((len(start) - 1, 2 * _BANDS), np.uint64(0xFFFFFFFFFFFFFFFF))
    for crowd in range(len(out)):
        for entry in range(start[crowd], start[crowd + 1]):
            base = mix(follower[member[entry]])
            for column in range(2 * _BANDS):
                value = mix(base + np.uint64(column) * np.uint64(0x9E3779B97F4A7C15))
                out[crowd, column] = min(out[crowd, column], value)
    return out


@compiled
def _common(start: I64, member: I64, first: I64, second: I64) -> I64:
    """For each pair, the count of accounts that follow both; int64."""
    out = np.zeros(len(first), np.int64)
    for pair in range(len(first)):
        i, end_i = start[first[pair]], start[first[pair] + 1]
        j, end_j = start[second[pair]], start[second[pair] + 1]
        while i < end_i and j < end_j:
            if member[i] == member[j]:
                out[pair] += 1
                i += 1
                j += 1
            elif member[i] < member[j]:
                i += 1
            else:
                j += 1
    return out
