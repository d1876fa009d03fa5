"""The pipeline: posts in event order in, alerts out. Every driver calls this one, on a local machine or on Kafka.

    posts -> traces -> synchrony -> exposure and pair evidence -> network stage -> network facts --+-> alerts
      '-> attribution, engagement, rhythm -> context of a network -> covertness --------------------+
    follow events -> followers ----------------'

The result depends on the sequence of posts alone. Batches may end anywhere: event time passes from tick to tick, and
everything between two ticks, an *epoch*, is applied when the later one is reached.

A driver calls `trace` and then `apply` for each batch, or `process` for both, and `end` after the last batch.
"""

from collections.abc import Iterator
from typing import ClassVar

import numpy as np
import polars as pl

from detectors.accounts import AccountStore
from detectors.alerts.alert_record import RunState
from detectors.alerts.alerting import AlertWriter
from detectors.alerts.reporting import NetworkReporter
from detectors.config import DetectionConfig
from detectors.covertness.account_observations import AccountObservations
from detectors.covertness.assessed_before import AssessedBefore
from detectors.covertness.observation_extractor import ObservationExtractor
from detectors.deletions import Deletions
from detectors.event_time.ticks import next_tick
from detectors.evidence.co_share_samples import CoShareSamples
from detectors.evidence.pairs import PairStore
from detectors.followers.follow_edges import FollowEvents
from detectors.networks.edges import merged
from detectors.networks.network_stage import NetworkStage
from detectors.numbered_posts import NumberedPosts, TracedPosts
from detectors.pools.pools import PoolStage
from detectors.reference.reference_data import ReferenceData
from detectors.reference.rule_clock import RuleClock
from detectors.shards import Runner, in_turn
from detectors.signals import SignalMemory, SignalRecord, SignalWriter
from detectors.stage_timing import StageTimer, untimed
from detectors.stores import PIPELINE_STORES
from detectors.synchrony.cells import Cells, window_table
from detectors.synchrony.co_share_kernels import Shares
from detectors.synchrony.co_shares import EXPOSURES
from detectors.synchrony.exposure import ExposureStore
from detectors.synchrony.open_epoch import OpenEpoch
from detectors.synchrony.synchrony_stage import SynchronyStage
from detectors.texts.text_objects import TextObjects
from detectors.traces.traces import TraceExtractor
from schemas.alerts import Alert, Mode


