"""Networks to alerts: which of them are assessed at a tick, and which assessments are reported."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from detectors.accounts import AccountStore
from detectors.alerts.alert_record import RunState
from detectors.alerts.alerting import AlertWriter
from detectors.alerts.co_share_count import CoShareCount
from detectors.alerts.last_alert import LastAlert
from detectors.alerts.network_facts import (
    SAMPLES,
    KindFacts,
    NetworkFacts,
    ObjectFacts,
    co_share_count,
    gather_facts,
)
from detectors.cases.case_book import CaseFacts
from detectors.cases.relations import relations
from detectors.config import DetectionConfig
from detectors.covertness.account_observations import AccountObservations
from detectors.covertness.assessed_before import AssessedBefore
from detectors.covertness.assessment import Assessment, assess, has_evidence
from detectors.evidence.co_share_samples import CoShareSamples
from detectors.evidence.pairs import PairStore
from detectors.followers.ring_facts import FollowFacts, follow_facts
from detectors.networks.network_stage import NetworkStage
from detectors.networks.networks import Network, NetworkChange
from detectors.pools.pools import PoolStage
from detectors.reference.review_rules import muting_rule
from detectors.stage_timing import StageTimer
from schemas.alerts import Alert, Suppression
from schemas.networks import Lifecycle
from schemas.shares import TraceKind

_STOPPED_S = 3 * 86_400
"""Seconds without new evidence after which a network has stopped, for now. Chosen: a day, so that what acts daily gets
no alert for it, and a week of work in bursts a few."""


class NetworkReporter:
    """Assesses networks that changed, and once a day those with evidence against them.

    It holds no state of its own: `before` and `writer` do.

    Args:
        config: every setting that bears on detection.
        stage: the networks.
        pools: accounts of pools.
        observations: everything observed about accounts.
        pairs: pair evidence.
        samples: the posts behind it.
        accounts: names and numbers of accounts.
        before: what was assessed before.
        writer: writes the alerts, and has the case of each network.
        timer: measures the time of each stage.
    """

    def __init__(
        self,
        config: DetectionConfig,
        stage: NetworkStage,
        pools: PoolStage,
        observations: AccountObservations,
        pairs: PairStore,
        samples: CoShareSamples,
        accounts: AccountStore,
        before: AssessedBefore,
        writer: AlertWriter,
        timer: StageTimer,
    ) -> None:
        self._config = config
        self._stage = stage
        self._pools = pools
        self._observations = observations
        self._pairs = pairs
        self._samples = samples
        self._accounts = accounts
        self._cases = writer.cases
        self._before = before
        self._writer = writer
        self._timer = timer

    def regroup(self) -> None:
        """Find out which networks belong together. Once a day, before changes are reported."""
        with self._timer("cases"):
            networks = self._stage.networks
            self._cases.regroup(relations(self._pairs, networks), networks.alive)

    def on_changes(self, changes: Sequence[NetworkChange], run: RunState) -> Iterator[Alert]:
        """Report networks that opened, ended, or changed their members by enough."""
        for change in changes:
            network = change.network
            case_id = self._take_over(change)
            if change.successor is not None or change.lifecycle is Lifecycle.RESOLVED:
                muted = self._muted(network, run.now)
                closing = self._writer.close(
                    network, change.lifecycle, run.now, change.successor, case_id, muted
                )
                if closing is not None:
                    yield closing
                continue
            network = self._as_reported(network)
            if self._writer.needs_alert(network, change.lifecycle, run.now):
                yield self._alert(network, change.lifecycle, self._assess(network, run.now), run)

    def daily(self, run: RunState) -> Iterator[Alert]:
        """Report networks of which something else changed since their last alert, or that have stopped.

        Something else is: suspicion came, went or got another strong term; a network that was suspected went quiet, or
        posts again; a reviewer's rule mutes it now or mutes it no more; it belongs to another case; its members share
        another kind of trace; accounts joined or left so long ago that it is reported now; posts that its alert shows
        were deleted. A network has stopped when there was no evidence for `_STOPPED_S`: then one more alert states all
        that was seen since the last one.
        """
        for alive in list(self._stage.networks.alive.values()):
            last = self._writer.last_alert(alive)
            if last is None or last.at == run.now:
                continue
            network = self._as_reported(alive)
            muting_changed = self._writer.muting_changed(network, self._muted(network, run.now))
            case_changed = self._writer.case_changed(network, self._case(network))
            assessment = None
            if muting_changed or last.suspected or has_evidence(network, self._observations):
                assessment = self._assess(network, run.now)
            if (
                muting_changed
                or case_changed
                or self._writer.outdated(network)
                or (
                    assessment is not None
                    and (
                        self._writer.suspicion_changed(network, assessment.covert, run.now)
                        or self._writer.quiet_changed(network, assessment.context)
                    )
                )
                or self._has_news(network, last, run.now)
            ):
                assessment = assessment or self._assess(network, run.now)
                yield self._alert(network, Lifecycle.UPDATED, assessment, run)

    def last_word(self, run: RunState) -> Iterator[Alert]:
        """At the end of a run: report all networks of which more was seen than their last alert states."""
        for alive in list(self._stage.networks.alive.values()):
            network = self._as_reported(alive)
            if self._writer.stale(network, self._count(network)):
                yield self._alert(network, Lifecycle.UPDATED, self._assess(network, run.now), run)

    def _has_news(self, network: Network, last: LastAlert, now: int) -> bool:
        """Whether members changed longer ago, share another kind of trace, or have stopped and shared more since."""
        if self._writer.needs_alert(network, Lifecycle.UPDATED, now):
            return True
        if network.last_evidence <= last.at and set(network.members) == last.members:
            return False
        seen = self._count(network)
        stopped = now - network.last_evidence >= _STOPPED_S
        return self._writer.kind_gained(network, seen, now) or (stopped and self._writer.stale(network, seen))

    def _as_reported(self, network: Network) -> Network:
        """The network with members that left only because their evidence has aged."""
        network_of = self._stage.networks.network_of
        return self._writer.as_reported(network, self._count, lambda account: bool(network_of[account] >= 0))

    def _count(self, network: Network) -> CoShareCount:
        with self._timer("alerts"):
            return co_share_count(network, self._pairs, self._accounts.posts)

    def _case(self, network: Network) -> CaseFacts:
        return self._cases.facts(network, self._stage.networks.alive)

    def _assess(self, network: Network, now: int) -> Assessment:
        """What is known about a network's members, against the baseline."""
        with self._timer("context"):
            members = np.array(network.members, np.int32)
            baseline = self._observations.baseline(now, self._stage.networks.network_of, members)
            return assess(network, self._observations, baseline, self._accounts, self._before, now)

    def _muted(self, network: Network, now: int) -> Suppression | None:
        """The rule that mutes a network at event time `now`, seconds."""
        rules = self._observations.reference_data.rules
        names = self._accounts.names
        return muting_rule(
            rules, network.network_id, [names[member] for member in network.members] if rules else [], now
        )

    def _take_over(self, change: NetworkChange) -> str:
        """Let what was assessed of a network stand for what has become of it; return the id of its case."""
        network = change.network
        if change.successor is not None:
            self._before.hand_over(network, change.successor)
            return self._cases.take_in(network, change.successor)
        elif change.lifecycle is Lifecycle.RESOLVED:
            self._before.forget(network)
            return self._cases.forget(network)
        elif change.lifecycle is Lifecycle.SPLIT:
            for origin in self._stage.networks.alive.values():
                if origin.network_id in network.predecessors:
                    self._before.share(origin, network)
        return self._cases.case_id(network)

    def _alert(self, network: Network, lifecycle: Lifecycle, assessment: Assessment, run: RunState) -> Alert:
        """The next alert about a network."""
        with self._timer("alerts"):
            facts = gather_facts(
                self._config,
                self._stage,
                self._pools,
                network,
                self._pairs,
                self._samples,
                self._accounts.posts,
                self._accounts.names,
            )
            members = np.array(facts.members, np.int32)
            facts = _with_follows(facts, follow_facts(self._observations.rings.rings_of(members), members))
            return self._writer.write(facts, assessment, self._accounts, self._case(network), lifecycle, run)


