"""Networks to alerts: which of them are assessed at a tick, and which assessments are reported."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from detectors.accounts import AccountStore
from detectors.alerts.alerting import AlertWriter, RunState
from detectors.alerts.network_facts import SAMPLES, KindFacts, NetworkFacts, ObjectFacts, gather_facts
from detectors.config import DetectionConfig
from detectors.covertness.account_observations import AccountObservations
from detectors.covertness.assessed_before import AssessedBefore
from detectors.covertness.assessment import Assessment, assess, has_evidence
from detectors.evidence.co_share_samples import CoShareSamples
from detectors.evidence.pairs import PairStore
from detectors.followers.ring_facts import FollowFacts, follow_facts
from detectors.networks.network_stage import NetworkChange, NetworkStage
from detectors.networks.networks import Network
from detectors.pools.pools import PoolStage
from detectors.reference.review_rules import muting_rule
from detectors.stage_timing import StageTimer
from schemas.alerts import Alert, Suppression
from schemas.networks import Lifecycle
from schemas.shares import TraceKind


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
        writer: writes the alerts.
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
        self._before = before
        self._writer = writer
        self._timer = timer

    def on_changes(self, changes: Sequence[NetworkChange], run: RunState) -> Iterator[Alert]:
        """Report networks that opened, ended, or changed their members by enough."""
        for change in changes:
            self._take_over(change)
            if change.successor is not None or change.lifecycle is Lifecycle.RESOLVED:
                muted = self._muted(change.network, run.now)
                closing = self._writer.close(
                    change.network, change.lifecycle, run.now, change.successor, muted
                )
                if closing is not None:
                    yield closing
            elif self._writer.needs_alert(change.network, change.lifecycle, run.now):
                assessment = self._assess(change.network, run.now)
                yield self._alert(change.network, change.lifecycle, assessment, run)

    def on_changed_suspicion(self, run: RunState) -> Iterator[Alert]:
        """Report networks whose suspicion came, went or got another strong term since their last alert.

        Of those that were suspected, also the ones that went quiet, or post again. Of all, those that a reviewer's rule
        mutes now or mutes no more.
        """
        for network in list(self._stage.networks.alive.values()):
            if self._writer.last_alert_at(network) in (None, run.now):
                continue
            muting_changed = self._writer.muting_changed(network, self._muted(network, run.now))
            if (
                muting_changed
                or self._writer.is_suspected(network)
                or has_evidence(network, self._observations)
            ):
                assessment = self._assess(network, run.now)
                if (
                    muting_changed
                    or self._writer.suspicion_changed(network, assessment.covert)
                    or self._writer.quiet_changed(network, assessment.context)
                ):
                    yield self._alert(network, Lifecycle.UPDATED, assessment, run)

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

    def _take_over(self, change: NetworkChange) -> None:
        """Let what was assessed of a network stand for what has become of it."""
        network = change.network
        if change.successor is not None:
            self._before.hand_over(network, change.successor)
        elif change.lifecycle is Lifecycle.RESOLVED:
            self._before.forget(network)
        elif change.lifecycle is Lifecycle.SPLIT:
            for origin in self._stage.networks.alive.values():
                if origin.network_id in network.predecessors:
                    self._before.share(origin, network)

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
            return self._writer.write(facts, assessment, self._accounts, lifecycle, run)


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
