"""The posts behind co-shares: what is kept, and for how long."""

import numpy as np
import polars as pl

from detectors.arrays.dtypes import I64
from detectors.config import DetectionConfig
from detectors.evidence.co_share_samples import CoShareSamples
from detectors.post_columns import POSTS, conform
from detectors.synchrony.co_shares import CO_SHARES
from detectors.texts.text_objects import TextObjects
from detectors.traces.traces import TraceExtractor, keyed

WAIT_S = 100


def added(samples: CoShareSamples, time: int, count: int) -> I64:
    """Add posts of one time; returns their numbers."""
    config = DetectionConfig()
    rows = [
        {"post_id": f"{time}-{row}", "platform": "x", "account_id": f"a{row}", "created_at": time}
        for row in range(count)
    ]
    frame = keyed(conform(pl.DataFrame(rows, schema={name: POSTS[name] for name in rows[0]})))
    traces = TraceExtractor(config, TextObjects.of(config.traces)).extract(frame)
    return samples.add(traces, np.arange(count, dtype=np.int32))


def test_given_posts_that_shared_nothing_after_others_were_settled_then_they_leave_too() -> None:
    samples = CoShareSamples(WAIT_S)
    first = added(samples, 0, 3)
    co_shares = np.zeros(1, CO_SHARES)
    co_shares["later_post"], co_shares["earlier_post"] = first[1], first[0]
    samples.mark_referenced(co_shares)
    samples.settle(1_000)

    later = added(samples, 2_000, 2_000)
    samples.settle(10_000)

    assert samples.lookup(np.concatenate([first, later]))[0].tolist() == first[:2].tolist()
