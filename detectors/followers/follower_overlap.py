"""Accounts, networks and pairs that the registry follows more than chance explains.

Null model (`detectors.statistics.follower_chance`): a share of the followers of an organic account belongs to the
registry. The share depends on how many followers the account has, and accounts of one size differ in how much they
interest the registry. Both are estimated from the follow stream, without the registry's own accounts and without those
under test. The share decides: 9 followers of which 3 are in the registry have a p of 1e-16 at a share of 1e-6, 1e-7 at
1e-3 and 4e-4 at 1.5e-2 (measured).

An account that no follow event was about is unknown and left out. Surprising followers are a suspicion, never proof: an
embassy follows the small clubs around it, too.

Source of the pair model: Chung and Lu, "Connected components in random graphs with given expected degree
sequences" (2002).
"""

from typing import ClassVar, NamedTuple

import numpy as np
import scipy  # its parts load when first used

from detectors.arrays.dtypes import F64, I64, U64, Bools
from detectors.arrays.sorted_keys import places
from detectors.followers.followers import Followees, FollowerStore
from detectors.statistics.follower_chance import (
    Sums,
    pair_dispersion,
    share_and_dispersion,
    single_sums,
    strata_of,
    sums_by_stratum,
    upper_tail,
)

MIN_SHARED = 2
"""Least registry followers that a pair has in common: one registry account follows many."""
MOST_FOLLOWED = 200
"""A registry account that follows more of the compared accounts is left out: it says little about any two of them.
Bounds the work to 20,000 pairs for each registry account; not measured otherwise."""
_SAMPLE = 1_000
"""Organic accounts whose pairs give the dispersion. Bounds the work; not measured."""


class AccountTails(NamedTuple):
    """The registry followers of each account asked for; all columns have the same length."""

    seen: Bools
    """Whether a follow event was about the account; if not, its followers are unknown and p is 1."""
    followers: I64
    observed: I64
    """Followers in the registry."""
    expected: F64
    """Registry followers that an organic account of this size has on average."""
    p: F64
    """Chance of as many registry followers or more for an organic account of this size."""


class Enrichment(NamedTuple):
    """The registry followers of a network, compared with what its members' sizes explain."""

    members: int
    """Members that follow events were about, without those in the registry."""
    observed: int
    """Follow edges from the registry to these members."""
    distinct: int
    """Registry accounts that these edges come from."""
    expected: float
    """Such edges if the members were organic accounts of their sizes."""
    p: float
    """1 unless at least two members are followed, and by at least two registry accounts in all."""


class OverlappingPairs(NamedTuple):
    """Pairs of accounts that share registry followers, ordered by (first, second)."""

    first: I64
    """Index into the keys asked for."""
    second: I64
    shared: I64
    expected: F64
    p: F64
    """Without correction for the number of pairs."""
    compared: int
    """Pairs that were compared: the number of hypotheses."""


