"""The metrics of a worker: named as Prometheus wants it, bounded, each with a meaning, and apart from one another."""

import re

import pytest
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from deploy.prometheus.metrics_page import PAGE, with_tables
from streams.metrics.metrics import CollectorMetrics, RunMetrics, WorkerMetrics

BOUNDED = {
    "version", "python", "settings", "topic", "partition", "reason", "stage", "kind", "crowd", "store", "state",
    "rank", "severity", "lifecycle", "measure", "share", "label", "collector", "source", "shard",
}  # fmt: skip
"""Labels whose values are few: none names an account, an object, a network, a post or a worker."""
UNITS = (
    "_seconds",
    "_bytes",
    "_info",
    "_records",
    "_frames",
    "_partitions",
    "_rows",
    "_items",
    "_nats",
    "_ratio",
)
COUNTED = (
    "_ready", "_reachable", "_connected", "_built", "_owner", "_edges", "_hypotheses", "_spread", "_networks",
    "_members", "_rules", "_entities", "_posts", "_alerts", "_dead_letters", "_set_aside",
)  # fmt: skip
"""Gauges that count things named by themselves, or are 0 or 1."""


@pytest.fixture
def metrics() -> WorkerMetrics:
    return WorkerMetrics("lockstep.", CollectorRegistry())


def test_names_follow_the_conventions_of_prometheus(metrics: WorkerMetrics) -> None:
    for declared in [*metrics.declared, *RunMetrics.declared, *CollectorMetrics.declared]:
        assert re.fullmatch(r"lockstep_[a-z][a-z_]*[a-z]", declared.name)
        assert declared.name.endswith("_total") == (declared.kind == "counter"), declared.name
        if declared.kind != "counter":
            assert declared.name.endswith(UNITS + COUNTED), declared.name
        if declared.kind == "histogram":
            assert declared.name.endswith(("_seconds", "_records")), declared.name


def test_labels_are_bounded_sets(metrics: WorkerMetrics) -> None:
    everything = [*metrics.declared, *RunMetrics.declared, *CollectorMetrics.declared]
    assert {label for declared in everything for label in declared.labels} == BOUNDED


def test_every_meaning_is_a_sentence(metrics: WorkerMetrics) -> None:
    for declared in [*metrics.declared, *RunMetrics.declared, *CollectorMetrics.declared]:
        assert declared.meaning[0].isupper() or declared.meaning[0].isdigit(), declared.name
        assert declared.meaning.endswith("."), declared.name
        assert len(declared.meaning) <= 120, declared.name


def test_what_is_declared_is_what_is_served(metrics: WorkerMetrics) -> None:
    served = {
        f"{family.name}_total" if family.type == "counter" else family.name
        for family in metrics.registry.collect()
        if family.name.startswith("lockstep_")
    }
    names = [declared.name for declared in metrics.declared]
    assert served == set(names)
    assert len(names) == len(set(names))


def test_every_series_says_which_service_it_is_of(metrics: WorkerMetrics) -> None:
    metrics.records.of("posts.v1").inc(3)
    metrics.ready.of().set(1)
    text = generate_latest(metrics.registry).decode()
    ours = [
        sample
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name.startswith("lockstep_")
    ]
    assert {sample.labels["prefix"] for sample in ours} == {"lockstep."}
    assert not any(sample.name.endswith("_created") for sample in ours)


def test_given_two_workers_in_one_process_then_neither_sees_the_other() -> None:
    one, other = (WorkerMetrics(prefix, CollectorRegistry()) for prefix in ("one.", "two."))
    one.posts.of().inc(5)
    assert one.registry.get_sample_value("lockstep_detection_posts_total", {"prefix": "one."}) == 5
    assert not list(_samples(other, "lockstep_detection_posts"))


def test_given_a_metric_that_is_forgotten_then_it_has_no_series(metrics: WorkerMetrics) -> None:
    metrics.held.of("posts").set(7)
    assert len(_samples(metrics, "lockstep_detection_held_rows")) == 1
    metrics.held.forget()
    assert not _samples(metrics, "lockstep_detection_held_rows")


def test_the_process_itself_is_measured(metrics: WorkerMetrics) -> None:
    memory = metrics.registry.get_sample_value("process_resident_memory_bytes")
    assert memory is not None and memory > 1 << 20


def _samples(metrics: WorkerMetrics, name: str) -> list[object]:
    return [
        sample for family in metrics.registry.collect() if family.name == name for sample in family.samples
    ]


def test_the_page_of_metrics_is_as_declared() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert page == with_tables(page), "stale: make dashboards"
    sets = (WorkerMetrics, RunMetrics, CollectorMetrics)
    assert page.count("\n| `lockstep_") == sum(len(metrics.declared) for metrics in sets)
