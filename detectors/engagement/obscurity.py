"""Whether an account, or the typical member of a network, is obscure among accounts of similar volume and age.

Tails. An account's tail is the share of its peers, itself included, that have as few or fewer. Ties count in full:
where four of five accounts have no followers, having none gives .8, which is no news. Peers are accounts of the same
platform that are not under test (`exclude`), in the same third by age (where age is known for most) and of similar
volume: the same power of two of posts, thin strata merged until there are 1,000 accounts. Reactions are compared per
post, among accounts with as many posts whose reactions are known. What is unknown is NaN, never zero.

Both figures together. Few followers make an account obscure, unless it is loud: in the upper quarter of reactions per
post, reactions take the place of followers. Where accounts are equal in this, the one with fewer reactions is more
obscure.

    score = max(tail of followers, 4 x mid-rank of reactions - 3), then tail of reactions

The tail of both is the rank of this score among the scores of peers. A rank allows for how followers and reactions
depend on one another; no fixed formula does. Where too few peers have both figures, the greater of the two tails
counts, which is valid under any dependence. Where one of the two is unknown, the other counts alone.

Networks. With n known members and k = n // 2 + 1, the typical member is the k-th most obscure: a majority is at least
as obscure. So one popular member does not hide ten obscure ones, and one obscure member does not make a network
obscure.

    p     = chance that k or more of n accounts drawn like the peers have its tail or less (the precedence test of
            Nelson 1963: beta-binomial, exact for members with the same peers)
    value = min(log10(1 / p) / 2, log9(1 / tail)), from 0 to 1

A value of .5 needs a p of 1 in 10 or less and a typical member in the lowest third of its peers; 1 needs 1 in 100 and
the lowest ninth. One random network in ten reaches .5: obscurity is a condition of suspicion, never the reason
(`docs/decisions/0011-covertness.md`).
"""

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar, NamedTuple

import numpy as np
import numpy.typing as npt
import scipy  # its parts load when first used

from detectors.arrays.dtypes import F64, I32, I64, Bools
from detectors.statistics.peer_ranks import THIRDS, PeerComparison, Ranks, median

OBSCURE = 1 / 3
"""Greatest tail of an obscure account: the lowest third of its peers. A choice. With it, about one in ten random
networks of three members has a value of .5 or more (measured, `docs/detectors/engagement.md`)."""
_TIES = 1e-8
"""Weight of the tail of reactions where scores are equal: below the smallest step of a tail for any number of peers
that memory holds."""
_FEW_POSTS = 5
"""Least posts of all members together for a network to be compared. A judgement, not measured."""


class ActivityFigures(NamedTuple):
    """Activity, reactions and followers of each account, by account number; all columns have the same length."""

    posts: I64
    """Posts in the window; 0: the account has no peers."""
    reactions: I64
    known_posts: I64
    """Posts whose reactions are known; 0: engagement is unknown. As in `engagement.EngagementTable`."""
    followers: I64
    """-1: unknown."""
    age_days: I64
    """-1: unknown."""
    platforms: I32
    """Small numbers from 0; followers and reactions are compared within a platform."""


class Tails(NamedTuple):
    """For each of several accounts, the share of its peers with as few or fewer. NaN: unknown."""

    followers: F64
    engagement: F64
    """Tail of reactions per post."""
    both: F64
    """Tail of followers and reactions together, or of the one that is known."""
    peers: I64
    """Count of peers behind `both`; 0: unknown."""
    lowest: Bools
    """Whether no peer has less, so that `both` is as low as it can be."""
    peer_followers: F64
    """Median of the peers' followers."""
    peer_reactions_per_post: F64


class Standing(StrEnum):
    """Whether a network is obscure, or why that is unknown."""

    OBSCURE = "obscure"
    """The typical member has much less than its peers (`value` of .5 or more)."""
    ORDINARY = "ordinary"
    """The typical member does not stand out from its peers. Where all accounts are obscure, none does."""
    NO_CONTRAST = "no_contrast"
    """Members' counts are at the minimum, like those of many peers: no account could stand out."""
    FEW_POSTS = "few_posts"
    """All members together have fewer than five posts in the window."""
    FEW_KNOWN = "few_known"
    """Neither followers nor reactions are known for half of the members or more, or for all but one."""
    FEW_PEERS = "few_peers"
    """Fewer than fifty peers to compare with."""


