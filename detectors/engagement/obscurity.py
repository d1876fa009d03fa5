"""Is an account obscure, or the typical member of a network, beside accounts of like volume and age?

Tails. An account's tail is the share of its peers, itself one of them, that have as few or fewer; ties count in full,
so where four of five have no followers, having none is .8 and no news. Peers are the accounts of its platform that are
not under test (`exclude`), of the same third by age where age is known for most, and of like volume: the same power of
two of posts, thin strata merged until there are 1,000. Reactions are compared per post, among accounts with as many
posts of which they are known. What is not known is not a number (NaN), never zero.

Both together. Few followers make an account obscure, unless it is loud: from the upper quarter of reactions per post
on, they take the place of followers. Of accounts that are equal in this, those with fewer reactions are more obscure.

    score = max(tail of followers, 4 x mid-rank of reactions - 3), then tail of reactions

The tail of both is the rank of this score among the peers'. Ranking takes care of how the two depend on one another,
which no fixed formula does; where too few peers have both, the greater of the two tails stands, valid under any
dependence. With one of the two unknown, the other counts alone.

Networks. With n known members and k = n // 2 + 1, the typical member is the k-th most obscure: a majority is at least
as obscure as it, so neither one popular member hides ten obscure ones nor one obscure member colours a network.

    p     = chance that k or more of n accounts drawn like the peers have its tail or less (the precedence test of
            Nelson 1963: beta-binomial, exact for members with the same peers)
    value = min(log10(1 / p) / 2, log9(1 / tail)), from 0 to 1

So .5 needs both p of 1 in 10 or less and a typical member in the least third of its peers; 1 needs 1 in 100 and the
least ninth. One random network in ten is as obscure as that: obscurity is a condition of suspicion, never its reason
(`docs/decisions/0011-covertness.md`).
"""

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import special

from detectors.arrays.dtypes import F64, I32, I64, Bools
from detectors.statistics.peer_ranks import THIRDS, PeerComparison, Ranks, median

OBSCURE = 1 / 3
"""An account with this tail or less is called obscure."""
_TIES = 1e-8
"""Below the least step of a tail for any number of peers that memory holds."""
_FEW_POSTS = 5


class ActivityFigures(NamedTuple):
    """What is known of each account, by account number; equal lengths."""

    posts: I64
    """Posts in the window; 0: the account has no peers."""
    reactions: I64
    known_posts: I64
    """Posts of which it is known what they received; 0: unknown. As in `engagement.EngagementTable`."""
    followers: I64
    """-1: unknown."""
    age_days: I64
    """-1: unknown."""
    platforms: I32
    """Small numbers from 0; followers and reactions are compared within a platform."""


class Tails(NamedTuple):
    """Of several accounts: shares of their peers with as few or fewer. NaN: unknown."""

    followers: F64
    engagement: F64
    """Of reactions per post."""
    both: F64
    """Of what is known of the two, together."""
    peers: I64
    """Count of peers behind `both`; 0: unknown."""
    lowest: Bools
    """Whether no peer has less: then `both` is as low as it can be."""
    peer_followers: F64
    """Median of the peers' followers."""
    peer_reactions_per_post: F64


class Standing(StrEnum):
    """What is said about a network, or why nothing is."""

    OBSCURE = "obscure"
    """The typical member stands out by how little it has (`value` of .5 or more)."""
    ORDINARY = "ordinary"
    """It does not stand out from its peers. Where all are obscure, nobody does."""
    NO_CONTRAST = "no_contrast"
    """Members have as little as can be, and so do many peers: nobody could stand out."""
    FEW_POSTS = "few_posts"
    """Members have fewer than five posts in the window."""
    FEW_KNOWN = "few_known"
    """Little is known of half of the members or more, or of all but one."""
    FEW_PEERS = "few_peers"
    """Fewer than fifty peers to compare with."""


@dataclass(frozen=True, slots=True)
class NetworkObscurity:
    """How obscure the typical member of a network is."""

    standing: Standing
    value: float | None
    """0-1; None: unknown, and `standing` says why."""
    p: float | None
    """Chance of so obscure a majority; None as for `value`."""
    tail: float | None
    """Tail of the typical member; None: unknown."""
    followers_median: float | None
    """Of the members; None: unknown."""
    followers_peer_median: float | None
    """Median over the members of the medians of their peers; None: unknown."""
    reactions_per_post: float | None
    """Median over the members."""
    peer_reactions_per_post: float | None
    known_members: int
    share_obscure: float | None
    """Share of the known members with a tail of `OBSCURE` or less; None: none is known."""


