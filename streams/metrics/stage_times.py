"""Seconds by stage, as the pipeline tells of its stages."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class StageTimes:
    """Measures what is done under it: a `detectors.stage_timing.StageTimer`."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        """By stage."""
        self.on_stage: Callable[[str, float], None] = lambda stage, seconds: None
        """Told of each stage that ends, and of its seconds."""

    @contextmanager
    def __call__(self, stage: str) -> Iterator[None]:
        """Measure a stage."""
        start = time.perf_counter()
        try:
            yield
        finally:
            seconds = time.perf_counter() - start
            self.seconds[stage] = self.seconds.get(stage, 0.0) + seconds
            self.on_stage(stage, seconds)
