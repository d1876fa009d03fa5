"""Detection on the log: frames in, alerts out, by the same pipeline as a replay.

Everything here is a function of the frames in the order of the log, so a worker that takes over needs only what was
saved at some offset and the frames since.
"""

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import ClassVar, NamedTuple

import msgspec
import polars as pl

from detectors.config import DetectionConfig
from detectors.event_time.collector_times import CollectorTimes
from detectors.event_time.duplicates import DuplicateFilter
from detectors.event_time.held_rows import ORDER, HeldRows
from detectors.event_time.rejected_rows import (
    RejectedRows,
    deletions_in_time,
    without_duplicates,
    without_late,
)
from detectors.event_time.settled_time import SettledTime
from detectors.exchange.remote_synchrony import RemoteSynchrony, Shards
from detectors.pipeline import Pipeline
from detectors.post_columns import POSTS, parted
from detectors.reference.reference_data import ReferenceData
from detectors.signals import SignalRecord
from detectors.traces.carried_shares import CARRIED, carrying
from detectors.traces.post_shares import ShareReader
from schemas.alerts import Alert, Mode
from schemas.dead_letters import RAW_LIMIT, DeadLetter
from schemas.service.topics import POSTS as POSTS_TOPIC
from streams.live.detection.closed_networks import ClosedNetworks
from streams.live.detection.positions import Gap, Positions, partition_name, see_spans, take_marks
from streams.live.detection.reference_data import LiveReferenceData
from streams.live.exchange.frames import FOLLOWS, KEYED_POSTS, Frame, OffsetSpan
from streams.metrics.stage_times import StageTimes
from streams.reference_files.follow_events import follow_events, named_accounts
from streams.shard_threads import runner
from streams.version import VERSION

HELD_POSTS: Mapping[str, pl.DataType] = {
    **{name: dtype for name, dtype in KEYED_POSTS.items() if name != "source"},
    **CARRIED,
    "topic": pl.String(),
    "partition": pl.Int32(),
}
"""Posts that wait, with their shares and the place that each is from."""
HELD_FOLLOWS: Mapping[str, pl.DataType] = {
    name: dtype for name, dtype in FOLLOWS.items() if name not in ("source", "offset")
}
"""Follow events that wait."""
_PROFILES_EVERY_S = 3_600
"""Event time between two uses of changed profiles, seconds. Chosen, not measured: what is known of accounts changes
slowly, and each use takes in all profiles."""
_POST_ORDER = (*ORDER, "partition", "offset")
"""Of several records of one post the same one counts, whichever came first."""
_LATE = "its event time had been applied when it came"
_FOLLOW_ORDER = ("at", "follower", "followee", "action")


@dataclass(slots=True)
class FrameResult:
    """What a frame brought about."""

    alerts: list[Alert] = field(default_factory=list)
    expired: list[str] = field(default_factory=list)
    """Ids of networks whose latest alert is to be deleted, because they were closed long ago."""
    signals: list[SignalRecord] = field(default_factory=list)
    dead_letters: list[DeadLetter] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    """What is wrong with the log: offsets that are missing, records that cannot be read."""
    registry_faults: list[str] = field(default_factory=list)
    """What is wrong with entities of the registry: they contradict others, or lack a parent."""
    posts: int = 0
    """Count of posts applied."""
    late_posts: pl.DataFrame | None = None
    """Posts that came too late, with the columns topic, partition, offset and collector; None: there are none."""

    @property
    def late_by_collector(self) -> dict[str, int]:
        """Count of posts that came too late, by collector."""
        if self.late_posts is None:
            return {}
        return dict(self.late_posts.group_by("collector", maintain_order=True).len().iter_rows())


class Waits(NamedTuple):
    """How long event time waits for others, seconds by the clock of the log."""

    settle_s: float = 0.0
    """What all sources have reached has to hold for so long: others may become known meanwhile."""
    collector_s: float = math.inf
    """A collector that is silent for so long is no longer waited for."""


NO_WAITS = Waits()
"""Event time goes on at once, as over sources that are all known beforehand."""


