"""From evidence to networks: the null model, the gate, communities, expansion and recurring crowds, tick by tick.

A tick tests the pairs that gained evidence since the last one, and clusters the components that gained edges. Work
follows new evidence, so a quiet tick costs nothing. Once a day evidence ages, the null model is estimated again
without the co-shares of validated pairs, candidates are tested against it, and networks expand.
"""

from typing import ClassVar

import numpy as np
import numpy.typing as npt

from detectors.accounts import AccountStore
from detectors.arrays.dtypes import F64, I32, I64, Bools
from detectors.arrays.sorted_keys import places
from detectors.config import DetectionConfig
from detectors.evidence.interest_estimate import learnt_spread, slow_ratio
from detectors.evidence.null_model import NullModel, null_model
from detectors.evidence.pairs import PairStore
from detectors.evidence.shared_interest import PRIOR_SPREAD
from detectors.networks.communities import communities, whole_pools
from detectors.networks.edges import (
    NO_EDGES,
    Edges,
    Ground,
    chosen,
    edges_of,
    ends,
    inside,
    merged,
    same_side,
    without_accounts,
)  # fmt: skip
from detectors.networks.expansion import expand
from detectors.networks.loose_members import bereft_networks, loose_members
from detectors.networks.networks import Network, NetworkChange, NetworkStore
from detectors.networks.recurring_crowds import crowd_edges, recurring_crowds
from detectors.networks.timing_edges import TimingEdges
from detectors.networks.untied_crowds import of_their_own
from detectors.statistics.false_discovery import FalseDiscoveryGate
from detectors.synchrony.cells import Cells
from detectors.synchrony.exposure import ExposureStore
from detectors.synchrony.synchrony_stage import SynchronyStage
from schemas.networks import Lifecycle

_PEELS = 2
"""Rounds in which validated co-shares are taken out of the null model. The second round changed little and a third
nothing, as noted while building; the figures were not kept."""

_FAR = 4.0
"""Surprise below which a pair is far from the gate: p = .02, where the gate usually is at 1e-4 or less. A pair below it
without new evidence is not tested again each day. Chosen to save time; its effect on recall was not measured."""
_SPREAD_MOVED = 0.7
"""All candidates are tested again when the spread is below this share of what it was when all were last tested.
A smaller spread gives pairs more surprise, so pairs far from the gate may pass. Chosen, not measured."""
_GRACE_S = 7 * 86_400
"""Seconds that a peripheral member stays after it last passed the test of expansion. Without this grace
recall on the mixed real set fell from .670 to .654 (docs/decisions/0016-members-leave.md)."""
_WEEK_S = 7 * 86_400
"""Seconds between tests of all candidates, at most. Chosen so that slow changes are seen within a week."""


