"""One replay of a small world in one process: what it raised, and what its ingest hands to the stages."""

import functools
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import msgspec
import numpy as np
import polars as pl

from detectors.config import DetectionConfig, TimeConfig
from detectors.numbered_posts import TracedPosts
from detectors.pipeline import Pipeline
from detectors.synchrony.co_share_kernels import Shares
from detectors.synchrony.synchrony_stage import Synchrony, SynchronyStage
from tests.detectors.post_worlds import START, URL, Post, frame_of, noise

TICK_S = 7_200
CONFIG = DetectionConfig(time=TimeConfig(tick_s=TICK_S))
DAYS = 4


@dataclass(frozen=True, slots=True)
class PlainRun:
    """What a run in one process did."""

    alerts: list[bytes]
    posts: pl.DataFrame
    """In event order; their row is the number of a post."""
    shares: dict[int, Shares]
    """What the stage of synchrony was handed, by the end of the epoch."""
    epochs: list[int]
    """Ends of all epochs, with those at the end in which nothing is posted."""
    traced: dict[int, TracedPosts]
    """The posts of an epoch, by its end, as the rest of detection applies them. Reading them is most of the work of a
    run and is the same in all, as posts without texts leave nothing behind in what reads them."""


class _Recording(SynchronyStage):
    """A stage that notes what it is handed."""

    not_state = SynchronyStage.not_state | {"handed"}

    def __init__(self, config: DetectionConfig) -> None:
        super().__init__(config)
        self.handed: dict[int, Shares] = {}

    def push(self, shares: Shares, until: int, quiet_until: int = 0) -> Synchrony:
        if len(shares.time):
            assert until not in self.handed
            self.handed[until] = shares
        return super().push(shares, until)


def posts() -> pl.DataFrame:
    """About 1,000 posts: groups that begin, grow and pause on different days, a crowd, and many who act alone."""
    draw = np.random.default_rng(7)
    groups = (
        (1_000, 0, range(100, 105)),
        (2_000, 60_000, range(110, 114)),
        (4_000, 150_000, range(120, 126)),
    )
    planted = [
        Post(START + begin + meeting * 19_000 + int(draw.integers(0, 90)), account, ((URL, first + meeting),))
        for first, begin, group in groups
        for meeting in range(10)
        for account in group
        if account != group[-1] or meeting > 4  # the last one joins later
    ]
    crowd = [Post(START + 90_000 + 20 * number, number % 60, ((URL, 3_000),)) for number in range(70)]
    return frame_of(noise(draw, 620, 60, 40, DAYS) + planted + crowd)


@functools.cache
def plain_run() -> PlainRun:
    """The run that all others are compared with."""
    stage = _Recording(CONFIG)
    pipeline = Pipeline(CONFIG, synchrony=stage)
    frame = posts()
    times = frame["created_at"].to_numpy()
    alerts = [*pipeline.process(frame, int(times[-1]) + 1), *pipeline.end()]
    assert pipeline.now is not None
    first = int(times[0]) - int(times[0]) % TICK_S + TICK_S
    epochs = list(range(first, pipeline.now + 1, TICK_S))
    bounds = np.searchsorted(times, [0, *epochs]).tolist()
    reader = Pipeline(CONFIG)
    traced = {
        epoch: reader.trace(frame[begin:end])
        for epoch, (begin, end) in zip(epochs, pairwise(bounds), strict=True)
        if begin < end
    }
    return PlainRun([encoded(alert) for alert in alerts], frame, stage.handed, epochs, traced)


def encoded(alert: Any) -> bytes:
    """An alert as it is compared."""
    return msgspec.json.encode(alert)
