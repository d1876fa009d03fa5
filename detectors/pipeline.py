"""The pipeline: posts in event order in, alerts out. Every driver calls this one, local or on Kafka.

    posts -> traces -> co-sharing -> exposure and pair evidence -> network stage -> findings --+-> alerts
      '-> attribution, engagement, rhythm -> context of a network -> covertness ---------------+
    follow events -> followers ----------------'

The result is a function of the sequence of posts alone: batches may end anywhere. What happens between two ticks is
applied when the later one is reached.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import polars as pl

from detectors.accounts import AccountStore
from detectors.alerts.alerting import AlertWriter
from detectors.alerts.network_facts import gather_facts
from detectors.arrays.dtypes import I32, I64, U8, U64
from detectors.config import DetectionConfig
from detectors.covertness.account_observations import AccountObservations
from detectors.covertness.assessment import Assessment, assess
from detectors.covertness.observation_extractor import ObservationExtractor, PostObservations
from detectors.evidence.co_share_samples import CoShareSamples
from detectors.evidence.pairs import PairStore
from detectors.followers.follow_edges import FollowEvents
from detectors.networks.network_stage import NetworkChange, NetworkStage
from detectors.networks.networks import Network
from detectors.reference.reference_data import ReferenceData
from detectors.stage_timing import StageTimer, untimed
from detectors.stores import PIPELINE_STORES
from detectors.synchrony.cells import Cells, window_table
from detectors.synchrony.co_sharing import CoSharing
from detectors.synchrony.exposure import ExposureStore
from detectors.texts.text_objects import TextObjects
from detectors.traces.traces import TraceExtractor, Traces
from schemas.alerts import Alert, Mode
from schemas.networks import Lifecycle


@dataclass(frozen=True, slots=True)
class TracedPosts:
    """A batch of posts, traced."""

    traces: Traces
    watched: PostObservations


class Pipeline:
    """All stages of one process.

    Args:
        config: every setting that bears on detection.
        code_version: version of Lockstep, for the alerts.
        mode: live, replay or shadow.
        run_id: the run's id.
        timer: measures each stage.
        reference_data: registry, profiles and reviewers' rules.
    """

    not_state: ClassVar[frozenset[str]] = frozenset({"config", "cells", "_timer", "_tick_s"})
    _now: int | None

    def __init__(
        self,
        config: DetectionConfig,
        code_version: str = "0",
        mode: Mode = "replay",
        run_id: str = "run",
        timer: StageTimer = untimed,
        reference_data: ReferenceData | None = None,
    ) -> None:
        self.config = config
        self.accounts = AccountStore()
        self.cells = Cells(config)
        self.texts = TextObjects.of(config.traces)
        self._extractor = TraceExtractor(config, self.texts)
        known = reference_data if reference_data is not None else ReferenceData()
        self._observation_extractor = ObservationExtractor(config, known)
        self.observations = AccountObservations(config, known, self.accounts, timer)
        self.sharing = CoSharing(config)
        self._ledger = ExposureStore(self.cells, config.evidence.keep_days)
        self.pairs = PairStore(config)
        longest = int(window_table(config).max())
        self.book = CoShareSamples(longest + self.sharing.settle_lag_s)
        self.stage = NetworkStage(config, self.cells, self._ledger, self.pairs, self.accounts)
        self._alert_writer = AlertWriter(config, code_version, mode, run_id)
        self._timer = timer
        self._tick_s = config.time.tick_s
        self._now = None
        """Event time that everything has been applied up to, seconds."""
        self._posts = 0
        """Posts applied up to then."""
        self._pending = False
        """Whether shares wait to settle."""

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
        """Ids of the networks alive that were suspected when last told of."""
        alive = self.stage.networks.alive.values()
        return [network.network_id for network in alive if self._alert_writer.is_suspected(network)]

    def process(self, posts: pl.DataFrame | None, until: int) -> Iterator[Alert]:
        """Apply posts, and let event time pass to `until`: `trace`, then `apply`.

        Args:
            posts: as for `trace`. None: no posts, only time.
            until: as for `apply`.

        Yields:
            Alerts as they are raised.
        """
        yield from self.apply(None if posts is None or not len(posts) else self.trace(posts), until)

    def add_follow_events(self, events: FollowEvents) -> None:
        """Take follow events in the order of time; all before a tick have to be given before it is reached."""
        self.observations.add_follow_events(events)

    def set_reference_data(self, reference_data: ReferenceData) -> None:
        """Go on under other reference data; not between `trace` and `apply` of a batch.

        Entities are known again by their ids: what was remembered of those that are gone is dropped, and of the others
        kept, under whatever they are now. Accounts that are new to the registry follow whom they are remembered to
        follow. What they published before, and who linked to them or named them, stays unknown: it is no source of
        copies, and no evidence. What is usual is looked at again at the next alert.

        Args:
            reference_data: registry, profiles and reviewers' rules, all of them anew.
        """
        self._observation_extractor.set_reference_data(reference_data)
        self.observations.set_reference_data(reference_data)

    def trace(self, posts: pl.DataFrame) -> TracedPosts:
        """The traces of posts; may run ahead of `apply` in another thread, since they share no state.

        Args:
            posts: columns of `post_columns.POSTS` with keys (`traces.keyed`), in event order,
                duplicates removed, none below the last `until`.
        """
        with self._timer("traces"):
            traces = self._extractor.extract(posts)
        with self._timer("attribution"):
            return TracedPosts(traces, self._observation_extractor.extract(posts, traces))

    def apply(self, traced: TracedPosts | None, until: int) -> Iterator[Alert]:
        """Apply posts, and let event time pass to `until`.

        Args:
            traced: posts in event order, each batch of `trace` once and in turn. None: no posts, only time.
            until: event time before which no more posts will come, seconds; all posts are below it.

        Yields:
            Alerts as they are raised.

        Raises:
            ValueError: a post is not below `until`.
        """
        if traced is None:
            yield from self._pass_time(until)
            return
        traces = traced.traces
        if int(traces.times[-1]) >= until:
            raise ValueError("posts have to be below the event time that passes")
        with self._timer("accounts"):
            numbers = self.accounts.add(traces.posts, traces.account_keys)
            post_numbers = self.book.add(traces, numbers)
        first = int(traces.times[0])
        if self._now is None:
            self._now = first - first % self._tick_s
        followers = traces.posts["followers_count"].fill_null(-1).to_numpy()
        share_times = traces.times[traces.share_post]
        posted = 0  # posts of this batch that event time has reached
        begin = 0  # shares of this batch that were pushed
        while posted < len(traces.times):
            next_post = int(traces.times[posted])
            # where nothing waits, event time jumps to the tick of the next post
            yield from self._pass_time(next_post - next_post % self._tick_s)
            tick = self._now - self._now % self._tick_s + self._tick_s
            end_time = min(tick, until)
            upto = int(np.searchsorted(traces.times, end_time, side="left"))
            end = int(np.searchsorted(share_times, end_time, side="left"))
            self.accounts.count(numbers[posted:upto], followers[posted:upto])
            self.observations.add(traces, traced.watched, numbers, posted, upto)
            self._posts += upto - posted
            self._push(
                share_times[begin:end],
                numbers[traces.share_post[begin:end]],
                post_numbers[traces.share_post[begin:end]],
                traces.share_kind[begin:end],
                traces.share_object[begin:end],
                end_time,
            )
            posted, begin = upto, end
            self._now = end_time
            if end_time == tick:
                yield from self._tick(tick)
        yield from self._pass_time(until)

    def end(self) -> Iterator[Alert]:
        """Let event time pass, quietly, to the end of the day, so that everything waiting is settled and tested."""
        if self._now is not None:
            day = self.config.time.reestimate_s
            settled = self._now + self.sharing.settle_lag_s + self._tick_s
            yield from self._pass_time(settled - settled % day + day)

    def _pass_time(self, until: int) -> Iterator[Alert]:
        """Ticks without new posts."""
        if self._now is None:
            return
        while self._now < until:
            tick = self._now - self._now % self._tick_s + self._tick_s
            if not self._pending:
                # nothing can happen before evidence ages at the end of the day
                day = self.config.time.reestimate_s
                tick = self._now - self._now % day + day
            end_time = min(tick, until)
            if self._pending:
                self._push(*_NOTHING, end_time)
            self._now = end_time
            if end_time == tick:
                yield from self._tick(tick)

    def _push(
        self,
        times: I64,
        accounts: I32,
        posts: I64,
        kinds: U8,
        objects: U64,
        until: int,
    ) -> None:
        with self._timer("co_sharing"):
            co_shares, exposures = self.sharing.push(times, accounts, posts, kinds, objects, until)
        with self._timer("exposure"):
            self._ledger.add(exposures, len(self.accounts))
        with self._timer("pairs"):
            self.pairs.add(co_shares)
            self.book.mark_referenced(co_shares)
        self._pending = self.sharing.waiting

    def _tick(self, now: int) -> Iterator[Alert]:
        with self._timer("followers"):
            self.observations.advance(now)
        with self._timer("network"):
            changes = self.stage.tick(now, self.observations.sources())
        if now % self.config.time.reestimate_s == 0:
            yield from self._alerts_on_changes(changes, now)
            edges = self.observations.edges(now, self.stage.networks.network_of)
            with self._timer("reestimate"):
                held = len(self.pairs.rows)
                changes = self.stage.reestimate(now, self.observations.sources(), edges)
                if len(self.pairs.rows) < held:
                    self.book.age(self.pairs.rows)
            self.observations.close_day(now)
        self.book.settle(now)
        self.pairs.make_room(now)
        yield from self._alerts_on_changes(changes, now)
        if now % self.config.time.reestimate_s == 0:
            yield from self._alerts_on_changed_suspicion(now)

    def _alerts_on_changes(self, changes: list[NetworkChange], now: int) -> Iterator[Alert]:
        for change in changes:
            if change.successor is not None or change.lifecycle is Lifecycle.RESOLVED:
                ending = self._alert_writer.close(change.network, change.lifecycle, now, change.successor)
                if ending is not None:
                    yield ending
            elif self._alert_writer.needs_alert(change.network, change.lifecycle, now):
                yield self._written_alert(
                    change.network, change.lifecycle, now, self._assess(change.network, now)
                )

    def _alerts_on_changed_suspicion(self, now: int) -> Iterator[Alert]:
        """Tell of networks of which context says today what it did not say when they were last told of."""
        for network in list(self.stage.networks.alive.values()):
            if self._alert_writer.last_alert_at(network) in (None, now):
                continue
            if self._alert_writer.is_suspected(network) or self.observations.has_context(
                np.array(network.members, np.int32)
            ):
                assessment = self._assess(network, now)
                if self._alert_writer.suspicion_changed(network, assessment.covert):
                    yield self._written_alert(network, Lifecycle.UPDATED, now, assessment)

    def _assess(self, network: Network, now: int) -> Assessment:
        with self._timer("context"):
            members = np.array(network.members, np.int32)
            baseline = self.observations.baseline(now, self.stage.networks.network_of, members)
            return assess(network, self.observations, baseline, self.accounts, now)

    def _written_alert(
        self, network: Network, lifecycle: Lifecycle, now: int, assessment: Assessment
    ) -> Alert:
        with self._timer("alerts"):
            findings = gather_facts(
                self.config, self.stage, network, self.pairs, self.book, self.accounts.posts
            )
            return self._alert_writer.write(
                findings,
                assessment,
                self.accounts,
                lifecycle,
                now,
                self.stage.threshold,
                {"posts": self._posts},
                sum(store.evicted_early(self) for store in PIPELINE_STORES if store.is_evidence),
            )


_NOTHING = (
    np.zeros(0, np.int64),
    np.zeros(0, np.int32),
    np.zeros(0, np.int64),
    np.zeros(0, np.uint8),
    np.zeros(0, np.uint64),
)
