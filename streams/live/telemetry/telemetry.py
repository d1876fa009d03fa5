"""What the stages of a worker tell: metrics, and whether it is alive and ready.

Stages call this once a batch or a frame, never once a post. What has to be looked at rather than counted (how much is
stored, how many networks there are) is looked at once a second at most, in the thread of detection.
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
from schemas.progress import Progress
from streams.live.detection.detection import Detection, FrameResult
from streams.live.exchange.decoding import KIND_OF, Batch
from streams.live.state.snapshots import Manifest
from streams.live.telemetry.detection_figures import DetectionGauges
from streams.live.telemetry.health import Health
from streams.metrics.metrics import WorkerMetrics
from streams.version import VERSION

_LOOK_EVERY_S = 1.0


class Telemetry:
    """Of one worker.

    Args:
        prefix: of the topics.
        config: settings of detection.
    """

    def __init__(self, prefix: str, config: DetectionConfig) -> None:
        self.registry = CollectorRegistry()
        self.metrics = WorkerMetrics(prefix, self.registry)
        self.health = Health()
        self._figures = DetectionGauges(self.metrics, config)
        self._looked = 0.0
        self.metrics.build.of(VERSION, platform.python_version(), config.digest).set(1)
        _begin_at_zero(self.metrics)

    # ingest

    @contextmanager
    def ingesting(self, stage: str) -> Iterator[None]:
        """Measure a stage of ingest: decode, write, commit."""
        begun = time.perf_counter()
        yield
        self.metrics.ingest_seconds.of(stage).observe(time.perf_counter() - begun)

    def read(self, batches: Iterable[Batch]) -> None:
        """Batches came from the public topics."""
        for batch in batches:
            self.metrics.records.of(batch.topic).inc(len(batch.records))
            self.metrics.batch_records.of(batch.topic).observe(len(batch.records))

    def decoded(self, batch: Batch, letters: Sequence[DeadLetter]) -> None:
        """A batch is rows now, and what cannot be used is dead letters."""
        self.metrics.record_bytes.of(batch.topic).inc(batch.bytes)
        self._set_aside(letters)

    def framed(self, kind: str, size: int) -> None:
        """A frame of so many bytes was written."""
        self.metrics.frames.of(kind).inc()
        self.metrics.frame_bytes.of(kind).inc(size)

    def reading(self) -> None:
        """Reference data have been read; posts are from now on."""
        self.health.reading = True

    def shared_out(self) -> None:
        """Partitions were shared out anew."""
        self.metrics.rebalances.of().inc()
        self.health.has_share = True

    def held_back(self, partitions: int) -> None:
        """So many partitions are not read for now."""
        self.metrics.held_back.of().set(partitions)

    def lags(self, behind: Mapping[TopicPartition, int], frames: int) -> None:
        """Records that this worker has yet to read, by partition, and frames that detection has yet to apply."""
        self.metrics.lag.forget()
        for partition, records in behind.items():
            topic = partition.topic.removeprefix(self.metrics.whose)
            self.metrics.lag.of(topic, str(partition.partition)).set(records)
        self.metrics.frames_behind.of().set(frames)
        self.health.frames_behind = frames

    def registry_updated(self, at: float) -> None:
        """When the latest record of the registry reached the broker, seconds since 1970 UTC."""
        self.metrics.registry_updated.of().set(at)

    def reviewed(self, cases: ReviewCases) -> None:
        """What reviewers take networks to be."""
        self._figures.review(cases)

    def loop_delayed(self, seconds: float) -> None:
        """Longest time that a task had to wait for its turn."""
        self.metrics.loop_delay.of().set(seconds)

    def look_at_health(self) -> None:
        """Say as a metric whether the worker is ready."""
        self.metrics.ready.of().set(not self.health.waits_for)

    # detection

    def stage(self, name: str, seconds: float) -> None:
        """A stage of detection has run."""
        self.metrics.stage_seconds.of(name).observe(seconds)

    def applied(self, detection: Detection, progress: Progress, seconds: float) -> None:
        """A frame was applied; in the thread of detection, before anything else happens there."""
        metrics = self.metrics
        metrics.frame_seconds.of().observe(seconds)
        if not self.health.owns:
            return  # taken away meanwhile
        for gauge, at in ((metrics.watermark, progress.watermark), (metrics.latest, progress.latest)):
            if at is not None:
                gauge.of().set(at.timestamp())
        metrics.held.of("posts").set(len(detection.held_posts))
        metrics.held.of("follows").set(len(detection.held_follows))
        now = time.monotonic()
        if now - self._looked >= _LOOK_EVERY_S:
            self._looked = now
            self._figures.look(detection)

    def found(self, found: FrameResult) -> None:
        """What a frame brought about has been told; not so in a rebuild."""
        metrics = self.metrics
        metrics.posts.of().inc(found.posts)
        metrics.faults.of().inc(len(found.faults))
        self._set_aside(found.dead_letters)
        for alert in found.alerts:
            self._told(alert)

    def owns(self, *, owner: bool) -> None:
        """Whether the partition of frames is here. What is said of detection holds only while it is."""
        self.health.owns = owner
        self.metrics.owner.of().set(owner)
        if not owner:
            self._figures.forget()

    def rebuilding(self, left: int | None) -> None:
        """So many frames are to go until the state is rebuilt; None: not known before a snapshot is found."""
        self.health.rebuilding = left is None or left > 0
        self.metrics.rebuild_left.of().set(left or 0)

    def rebuilt(self, detection: Detection, seconds: float) -> None:
        """The state is as the log says; what it evicted before is not this worker's doing."""
        self.health.rebuilding, self.health.rebuilt = False, True
        self.metrics.rebuild_left.of().set(0)
        self.metrics.rebuild_seconds.of().observe(seconds)
        self._figures.begin(detection)

    def saved(self, snapshot: Manifest, seconds: float | None = None) -> None:
        """A snapshot was written, for which detection waited so many seconds, or loaded (None)."""
        self.metrics.snapshot_bytes.of().set(snapshot.bytes)
        self.metrics.snapshot_at.of().set(datetime.fromisoformat(snapshot.written_at).timestamp())
        if seconds is not None:
            self.metrics.snapshot_seconds.of().observe(seconds)

    def _set_aside(self, letters: Sequence[DeadLetter]) -> None:
        counts = Counter((letter.source.partition("/")[0], letter.reason) for letter in letters)
        for (topic, reason), count in counts.items():
            self.metrics.dead_letters.of(topic, reason).inc(count)

    def _told(self, alert: Alert) -> None:
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
    """Make the series that can be known beforehand: a rate needs a value before the first event."""
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
    for gauge in (metrics.ready, metrics.loop_delay, metrics.held_back, metrics.owner):
        gauge.of()
    for counter in (metrics.rebalances, metrics.posts, metrics.suppressed, metrics.faults):
        counter.of()
    for histogram in (
        metrics.frame_seconds,
        metrics.evidence_age,
        metrics.alert_delay,
        metrics.snapshot_seconds,
        metrics.rebuild_seconds,
    ):
        histogram.of()
