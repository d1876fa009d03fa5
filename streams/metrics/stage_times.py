"""Measures how long the stages of detection take."""

import time
from collections.abc import Callable
from contextlib import AbstractContextManager


class StageTimes:
    """A `detectors.stage_timing.StageTimer`: adds up the seconds of each stage."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        """Seconds so far, by stage."""
        self.on_stage: Callable[[str, float], None] = lambda stage, seconds: None
        """Called with each stage that ends and its seconds."""

    def __call__(self, stage: str) -> AbstractContextManager[None]:
        """Measure what the `with` block does, as a stage."""
        return _Measured(self, stage)


class _Measured(AbstractContextManager[None]):
    """One stage that runs. A class, since a generator costs three times as much, and a tick has ten stages."""

    __slots__ = ("_stage", "_start", "_times")

    def __init__(self, times: StageTimes, stage: str) -> None:
        self._times = times
        self._stage = stage
        self._start = 0.0

    def __enter__(self) -> None:
        self._start = time.perf_counter()

    def __exit__(self, *_: object) -> None:
        seconds = time.perf_counter() - self._start
        times = self._times
        times.seconds[self._stage] = times.seconds.get(self._stage, 0.0) + seconds
        times.on_stage(self._stage, seconds)