class Peers:
    """The accounts that others are compared with. Made once for all networks of a tick: O(accounts log accounts).

    Args:
        figures: of all accounts.
        exclude: bool, accounts that are no peers: members of networks under test, and the registry's.

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
            raise ValueError("all figures, and exclude, have to be of one length")
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
            accounts: numbers of accounts, excluded ones or others.
            reactions: what they received, if not as in `figures`, for example from outside their network alone.
        """
        received = self.figures.reactions[accounts] if reactions is None else reactions
        followers, engagement = self._ranked(accounts, received)
        both = self._by_both.rank(*self._where(accounts, self.figures.posts), _score(followers, engagement))
        known = np.stack([both.peers, followers.peers, engagement.peers]) > 0
        # with both known, but not of enough peers: the greater tail
        worse = np.where(engagement.tail > followers.tail, 2, 1)
        alone = np.where(known[1] & known[2], worse, np.where(known[1], 1, 2))
        chosen = np.where(known[0], 0, alone)
        ranks = (both, followers, engagement)
        return Tails(
            followers.tail,
            engagement.tail,
            np.choose(chosen, [one.tail for one in ranks]),
            np.choose(chosen, [one.peers for one in ranks]),
            np.choose(chosen, [one.lowest for one in ranks]),
            followers.median,
            engagement.median,
        )

    def _compared(self, peers: I64, volumes: I64, values: F64) -> PeerComparison:
        return PeerComparison(*self._where(peers, volumes), values[peers])

    def _where(self, accounts: I64, volumes: I64) -> tuple[I64, I64, I64]:
        """Platform, third by age, and stratum of volume of accounts; -1 where there is none."""
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
    """Judge a network by its typical member.

    Args:
        peers: to compare with; the members were left out of them.
        members: account numbers, each once.
        inside: reactions that each received from other members (`EngagementStore.received_from`). They are taken
            off: members that applaud one another are as obscure as before. Those of the peers are not known, so
            in return a closely knit group looks somewhat more obscure than it is.
    """
    who = np.asarray(members, np.int64)
    figures = peers.figures
    reactions = np.maximum(figures.reactions[who] - (0 if inside is None else inside), 0)
    tails = peers.tails(who, reactions)
    known = np.flatnonzero(tails.peers > 0)
    followers = figures.followers[who].astype(np.float64)
    followers[followers < 0] = np.nan
    rates = _ratio(reactions, figures.known_posts[who])
    standing, value, p, tail = _judged(peers, who, tails)
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
    """Chance that a majority of members has `tail` or less, if members and peers are alike.

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
        special.betaln(least + below, members - least + above)
        - special.betaln(below, above)
        - special.betaln(least + 1, members - least + 1)
        - np.log(members + 1)
    )
    return float(min(1.0, np.exp(logs).sum()))


def _judged(
    peers: Peers, members: I64, tails: Tails
) -> tuple[Standing, float | None, float | None, float | None]:
    known = np.flatnonzero(tails.peers > 0)
    figures = peers.figures
    told = (figures.posts[members] > 0) & (
        (figures.followers[members] >= 0) | (figures.known_posts[members] > 0)
    )
    if figures.posts[members].sum(dtype=np.float64) < _FEW_POSTS:
        return Standing.FEW_POSTS, None, None, None
    if len(known) < 2 or len(known) * 2 <= len(members):
        few = told.sum() < 2 or told.sum() * 2 <= len(members)
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
    """What accounts with both are ranked by, ascending from the most obscure; NaN where one is unknown."""
    loud = 4 * engagement.middle - 3
    return np.where(followers.peers > 0, np.maximum(followers.tail, loud) + _TIES * engagement.tail, np.nan)


def _ratio(reactions: I64, known_posts: I64) -> F64:
    """Reactions per post, NaN where unknown; equal ratios are equal to the bit."""
    return np.where(known_posts > 0, reactions / np.maximum(known_posts, 1), np.nan)


def _median(values: F64) -> float | None:
    known = values[~np.isnan(values)]
    return median(known) if len(known) else None
