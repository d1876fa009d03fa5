"""The local driver: dumps in, alerts out, in one process and without Kafka.

It always reads the source that is furthest behind in event time, holds rows until all sources have passed them, and
gives them to the pipeline. Reading, ordering and tracing run ahead in a thread of their own; detection runs in the
calling thread. All decisions are made in `detectors`.
"""

import math
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import uuid4

import msgspec
import numpy as np
import polars as pl

from detectors.evidence.pair_overview import pair_overview
from detectors.numbered_posts import TracedPosts
from detectors.pipeline import Pipeline
from detectors.post_columns import parted
from detectors.shards import Runner
from detectors.signals import SignalRecord
from detectors.state.capture import State, capture, restore
from detectors.state.state_forms import StateError
from detectors.stores import POST_IDS
from schemas.alerts import Alert
from schemas.dead_letters import Reason
from schemas.errors import InputError
from streams.ordering.order_state import OrderState
from streams.ordering.ordered_batch import OrderedBatch
from streams.ordering.ordered_posts import OrderedPosts, ReadProgress
from streams.outputs.dead_letter_log import DeadLetterLog
from streams.reference_files.reference_inputs import ReferenceInputs
from streams.replay.read_ahead import ReadAhead
from streams.replay.share_counts import ShareCounts
from streams.replay.stopping import Stop
from streams.reports.what_there_was import RunOverview
from streams.settings.settings import Settings
from streams.shard_threads import runner
from streams.sources import Source
from streams.version import VERSION

_AHEAD = 1
"""Batches that are ready while the next one is read and traced, and detection works on an earlier one."""