def _with_follows(facts: NetworkFacts, follows: FollowFacts | None) -> NetworkFacts:
    """The facts from co-sharing with those from follows: a further kind, samples, and when members were seen."""
    if follows is None:
        return facts
    ring, alone = follows.strongest, not facts.kinds
    kind = KindFacts(
        TraceKind.FOLLOW, ring.span_s, ring.both, ring.expected, ring.surprise, len(follows.followed)
    )
    samples = [
        ObjectFacts(
            TraceKind.FOLLOW,
            each.label,
            each.accounts,
            (),
            each.times[0],
            each.times[-1],
            each.crowd,
            each.expected,
        )
        for each in follows.followed[:SAMPLES]
    ]
    first, last = follows.seen()
    start, end = min(first.values()), max(last.values())
    return replace(
        facts,
        first_seen={**first, **{a: min(t, first.get(a, t)) for a, t in facts.first_seen.items()}},
        last_seen={**last, **{a: max(t, last.get(a, t)) for a, t in facts.last_seen.items()}},
        kinds=tuple(sorted((*facts.kinds, kind), key=lambda each: -each.surprise)),
        objects=facts.objects + len(follows.followed),
        objects_per_edge=follows.followees_of_members if alone else facts.objects_per_edge,
        samples=(*facts.samples, *samples),
        start=start if alone else min(facts.start, start),
        end=end if alone else max(facts.end, end),
        median_gap_s=follows.median_gap_s if alone else facts.median_gap_s,
        follows=follows,
    )
