"""How metrics are declared: typed, each in a registry of its own, with one label given once for all."""

from dataclasses import dataclass
from typing import Generic, TypeVar

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics
from prometheus_client.metrics import MetricWrapperBase

disable_created_metrics()  # type: ignore[no-untyped-call] # a second series of each counter, which nobody asks for

M = TypeVar("M", bound=MetricWrapperBase)


@dataclass(frozen=True, slots=True)
class Declaration:
    """What is known of a metric before it has a value."""

    name: str
    """As it is queried; histograms without `_bucket`, `_sum`, `_count`."""
    kind: str
    """counter, gauge or histogram."""
    labels: tuple[str, ...]
    """Without the one that all have."""
    meaning: str


class Labelled(Generic[M]):
    """A metric of which the first label is given already."""

    def __init__(self, family: M, whose: str) -> None:
        self._family = family
        self._whose = whose

    def of(self, *labels: str) -> M:
        """The series of these labels, in their order."""
        return self._family.labels(self._whose, *labels)

    def forget(self) -> None:
        """Drop all series: what they said holds no longer."""
        self._family.clear()


class Declarations:
    """Makes metrics and remembers what was declared.

    Args:
        label: that all have.
        whose: its value.
        registry: where they go.
    """

    def __init__(self, label: str, whose: str, registry: CollectorRegistry) -> None:
        self.whose = whose
        self.registry = registry
        self.declared: list[Declaration] = []
        """In the order of their declaration."""
        self._label = label

    def _counter(self, name: str, meaning: str, *labels: str) -> Labelled[Counter]:
        every = self._declare(name, "counter", meaning, labels)
        family = Counter(name.removesuffix("_total"), meaning, every, registry=self.registry)
        return Labelled(family, self.whose)

    def _gauge(self, name: str, meaning: str, *labels: str) -> Labelled[Gauge]:
        every = self._declare(name, "gauge", meaning, labels)
        return Labelled(Gauge(name, meaning, every, registry=self.registry), self.whose)

    def _histogram(
        self, name: str, meaning: str, *labels: str, buckets: tuple[float, ...]
    ) -> Labelled[Histogram]:
        every = self._declare(name, "histogram", meaning, labels)
        family = Histogram(name, meaning, every, registry=self.registry, buckets=buckets)
        return Labelled(family, self.whose)

    def _declare(self, name: str, kind: str, meaning: str, labels: tuple[str, ...]) -> tuple[str, ...]:
        self.declared.append(Declaration(name, kind, labels, meaning))
        return self._label, *labels