class Pipeline:
    """All stages of detection, in one process.

    Args:
        config: every setting that bears on detection.
        code_version: version of Lockstep, for the alerts.
        mode: live, replay or shadow.
        run_id: the run's id, for the alerts.
        timer: measures the time of each stage.
        reference_data: registry, profiles and reviewers' rules.
        with_signals: whether signals are written, for `take_signals`. They change no alert.
        shards: groups in which stages that can be cut are worked off (`detectors.shards`); the alerts are the same.
        run: works off the groups.
        synchrony: the stage of synchrony, if it is not the usual one.
    """

    not_state: ClassVar[frozenset[str]] = frozenset(
        {"config", "cells", "_reporter", "_signal_writer", "_timer", "_tick_s", "_day_s"}
    )
    _now: int | None

    def __init__(
        self,
        config: DetectionConfig,
        code_version: str = "0",
        mode: Mode = "replay",
        run_id: str = "run",
        timer: StageTimer = untimed,
        reference_data: ReferenceData | None = None,
        *,
        with_signals: bool = False,
        shards: int = 1,
        run: Runner = in_turn,
        synchrony: SynchronyStage | None = None,
    ) -> None:
        self.config = config
        self.accounts = AccountStore()
        self.cells = Cells(config)
        self.texts = TextObjects.of(config.traces)
        self._extractor = TraceExtractor(config, self.texts, timer)
        reference_data = reference_data if reference_data is not None else ReferenceData()
        self._observation_extractor = ObservationExtractor(config, reference_data)
        self.observations = AccountObservations(config, reference_data, self.accounts, timer)
        self.synchrony = synchrony if synchrony is not None else SynchronyStage(config, shards, run)
        self._exposure = ExposureStore(self.cells, config.evidence.keep_days)
        self.pairs = PairStore(config, shards, run)
        longest_window_s = int(window_table(config).max())
        self.samples = CoShareSamples(longest_window_s + self.synchrony.settle_lag_s)
        self.stage = NetworkStage(
            config, self.cells, self._exposure, self.pairs, self.accounts, self.synchrony
        )
        self.pools = PoolStage(config)
        self._assessed_before = AssessedBefore()
        self._alert_writer = AlertWriter(config, code_version, mode, run_id)
        held = self.stage, self.pools, self.observations, self.pairs, self.samples, self.accounts
        self._reporter = NetworkReporter(config, *held, self._assessed_before, self._alert_writer, timer)
        self._signals = SignalMemory()
        sources = self.stage, self.observations, self.pairs, self.accounts
        self._signal_writer = SignalWriter(config, *sources, self._signals) if with_signals else None
        self._rule_clock = RuleClock()
        self._timer = timer
        self._tick_s, self._day_s = config.time.tick_s, config.time.reestimate_s
        self._now = None
        """Event time that everything has been applied up to, seconds."""
        self._posts = 0
        """Posts applied up to then."""
        self._epoch = OpenEpoch()
        resting = self.samples, self.stage, self.pools, self.observations, self.accounts
        self.deletions = Deletions(*resting, self._alert_writer)
        """Reports of deletions: to be added before event time reaches the end of their epoch."""

    @property
    def now(self) -> int | None:
        """Event time that everything has been applied up to, seconds; None before the first post."""
        return self._now

    @property
    def evicted_early(self) -> dict[str, int]:
        """Items that left their store early because it was full, by store; all zero when the limits sufficed."""
        return {store.name: store.evicted_early(self) for store in PIPELINE_STORES}

    @property
    def stored(self) -> dict[str, int]:
        """Items held, by store: those of `evicted_early`, and accounts, which have no limit."""
        return {"accounts": len(self.accounts)} | {store.name: store.held(self) for store in PIPELINE_STORES}

    @property
    def suspected(self) -> list[str]:
        """Ids of the living networks that their last alert suspected."""
        alive = self.stage.networks.alive.values()
        return [network.network_id for network in alive if self._alert_writer.is_suspected(network)]

    def process(self, posts: pl.DataFrame | None, until: int) -> Iterator[Alert]:
        """Trace posts and apply them, and let event time pass to `until`.

        Args:
            posts: as for `trace`. None: no posts; only time passes.
            until: as for `apply`.

        Yields:
            Alerts as they are raised.
        """
        yield from self.apply(None if posts is None or not len(posts) else self.trace(posts), until)

    def add_follow_events(self, events: FollowEvents) -> None:
        """Add follow events in the order of time. All events before a tick must be added before time reaches it."""
        self.observations.add_follow_events(events)

    def take_signals(self) -> list[SignalRecord]:
        """The signals since the last call, in order; none unless the pipeline was made `with_signals`.

        Take them before the state is captured: signals that wait are not part of it.
        """
        return self._signal_writer.take() if self._signal_writer is not None else []

    def set_reference_data(self, reference_data: ReferenceData) -> None:
        """Use other reference data from now on. Do not call it between `trace` and `apply` of a batch.

        Entities are matched by their ids. Facts about entities that are gone are dropped; facts about the others are
        kept. For accounts that are new to the registry, the follows seen so far count. Their earlier posts do not: they
        are no source of copies, and earlier links to these accounts or mentions of them are no evidence. The next alert
        computes a new baseline. What the registry and the rules change about networks is reported at the next tick.
        Entities whose accounts neither posted nor followed anyone change nothing.

        Args:
            reference_data: registry, profiles and reviewers' rules; replaces all three.
        """
        before = self.observations.reference_data
        if not reference_data.registry.includes(before.registry):
            self._assessed_before.forget_ties()
        self._observation_extractor.set_reference_data(reference_data)
        matters = self.observations.set_reference_data(reference_data)
        same_registry = reference_data.registry.entities == before.registry.entities
        if reference_data.rules != before.rules or (matters and not same_registry):
            self._rule_clock.changed()

    def trace(self, posts: pl.DataFrame) -> TracedPosts:
        """Extract everything that can be read from the posts alone.

        It shares no state with `apply`, so another thread may trace the next batch while this one is applied.

        Args:
            posts: columns of `post_columns.POSTS` with keys (`traces.keyed`), in event order, without duplicates, none
                earlier than the last `until`. They may carry their shares (`traces.carried_shares`).
        """
        traces = self._extractor.extract(posts)
        with self._timer("attribution"):
            return TracedPosts(traces, self._observation_extractor.extract(posts, traces))

    def apply(self, traced: TracedPosts | None, until: int) -> Iterator[Alert]:
        """Apply posts, and let event time pass to `until`.

        Args:
            traced: posts in event order; each batch of `trace` once, in the order of the batches. None: no posts; only
                time passes.
            until: event time before which no more posts will come, seconds; all posts are earlier.

        Yields:
            Alerts as they are raised.

        Raises:
            ValueError: a post is not earlier than `until`.
        """
        if traced is None:
            return (yield from self._pass_time(until))
        times = traced.traces.times
        if int(times[-1]) >= until:
            raise ValueError("posts must be earlier than `until`, the event time that passes")
        batch = NumberedPosts(traced)
        if self._now is None:
            self._begin(int(times[0]))
        if self._now is None:
            self._now = int(times[0]) - int(times[0]) % self._tick_s
        applied = 0  # posts of this batch that event time has passed
        while applied < len(times):
            next_post = int(times[applied])
            # while nothing waits, event time jumps to the tick before the next post
            yield from self._pass_time(next_post - next_post % self._tick_s)
            tick, day = next_tick(self._now, self._tick_s), next_tick(self._now, self._day_s)
            end_time = min(tick, until)
            with self._timer("accounts"):
                numbered = batch.number_until(day, self.accounts, self.samples)
            if numbered and self.synchrony.looks_ahead:
                batch.announce(self.synchrony, applied, self._epoch, min(until, day), self._tick_s)
            applied = self._apply_until(batch, applied, end_time)
            self._now = end_time
            if end_time == tick:
                self.deletions.apply(tick)
                self._push(self._epoch.take(), tick)
                yield from self._tick(tick)
        yield from self._pass_time(until)

    def end(self) -> Iterator[Alert]:
        """Let event time pass without posts to the end of the day, so that everything waiting is settled and tested.

        Yields:
            Alerts as they are raised.
        """
        if not self._posts:
            yield from self._pass_time(self.observations.follow_act(latest=True) + 1)
        if self._now is not None:
            settled = self._now + self.synchrony.settle_lag_s + self._tick_s
            yield from self._pass_time(next_tick(settled, self._day_s))
            yield from self._reporter.last_word(self._run_state(self._now))

    def _begin(self, until: int) -> None:
        """Let event time begin with the first follow, unless there is none before event time `until`, seconds."""
        first = self.observations.follow_act(latest=False)
        if first < until:
            self._now = first - first % self._tick_s

    def _apply_until(self, batch: NumberedPosts, begin: int, end_time: int) -> int:
        """Apply the posts of a batch from row `begin` that are earlier than `end_time`; return the row after them."""
        traces = batch.traced.traces
        end = int(np.searchsorted(traces.times, end_time, side="left"))
        self.accounts.count(batch.accounts[begin:end], batch.followers[begin:end])
        self.observations.add(traces, batch.traced.observed, batch.accounts, begin, end)
        with self._timer("pools"):
            self.pools.add(traces, batch.accounts, begin, end)
        self._posts += end - begin
        self._epoch.add(batch.shares(int(traces.times[begin]), end_time))
        while self._epoch.full:
            taken = self._epoch.take()
            self._push(taken, int(taken.time[-1]))
        return end

    def _pass_time(self, until: int) -> Iterator[Alert]:
        """Let event time pass to `until` without new posts."""
        if self._now is None:
            self._begin(until)
        while self._now is not None and self._now < until:
            # without unsettled shares nothing can happen before a rule changes or evidence ages at the end of the day
            ahead = min(self._rule_clock.tick(self._now, self._tick_s), next_tick(self._now, self._day_s))
            if not self._posts and not self.stage.networks.alive:
                # before the first post and network, only follows can change anything
                first = min(self.observations.follow_act(latest=False), until)
                ahead = max(ahead, next_tick(first, self._day_s))
            unsettled = len(self._epoch) > 0 or self.synchrony.waiting
            due = self._now if unsettled else max(self._now, self.deletions.next)
            tick = next_tick(due, self._tick_s) if due < ahead else ahead
            end_time = min(tick, until)
            self._now = end_time
            if end_time == tick:
                self.deletions.apply(tick)
                if unsettled:
                    self._push(self._epoch.take(), tick, until)
                yield from self._tick(tick)

    def _push(self, shares: Shares, until: int, quiet_until: int = 0) -> None:
        """Hand shares of the epoch on, and count the co-shares that are settled by event time `until`."""
        with self._timer("co_sharing"):
            co_shares, exposures = self.synchrony.push(shares, until, quiet_until)
        with self._timer("exposure"):
            self._exposure.add(exposures, len(self.accounts))
        co_shares = self.deletions.remaining(co_shares)
        with self._timer("pairs"):
            self.pairs.add(co_shares)
            self.samples.mark_referenced(co_shares)

    def _tick(self, now: int) -> Iterator[Alert]:
        """Look for changes of networks at a tick; at the end of a day, age the evidence and estimate rates again."""
        end_of_day = now % self.config.time.reestimate_s == 0
        with self._timer("followers"):
            self.observations.advance(now)
        with self._timer("network"):
            changes = self.stage.tick(now, self.observations.sources())
        if end_of_day:
            if changes:
                yield from self._reporter.on_changes(changes, self._run_state(now))
            others = self.observations.edges(now, self.stage.networks.network_of)
            with self._timer("pools"):
                edges = merged([others, self.pools.edges(now, len(self.accounts))])
                edges = self.deletions.remaining_edges(edges)
            with self._timer("reestimate"):
                rows_before = len(self.pairs.rows)
                self._exposure.add(np.zeros(0, EXPOSURES), len(self.accounts))
                changes = self.stage.reestimate(now, self.observations.sources(), edges)
                if len(self.pairs.rows) < rows_before:
                    self.samples.age(self.pairs.rows)
            self.observations.close_day(now)
            self._reporter.regroup()
        self.samples.settle(now)
        self.pairs.make_room(now)
        if changes:
            yield from self._reporter.on_changes(changes, self._run_state(now))
        if end_of_day or now >= self._rule_clock.due_at:
            yield from self._reporter.daily(self._run_state(now))
            self._rule_clock.looked(self.observations.reference_data.rules, now)
        if self._signal_writer is not None:
            with self._timer("signals"):
                self._signal_writer.tick(now, end_of_day=end_of_day)

    def _run_state(self, now: int) -> RunState:
        """How far the run has come, for the alerts of a tick."""
        dropped = sum(store.evicted_early(self) for store in PIPELINE_STORES if store.is_evidence)
        return RunState(now, self.stage.threshold, {"posts": self._posts}, dropped)
