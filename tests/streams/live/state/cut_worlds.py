"""Worlds that runs are cut in: shipped data, and simulated folders with registry, profiles and follow events."""

import functools
import tempfile
from pathlib import Path

import numpy as np
import polars as pl

from detectors.config import (
    AttributionConfig,
    CoShareConfig,
    DetectionConfig,
    EngagementConfig,
    EvidenceConfig,
    FollowerConfig,
    RhythmConfig,
    TraceConfig,
)
from detectors.event_time.duplicates import DuplicateFilter
from detectors.event_time.held_rows import ORDER
from detectors.traces.traces import keyed
from streams.outputs.dead_letter_log import DeadLetterLog
from streams.reference_files.reference_inputs import read_reference_inputs
from streams.settings.options import ReadingOptions
from streams.settings.settings import InputSettings, load_settings
from streams.simulation import folder
from streams.simulation.scenarios import Plan
from streams.sources import open_source
from tests.detectors.state.state_graphs import Run, batches
from tests.golden_alerts import ROOT

TIGHT = DetectionConfig(
    traces=TraceConfig(max_texts=300),
    co_share=CoShareConfig(max_recent_shares=500),
    evidence=EvidenceConfig(max_pairs=9_000, singleton_days=3, keep_days=4),
    engagement=EngagementConfig(max_posts=1_500, window_days=2),
    followers=FollowerConfig(max_edges=2_000),
    attribution=AttributionConfig(max_facts=40),
    rhythm=RhythmConfig(max_posts=9_000, level=0.99, bin_s=300),
)
"""So little room that everything is evicted early."""


@functools.cache
def shipped(name: str, rows: int, most: int) -> Run:
    """The first posts of a data set of the examples, at most `most`, parted into batches of about `rows`."""
    config = ROOT / "examples" / f"{name}.toml"
    settings = load_settings(str(config) if config.exists() else None)
    path = str(ROOT / "examples" / "data" / f"{name}.csv.gz")
    source = open_source(path, mapping=settings.mapping)
    posts = _once([batch.posts for batch in source.batches()]).head(most)
    return Run(batches(posts, rows), settings.detection)


@functools.cache
def simulated(scenario: str, rows: int, days: int = 6, *, tight: bool = False) -> Run:
    """A simulated world with everything that goes with it; `tight`: with room for little of it."""
    with tempfile.TemporaryDirectory() as made:
        path = Path(made)
        folder.write_world(Plan(scenario, seed=3, accounts=1_500, days=days), path)
        names = (folder.REGISTRY, folder.ACCOUNTS, folder.FOLLOWS)
        registry, profiles, follows = (str(path / name) for name in names)
        references = read_reference_inputs(
            ReadingOptions(registry=registry, accounts=profiles, follows=follows),
            DeadLetterLog(None, InputSettings()),
        )
        source = open_source(str(path / folder.POSTS))
        posts = _once([batch.posts for batch in source.batches()])
    return Run(
        batches(posts, rows),
        TIGHT if tight else DetectionConfig(),
        references.reference_data,
        references.follows,
    )


def _once(frames: list[pl.DataFrame]) -> pl.DataFrame:
    """Posts in event order, each once."""
    posts = keyed(pl.concat(frames)).sort(ORDER)
    times, keys = posts["created_at"].to_numpy(), posts["row_key"].to_numpy()
    return posts.filter(pl.Series(DuplicateFilter(10**9, 1 << 24).fresh(times, np.array(keys))))
