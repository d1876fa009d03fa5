"""What is looked at in the state of detection from time to time, for the metrics."""

import heapq
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from prometheus_client import Counter

from detectors.config import KINDS, DetectionConfig
from detectors.reference.review_cases import ReviewCases
from streams.live.detection.detection import Detection
from streams.metrics.metric_families import Labelled
from streams.metrics.metrics import WorkerMetrics

_RANKS = 10

_Count = tuple[Labelled[Counter], tuple[str, ...], int]
"""A metric, its labels, and what detection has counted ever since its state began."""


class DetectionGauges:
    """Looks at detection and says what it found.

    Counts that detection remembers across workers are told as what came on top since this worker took over.

    Args:
        metrics: where it says so.
        config: bounds of the stores, and crowd strata.
    """

    def __init__(self, metrics: WorkerMetrics, config: DetectionConfig) -> None:
        self._metrics = metrics
        self._room = {
            "shares": config.co_share.max_recent_shares,
            "pairs": config.evidence.max_pairs,
            "engagement": config.engagement.max_posts,
            "follow_edges": config.followers.max_edges,
            "facts": config.attribution.max_facts,
            "rhythm": config.rhythm.max_posts,
            "post_ids": config.time.max_post_ids // 2,
        }
        self._crowds = crowd_labels(config.co_share.strata)
        self._known: dict[tuple[Labelled[Counter], tuple[str, ...]], int] = {}
        self._cases = ReviewCases()
        self._suspected: list[str] | None = None
        """Ids of the networks that were suspected when last looked; None: detection runs elsewhere."""

    def begin(self, detection: Detection) -> None:
        """Take over: what happened before was told by others."""
        self._known = {(metric, labels): count for metric, labels, count in self._counts(detection)}
        self.look(detection)

    def look(self, detection: Detection) -> None:
        """Look at everything."""
        metrics, references, pipeline = self._metrics, detection.references, detection.pipeline
        metrics.entities.of().set(len(references.entities_used))
        metrics.rules.of().set(len(references.rules))
        for metric, labels, count in self._counts(detection):
            metric.of(*labels).inc(max(0, count - self._known.get((metric, labels), 0)))
            self._known[metric, labels] = count
        metrics.items.of("post_ids").set(detection.duplicates.held)
        for store, room in self._room.items():
            metrics.room.of(store).set(room)
        if pipeline is None:
            return
        for store, held in pipeline.stored.items():
            metrics.items.of(store).set(held)
        stage = pipeline.stage
        metrics.edges.of().set(stage.edges)
        metrics.hypotheses.of().set(stage.hypotheses)
        metrics.threshold.of().set(stage.threshold)
        metrics.slow_ratio.of().set(stage.slow_ratio())
        metrics.spread.of().set(stage.spread)
        alive, suspected = stage.networks.alive.values(), pipeline.suspected
        metrics.networks.of("suspected").set(len(suspected))
        metrics.networks.of("coordinated").set(len(alive) - len(suspected))
        self._suspected = suspected
        self._count_waiting(suspected)
        sizes = heapq.nlargest(_RANKS, (network.size for network in alive))
        for rank in range(_RANKS):
            metrics.members.of(str(rank + 1)).set(sizes[rank] if rank < len(sizes) else 0)

    def review(self, cases: ReviewCases) -> None:
        """What reviewers have said so far, which may change while no frame comes."""
        self._cases = cases
        for label, networks in cases.by_standing(datetime.now(UTC)).items():
            self._metrics.reviewed.of(label).set(networks)
        if (suspected := self._suspected) is not None:
            self._count_waiting(suspected)

    def _count_waiting(self, suspected: Sequence[str]) -> None:
        self._metrics.review_backlog.of().set(self._cases.waiting(suspected, datetime.now(UTC)))

    def forget(self) -> None:
        """Say nothing more: detection runs elsewhere."""
        self._suspected = None
        metrics = self._metrics
        for gauge in (
            metrics.watermark, metrics.latest, metrics.held, metrics.items, metrics.room, metrics.edges,
            metrics.hypotheses, metrics.threshold, metrics.slow_ratio, metrics.spread, metrics.networks,
            metrics.members, metrics.review_backlog, metrics.rules, metrics.entities,
            metrics.snapshot_bytes, metrics.snapshot_at, metrics.rebuild_left,
        ):  # fmt: skip
            gauge.forget()

    def _counts(self, detection: Detection) -> Iterator[_Count]:
        metrics, pipeline = self._metrics, detection.pipeline
        evicted = {"post_ids": detection.duplicates.forgotten_early}
        if pipeline is not None:
            evicted |= pipeline.evicted_early
            for reason, shares in pipeline.sharing.left_out.items():
                yield metrics.left_out, (reason,), shares
            for kind, of_kind in zip(KINDS, pipeline.sharing.made.tolist(), strict=True):
                for crowd, co_shares in zip(self._crowds, of_kind, strict=True):
                    yield metrics.co_shares, (kind.value, crowd), co_shares
        for store, items in evicted.items():
            yield metrics.evictions, (store,), items


def crowd_labels(strata: Sequence[int]) -> list[str]:
    """What to call the crowd strata: `2-5`, `6-15`, ..., `over 200`."""
    least = (2, *(bound + 1 for bound in strata[:-1]))
    return [
        *(f"{low}-{high}" if low < high else f"{high}" for low, high in zip(least, strata, strict=True)),
        f"over {strata[-1]}",
    ]
