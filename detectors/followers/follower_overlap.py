"""Who is followed by accounts of the registry more than chance would have it: accounts, networks and pairs.

Null model (`statistics.follower_chance`): of the followers of an organic account, a share that depends on its size
belongs to the registry, and accounts of one size differ in how much they interest the registry. Both are estimated
from the follow stream, without the registry's own accounts and without those under test. Measured: 9 followers of
which 3 are of the registry have p 1e-16 at a share of 1e-6, 1e-7 at 1e-3 and 4e-4 at 1.5e-2, so the share decides.

An account that no follow event was about is unknown, and left out. Surprising followers are suspicion, never proof:
an embassy follows the small clubs around it, too.

Source of the pair model: Chung and Lu, "Connected components in random graphs with given expected degree
sequences" (2002).
"""

from typing import ClassVar, NamedTuple

import numpy as np
from scipy.sparse import csr_array, triu

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
"""One registry follower in common says nothing."""
MOST_FOLLOWED = 200
"""A registry account that follows more of the accounts compared tells little of any two of them."""
_SAMPLE = 1_000
"""Organic accounts that pairs are compared with."""


class AccountTails(NamedTuple):
    """For each account asked for: float64 or int64, of one length."""

    seen: Bools
    """Whether a follow event was about the account; where not, it is unknown and p is 1."""
    followers: I64
    observed: I64
    """Followers in the registry."""
    expected: F64
    p: F64
    """Chance of as many registry followers or more for an organic account of this size."""


class Enrichment(NamedTuple):
    """For a network: its members' registry followers against what their sizes give."""

    members: int
    """Members that follow events were about, those in the registry left out."""
    observed: int
    """Follow edges from the registry to these."""
    distinct: int
    """Registry accounts that they come from."""
    expected: float
    p: float
    """1 unless two members or more are followed, by two registry accounts or more in all."""


class OverlappingPairs(NamedTuple):
    """Pairs of accounts that share registry followers, ordered by (first, second)."""

    first: I64
    """Place among the keys asked for."""
    second: I64
    shared: I64
    expected: F64
    p: F64
    """Before any correction for the number of pairs."""
    compared: int
    """Pairs that could have been told: the number of hypotheses."""


