"""What timing says: pairs that are tied by it, and communities that it does not support.

Activity alone cannot tell accounts that act together from accounts that like the same things. So a community is a
network only if its timing is beyond that of strangers, or if at least half of it is tied by other grounds than activity
and small crowds.
"""

import math
from typing import ClassVar

import numpy as np

from detectors.arrays.dtypes import F64, I32, I64, Bools
from detectors.config import DetectionConfig
from detectors.evidence.pairs import PairStore
from detectors.networks.communities import component_of, tied_members
from detectors.networks.edges import Edges, Ground, ends
from detectors.statistics.active_days import ActiveDays
from detectors.statistics.false_discovery import benjamini_hochberg
from detectors.synchrony.synchrony_stage import SynchronyStage
from detectors.timing.co_share_timing import TimingInputs, pairing_rules
from detectors.timing.group_timing import group_surprise
from detectors.timing.organic_gaps import ORGANIC
from detectors.timing.pair_timing import learnt_profile, timed_pairs

_STRONG = -np.log(1e-9)
_STRONG_DAYS = 2
"""A pair needs no third account if p of its timing is below 1e-9, with co-shares on two days: 0 to 7 accounts a set,
and none in copies with moved times. At 1e-4 such copies gave five false networks. Three co-shares within a second reach
1.5e-9 at best, in crowds of 12 to 150 accounts (measured), so it takes four."""
_SUPPORT = 10.0
"""Least surprise of the timing of a community (p = 5e-5), up to `_LOOKS`. Measured on `up_2017_02` with accounts
exchanged among reposts of one author and day: 16 of its accounts are found, of 241 in the real set."""
_LOOKS = 100.0
"""Looks at communities within the evidence horizon from which on more is asked of each. A community is looked at again
whenever its edges change, and one without support every day: with the same level at each look, one in many passes by
chance. With the level divided by the looks, at most `_LOOKS` x 5e-5 = .005 do in a horizon, however many there are
(Bonferroni). In a copy of `mixed_2016_spring` with moved times, five accounts had a surprise of 10.4 once in 274
looks, and 31 more accompanied them; in `mixed_2016_11`, 26 accounts of the operation have 10.4 after 42."""
_OTHER_GROUNDS = Ground.TIMING | Ground.COPIES | Ground.RHYTHM | Ground.POOL | Ground.FOLLOWS
_MOSTLY = 0.5
"""Share of a community that other grounds must tie for it to need no support by timing. Chosen, not measured."""
_LARGE_CROWD = 12
"""Least accounts of a community in which recurring crowds are one of the other grounds. In the copies of
`up_2017_02` above, interest alone made recurring crowds of up to 11 accounts, 11 to 31 accounts in all; a large
group that comes together twice is seen by nothing else."""


class TimingEdges:
    """Tests of timing, over the pairs of one network agent.

    Args:
        config: the engine's rules and the false-discovery rate.
        synchrony: the stage of synchrony, whose logs are read.
        pairs: the evidence.
    """

    not_state: ClassVar[frozenset[str]] = frozenset({"_rules", "_level", "_keep_days"})

    def __init__(self, config: DetectionConfig, synchrony: SynchronyStage, pairs: PairStore) -> None:
        self._synchrony = synchrony
        self._pairs = pairs
        self._rules = pairing_rules(config)
        self._level = config.gate.false_discovery_rate
        self._keep_days = config.evidence.keep_days
        self._looks: I64 = np.zeros(1, np.int64)
        """Communities looked at on each day within the evidence horizon, the latest last."""
        self._profile: F64 = ORGANIC.copy()
        self.unsupported: I32 = np.zeros(0, np.int32)
        """Accounts of communities that timing does not support; they are looked at again each day."""

    @property
    def _timing(self) -> TimingInputs:
        return TimingInputs(self._synchrony.logs, self._rules, self._profile)

    def daily(self, activity: F64, days: ActiveDays, accounts: int) -> Edges:
        """Learn the organic gaps again, and test all pairs; the edges of those that pass.

        Args:
            activity: float64, at least (accounts,): objects that each account shared.
            days: the days on which they shared.
            accounts: count of accounts.
        """
        if self._keep_days:
            self._looks = np.append(self._looks, 0)[-self._keep_days :]
        self._profile = learnt_profile(self._pairs, self._timing, accounts)
        tested = timed_pairs(self._pairs, self._timing, activity, days, accounts)
        passed = benjamini_hochberg(tested.surprise, self._level, float(len(tested.pairs)))
        strong = (tested.surprise >= _STRONG) & (tested.days >= _STRONG_DAYS)
        grounds = np.where(strong, int(Ground.TIMING | Ground.STRONG), int(Ground.TIMING)).astype(np.uint8)
        return Edges(self._pairs.keys[tested.pairs[passed]], tested.surprise[passed], grounds[passed])

    def supported(self, groups: list[I32], edges: Edges, accounts: int) -> list[I32]:
        """The communities among `groups` that are networks; the accounts of the others are noted.

        Args:
            groups: communities of accounts.
            edges: all edges.
            accounts: count of accounts.
        """
        if not groups:
            return groups
        surprise = group_surprise(
            groups, edges.keys, component_of(edges.keys, accounts), self._pairs, self._timing
        )
        self._looks[-1] += len(groups)
        least = _SUPPORT + math.log(max(float(self._looks.sum()) / _LOOKS, 1.0))
        stands = [
            bool(value >= least) or _tied_otherwise(group, edges)
            for group, value in zip(groups, surprise.tolist(), strict=True)
        ]
        lost = [group for group, kept in zip(groups, stands, strict=True) if not kept]
        before = np.setdiff1d(self.unsupported, np.concatenate(groups))
        self.unsupported = np.unique(np.concatenate([before, *lost])).astype(np.int32)
        return [group for group, kept in zip(groups, stands, strict=True) if kept]


def _tied_otherwise(group: I32, edges: Edges) -> bool:
    """Whether other grounds than activity and small crowds tie at least half of a group."""
    a, b = ends(edges.keys)
    others = _OTHER_GROUNDS | Ground.CROWD if len(group) >= _LARGE_CROWD else _OTHER_GROUNDS
    within: Bools = (edges.grounds & others) > 0
    within &= np.isin(a, group) & np.isin(b, group)
    strong = (edges.grounds[within] & Ground.STRONG) > 0
    tied = tied_members(group, np.stack([a[within], b[within]]), strong)
    return bool(tied) and len(tied[0]) >= _MOSTLY * len(group)
