"""What Prometheus saw of a soak: posts and alerts, lag, which worker ran detection, and memory."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks.soak.panel_pictures import TimeSpan
from tests.integration.prometheus_server import Prometheus

_WARM_UP = 0.5
"""Share of the run before the slope of memory is measured: until then windows fill and kernels compile."""
_PARTS = 10
_LOOK_S = 1.0


@dataclass(frozen=True, slots=True)
class PrometheusFigures:
    """Figures from Prometheus alone. They lack what a killed worker did after its last scrape."""

    posts_read: int
    """Posts read by ingest; batches that a kill interrupted before their commit count twice."""
    posts_applied: int
    """Posts applied by detection."""
    alerts: int
    dead_letters: int
    lag_posts_max: int
    lag_frames_max: int
    watermark_delay_max_s: float
    without_owner_s: float
    """Longest time in which detection ran on no worker."""
    rebuilds: int
    rebuild_longest_s: float
    memory_mb_by_quarter: list[int]
    """Resident memory of the largest worker, the highest value of each quarter of the time."""
    memory_slope_mb_per_h: float
    """Slope for the largest worker, by least squares over the highest value of each tenth of the second half. (A worker
    that has just taken over is smaller than one that has saved its state.)"""
    memory_growth_of_second_half: float
    """Growth over the second half by the same line, as a share of the mean."""
    rules_fired: dict[str, int]
    """Seconds that each alert rule of the project fired."""


def figures_of(source: Prometheus, prefix: str, span: TimeSpan) -> PrometheusFigures:
    """Ask Prometheus for the figures of a service."""
    ours = f'prefix="{prefix}"'
    length = f"{span.end - span.begin:.0f}s"

    def highest(expr: str) -> float:
        found = source.ask("query", query=f"max_over_time(({expr})[{length}:1s])", time=f"{span.end:.3f}")
        return max((float(sample["value"][1]) for sample in found["result"]), default=0.0)

    def counted(metric: str, selector: str = "") -> int:
        found = source.ask("query", query=f"{metric}{{{ours}{selector}}}[{length}]", time=f"{span.end:.3f}")
        return round(sum(_increase(one["values"]) for one in found["result"]))

    memory = _memory(source, ours, span)
    middle = span.begin + _WARM_UP * (span.end - span.begin)
    late = _highest_of_each(memory[memory[:, 0] >= middle], (span.end - middle) / _PARTS)
    slope, _ = np.polyfit(late[:, 0] - middle, late[:, 1], 1)
    durations = "lockstep_rebuild_duration_seconds"
    return PrometheusFigures(
        posts_read=counted("lockstep_ingest_records_total", ',topic="posts.v1"'),
        posts_applied=counted("lockstep_detection_posts_total"),
        alerts=counted("lockstep_alerts_total"),
        dead_letters=counted("lockstep_dead_letters_total"),
        lag_posts_max=round(highest(f'sum(lockstep_ingest_lag_records{{{ours},topic="posts.v1"}})')),
        lag_frames_max=round(highest(f"max(lockstep_detection_lag_frames{{{ours}}})")),
        watermark_delay_max_s=highest(
            f"max(lockstep_detection_latest_event_timestamp_seconds{{{ours}}})"
            f" - max(lockstep_detection_watermark_timestamp_seconds{{{ours}}})"
        ),
        without_owner_s=_without_owner(source, ours, span),
        rebuilds=counted(f"{durations}_count"),
        rebuild_longest_s=round(highest(f"max({durations}_sum{{{ours}}} / {durations}_count{{{ours}}})"), 1),
        memory_mb_by_quarter=[round(part[:, 1].max() / 1e6) for part in np.array_split(memory, 4)],
        memory_slope_mb_per_h=round(float(slope) * 3_600 / 1e6, 1),
        memory_growth_of_second_half=round(float(slope) * (span.end - middle) / float(late[:, 1].mean()), 4),
        rules_fired=_fired(source, span),
    )


def _increase(values: Sequence[tuple[float, str]]) -> float:
    """The increase of a counter, across its resets."""
    total = last = 0.0
    for _, text in values:
        value = float(text)
        total += value - last if value >= last else value
        last = value
    return total


def _memory(source: Prometheus, ours: str, span: TimeSpan) -> Any:
    """Time and memory of the largest worker: rows of seconds and bytes, float64."""
    joined = f"* on (instance, job) group_left (prefix) lockstep_build_info{{{ours}}}"
    (found,) = source.series(
        f"max(process_resident_memory_bytes {joined})", span.begin, span.end, 2 * _LOOK_S
    )
    return np.array([(float(at), float(value)) for at, value in found["values"]])


def _highest_of_each(memory: Any, seconds: float) -> Any:
    """The highest sample of each stretch of `seconds`: rows of seconds and bytes."""
    stretch = ((memory[:, 0] - memory[0, 0]) // seconds).astype(np.int64)
    return np.array([(part := memory[stretch == at])[np.argmax(part[:, 1])] for at in np.unique(stretch)])


def _without_owner(source: Prometheus, ours: str, span: TimeSpan) -> float:
    """The longest time in which detection ran on no worker, after its first start, seconds."""
    expr = f"sum(lockstep_detection_owner{{{ours}}}) == 1"
    found = source.series(expr, span.begin, span.end, _LOOK_S)
    times = np.array([float(at) for one in found for at, _ in one["values"]])
    return round(float(np.diff(np.sort(times)).max(initial=_LOOK_S)) - _LOOK_S, 1)


def _fired(source: Prometheus, span: TimeSpan) -> dict[str, int]:
    found = source.series('ALERTS{alertstate="firing"}', span.begin, span.end, _LOOK_S)
    seconds: dict[str, int] = {}
    for one in found:
        name = one["metric"]["alertname"]
        seconds[name] = seconds.get(name, 0) + len(one["values"])
    return seconds
