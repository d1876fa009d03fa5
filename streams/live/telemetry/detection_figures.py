"""Gauges sampled from the state of detection."""

import heapq
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from prometheus_client import Counter

from detectors.config import KINDS, DetectionConfig
from detectors.reference.review_cases import ReviewCases
from detectors.stores import POST_IDS, STORES
from streams.live.detection.detection import Detection
from streams.metrics.metric_families import Labelled
from streams.metrics.metrics import WorkerMetrics

_RANKS = 10

_Count = tuple[Labelled[Counter], tuple[str, ...], int]
"""A metric, its labels, and what detection has counted since its state began."""


class DetectionGauges:
    """Samples detection.

    Detection remembers its counts when another worker takes over. Here only what was added since counts.

    Args:
        metrics: to be set.
        config: bounds of the stores, and crowd strata.
    """

    def __init__(self, metrics: WorkerMetrics, config: DetectionConfig) -> None:
        self._metrics = metrics
        self._limits = {store.name: store.limit(config) for store in STORES}
        self._crowds = crowd_labels(config.co_share.strata)
        self._known: dict[tuple[Labelled[Counter], tuple[str, ...]], int] = {}
        self._cases = ReviewCases()
        self._suspected: list[str] | None = None
        """Ids of the networks that were suspected at the latest sample; None: detection runs on another worker."""

    def take_over(self, detection: Detection) -> None:
        """Start from what detection has counted so far: other workers have reported that."""
        self._known = {(metric, labels): count for metric, labels, count in self._counts(detection)}
        self.update(detection)

    def update(self, detection: Detection) -> None:
        """Sample everything."""
        metrics, pipeline = self._metrics, detection.pipeline
        self.update_references(detection)
        for metric, labels, count in self._counts(detection):
            metric.of(*labels).inc(max(0, count - self._known.get((metric, labels), 0)))
            self._known[metric, labels] = count
        metrics.items.of(POST_IDS.name).set(POST_IDS.held(detection.duplicates))
        for store, limit in self._limits.items():
            metrics.limit.of(store).set(limit)
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

    def update_references(self, detection: Detection) -> None:
        """Sample the registry and the rules, after each frame: they may change when nothing comes later."""
        metrics, references = self._metrics, detection.references
        metrics.entities.of().set(len(references.entities_used))
        metrics.entities_set_aside.of().set(len(references.set_aside))
        metrics.rules.of().set(len(references.rules) + len(references.reviews.rules()))

    def update_reviews(self, cases: ReviewCases) -> None:
        """Set the gauges of reviews, which may change while no frame comes."""
        self._cases = cases
        for label, networks in cases.by_standing(datetime.now(UTC)).items():
            self._metrics.reviewed.of(label).set(networks)
        if (suspected := self._suspected) is not None:
            self._count_waiting(suspected)

    def _count_waiting(self, suspected: Sequence[str]) -> None:
        self._metrics.review_backlog.of().set(self._cases.waiting(suspected, datetime.now(UTC)))

    def clear(self) -> None:
        """Remove the gauges: detection runs on another worker."""
        self._suspected = None
        self._metrics.forget_detection()

    def _counts(self, detection: Detection) -> Iterator[_Count]:
        metrics, pipeline = self._metrics, detection.pipeline
        evicted = {POST_IDS.name: POST_IDS.evicted_early(detection.duplicates)}
        if pipeline is not None:
            evicted |= pipeline.evicted_early
            for reason, shares in pipeline.synchrony.left_out.items():
                yield metrics.left_out, (reason,), shares
            for kind, counts in zip(KINDS, pipeline.synchrony.made.tolist(), strict=True):
                for crowd, co_shares in zip(self._crowds, counts, strict=True):
                    yield metrics.co_shares, (kind.value, crowd), co_shares
        for store, items in evicted.items():
            yield metrics.evictions, (store,), items


def crowd_labels(strata: Sequence[int]) -> list[str]:
    """Labels of the crowd strata: `2-5`, `6-15`, ..., `over 200`."""
    least = (2, *(bound + 1 for bound in strata[:-1]))
    return [
        *(f"{low}-{high}" if low < high else f"{high}" for low, high in zip(least, strata, strict=True)),
        f"over {strata[-1]}",
    ]
