"""Worlds that runs are cut in: shipped data, and simulated folders with registry, profiles and follow events."""

import functools
import tempfile
from pathlib import Path

import numpy as np
import polars as pl

from detectors.event_time import ORDER, DuplicateFilter
from detectors.traces import keyed
from streams.dead_letter_log import DeadLetterLog
from streams.references import read_references
from streams.settings import InputSettings, load_settings
from streams.simulation import folder
from streams.simulation.scenarios import Plan
from streams.sources import open_source
from tests.detectors.state_graphs import Run, batches
from tests.golden_alerts import ROOT


@functools.cache
def shipped(name: str, rows: int) -> Run:
    """A data set of the examples, parted into batches of about so many rows."""
    config = ROOT / "examples" / f"{name}.toml"
    settings = load_settings(str(config) if config.exists() else None)
    path = str(ROOT / "examples" / "data" / f"{name}.csv.gz")
    source = open_source(path, mapping=settings.mapping)
    return Run(batches(_once([batch.posts for batch in source.batches()]), rows), settings.detection)


@functools.cache
def simulated(scenario: str, rows: int, accounts: int = 1_500, days: int = 6, seed: int = 3) -> Run:
    """A simulated world with everything that goes with it."""
    with tempfile.TemporaryDirectory() as made:
        path = Path(made)
        folder.write_world(Plan(scenario, seed=seed, accounts=accounts, days=days), path)
        names = (folder.REGISTRY, folder.ACCOUNTS, folder.FOLLOWS)
        registry, profiles, follows = (str(path / name) for name in names)
        references = read_references(registry, profiles, follows, None, DeadLetterLog(None, InputSettings()))
        source = open_source(str(path / folder.POSTS))
        posts = _once([batch.posts for batch in source.batches()])
    return Run(batches(posts, rows), context=references.context, follows=references.follows)


def _once(frames: list[pl.DataFrame]) -> pl.DataFrame:
    """Posts in event order, each once."""
    posts = keyed(pl.concat(frames)).sort(ORDER)
    times, keys = posts["created_at"].to_numpy(), posts["row_key"].to_numpy()
    return posts.filter(pl.Series(DuplicateFilter(10**9, 1 << 24).fresh(times, np.array(keys))))