class FollowNullModel:
    """The null model of a book as it is now.

    Args:
        book: follow edges of one platform: platforms differ in who is there, so each has a book of its own.
        under_test: uint64, keys of accounts that must not set their own bar: members of networks, for example.
            Accounts asked for later are taken out one by one in any case.
    """

    not_state: ClassVar[frozenset[str]] = frozenset()
    _book: FollowerStore
    _known: Followees
    _followers: I64
    _registry: I64
    _reference: Sums

    def __init__(self, book: FollowerStore, under_test: U64 | None = None) -> None:
        self._book = book
        self._known = book.followees()
        # what is incomplete or left out counts as followed by nobody, and so for nothing
        self._followers = self._known.followers * self._known.complete
        left_out = book.registry_keys if under_test is None else np.append(book.registry_keys, under_test)
        place, found = places(self._known.keys, left_out)
        self._followers[place[found]] = 0
        self._registry = self._known.registry * (self._followers > 0)
        self._reference = Sums(*sums_by_stratum(self._followers, self._registry))

    def account_tails(self, keys: U64) -> AccountTails:
        """How surprising the registry followers of each account are; no account is compared with itself.

        Args:
            keys: uint64, (n,).

        Returns:
            Arrays of shape (n,).
        """
        seen, followers, registry = self._book.followers_of(keys)
        own = single_sums(*self._in_reference(keys))
        rate, dispersion = share_and_dispersion(
            self._reference.of(strata_of(followers)).less(own), self._reference.total().less(own)
        )
        expected = np.where(seen, rate * followers, 0.0)
        return AccountTails(seen, followers, registry, expected, upper_tail(registry, expected, dispersion))

    def enrichment(self, keys: U64) -> Enrichment:
        """How surprising the registry followers of a network are, all members together.

        Members are taken to share what makes them interesting, as accounts of one place or topic do: their spreads
        add up instead of averaging out. Members that are in the registry themselves are left out, since
        colleagues follow one another.

        Args:
            keys: uint64, the members.
        """
        members = _distinct(keys)
        members = members[~places(self._book.registry_keys, members)[1]]
        seen, followers, registry = self._book.followers_of(members)
        members, followers, registry = members[seen], followers[seen], registry[seen]
        if not len(members):
            return Enrichment(0, 0, 0, 0.0, 1.0)
        reference = self._reference.less(Sums(*sums_by_stratum(*self._in_reference(members))))
        rate, dispersion = share_and_dispersion(reference, reference.total())
        strata = strata_of(followers)
        means = rate[strata] * followers
        expected = max(float(means.sum()), np.finfo(np.float64).tiny)
        spread = (float((np.sqrt(dispersion[strata]) * means).sum()) / expected) ** 2
        distinct = len(_distinct(self._book.registry_follows(members)[1].astype(np.uint64)))
        observed = int(registry.sum())
        told = np.count_nonzero(registry) >= 2 and distinct >= 2
        p = float(upper_tail(np.array([observed]), np.array([expected]), np.array([spread]))[0])
        return Enrichment(len(members), observed, distinct, expected, p if told else 1.0)

    def overlapping_pairs(
        self, keys: U64, *, max_followers: int = 1_000, max_p: float = 1e-2
    ) -> OverlappingPairs:
        """Which of the accounts have registry followers in common, given how many each has.

        Of accounts a and b with x_a and x_b registry followers, registry account j follows both with probability
        x_a x_b (d_j / D)^2, d_j being the number of accounts that it follows and D the sum of them. Pairs differ in
        how near they are to each other; by how much is estimated from a sample of organic accounts of such sizes.
        Only what registry accounts follow is looked at: about 300 of them with 100 accounts each are 3e6 steps.

        Args:
            keys: uint64, accounts; each is looked at once, under its first place.
            max_followers: accounts with more are left out: many people share those.
            max_p: accounts whose own tail is larger are left out.
        """
        tails = self.account_tails(keys)
        fit = tails.seen & (tails.followers <= max_followers) & (tails.p <= max_p) & (tails.observed > 0)
        at = np.flatnonzero(fit)
        at = at[np.unique(np.asarray(keys)[at], return_index=True, return_counts=True)[1]]
        at.sort()
        compared = np.asarray(keys, np.uint64)[at]
        found = self._shared(compared)
        told = found.shared >= MIN_SHARED
        first, second, shared = found.first[told], found.second[told], found.shared[told]
        expected = (found.sizes[first] * found.sizes[second] * found.concentration).astype(np.float64)
        dispersion = np.full(len(shared), self._pair_dispersion(max_followers, compared))
        return OverlappingPairs(
            at[first],
            at[second],
            shared,
            expected,
            upper_tail(shared, expected, dispersion),
            len(at) * (len(at) - 1) // 2,
        )

    def _in_reference(self, keys: U64) -> tuple[I64, I64]:
        """Followers and registry followers of each account as the reference has them, 0 for all others."""
        place, found = places(self._known.keys, keys)
        if not len(self._known.keys):
            return np.zeros(len(keys), np.int64), np.zeros(len(keys), np.int64)
        return self._followers[place] * found, self._registry[place] * found

    def _shared(self, keys: U64) -> "_Shared":
        """Registry followers that accounts have in common, without those that follow too many of them."""
        start, numbers = self._book.registry_follows(keys)
        out_degree = self._book.out_degrees
        telling = np.bincount(numbers, minlength=len(out_degree)) <= MOST_FOLLOWED
        shape = (len(keys), len(out_degree))
        follows = csr_array((telling[numbers].astype(np.int64), numbers, start), shape=shape)
        follows.eliminate_zeros()
        pairs = triu(follows @ follows.T, k=1).tocoo()
        order = np.lexsort((pairs.col, pairs.row))
        weights = out_degree[telling] / max(float(out_degree[telling].sum()), 1.0)
        return _Shared(
            pairs.row[order].astype(np.int64),
            pairs.col[order].astype(np.int64),
            pairs.data[order],
            np.diff(follows.indptr).astype(np.int64),
            float((weights**2).sum()),
        )

    def _pair_dispersion(self, max_followers: int, compared: U64) -> float:
        """The dispersion of shared registry followers over pairs of organic accounts."""
        fit = (self._registry >= MIN_SHARED) & (self._followers <= max_followers)
        place, found = places(self._known.keys, compared)
        fit[place[found]] = False
        # keys are hashes, so the first ones are a random sample, and the same in every run
        sample = self._shared(self._known.keys[fit][:_SAMPLE])
        sizes = sample.sizes.astype(np.float64) ** 2
        squares = sample.concentration**2 * (float(sizes.sum()) ** 2 - float((sizes**2).sum())) / 2
        return pair_dispersion(sample.shared, squares)


class _Shared(NamedTuple):
    first: I64
    second: I64
    shared: I64  # one or more
    sizes: I64  # registry followers that count, by account
    concentration: float  # sum of the squared shares of registry accounts in all that they follow


def _distinct(keys: U64) -> U64:
    # with counts: numpy's plain unique is slow on 64-bit keys (its issue 31969)
    return np.unique(np.asarray(keys, np.uint64), return_counts=True)[0]
