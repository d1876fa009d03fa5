"""How metrics are declared: as attributes of a class, each with its name, kind, meaning and labels.

A class derived from `MetricSet` is the table; an instance has the series, in a registry of its own. One label, such as
the prefix of the topics, is on every metric of a set and given once.
"""

from typing import Any, ClassVar, Generic, TypeVar, overload

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics
from prometheus_client.metrics import MetricWrapperBase

disable_created_metrics()  # type: ignore[no-untyped-call] # a second series of each counter, which has no use here

M = TypeVar("M", bound=MetricWrapperBase)


class Labelled(Generic[M]):
    """A metric whose first label is given already."""

    def __init__(self, family: M, label_value: str) -> None:
        self._family = family
        self._label_value = label_value

    def of(self, *labels: str) -> M:
        """The series with these values of the other labels, in their order."""
        return self._family.labels(self._label_value, *labels)

    def forget(self) -> None:
        """Drop all series, so that values that no longer hold are not served."""
        self._family.clear()


class Declared(Generic[M]):
    """A metric of a `MetricSet`: the declaration on the class, the metric itself on an instance.

    Args:
        family: Counter, Gauge or Histogram.
        name: as it is queried; histograms without `_bucket`, `_sum` and `_count`.
        meaning: one sentence, at most 120 letters.
        labels: without the one that the whole set has.
        buckets: of a histogram, their upper bounds.
        of_detection: whether it has a value only where detection runs.
    """

    def __init__(
        self,
        family: type[M],
        name: str,
        meaning: str,
        labels: tuple[str, ...],
        buckets: tuple[float, ...] | None = None,
        *,
        of_detection: bool = False,
    ) -> None:
        self.family = family
        self.name = name
        self.meaning = meaning
        self.labels = labels
        self.of_detection = of_detection
        self._options: dict[str, Any] = {} if buckets is None else {"buckets": buckets}

    @property
    def kind(self) -> str:
        """`counter`, `gauge` or `histogram`."""
        return self.family.__name__.lower()

    @property
    def starts_at_zero(self) -> bool:
        """Whether its only series can be made before the first event: a rate needs a value from before."""
        return not self.labels and self.kind != "gauge"

    @overload
    def __get__(self, instance: None, owner: type) -> "Declared[M]": ...

    @overload
    def __get__(self, instance: "MetricSet", owner: type) -> Labelled[M]: ...

    def __get__(self, instance: "MetricSet | None", owner: type) -> "Declared[M] | Labelled[M]":
        if instance is None:
            return self
        metric: Labelled[M] = instance.metric(self)
        return metric

    def made(self, label: str, registry: CollectorRegistry) -> M:
        """The metric itself, in a registry, with one more label in front."""
        name = self.name.removesuffix("_total") if self.kind == "counter" else self.name
        return self.family(name, self.meaning, (label, *self.labels), registry=registry, **self._options)


class MetricSet:
    """Metrics that share a label; a derived class declares them as attributes and names the label.

    Args:
        label_value: value of the label.
        registry: where the metrics go.
    """

    label: ClassVar[str]
    declared: ClassVar[list[Declared[Any]]]
    """Every metric, in the order of the class."""

    def __init_subclass__(cls, label: str) -> None:
        cls.label = label
        cls.declared = [metric for metric in vars(cls).values() if isinstance(metric, Declared)]

    def __init__(self, label_value: str, registry: CollectorRegistry) -> None:
        self.label_value = label_value
        self.registry = registry
        self._metrics = {
            declared: Labelled(declared.made(self.label, registry), label_value) for declared in self.declared
        }

    def metric(self, declared: Declared[M]) -> Labelled[M]:
        """The metric that was declared so."""
        return self._metrics[declared]

    def start_at_zero(self) -> None:
        """Make the series of counters and histograms without labels: a rate needs a value before the first event."""
        for declared, metric in self._metrics.items():
            if declared.starts_at_zero:
                metric.of()

    def forget_detection(self) -> None:
        """Drop the gauges of detection: it runs elsewhere now."""
        for declared, metric in self._metrics.items():
            if declared.of_detection:
                metric.forget()


def counter(name: str, meaning: str, *labels: str) -> Declared[Counter]:
    """Declare a counter; its name ends in `_total`."""
    return Declared(Counter, name, meaning, labels)


def gauge(name: str, meaning: str, *labels: str) -> Declared[Gauge]:
    """Declare a gauge."""
    return Declared(Gauge, name, meaning, labels)


def detection_gauge(name: str, meaning: str, *labels: str) -> Declared[Gauge]:
    """Declare a gauge that has a value only where detection runs."""
    return Declared(Gauge, name, meaning, labels, of_detection=True)


def histogram(name: str, meaning: str, *labels: str, buckets: tuple[float, ...]) -> Declared[Histogram]:
    """Declare a histogram with these upper bounds of its buckets."""
    return Declared(Histogram, name, meaning, labels, buckets)
