"""What workers say of themselves at /metrics: posts applied, and seconds by stage."""

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
    """All samples that a worker of this machine serves."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
        text = answer.read().decode()
    return [sample for family in text_string_to_metric_families(text) for sample in family.samples]


def until_ready(ports: Sequence[int], limit_s: float = 120.0) -> None:
    """Wait until all of them are caught up.

    Raises:
        TimeoutError: one is not.
    """
    end = time.monotonic() + limit_s
    for port in ports:
        while not _is_ready(port):
            if time.monotonic() > end:
                raise TimeoutError(f"the worker at port {port} does not get ready")
            time.sleep(0.1)


def _is_ready(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/health/ready", timeout=10):
            return True
    except OSError:
        return False


def posts_applied(ports: Sequence[int]) -> int:
    """By detection, wherever it runs."""
    return round(
        sum(
            one.value
            for port in ports
            for one in samples(port)
            if one.name == "lockstep_detection_posts_total"
        )
    )


def seconds_by_stage(ports: Sequence[int]) -> dict[str, float]:
    """Wall clock of all stages of all workers, longest first; `detection: all` has the others of it in it."""
    found: defaultdict[str, float] = defaultdict(float)
    for port in ports:
        for one in samples(port):
            if one.name == _INGEST:
                found[f"ingest: {one.labels['stage']}"] += one.value
            elif one.name == _DETECTION:
                found[f"detection: {one.labels['stage']}"] += one.value
            elif one.name == _FRAMES:
                found["detection: all"] += one.value
    ranked = sorted(found.items(), key=lambda item: -item[1])
    return {stage: round(seconds, 2) for stage, seconds in ranked if seconds >= 0.05}