class _Reached(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How far a run has come."""

    first_time: int | None
    posts: int
    alerts: int
    event_time: datetime | None
    tick: datetime | None
    follows: int


@dataclass
class Replay:
    """One run over some inputs.

    Args:
        inputs: paths, as `streams.sources.expand_inputs` gives them.
        settings: how to read and detect.
        dead_letters: where rejected rows go.
        format: of all inputs; None: each input's content shows its format.
        unordered: sort every input, whatever its format.
        on_progress: called as the run goes on.
        on_posts: called with each frame of posts and reports of deletions as it is applied, duplicates and late ones
            left out.
        on_signals: called with figures that changed, in order; None: none are computed.
    """

    inputs: Sequence[str]
    settings: Settings
    dead_letters: DeadLetterLog
    format: str | None = None
    unordered: bool = False
    on_progress: Callable[[ReadProgress], None] = lambda progress: None
    on_posts: Callable[[pl.DataFrame], None] = lambda posts: None
    on_signals: Callable[[list[SignalRecord]], None] | None = None
    sources: Sequence[Source] | None = None
    """What to read in place of `inputs`."""
    erased: frozenset[str] = frozenset()
    """Accounts whose posts are left out, as `platform:account_id`."""
    stop: Stop = field(default_factory=Stop)
    """Looked at after every batch: whether the run is to end before its inputs do."""
    due: Callable[[], bool] | None = None
    """Asked between batches, in the thread that reads, whether `on_state` is to be called; None: never."""
    on_state: Callable[[OrderState], None] = lambda state: None
    """Called between batches with the state of reading; `captured` has the rest then."""
    run_id: str = field(default_factory=lambda: uuid4().hex)
    shards: int = 1
    """Shards that detection is worked off in, each in a thread; one of `detectors.shards.SHARD_COUNTS`."""
    run_shards: Runner | None = None
    """What works off the shards in place of threads."""
    ordered: OrderedPosts = field(init=False)
    """Where the posts come from."""

    def __post_init__(self) -> None:
        self.ordered = OrderedPosts(
            self.inputs,
            self.settings,
            self.dead_letters,
            self.format,
            self.unordered,
            self.on_progress,
            self.sources,
            due=self.due,
            erased=self.erased,
            abandoned=lambda: self.stop.wanted,
        )
        self._kept = threading.Event()
        """Whether the state that was asked for is kept, so that reading may go on."""
        self._pipeline: Pipeline | None = None
        self._released = False
        self._shared = ShareCounts()
        self._first_time: int | None = None
        self.follows = 0
        """Count of follow events given."""
        self.complete = False
        """Whether all inputs were read to their end."""

    @property
    def progress(self) -> ReadProgress:
        """How far the run has come."""
        return self.ordered.progress

    @property
    def timings(self) -> dict[str, float]:
        """Seconds by stage."""
        return self.ordered.timer.seconds

    @property
    def faults(self) -> list[InputError]:
        """Inputs that ended early; what they held before was used."""
        return self.ordered.faults

    @property
    def pipeline(self) -> Pipeline:
        """The pipeline; without reference data if `set_reference_data` was not called before the first use."""
        if self._released:
            raise RuntimeError("the memory of this run was released")
        if self._pipeline is None:
            self._pipeline = self._built(ReferenceInputs())
        return self._pipeline

    def set_reference_data(self, references: ReferenceInputs) -> None:
        """Set reference data and follow events; call it before `run`."""
        self._pipeline = self._built(references)

    def release(self) -> None:
        """Give up the memory of detection. Nothing that asks the pipeline works afterwards."""
        self._pipeline = None
        self._released = True

    def _built(self, references: ReferenceInputs) -> Pipeline:
        pipeline = Pipeline(
            self.settings.detection,
            VERSION,
            "replay",
            self.run_id,
            self.ordered.timer,
            references.reference_data,
            with_signals=self.on_signals is not None,
            shards=self.shards,
            run=self.run_shards or runner(self.shards),
        )
        self.follows = 0 if references.follows is None else len(references.follows)
        if references.follows is not None:
            pipeline.add_follow_events(references.follows)
        return pipeline

    @property
    def first_time(self) -> int | None:
        """Event time of the first post applied, seconds."""
        return self._first_time

    @property
    def evicted_early(self) -> dict[str, int]:
        """What left its store early because it was full, by store; stores that lost nothing are left out."""
        counts = {**self.pipeline.evicted_early, POST_IDS.name: self.ordered.forgotten_early}
        return {store: count for store, count in counts.items() if count}

    def overview(self) -> RunOverview | None:
        """What there was to look at; None before the first post."""
        pipeline, last = self.pipeline, self.progress.event_time
        if self._first_time is None or last is None:
            return None
        stage, gate = pipeline.stage, self.settings.detection.gate
        every = np.arange(pipeline.pairs.size, dtype=np.int32)
        found = pair_overview(self.settings.detection, pipeline.pairs, stage.validated(every), stage.null())
        names = pipeline.accounts.names
        needed = stage.threshold
        if math.isinf(needed):  # no pair passes: one alone would need this
            needed = math.log(max(stage.hypotheses, 1.0) / gate.false_discovery_rate)
        closest = found.closest
        return RunOverview(
            posts=self.progress.posts,
            accounts=len(names),
            active_accounts=pipeline.accounts.repeated,
            posts_with=self._shared.posts_with,
            repeated_link=self._shared.repeated_link(),
            pairs=found,
            closest_names=None
            if closest is None
            else (names[closest.accounts[0]], names[closest.accounts[1]]),
            needed_p=math.exp(-needed),
            min_objects=gate.min_objects,
            min_members=gate.min_members,
            span=last - datetime.fromtimestamp(self._first_time, UTC),
        )

    def unnamed_members(self, alert: Alert) -> list[str]:
        """Members that an alert just yielded leaves out for length, as `platform:account_id`."""
        if alert.member_count <= len(alert.members):
            return []
        named = {member.account_id for member in alert.members}
        names = self.pipeline.accounts.names
        return [
            names[number]
            for network in self.pipeline.stage.networks.alive.values()
            if network.network_id == alert.network_id
            for number in network.members
            if names[number] not in named
        ]

    def open(self) -> None:
        """Recognise all inputs; `run` does it otherwise.

        Raises:
            InputError: an input cannot be read, or is in no known format.
        """
        self.ordered.open()

    def run(self) -> Iterator[Alert]:
        """Yield alerts as they are raised, to the end of the inputs or until `stop` is wanted.

        Raises:
            InputError: an input cannot be read, most of its rows cannot be used, or no row can.
            OutputError: dead letters or temporary files cannot be written.
        """
        with ReadAhead(self._traced(), _AHEAD, lambda: self._ends_here) as steps:
            for step in steps:
                if isinstance(step, OrderState):
                    if not self.stop.failures:
                        self.on_state(step)
                    self._kept.set()
                    if self.stop.wanted:
                        break
                else:
                    yield from self._apply(*step)
                if self._ends_here:
                    break
        if self.stop.wanted:
            return  # what waits stays unsettled: later posts would have had a say in it
        self.complete = True
        yield from self._stamped(self.pipeline.end(), self.dead_letters.counts[Reason.LATE])
        self._pass_signals_on()
        if self.inputs:
            self.ordered.check_used(self.progress.posts)

    @property
    def _ends_here(self) -> bool:
        """Whether to end without the posts that were read ahead.

        A run whose state is kept takes them first: only with them it is where reading is.
        """
        return bool(self.stop.failures) or (self.stop.wanted and self.due is None)

    def _traced(self) -> Iterator[tuple[OrderedBatch, TracedPosts | None] | OrderState]:
        for step in self.ordered.steps():
            if isinstance(step, OrderState):
                self._kept.clear()
                yield step
                self._kept.wait()  # no batch may be between tracing and detection meanwhile
            else:
                yield step, self.pipeline.trace(step.posts) if len(step.posts) else None

    def captured(self) -> State:
        """Everything but what reading remembers; call it in `on_state` only."""
        return {
            "pipeline": capture(self.pipeline),
            "shared": capture(self._shared),
            "run": msgspec.msgpack.encode(
                _Reached(
                    first_time=self._first_time,
                    posts=self.progress.posts,
                    alerts=self.progress.alerts,
                    event_time=self.progress.event_time,
                    tick=self.progress.tick,
                    follows=self.follows,
                )
            ),
        }

    def go_on(self, state: State, order: State, grown: frozenset[str]) -> None:
        """Go on where another run was; call it after `set_reference_data` and before `open`.

        Args:
            state: as that run `captured` it.
            order: of its reading.
            grown: inputs that have more rows now.

        Raises:
            StateError: the state is damaged, or was captured with other settings or reference data.
        """
        restore(self.pipeline, state["pipeline"])
        restore(self._shared, state["shared"])
        try:
            reached = msgspec.msgpack.decode(state["run"], type=_Reached)
        except (msgspec.MsgspecError, TypeError) as error:
            raise StateError(f"the saved state is damaged: {error}") from error
        self._first_time, self.follows = reached.first_time, reached.follows
        progress = self.progress
        progress.posts, progress.alerts = reached.posts, reached.alerts
        progress.event_time, progress.tick = reached.event_time, reached.tick
        self.ordered.go_on(order, grown)

    def _apply(self, batch: OrderedBatch, traced: TracedPosts | None) -> Iterator[Alert]:
        posts, deletions = parted(batch.rows)
        if traced is not None:
            if self._first_time is None:
                self._first_time = int(posts["created_at"][0])
            self._shared.add(traced.traces)
        self.on_posts(batch.rows)
        self.pipeline.deletions.add(deletions)
        yield from self._stamped(self.pipeline.apply(traced, batch.until), batch.late)
        self._pass_signals_on()
        self.progress.posts += len(posts)
        self.progress.event_time = datetime.fromtimestamp(int(batch.rows["created_at"][-1]), UTC)
        self.on_progress(self.progress)

    def _pass_signals_on(self) -> None:
        if self.on_signals is not None and (signals := self.pipeline.take_signals()):
            self.on_signals(signals)

    def _stamped(self, alerts: Iterator[Alert], late: int) -> Iterator[Alert]:
        for alert in alerts:
            self.progress.alerts += 1
            self.progress.tick = alert.emitted_at
            yield msgspec.structs.replace(
                alert,
                emitted_at=datetime.now(UTC),
                provenance=msgspec.structs.replace(alert.provenance, late=late),
            )