class FollowNullModel:
    """The null model of a follower store in its present state.

    Args:
        store: follow edges. Where platforms differ much, one store for each is better.
        under_test: uint64, keys of accounts that are left out of the estimates, so that they are not compared with
            themselves: members of networks, for example. Accounts asked for later are left out one by one in any
            case.
    """

    not_state: ClassVar[frozenset[str]] = frozenset()
    _store: FollowerStore
    _known: Followees
    _followers: I64
    _registry: I64
    _reference: Sums

    def __init__(self, store: FollowerStore, under_test: U64 | None = None) -> None:
        self._store = store
        self._known = store.followees()
        # accounts that are incomplete or left out get 0 followers, so they count for nothing
        self._followers = self._known.followers * self._known.complete
        left_out = store.registry_keys if under_test is None else np.append(store.registry_keys, under_test)
        place, known = places(self._known.keys, left_out)
        self._followers[place[known]] = 0
        self._registry = self._known.registry * (self._followers > 0)
        self._reference = Sums(*sums_by_stratum(self._followers, self._registry))

    def account_tails(self, keys: U64) -> AccountTails:
        """How surprising the registry followers of each account are. No account is compared with itself.

        Args:
            keys: uint64, (n,).

        Returns:
            Arrays of shape (n,).
        """
        seen, followers, registry = self._store.followers_of(keys)
        own = single_sums(*self._in_reference(keys))
        rate, dispersion = share_and_dispersion(
            self._reference.of(strata_of(followers)).less(own), self._reference.total().less(own)
        )
        expected = np.where(seen, rate * followers, 0.0)
        return AccountTails(seen, followers, registry, expected, upper_tail(registry, expected, dispersion))

    def enrichment(self, keys: U64) -> Enrichment:
        """How surprising the registry followers of all members of a network are together.

        Members are assumed to interest the registry for one common reason, as accounts of one place or topic do. Their
        spreads then add up instead of averaging out, which is the cautious choice. Members that are in the registry
        are left out, because colleagues follow one another.

        Args:
            keys: uint64, the members.
        """
        members = _distinct(keys)
        members = members[~places(self._store.registry_keys, members)[1]]
        seen, followers, registry = self._store.followers_of(members)
        members, followers, registry = members[seen], followers[seen], registry[seen]
        if not len(members):
            return Enrichment(0, 0, 0, 0.0, 1.0)
        reference = self._reference.less(Sums(*sums_by_stratum(*self._in_reference(members))))
        rate, dispersion = share_and_dispersion(reference, reference.total())
        strata = strata_of(followers)
        means = rate[strata] * followers
        expected = max(float(means.sum()), np.finfo(np.float64).tiny)
        spread = (float((np.sqrt(dispersion[strata]) * means).sum()) / expected) ** 2
        distinct = len(_distinct(self._store.registry_follows(members)[1].astype(np.uint64)))
        observed = int(registry.sum())
        several = np.count_nonzero(registry) >= 2 and distinct >= 2
        p = float(upper_tail(np.array([observed]), np.array([expected]), np.array([spread]))[0])
        return Enrichment(len(members), observed, distinct, expected, p if several else 1.0)

    def overlapping_pairs(
        self, keys: U64, *, max_followers: int = 1_000, max_p: float = 1e-2
    ) -> OverlappingPairs:
        """Pairs of accounts with registry followers in common, given how many each has.

        Of accounts a and b with x_a and x_b registry followers, registry account j follows both with probability
        x_a x_b (d_j / D)^2, where d_j is how many accounts j follows and D the sum of all d_j. Pairs differ in how
        close their accounts are to each other; that dispersion is estimated from a sample of organic accounts of such
        sizes. Work: the pairs that each registry account follows; 300 of them with 100 accounts each are 3e6 steps.

        Args:
            keys: uint64, accounts; of a repeated key the first place counts.
            max_followers: accounts with more followers are left out: popular accounts share many.
            max_p: accounts with a greater p of their own are left out.
        """
        tails = self.account_tails(keys)
        fit = tails.seen & (tails.followers <= max_followers) & (tails.p <= max_p) & (tails.observed > 0)
        chosen = np.flatnonzero(fit)
        chosen = chosen[np.unique(np.asarray(keys)[chosen], return_index=True, return_counts=True)[1]]
        chosen.sort()
        compared = np.asarray(keys, np.uint64)[chosen]
        pairs = self._shared(compared)
        several = pairs.shared >= MIN_SHARED
        first, second, shared = pairs.first[several], pairs.second[several], pairs.shared[several]
        expected = (pairs.sizes[first] * pairs.sizes[second] * pairs.concentration).astype(np.float64)
        dispersion = np.full(len(shared), self._pair_dispersion(max_followers, compared))
        return OverlappingPairs(
            chosen[first],
            chosen[second],
            shared,
            expected,
            upper_tail(shared, expected, dispersion),
            len(chosen) * (len(chosen) - 1) // 2,
        )

    def _in_reference(self, keys: U64) -> tuple[I64, I64]:
        """Followers and registry followers of each account that counts in the estimates, 0 for all others."""
        place, known = places(self._known.keys, keys)
        if not len(self._known.keys):
            return np.zeros(len(keys), np.int64), np.zeros(len(keys), np.int64)
        return self._followers[place] * known, self._registry[place] * known

    def _shared(self, keys: U64) -> "_Shared":
        """Registry followers that accounts have in common, without those that follow more than `MOST_FOLLOWED`."""
        start, numbers = self._store.registry_follows(keys)
        out_degree = self._store.out_degrees
        informative = np.bincount(numbers, minlength=len(out_degree)) <= MOST_FOLLOWED
        shape = (len(keys), len(out_degree))
        follows = scipy.sparse.csr_array((informative[numbers].astype(np.int64), numbers, start), shape=shape)
        follows.eliminate_zeros()
        pairs = scipy.sparse.triu(follows @ follows.T, k=1).tocoo()
        order = np.lexsort((pairs.col, pairs.row))
        weights = out_degree[informative] / max(float(out_degree[informative].sum()), 1.0)
        return _Shared(
            pairs.row[order].astype(np.int64),
            pairs.col[order].astype(np.int64),
            pairs.data[order],
            np.diff(follows.indptr).astype(np.int64),
            float((weights**2).sum()),
        )

    def _pair_dispersion(self, max_followers: int, compared: U64) -> float:
        """Dispersion of shared registry followers over pairs of organic accounts."""
        fit = (self._registry >= MIN_SHARED) & (self._followers <= max_followers)
        place, known = places(self._known.keys, compared)
        fit[place[known]] = False
        # keys are hashes, so the first ones are a random sample, the same in every run
        sample = self._shared(self._known.keys[fit][:_SAMPLE])
        sizes = sample.sizes.astype(np.float64) ** 2
        squares = sample.concentration**2 * (float(sizes.sum()) ** 2 - float((sizes**2).sum())) / 2
        return pair_dispersion(sample.shared, squares)


class _Shared(NamedTuple):
    first: I64
    second: I64
    shared: I64  # one or more
    sizes: I64  # registry followers that were compared, by account
    concentration: float  # sum of the squared shares of registry accounts in all that they follow


def _distinct(keys: U64) -> U64:
    # with counts: numpy's plain unique is slow on 64-bit keys (its issue 31969)
    return np.unique(np.asarray(keys, np.uint64), return_counts=True)[0]
