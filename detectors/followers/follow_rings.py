"""Follow rings: what was found of accounts with the same followers, remembered as long as other evidence.

Once a day the followers that accounts gained within each span are compared (`detectors.followers.same_followers`).
Each pair of accounts that passes is a *ring*: the two, and everyone who follows both. The followers are then tied
together. Found again, a ring takes in whoever is new, and keeps the figures of the shortest span.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from detectors.accounts import AccountStore
from detectors.arrays.dtypes import I32, I64, U64
from detectors.arrays.pair_keys import pair_keys
from detectors.config import DetectionConfig
from detectors.followers.follow_acts import FollowActs
from detectors.followers.follow_edges import FollowEvents
from detectors.followers.same_followers import Crowds, SameFollowers, crowds_of, same_followers
from detectors.networks.edges import NO_EDGES, Edges, Ground, edges_of, merged
from detectors.reference.reference_data import ReferenceData
from detectors.reference.registry import NO_ENTITY

_DAY_S = 86_400
_STRICTER = 0.1
"""Share of the false-discovery rate of the gate that rings get: the same followers are compared day after day. Measured
on seed 11 of `benchmarks.follows`: 74 ordinary accounts in rings instead of 90, and as many sellers."""
_HUBS = 16
"""Followers of a ring that all its followers are tied to. Ties between all would be ten times as many in a large ring,
and say no more; a community search does not part what the same sixteen hold together."""


@dataclass(slots=True)
class FollowRing:
    """Two accounts with the same followers. Arrays have an entry for each account that follows both."""

    followees: tuple[str, str]
    """`platform:account_id` of the two."""
    accounts: I32
    """Numbers of the followers, ascending."""
    at: tuple[I64, I64]
    """When each began to follow the one and the other, seconds."""
    both: int
    """Accounts that follow both, of those that began to follow either within `span_s`."""
    either: int
    expected: float
    """How many chance would have given."""
    surprise: float
    span_s: int

    @property
    def latest(self) -> int:
        """When the last of them began to follow, seconds."""
        return int(max(self.at[0].max(), self.at[1].max()))


class FollowRings:
    """The rings found within the horizon of evidence.

    Args:
        config: spans, horizon and limits.
        accounts: numbers the followers, who may have no posts.
        reference_data: the registry. Its accounts are known openly, and staff follows its own: they are in no ring.
    """

    not_state: ClassVar[frozenset[str]] = frozenset(
        {"reference_data", "_spans", "_level", "_keep_s", "_max_rings"}
    )
    rings: dict[tuple[int, int], FollowRing]

    def __init__(
        self, config: DetectionConfig, accounts: AccountStore, reference_data: ReferenceData
    ) -> None:
        self.reference_data = reference_data
        self._spans = config.followers.windows_s
        self._level = _STRICTER * config.gate.false_discovery_rate / max(len(self._spans), 1)
        self._keep_s = config.evidence.keep_days * _DAY_S
        self._max_rings = config.followers.max_rings
        self._accounts = accounts
        self.acts = FollowActs(max(self._spans, default=0), config.followers.max_recent)
        self.rings = {}
        """By the keys of the two followed accounts, the lower first; in the order in which they were last found."""
        self.evicted_early = 0
        """Count of rings that left early because there were too many."""
        self.popular = 0
        """Count of accounts that had too many followers to be compared, once for each day and span."""
        self._edges = NO_EDGES
        self._compared_at = -1
        """The day, counted from 1970, at whose end followers were last compared."""

    def add(self, events: FollowEvents, begin: int, end: int) -> None:
        """Take in the events `begin` to `end`, in order of time; days that they complete are compared.

        All events of one second come in one call.
        """
        if not self._spans or begin == end:
            return
        days = events.at[begin:end] // _DAY_S
        starts = np.append(0, np.flatnonzero(np.diff(days)) + 1)
        for low, high in zip(starts, np.append(starts[1:], len(days)), strict=True):
            self._compare(int(days[low]) * _DAY_S)
            self.acts.add(events, begin + int(low), begin + int(high))

    def close_day(self, now: int) -> Edges:
        """Compare followers at the end of a day; the ties of all rings within the horizon.

        Args:
            now: event time, seconds; all follow events before it have been added.
        """
        self._compare(now)
        self._age(now)
        return self._edges

    def rings_of(self, members: I32) -> list[FollowRing]:
        """The rings that hold two members or more, the most surprising first."""
        found = [ring for ring in self.rings.values() if np.isin(ring.accounts, members).sum() > 1]
        return sorted(found, key=lambda ring: (-ring.surprise, ring.followees))

    def __len__(self) -> int:
        return len(self.rings)

    def _compare(self, end: int) -> None:
        """Compare the followers of the spans that end with the last day of acts before `end`, unless that was done."""
        day = self.acts.latest // _DAY_S
        day_end = (day + 1) * _DAY_S
        if day == self._compared_at or day_end > end or not len(self.acts):
            return
        self._compared_at = day
        self.acts.forget(day_end)
        at, follower, followee = (self.acts.held[name].to_numpy() for name in self.acts.held.columns)
        if len(self.reference_data.registry):
            other = self.reference_data.entities_of(follower) == NO_ENTITY
            at, follower, followee = at[other], follower[other], followee[other]
        before = len(self.rings), self.evicted_early
        changed = False
        for span in self._spans:
            low = int(np.searchsorted(at, day_end - span))
            crowds = crowds_of(follower[low:], followee[low:], at[low:])
            found = same_followers(crowds, self._level)
            self.popular += crowds.popular
            changed |= self._note(crowds, found, span)
        if changed or (len(self.rings), self.evicted_early) != before:
            self._tie()

    def _note(self, crowds: Crowds, found: SameFollowers, span: int) -> bool:
        """Remember what was found within a span; returns whether any ring is new or has new accounts."""
        changed = False
        for row in range(len(found.first)):
            pair = int(found.first[row]), int(found.second[row])
            sides = [slice(crowds.start[crowd], crowds.start[crowd + 1]) for crowd in pair]
            one_side, other_side = (crowds.member[side] for side in sides)
            numbers, one, other = np.intersect1d(
                one_side, other_side, assume_unique=True, return_indices=True
            )
            times = crowds.at[sides[0]][one], crowds.at[sides[1]][other]
            if any(map(_loaded, times)):
                continue
            keys = crowds.followee[list(pair)]
            both, sizes = int(found.both[row]), [side.stop - side.start for side in sides]
            ring = self._named(keys, crowds.follower[numbers], times)
            ring.both, ring.either, ring.span_s = both, int(sum(sizes)) - both, span
            ring.expected, ring.surprise = float(found.expected[row]), float(found.surprise[row])
            changed |= self._remember((int(keys[0]), int(keys[1])), ring)
        while len(self.rings) > self._max_rings:
            del self.rings[next(iter(self.rings))]
            self.evicted_early += 1
        return changed

    def _named(self, keys: U64, followers: U64, at: tuple[I64, I64]) -> FollowRing:
        """A ring without figures, its accounts numbered in the order of their keys."""
        names = self.acts.names_of(np.append(keys, followers))
        numbers = self._accounts.add_followers(names[2:], followers)
        order = np.argsort(numbers)
        ordered = at[0][order], at[1][order]
        return FollowRing((names[0], names[1]), numbers[order], ordered, 0, 0, 0.0, 0.0, 0)

    def _remember(self, keys: tuple[int, int], ring: FollowRing) -> bool:
        """Add a ring, or what is new of one that is known; returns whether it has new accounts."""
        known = self.rings.pop(keys, None)
        self.rings[keys] = ring
        if known is None:
            return True
        gone = ~np.isin(known.accounts, ring.accounts)
        new = len(ring.accounts) - int((~gone).sum()) > 0
        accounts = np.append(ring.accounts, known.accounts[gone])
        order = np.argsort(accounts)
        ring.accounts = accounts[order]
        ring.at = (
            np.append(ring.at[0], known.at[0][gone])[order],
            np.append(ring.at[1], known.at[1][gone])[order],
        )
        # of the shortest span in which it was found, and of these the most surprising
        if (known.span_s, -known.surprise) < (ring.span_s, -ring.surprise):
            ring.both, ring.either, ring.span_s = known.both, known.either, known.span_s
            ring.expected, ring.surprise = known.expected, known.surprise
        return new

    def _age(self, now: int) -> None:
        """Forget rings without a follow within the horizon at event time `now`, seconds."""
        old = [keys for keys, ring in self.rings.items() if self._keep_s and ring.latest < now - self._keep_s]
        for keys in old:
            del self.rings[keys]
        if old:
            self._tie()

    def _tie(self) -> None:
        """Tie the followers of each ring together."""
        parts = [_ties(ring) for ring in self.rings.values()]
        self._edges = merged(parts) if parts else NO_EDGES


def _loaded(times: I64) -> bool:
    """Whether most of the follows of one account have the same second: a list that was loaded, not acts in time."""
    return bool(2 * np.unique(times, return_counts=True)[1].max() > len(times))


def _ties(ring: FollowRing) -> Edges:
    """The ties of one ring. The surprise is that of the whole ring, so each tie carries it divided by the followers."""
    count = len(ring.accounts)
    first, second = np.triu_indices(min(count, _HUBS), 1)
    hubs, others = np.meshgrid(np.arange(min(count, _HUBS)), np.arange(_HUBS, count), indexing="ij")
    keys = pair_keys(
        ring.accounts[np.append(first, hubs.ravel())], ring.accounts[np.append(second, others.ravel())]
    )
    return edges_of(keys, np.full(len(keys), ring.surprise / count), Ground.FOLLOWS)
