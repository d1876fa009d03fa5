"""Metrics and health of a worker, as its stages report them.

Stages call this once for each batch or frame, never once for each post. Gauges of what is stored are sampled at most
once a second, in the thread of detection.
"""

import platform
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime

from aiokafka import TopicPartition
from prometheus_client import CollectorRegistry

from detectors.config import DetectionConfig
from detectors.reference.review_cases import ReviewCases
from schemas.alerts import Alert, Severity
from schemas.dead_letters import DeadLetter, Reason
from schemas.networks import Lifecycle
from schemas.service.progress import Progress
from streams.live.detection.detection import Detection, FrameResult
from streams.live.exchange.decoding import KIND_OF, Batch
from streams.live.state.snapshots import Manifest
from streams.live.telemetry.detection_figures import DetectionGauges
from streams.live.telemetry.health import Health
from streams.metrics.metrics import WorkerMetrics
from streams.version import VERSION

_SAMPLE_EVERY_S = 1.0
"""Seconds between two samples of the gauges of detection. Chosen, not measured: Prometheus scrapes more rarely."""


_MOST_COLLECTORS = 50
"""Collectors whose late posts are counted under their own name. Chosen, not measured: runs of `lockstep publish` have
new names."""
_UNNAMED = "unnamed"


class Telemetry:
    """Metrics and health of one worker.

    Args:
        prefix: of the topics.
        config: settings of detection.
    """

    def __init__(self, prefix: str, config: DetectionConfig) -> None:
        self.registry = CollectorRegistry()
        self.metrics = WorkerMetrics(prefix, self.registry)
        self.health = Health()
        self._gauges = DetectionGauges(self.metrics, config)
        self._sampled_at = 0.0
        self._late_collectors: set[str] = set()
        self.metrics.build.of(VERSION, platform.python_version(), config.digest).set(1)
        _begin_at_zero(self.metrics)

    # ingest

    @contextmanager
    def ingesting(self, stage: str) -> Iterator[None]:
        """Measure the seconds of a stage of ingest: decode, write or commit."""
        begun = time.perf_counter()
        yield
        self.metrics.ingest_seconds.of(stage).observe(time.perf_counter() - begun)

    def count_read(self, batches: Iterable[Batch]) -> None:
        """Count records read from the public topics."""
        for batch in batches:
            self.metrics.records.of(batch.topic).inc(len(batch.records))
            self.metrics.batch_records.of(batch.topic).observe(len(batch.records))

    def count_decoded(self, batch: Batch, letters: Sequence[DeadLetter]) -> None:
        """Count the bytes of a batch that was decoded, and its dead letters."""
        self.metrics.record_bytes.of(batch.topic).inc(batch.bytes)
        self._count_dead_letters(letters)

    def count_frame(self, kind: str, size: int) -> None:
        """Count a frame of `size` bytes that was written."""
        self.metrics.frames.of(kind).inc()
        self.metrics.frame_bytes.of(kind).inc(size)

    def set_reading_posts(self) -> None:
        """Reference data have been read, and posts are read from now on."""
        self.health.reads_posts = True

    def count_assignment(self) -> None:
        """Count that partitions were assigned to the workers anew."""
        self.metrics.rebalances.of().inc()
        self.confirm_assignment()

    def confirm_assignment(self) -> None:
        """The worker is a member of the group of ingest, and has its share."""
        self.health.assigned = True
        self.note_poll(None)

    def lose_assignment(self) -> None:
        """The worker may no longer be a member of the group of ingest."""
        self.health.assigned = False
        self.metrics.assigned.of().set(0)

    def note_poll(self, partitions: int | None) -> None:
        """Ingest asks for messages now; it has so many partitions, or (None) as many as before."""
        self.health.polled_at = self.health.clock()
        if partitions is not None:
            self.metrics.assigned.of().set(partitions if self.health.assigned else 0)

    def note_broker_answer(self) -> None:
        """A broker answers now."""
        self.health.broker_answered_at = self.health.clock()

    def set_broker_reachable(self, reachable: bool) -> None:
        """Set whether a broker answers. After an outage, both groups have to confirm that the worker is a member."""
        self.health.broker_reachable = reachable
        self.metrics.reachable.of().set(reachable)
        if not reachable:
            self.lose_assignment()
            self.health.frames_known = False

    def set_paused(self, partitions: int) -> None:
        """Set how many partitions are paused."""
        self.metrics.held_back.of().set(partitions)

    def set_lags(self, behind: Mapping[TopicPartition, int], frames: int) -> None:
        """Set how much is still to do.

        Args:
            behind: records that this worker has yet to read, by partition.
            frames: frames that detection has yet to apply.
        """
        self.metrics.lag.forget()
        for partition, records in behind.items():
            topic = partition.topic.removeprefix(self.metrics.label_value)
            self.metrics.lag.of(topic, str(partition.partition)).set(records)
        self.metrics.frames_behind.of().set(frames)

    def set_registry_time(self, seconds: float) -> None:
        """Set when the latest record of the registry reached the broker, seconds since 1970 UTC."""
        self.metrics.registry_updated.of().set(seconds)

    def show_reviews(self, cases: ReviewCases) -> None:
        """Set the gauges of reviews from all cases."""
        self._gauges.update_reviews(cases)

    def set_loop_delay(self, seconds: float) -> None:
        """Set the longest time that a task had to wait for the event loop."""
        self.metrics.loop_delay.of().set(seconds)

    def update_ready(self) -> None:
        """Set the metrics that say whether the worker is ready."""
        self.metrics.ready.of().set(not self.health.waits_for)
        if self.health.detection_here:
            self.metrics.state_built.of().set(self.health.state_built)

    # shards of co-sharing

    def set_shards_due(self, shards: frozenset[int]) -> None:
        """Set which shards were given to this worker and are not up to date yet."""
        self.health.shards_due = shards

    def set_shards_missing(self, shards: Sequence[int]) -> None:
        """Set for which shards detection here has waited for long."""
        self.health.shards_missing = tuple(shards)

    def show_shard(self, shard: int, until: int, seconds: float) -> None:
        """Show that a shard has taken a step: event time that it has reached, and how long it took, both seconds."""
        self.metrics.shard_watermark.of(str(shard)).set(until)
        self.metrics.shard_seconds.of(str(shard)).observe(seconds)

    def show_shard_saved(self, shard: int, size: int) -> None:
        """Show the size of the snapshot of a shard, bytes."""
        self.metrics.shard_bytes.of(str(shard)).set(size)

    def forget_shards(self) -> None:
        """Drop the gauges of all shards: they are being shared out anew."""
        self.metrics.shard_watermark.forget()
        self.metrics.shard_bytes.forget()

    # detection

    def observe_stage(self, name: str, seconds: float) -> None:
        """Record the seconds of a stage of detection."""
        self.metrics.stage_seconds.of(name).observe(seconds)

    def show_applied(self, detection: Detection, progress: Progress, seconds: float) -> None:
        """Update gauges after a frame was applied; in the thread of detection, before anything else happens there."""
        metrics = self.metrics
        metrics.frame_seconds.of().observe(seconds)
        if not self.health.detection_here:
            return  # detection has moved to another worker meanwhile
        for gauge, time_reached in (
            (metrics.watermark, progress.watermark),
            (metrics.latest, progress.latest),
        ):
            if time_reached is not None:
                gauge.of().set(time_reached.timestamp())
        metrics.held.of("posts").set(len(detection.held_posts))
        metrics.held.of("follows").set(len(detection.held_follows))
        self._gauges.update_references(detection)
        now = time.monotonic()
        if now - self._sampled_at >= _SAMPLE_EVERY_S:
            self._sampled_at = now
            self._gauges.update(detection)

    def count_result(self, result: FrameResult) -> None:
        """Count what a frame brought about, once it has been published. Frames of a rebuild do not count."""
        metrics = self.metrics
        metrics.posts.of().inc(result.posts)
        metrics.faults.of().inc(len(result.faults))
        for collector, count in result.late_by_collector.items():
            metrics.late_posts.of(self._late_label(collector)).inc(count)
        self._count_dead_letters(result.dead_letters)
        for alert in result.alerts:
            self._count_alert(alert)

    def _late_label(self, collector: str) -> str:
        """The label of a collector, of a bounded number of them."""
        if not collector:
            return _UNNAMED
        if len(self._late_collectors) < _MOST_COLLECTORS:
            self._late_collectors.add(collector)
        return collector if collector in self._late_collectors else "other"

    def set_detection_here(self, here: bool) -> None:
        """Set whether the partition of frames is assigned to this worker. Gauges of detection are shown only then.

        Its watermark is there from then on: that it stays at 0 while rows wait is seen, and an absent one is not.
        """
        if here and not self.health.detection_here:
            self.metrics.watermark.of().set(0)
            for kind in ("posts", "follows"):
                self.metrics.held.of(kind).set(0)
        health = self.health
        health.frames_known, health.detection_here, health.state_built = True, here, False
        health.owes_report_since = float("inf")
        self.metrics.owner.of().set(here)
        if not here:
            self._gauges.clear()

    def lose_detection(self) -> None:
        """The partition of frames is being assigned anew, and may go to another worker."""
        self.health.frames_known = self.health.state_built = False

    def confirm_detection(self) -> None:
        """The worker is still a member of the group of detection, so all is as it was before the outage."""
        self.health.frames_known = True

    def owe_report(self) -> None:
        """A frame came; detection is to report how far it is."""
        self.health.owes_report_since = min(self.health.owes_report_since, self.health.clock())

    def note_report(self) -> None:
        """Detection has just reported how far it is."""
        self.health.owes_report_since = self.health.clock()

    def note_frames_wait(self, wait: bool) -> None:
        """Note whether frames wait on the log, of which detection here has taken none since the last look."""
        since = self.health.frames_wait_since
        self.health.frames_wait_since = min(since, self.health.clock()) if wait else float("inf")

    def note_all_reported(self) -> None:
        """Detection has reported all frames that came."""
        self.health.owes_report_since = float("inf")

    def set_rebuild_left(self, left: int) -> None:
        """Set how many frames are left until the state is rebuilt."""
        self.health.state_built = False
        self.metrics.rebuild_left.of().set(left)

    def show_rebuilt(self, detection: Detection, seconds: float) -> None:
        """The state is rebuilt. What it evicted before is not counted as this worker's."""
        self.health.state_built = True
        self.metrics.rebuild_left.of().set(0)
        self.metrics.rebuild_seconds.of().observe(seconds)
        self._gauges.take_over(detection)

    def confirm_state(self) -> None:
        """The state has been built before, and still holds."""
        self.health.state_built = True

    def show_snapshot(self, snapshot: Manifest, seconds: float | None = None) -> None:
        """Show a snapshot that was written, and the `seconds` that detection waited for it; None: it was loaded."""
        self.metrics.snapshot_bytes.of().set(snapshot.bytes)
        self.metrics.snapshot_at.of().set(datetime.fromisoformat(snapshot.written_at).timestamp())
        if seconds is not None:
            self.metrics.snapshot_seconds.of().observe(seconds)

    def _count_dead_letters(self, letters: Sequence[DeadLetter]) -> None:
        counts = Counter((letter.source.partition("/")[0], letter.reason) for letter in letters)
        for (topic, reason), count in counts.items():
            self.metrics.dead_letters.of(topic, reason).inc(count)

    def _count_alert(self, alert: Alert) -> None:
        metrics = self.metrics
        metrics.alerts.of(alert.severity, alert.lifecycle).inc()
        if alert.suppression is not None:
            metrics.suppressed.of().inc()
        if alert.lifecycle is Lifecycle.OPENED:
            age = alert.event_time_end - alert.event_time_start
            metrics.evidence_age.of().observe(age.total_seconds())
        delay = datetime.now(UTC) - alert.event_time_end
        metrics.alert_delay.of().observe(max(0.0, delay.total_seconds()))


def _begin_at_zero(metrics: WorkerMetrics) -> None:
    """Create the series that are known beforehand at 0: a rate needs a value before the first event."""
    for topic in KIND_OF:
        metrics.records.of(topic)
        metrics.record_bytes.of(topic)
        for reason in Reason:
            metrics.dead_letters.of(topic, reason)
    for severity in Severity:
        for lifecycle in Lifecycle:
            metrics.alerts.of(severity, lifecycle)
    for stage in ("decode", "write", "commit"):
        metrics.ingest_seconds.of(stage)
    for stage in ("network", "reestimate"):
        metrics.stage_seconds.of(stage)
    for gauge in (metrics.ready, metrics.loop_delay, metrics.held_back, metrics.owner, metrics.assigned):
        gauge.of()
    metrics.late_posts.of(_UNNAMED)
    metrics.reachable.of().set(1)
    metrics.start_at_zero()