class Detection:
    """The state of detection.

    Args:
        config: every setting that bears on detection.
        mode: live, or replay on topics of its own.
        run_id: for the alerts.
        waits: how long event time waits for others.
        shards: threads that detection may use (`detectors.shards.SHARD_COUNTS`); the alerts are the same.
        remote: where co-sharing runs in agents of its own; None: it runs here.
    """

    not_state: ClassVar[frozenset[str]] = frozenset(
        {"_config", "mode", "run_id", "timer", "pipeline", "reader", "_shards", "_run_shards", "_remote"}
    )
    """The pipeline has a state of its own, with the settings and reference data that it needs to be built."""

    def __init__(
        self,
        config: DetectionConfig,
        mode: Mode,
        run_id: str,
        waits: Waits = NO_WAITS,
        shards: int = 1,
        remote: Shards | None = None,
    ) -> None:
        self._config = config
        self._shards, self._remote = shards, remote
        self._run_shards = runner(shards)
        self.mode: Mode = mode
        self.run_id = run_id
        self.reader = ShareReader(config, VERSION)
        """Reads the shares of posts whose frames have none, or have them as another version or other settings read
        them."""
        self.read_as = self.reader.digest
        """Digest of what the shares of the posts that wait were read with."""
        self.positions = Positions()
        self.times = CollectorTimes(waits.collector_s, POSTS_TOPIC.name)
        self.settled = SettledTime(waits.settle_s)
        """Event time that all sources have reached, once it has held for `settle_s`."""
        self.passed = -math.inf
        """Event time before which everything has been applied, seconds."""
        self.references = LiveReferenceData()
        self.duplicates = DuplicateFilter(config.time.duplicate_memory_s, config.time.max_post_ids)
        self.held_posts = HeldRows(_POST_ORDER)
        self.held_follows = HeldRows(_FOLLOW_ORDER)
        self.pipeline: Pipeline | None = None
        self.closed = ClosedNetworks()
        self.latest_post = -math.inf
        """Latest event time that posts have brought their source to, seconds; minus infinity before the first. Follow
        events do not count: they may be published long before the posts of their time."""
        self.late = 0
        """Count of posts that came too late."""
        self.profiled_until = 0
        """Event time from which changed profiles are used next, seconds."""
        self.timer = StageTimes()
        """Measures the seconds of each stage."""

    def apply(self, frame: Frame) -> FrameResult:
        """Apply the next frame of the log."""
        result = FrameResult()
        header = frame.header
        times = self.times
        start = self.settled.value
        times.announce((partition_name(topic, partition) for topic, partition in header.sources), start)
        rows, spans, gaps = self.positions.fresh(frame.rows, header.spans)
        result.faults.extend(_gap_fault(gap) for gap in gaps)
        if header.kind == "posts":
            seen = rows["created_at"].to_numpy(), rows["account_key"].to_numpy(), rows["source"].to_numpy()
            self.latest_post = max(self.latest_post, see_spans(times, *seen, spans, start, frame.at))
            self._hold_posts(rows, header.shares, spans, result)
        elif header.kind == "follows":
            # late ones are taken too: an edge is what its latest event says
            seen = rows["at"].to_numpy(), rows["follower"].to_numpy(), rows["source"].to_numpy()
            see_spans(times, *seen, spans, start, frame.at)
            self.held_follows.add(rows.select(HELD_FOLLOWS.keys()))
        elif header.kind != "marks" and len(rows):
            if fault := self.references.take(Frame(header, rows), result.dead_letters):
                (result.registry_faults if header.kind == "registry" else result.faults).append(fault)
        take_marks(times, frame, self.positions)
        times.advance()
        self.settled.observe(times.clock, times.least)
        self._advance(result)
        return result

    @property
    def settling(self) -> bool:
        """Whether more will be applied as time passes, without another record."""
        return self.settled.value < self.times.least

    @property
    def event_time(self) -> int | None:
        """Event time up to which everything has been applied, seconds; None before the first post."""
        return None if self.pipeline is None else self.pipeline.now

    def _hold_posts(
        self, rows: pl.DataFrame, read_as: str, spans: list[OffsetSpan], result: FrameResult
    ) -> None:
        """Let posts wait for their time; those of a time that has been applied are dead letters.

        Args:
            rows: of a frame.
            read_as: digest of what their shares were read with; empty: they have none.
            spans: of the frame.
            result: gets what is late.
        """
        rows = rows.with_columns(
            topic=pl.Series([span.topic for span in spans], dtype=pl.String).gather(rows["source"]),
            partition=pl.Series([span.partition for span in spans], dtype=pl.Int32).gather(rows["source"]),
            collector=pl.Series([span.collector for span in spans], dtype=pl.String).gather(rows["source"]),
        )
        rows = deletions_in_time(rows, self.passed)
        late = rows["created_at"].to_numpy() < self.passed
        rows, rejected = without_late(rows, late, _LATE)
        if rejected is not None:
            result.dead_letters.extend(_letters(rejected))
            result.late_posts = rejected.rows
            self.late += len(rejected.rows)
        if read_as != self.reader.digest:
            with self.timer("traces"):
                rows = carrying(rows, self.reader.read(rows))
        self.held_posts.add(rows.select(HELD_POSTS.keys()))

    def read_again(self) -> None:
        """Read the shares of posts that wait, if they were read in another way: the state is of another version."""
        if self.read_as == self.reader.digest:
            return
        before, self.held_posts = self.held_posts, HeldRows(_POST_ORDER)
        for rows in before.frames:
            self.held_posts.add(carrying(rows, self.reader.read(rows)))
        self.read_as = self.reader.digest

    def _advance(self, result: FrameResult) -> None:
        """Apply what all sources have passed."""
        ended = self.settled.value == math.inf
        passed = self.settled.value - self._config.time.lateness_s
        if passed <= self.passed:
            return
        self.passed = passed
        with self.timer("order"):
            follows = self.held_follows.release(passed)
            posts = self.held_posts.release(passed)
            rejected: list[RejectedRows] = []
            if posts is not None:
                posts = self._of_others(posts, "account_key")
                posts, rejected = without_duplicates(posts, self.duplicates)
            if follows is not None:
                follows = self._of_others(follows, "follower", "followee")
        for rows in rejected:
            result.dead_letters.extend(_letters(rows))
        self._update_reference_data(passed)
        if follows is not None:
            self._ready_pipeline().add_follow_events(follow_events(follows, named_accounts(follows)))
        if posts is not None and len(posts):
            last = int(posts["created_at"][-1])
            posts, deletions = parted(posts)
            result.posts += len(posts)
            pipeline = self._ready_pipeline()
            pipeline.deletions.add(deletions)
            self._collect(pipeline.process(posts, last + 1 if ended else int(passed)), result)
        elif self.pipeline is not None and not ended:
            self._collect(self.pipeline.process(None, int(passed)), result)
        if ended:
            if self.pipeline is not None:
                self._collect(self.pipeline.end(), result)
            self.passed = float(self.event_time or 0)
            self.times.restart(self.passed + self._config.time.lateness_s)
            self.settled.restart(self.times.least)

    def _of_others(self, rows: pl.DataFrame, *names: str) -> pl.DataFrame:
        """The rows in which no column of keys has an account that is erased."""
        erased = self.references.erased_keys
        if not len(erased):
            return rows
        return rows.filter(~pl.any_horizontal(pl.col(name).is_in(erased.implode()) for name in names))

    def _update_reference_data(self, passed: float) -> None:
        """Let the pipeline go on under reference data that have changed."""
        references = self.references
        erased = references.take_erased()
        if erased and self.pipeline is not None:
            self.pipeline.deletions.erase(erased)
        profiles_due = references.profiles_changed and passed >= self.profiled_until
        if self.pipeline is not None and (references.entities_changed or profiles_due):
            with self.timer("references"):
                self.pipeline.set_reference_data(references.current())
            self.profiled_until = int(passed) + _PROFILES_EVERY_S if passed < float("inf") else 0

    def _ready_pipeline(self) -> Pipeline:
        """The pipeline, made when the first rows come."""
        if self.pipeline is None:
            self.pipeline = self.new_pipeline(self.references.current())
        return self.pipeline

    def new_pipeline(self, reference_data: ReferenceData) -> Pipeline:
        """A pipeline that has seen nothing yet, for this detection."""
        return Pipeline(
            self._config,
            VERSION,
            self.mode,
            self.run_id,
            self.timer,
            reference_data,
            with_signals=True,
            shards=self._shards,
            run=self._run_shards,
            synchrony=None if self._remote is None else RemoteSynchrony(self._config, self._remote),
        )

    def _collect(self, alerts: Iterator[Alert], result: FrameResult) -> None:
        """Add alerts to the result, with the wall clock and the count of late posts."""
        for alert in alerts:
            self.closed.note(alert)
            result.alerts.append(
                msgspec.structs.replace(
                    alert,
                    emitted_at=datetime.now(UTC),
                    provenance=msgspec.structs.replace(alert.provenance, late=self.late),
                )
            )
        result.expired.extend(self.closed.take_expired(self.event_time or 0))
        result.signals.extend(self._ready_pipeline().take_signals())


def _letters(rejected: RejectedRows) -> Iterable[DeadLetter]:
    """Dead letters for posts that could be read."""
    names = [name for name in POSTS if name in rejected.rows.columns]
    for row in rejected.rows.select(*names, "topic", "partition", "offset").iter_rows(named=True):
        source = partition_name(row.pop("topic"), row.pop("partition"))
        offset = row.pop("offset")
        raw = msgspec.json.encode({name: value for name, value in row.items() if value is not None})
        yield DeadLetter(
            source=source,
            position=offset,
            reason=rejected.reason,
            detail=rejected.detail,
            raw=raw.decode()[:RAW_LIMIT],
            raw_bytes=len(raw),
        )


def _gap_fault(gap: Gap) -> str:
    return (
        f"{gap.source}: offsets {gap.begin:,} to {gap.end - 1:,} are missing; the topic's retention may be "
        "too short for how far the workers were behind"
    )
