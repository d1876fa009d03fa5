"""Reads the metrics of workers: posts applied, and seconds by stage."""

import time
import urllib.request
from collections import defaultdict
from collections.abc import Sequence

from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

_INGEST = "lockstep_ingest_stage_duration_seconds_sum"
_DETECTION = "lockstep_detection_stage_duration_seconds_sum"
_FRAMES = "lockstep_detection_frame_duration_seconds_sum"


def samples(port: int) -> list[Sample]:
    """All samples that the worker at a port of this machine serves."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
        text = answer.read().decode()
    return [sample for family in text_string_to_metric_families(text) for sample in family.samples]


def until_ready(ports: Sequence[int], limit_s: float = 120.0) -> None:
    """Wait until all workers have caught up.

    Raises:
        TimeoutError: a worker has not caught up in time.
    """
    end = time.monotonic() + limit_s
    for port in ports:
        while not _is_ready(port):
            if time.monotonic() > end:
                raise TimeoutError(f"the worker at port {port} does not become ready")
            time.sleep(0.1)


def _is_ready(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/health/ready", timeout=10):
            return True
    except OSError:
        return False


def posts_applied(ports: Sequence[int]) -> int:
    """Posts that detection has applied, on whichever worker it runs."""
    return round(
        sum(
            sample.value
            for port in ports
            for sample in samples(port)
            if sample.name == "lockstep_detection_posts_total"
        )
    )


def seconds_by_stage(ports: Sequence[int]) -> dict[str, float]:
    """Wall-clock seconds by stage over all workers, longest first; `detection: all` includes its stages."""
    seconds_of: defaultdict[str, float] = defaultdict(float)
    for port in ports:
        for sample in samples(port):
            if sample.name == _INGEST:
                seconds_of[f"ingest: {sample.labels['stage']}"] += sample.value
            elif sample.name == _DETECTION:
                seconds_of[f"detection: {sample.labels['stage']}"] += sample.value
            elif sample.name == _FRAMES:
                seconds_of["detection: all"] += sample.value
    ranked = sorted(seconds_of.items(), key=lambda item: -item[1])
    return {stage: round(seconds, 2) for stage, seconds in ranked if seconds >= 0.05}