class NetworkStage:
    """Edges and networks of one network agent.

    Args:
        config: gate, horizons and seed.
        cells: numbering of the counters.
        ledger: exposure of all accounts.
        pairs: evidence on all pairs.
        accounts: the numbers and names of all accounts.
        synchrony: the stage of synchrony.
    """

    not_state: ClassVar[frozenset[str]] = frozenset({"_config", "_cells"})

    def __init__(
        self,
        config: DetectionConfig,
        cells: Cells,
        ledger: ExposureStore,
        pairs: PairStore,
        accounts: AccountStore,
        synchrony: SynchronyStage,
    ) -> None:
        self._config = config
        self._cells = cells
        self._ledger = ledger
        self._pairs = pairs
        self._accounts = accounts
        self._synchrony = synchrony
        self._timing = TimingEdges(config, synchrony, pairs)
        self._gate = FalseDiscoveryGate(config.gate.false_discovery_rate)
        self._edges = NO_EDGES
        """Ascending by key."""
        self.networks = NetworkStore(config.gate.min_members)
        self.spread = PRIOR_SPREAD
        """How much pairs differ in shared interest (`detectors.evidence.shared_interest`)."""
        self._spread_of_members = PRIOR_SPREAD
        """The same for peripheral members, with a higher bound."""
        self._profile: F64 = np.full(cells.activity, np.inf)
        self._spread_of_all = float("inf")
        """The spread when all candidates were last tested, including those far from the gate."""
        self._week = -1
        self._peeled: I32 = np.zeros(0, np.int32)
        """Accounts whose exposure has been peeled."""
        self._news = False
        """Whether any pair gained evidence, or lost some, since the null model was last estimated."""
        self._bereft: I32 = np.zeros(0, np.int32)  # accounts that lost evidence since then
        self.threshold = float("inf")
        """Least surprise of a pair that passes the gate."""

    @property
    def edges(self) -> int:
        """Count of validated pairs."""
        return len(self._edges.keys)

    @property
    def hypotheses(self) -> float:
        """Count of pairs that could pass: those of accounts with two posts or more, since evidence needs two."""
        return self._accounts.repeated * (self._accounts.repeated - 1) / 2

    def null(self, spread: float | None = None) -> NullModel:
        """The null model as it is now, with the spread of pairs or another one."""
        return null_model(
            self._config,
            self._ledger,
            self._cells,
            self._pairs.independent_share,
            self.spread if spread is None else spread,
            self.slow_ratio(),
            self._profile,
        )

    def forget_posts(self, posts: I64) -> None:
        """Let posts count no longer, by their running numbers; edges that rested upon them go at the end of the day."""
        surprise, accounts = self._pairs.forget_posts(posts)
        self._gate.move(surprise, np.zeros(0))
        self._bereft = np.union1d(self._bereft, accounts)
        self._news = self._news or len(accounts) > 0

    def forget_accounts(self, accounts: I32) -> None:
        """Take accounts out of networks, and out of all edges."""
        self._edges = without_accounts(self._edges, accounts)
        self.networks.leave(accounts[self.networks.network_of[accounts] >= 0])

    def tick(self, now: int, sources: Bools | None = None) -> list[NetworkChange]:
        """Test the pairs that gained evidence, and update networks where edges were added.

        Args:
            now: event time, seconds.
            sources: bool, by account: known sources (`AccountObservations.sources`). No edges join
                them to other accounts.

        Returns:
            What changed, network by network.
        """
        self.networks.reserve(len(self._accounts))
        touched = self._pairs.take_touched()
        if not len(touched):
            return []
        self._news = True
        before = self._pairs.surprise[touched].copy()
        after = self._pairs.evaluate(touched, self.null())
        self._gate.move(before, after)
        self.threshold = self._gate.threshold(self.hypotheses)
        passed = touched[after >= self.threshold]
        passed = passed[same_side(self._pairs.keys[passed], sources)]
        if not len(passed):
            return []
        a, b = self._pairs.accounts(passed)
        self.networks.note_evidence(a, b, now)
        keys = self._pairs.keys[passed]
        fresh = ~places(self._edges.keys, keys)[1]
        self._edges = merged([self._edges, edges_of(keys, self._pairs.surprise[passed], Ground.ALONE)])
        if not fresh.any():
            return []
        return self._cluster(np.unique(np.concatenate([a[fresh], b[fresh]])), now)

    def reestimate(
        self, now: int, sources: Bools | None = None, other_edges: Edges = NO_EDGES
    ) -> list[NetworkChange]:
        """Age the evidence, estimate the null model again, test candidates against it and update all networks.

        Args:
            now: event time, seconds.
            sources: as for `tick`.
            other_edges: edges that other detectors found; they replace those of the day before.

        Returns:
            What changed, network by network.
        """
        self.networks.reserve(len(self._accounts))
        self._ledger.close_day()
        rows_before = len(self._pairs.rows)
        self._pairs.age(now)
        if self._config.evidence.keep_days:
            self._synchrony.age(now - self._config.evidence.keep_days * 86_400)
        if not self._news and len(self._pairs.rows) == rows_before and not len(other_edges.keys):
            return self._resolve(now)
        self._news = False
        self._profile = self._pairs.profile(self._cells.strata)
        within = self._pairs_within_networks()
        validated = self._pairs.among(self._edges.keys)
        spreads = learnt_spread(self.null(), self._pairs, validated | within)
        self.spread, self._spread_of_members = spreads
        candidates = self._pairs.candidates()
        surprise = self._pairs.surprise[candidates]
        # without new evidence a pair far from the gate stays far from it, unless the null model itself changed
        moved = self.spread < _SPREAD_MOVED * self._spread_of_all or now // _WEEK_S != self._week
        close = np.flatnonzero(surprise >= (0.0 if moved else _FAR))
        if moved:
            self._spread_of_all, self._week = self.spread, now // _WEEK_S
        surprise[close] = self._pairs.evaluate(candidates[close], self.null())
        validated = self._passing_pairs(candidates, surprise)
        for _ in range(_PEELS):
            changed = self._peel(validated | within)
            a, b = self._pairs.accounts(candidates)
            again = np.flatnonzero(changed[a] | changed[b])
            surprise[again] = self._pairs.evaluate(candidates[again], self.null())
            validated = self._passing_pairs(candidates, surprise)
        by_timing = self._timing.daily(
            self._ledger.slow.activity, self._ledger.active_days.days, len(self._accounts)
        )
        edges = merged([*self._daily_edges(np.flatnonzero(validated)), by_timing, other_edges])
        edges = chosen(edges, same_side(edges.keys, sources))
        differing = np.setxor1d(edges.keys, self._edges.keys)
        before, self._edges = self._edges, edges
        changes: list[NetworkChange] = []
        if len(differing) or len(self._timing.unsupported):
            accounts = np.unique(np.concatenate([*ends(differing), self._timing.unsupported]))
            changes = self._cluster(accounts, now)
            network_of, least = self.networks.network_of, self._config.gate.min_members
            left = self.networks.leave(loose_members(before, edges, network_of, least))
            changes += [NetworkChange(network, Lifecycle.UPDATED) for network in left]
        changes += self._expand(now, sources)
        return changes + self._resolve(now)

    def slow_ratio(self) -> float:
        """As `detectors.evidence.interest_estimate.slow_ratio`."""
        return slow_ratio(self._config, self._ledger, self._pairs)

    def validated(self, pairs: I32) -> Bools:
        """Which of `pairs` (numbers in the pair evidence) passed the gate by their own co-shares; bool."""
        alone = (self._edges.grounds & Ground.ALONE) > 0
        return places(self._edges.keys[alone], self._pairs.keys[pairs])[1]

    def members_edges(self, network: Network) -> Edges:
        """The edges between members of one network."""
        return inside(self._edges, self.networks.network_of, network.number)

    def _peel(self, explained: Bools) -> Bools:
        """Take what the co-shares of some pairs explain out of the exposure; the part taken out before is put back.

        Args:
            explained: bool, one for each pair: whether its co-shares are taken out.

        Returns:
            bool, one for each account: whether its exposure may have changed. Only the surprise of its pairs may
            change with it.
        """
        self._ledger.peel(*self._pairs.explained(explained, self._cells.strata))
        before, self._peeled = self._peeled, np.concatenate(self._pairs.accounts(np.flatnonzero(explained)))
        changed = np.zeros(len(self._accounts), np.bool_)
        changed[before] = changed[self._peeled] = True
        return changed

    def _passing_pairs(self, candidates: I32, surprise: F64) -> Bools:
        """Set the gate by all candidates; returns which pairs pass it (bool, one for each pair)."""
        self._gate.clear()
        self._gate.move(np.zeros(0), surprise)
        self.threshold = self._gate.threshold(self.hypotheses)
        validated = np.zeros(self._pairs.size, np.bool_)
        validated[candidates[surprise >= self.threshold]] = True
        return validated

    def _pairs_within_networks(self) -> Bools:
        """Which pairs are two members of one network; their co-shares are explained by it."""
        return self.networks.within(*ends(self._pairs.keys))

    def _cluster(self, changed: I32, now: int) -> list[NetworkChange]:
        a, b = ends(self._edges.keys)
        strong = (self._edges.grounds & Ground.STRONG) > 0
        touched, groups = communities(
            a, b, self._edges.surprise, changed, self.networks.network_of, self._config.seed, strong
        )
        groups = whole_pools(groups, touched, self._edges)
        groups = self._timing.supported(groups, self._edges, len(self._accounts))
        networks, merged = self.networks.update_from_communities(touched, groups, now, self._accounts.names)
        changes = [NetworkChange(old, Lifecycle.ABSORBED, successor=heir) for old, heir in merged]
        for network in networks:
            network.last_evidence = now
            changes.append(NetworkChange(network, network.lifecycle))
            network.lifecycle = Lifecycle.UPDATED
        return changes

    def _daily_edges(self, validated: npt.NDArray[np.intp]) -> list[Edges]:
        """Edges of validated pairs and of recurring crowds."""
        level = self._config.gate.false_discovery_rate
        crowds = recurring_crowds(self._pairs.rows, self._pairs.keys, self.null(), level)
        keys = self._pairs.keys[validated]
        crowds = of_their_own(crowds, np.sort(keys))
        return [
            edges_of(keys, self._pairs.surprise[validated], Ground.ALONE),
            edges_of(*crowd_edges(crowds), Ground.CROWD),
        ]

    def _expand(self, now: int, sources: Bools | None) -> list[NetworkChange]:
        gate = self._config.gate
        grown: dict[int, NetworkChange] = {}
        # peripheral members are tested again each day, since evidence ages and one in a hundred joins by chance
        before = self.networks.part_from_peripheral()
        for _ in range(gate.expansion_rounds):
            numbers = sorted(self.networks.alive)
            if not numbers:
                break
            compact = np.full(len(self.networks.network_of), -1, np.int32)
            for index, number in enumerate(numbers):
                compact[self.networks.alive[number].members] = index
            joined = expand(
                self._pairs.rows,
                self._pairs.keys,
                compact[: len(self._accounts)],
                self._accounts.posts,
                len(numbers),
                self.null(self._spread_of_members),
                gate.false_discovery_rate,
                gate.min_objects,
            )
            if not len(joined.account):
                break
            for account, index, surprise in zip(*(column.tolist() for column in joined), strict=True):
                network = self.networks.alive[numbers[index]]
                if sources is not None and (sources[account] != sources[network.members[0]]):
                    continue
                self.networks.join(network.number, account, surprise, now)
                network.last_evidence = now
                grown[network.number] = NetworkChange(network, Lifecycle.UPDATED)
        for network in self.networks.take_back(before, now - _GRACE_S):
            grown[network.number] = NetworkChange(network, Lifecycle.UPDATED)
        return [grown[number] for number in sorted(grown)]

    def _resolve(self, now: int) -> list[NetworkChange]:
        oldest = now - self._config.time.resolve_days * 86_400
        bereft = bereft_networks(self._bereft, self._edges, self.networks.network_of)
        alive, self._bereft = self.networks.alive.values(), self._bereft[:0]
        quiet = [each for each in alive if each.last_evidence < oldest or each.number in bereft]
        for network in quiet:
            self.networks.resolve(network)
        return [NetworkChange(network, Lifecycle.RESOLVED) for network in quiet]
