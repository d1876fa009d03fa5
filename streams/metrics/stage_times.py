"""Measures how long the stages of detection take."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class StageTimes:
    """A `detectors.stage_timing.StageTimer`: adds up the seconds of each stage."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        """Seconds so far, by stage."""
        self.on_stage: Callable[[str, float], None] = lambda stage, seconds: None
        """Called with each stage that ends and its seconds."""

    @contextmanager
    def __call__(self, stage: str) -> Iterator[None]:
        """Measure what the `with` block does, as a stage."""
        start = time.perf_counter()
        try:
            yield
        finally:
            seconds = time.perf_counter() - start
            self.seconds[stage] = self.seconds.get(stage, 0.0) + seconds
            self.on_stage(stage, seconds)
