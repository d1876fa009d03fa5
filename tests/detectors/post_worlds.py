"""Posts made up for whole detectors: noise with groups in it, and the engines up to pair evidence."""

from typing import Any, NamedTuple

import numpy as np
import polars as pl

from detectors.config import KINDS, DetectionConfig
from detectors.evidence.null_model import KIND_COUNT, NullModel, null_model
from detectors.evidence.pairs import PairStore
from detectors.evidence.shared_interest import PRIOR_SPREAD
from detectors.post_columns import conform
from detectors.synchrony.cells import Cells
from detectors.synchrony.co_share_kernels import Shares
from detectors.synchrony.exposure import ExposureStore
from detectors.synchrony.synchrony_stage import SynchronyStage
from detectors.traces.traces import keyed
from schemas.shares import TraceKind

START = 1_600_041_600
"""A midnight."""
DAY = 86_400
URL = KINDS.index(TraceKind.URL)


class Post(NamedTuple):
    """A post that shares some objects, (kind, number) each."""

    time: int
    account: int
    objects: tuple[tuple[int, int], ...]


class World(NamedTuple):
    """What a network stage sees."""

    pairs: PairStore
    null: NullModel
    posts_of: np.ndarray[tuple[int], np.dtype[np.int64]]


def noise(draw: np.random.Generator, posts: int, accounts: int, urls: int, days: int) -> list[Post]:
    """Posts at random times by random accounts, about random URLs numbered from 0."""
    times = START + draw.integers(0, days * DAY, posts)
    who, what = draw.integers(0, accounts, posts), draw.integers(0, urls, posts)
    return [Post(int(t), int(a), ((URL, int(u)),)) for t, a, u in zip(times, who, what, strict=True)]


def frame_of(posts: list[Post]) -> pl.DataFrame:
    """URL posts as a source gives them, in order of time."""
    rows: list[dict[str, Any]] = [
        {
            "post_id": str(number),
            "platform": "x",
            "account_id": f"a{post.account}",
            "created_at": post.time,
            "urls": [f"https://example.com/{thing}" for _, thing in post.objects],
        }
        for number, post in enumerate(sorted(posts))
    ]
    return keyed(conform(pl.DataFrame(rows)))


def seen(posts: list[Post], accounts: int, config: DetectionConfig) -> World:
    """Run the engines up to the pair evidence over posts."""
    ordered = sorted(posts)
    shares = [
        (post.time, post.account, number, kind, (thing + 1) << 32 | kind)
        for number, post in enumerate(ordered)
        for kind, thing in sorted(post.objects)
    ]
    times, who, numbers, kinds, things = (np.array(column) for column in zip(*shares, strict=True))
    cells = Cells(config)
    co_shares, exposures = SynchronyStage(config).push(
        Shares(
            times.astype(np.int64),
            who.astype(np.int32),
            numbers.astype(np.int64),
            kinds.astype(np.uint8),
            things.astype(np.uint64),
        ),
        ordered[-1].time + DAY,
    )
    ledger = ExposureStore(cells, 0)
    ledger.add(exposures, accounts)
    pairs = PairStore(config)
    pairs.add(co_shares)
    due = 0.5 * ledger.slow_exposure_ever * (1 - 600 / max(config.co_share.reference_s, 1))
    ratio = pairs.slow_co_shares / due if due > 0 else 1.0
    profile = pairs.profile(cells.strata)
    null = null_model(config, ledger, cells, np.ones(KIND_COUNT), PRIOR_SPREAD, ratio, profile)
    return World(pairs, null, np.bincount([post.account for post in ordered], minlength=accounts))