@dataclass(frozen=True, slots=True)
class NetworkObscurity:
    """How obscure the typical member of a network is."""

    standing: Standing
    value: float | None
    """0 to 1; None: unknown, and `standing` gives the reason."""
    p: float | None
    """Chance that a majority of random peers is as obscure; None as for `value`."""
    tail: float | None
    """Tail of the typical member; None: unknown."""
    followers_median: float | None
    """Median over the members; None: unknown."""
    followers_peer_median: float | None
    """Median over the members of the median of their peers; None: unknown."""
    reactions_per_post: float | None
    """Median over the members; None: unknown."""
    peer_reactions_per_post: float | None
    """Median over the members of the median of their peers; None: unknown."""
    known_members: int
    """Members whose tail is known."""
    share_obscure: float | None
    """Share of the known members that are obscure (a tail of `OBSCURE` or less); None: no member is known."""


class Peers:
    """The accounts that others are compared with. Made once for all networks of a tick, in O(accounts log accounts).

    Args:
        figures: of all accounts.
        exclude: bool, accounts that are not peers: members of networks under test, and registry accounts.

    Raises:
        ValueError: lengths differ.
    """

    not_state: ClassVar[frozenset[str]] = frozenset()
    figures: ActivityFigures
    _thirds: I64
    _by_followers: PeerComparison
    _by_engagement: PeerComparison
    _by_both: PeerComparison

    def __init__(self, figures: ActivityFigures, exclude: Bools) -> None:
        if {len(column) for column in figures} != {len(exclude)}:
            raise ValueError("all figures and exclude must have the same length")
        self.figures = figures
        peers = np.flatnonzero(~exclude & (figures.posts > 0))
        ages = figures.age_days[peers]
        ages = np.sort(ages[ages >= 0])
        self._thirds = np.full(len(exclude), -1)
        if len(ages) * 2 > len(peers):
            edges = ages[[len(ages) * third // THIRDS for third in range(1, THIRDS)]]
            self._thirds = np.where(figures.age_days >= 0, np.searchsorted(edges, figures.age_days), -1)
        self._by_followers = self._compared(
            peers[figures.followers[peers] >= 0], figures.posts, figures.followers.astype(np.float64)
        )
        self._by_engagement = self._compared(
            peers[figures.known_posts[peers] > 0],
            figures.known_posts,
            _ratio(figures.reactions, figures.known_posts),
        )
        followers, engagement = self._ranked(peers, figures.reactions[peers])
        whole = np.flatnonzero((followers.peers > 0) & (engagement.peers > 0))
        scores = np.full(len(exclude), np.nan)
        scores[peers[whole]] = _score(followers, engagement)[whole]
        self._by_both = self._compared(peers[whole], figures.posts, scores)

    def tails(self, accounts: I64, reactions: I64 | None = None) -> Tails:
        """Compare accounts with their peers.

        Args:
            accounts: account numbers, of excluded accounts or others.
            reactions: reactions they received, if other than in `figures`: for example only those from outside their
                network.
        """
        received = self.figures.reactions[accounts] if reactions is None else reactions
        followers, engagement = self._ranked(accounts, received)
        both = self._by_both.rank(*self._where(accounts, self.figures.posts), _score(followers, engagement))
        known = np.stack([both.peers, followers.peers, engagement.peers]) > 0
        # where both are known, but not both for enough peers: the greater tail
        worse = np.where(engagement.tail > followers.tail, 2, 1)
        alone = np.where(known[1] & known[2], worse, np.where(known[1], 1, 2))
        chosen = np.where(known[0], 0, alone)
        ranks = (both, followers, engagement)
        return Tails(
            followers.tail,
            engagement.tail,
            np.choose(chosen, [rank.tail for rank in ranks]),
            np.choose(chosen, [rank.peers for rank in ranks]),
            np.choose(chosen, [rank.lowest for rank in ranks]),
            followers.median,
            engagement.median,
        )

    def _compared(self, peers: I64, volumes: I64, values: F64) -> PeerComparison:
        return PeerComparison(*self._where(peers, volumes), values[peers])

    def _where(self, accounts: I64, volumes: I64) -> tuple[I64, I64, I64]:
        """Platform, third by age and stratum of volume of each account; -1: none."""
        # the exponent of a power of two is exact: 1 -> 0, 2-3 -> 1
        levels = np.frexp(volumes[accounts].astype(np.float64))[1].astype(np.int64) - 1
        return self.figures.platforms[accounts].astype(np.int64), self._thirds[accounts], levels

    def _ranked(self, accounts: I64, reactions: I64) -> tuple[Ranks, Ranks]:
        figures = self.figures
        followers = figures.followers[accounts].astype(np.float64)
        followers[followers < 0] = np.nan
        ratio = _ratio(reactions, figures.known_posts[accounts])
        return (
            self._by_followers.rank(*self._where(accounts, figures.posts), followers),
            self._by_engagement.rank(*self._where(accounts, figures.known_posts), ratio),
        )


def network_obscurity(peers: Peers, members: npt.ArrayLike, inside: I64 | None = None) -> NetworkObscurity:
    """The obscurity of a network, by its typical member.

    Args:
        peers: made with the members excluded.
        members: account numbers, each once.
        inside: reactions that each member received from other members (`EngagementStore.received_from`). They are
            subtracted, so members do not become less obscure by applauding one another. Reactions between peers
            are unknown and stay, so a closely knit group looks somewhat more obscure than it is.
    """
    accounts = np.asarray(members, np.int64)
    figures = peers.figures
    reactions = np.maximum(figures.reactions[accounts] - (0 if inside is None else inside), 0)
    tails = peers.tails(accounts, reactions)
    known = np.flatnonzero(tails.peers > 0)
    followers = figures.followers[accounts].astype(np.float64)
    followers[followers < 0] = np.nan
    rates = _ratio(reactions, figures.known_posts[accounts])
    standing, value, p, tail = _standing(peers, accounts, tails)
    return NetworkObscurity(
        standing,
        value,
        p,
        tail,
        _median(followers),
        _median(tails.peer_followers),
        _median(rates),
        _median(tails.peer_reactions_per_post),
        len(known),
        float((tails.both[known] <= OBSCURE).mean()) if len(known) else None,
    )


def majority_chance(tail: float, peers: int, members: int) -> float:
    """Chance that a majority of members has `tail` or less, if members are drawn like the peers.

    Args:
        tail: share of `peers` and one more, a multiple of 1 / (peers + 1).
        peers: count of peers.
        members: count of members.
    """
    least = np.arange(members // 2 + 1, members + 1)
    # how many of n more draws precede the c-th of N drawn before: beta-binomial with c and N + 1 - c
    below = tail * (peers + 1)
    above = (1 - tail) * (peers + 1)
    if above <= 0:
        return 1.0
    logs = (
        scipy.special.betaln(least + below, members - least + above)
        - scipy.special.betaln(below, above)
        - scipy.special.betaln(least + 1, members - least + 1)
        - np.log(members + 1)
    )
    return float(min(1.0, np.exp(logs).sum()))


def _standing(
    peers: Peers, members: I64, tails: Tails
) -> tuple[Standing, float | None, float | None, float | None]:
    """Standing, value, p and tail of a network, as in `NetworkObscurity`."""
    known = np.flatnonzero(tails.peers > 0)
    figures = peers.figures
    with_figures = (figures.posts[members] > 0) & (
        (figures.followers[members] >= 0) | (figures.known_posts[members] > 0)
    )
    if figures.posts[members].sum(dtype=np.float64) < _FEW_POSTS:
        return Standing.FEW_POSTS, None, None, None
    if len(known) < 2 or len(known) * 2 <= len(members):
        few = with_figures.sum() < 2 or with_figures.sum() * 2 <= len(members)
        return Standing.FEW_KNOWN if few else Standing.FEW_PEERS, None, None, None
    majority = len(known) // 2 + 1
    tail = float(np.sort(tails.both[known])[majority - 1])
    if (tails.lowest[known] & (tails.both[known] > OBSCURE)).sum() >= majority:
        return Standing.NO_CONTRAST, None, None, tail
    p = majority_chance(tail, int(median(tails.peers[known])), len(known))
    by_chance = -math.log10(max(p, 1e-300)) / 2
    by_tail = -math.log(tail, 9)
    value = min(1.0, max(0.0, min(by_chance, by_tail)))
    return Standing.OBSCURE if value >= 0.5 else Standing.ORDINARY, value, p, tail


def _score(followers: Ranks, engagement: Ranks) -> F64:
    """The score that accounts are ranked by, ascending from the most obscure; NaN where a figure is unknown."""
    loud = 4 * engagement.middle - 3
    return np.where(followers.peers > 0, np.maximum(followers.tail, loud) + _TIES * engagement.tail, np.nan)


def _ratio(reactions: I64, known_posts: I64) -> F64:
    """Reactions per post, NaN where unknown; equal ratios are equal to the bit."""
    return np.where(known_posts > 0, reactions / np.maximum(known_posts, 1), np.nan)


def _median(values: F64) -> float | None:
    known = values[~np.isnan(values)]
    return median(known) if len(known) else None
