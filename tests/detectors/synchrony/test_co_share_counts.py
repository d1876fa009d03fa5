"""What co-sharing says of itself: co-shares by kind and crowd, and shares that were not paired with all before them."""

import numpy as np
import pytest

from detectors.config import KINDS, CoShareConfig, DetectionConfig
from detectors.synchrony.synchrony_stage import SynchronyStage
from schemas.shares import TraceKind
from tests.detectors.synchrony.co_share_oracle import FOREVER, Share, push, small_config

URL, TEXT = (KINDS.index(kind) for kind in (TraceKind.URL, TraceKind.TEXT))


def crowd(size: int, kind: int, thing: int, begin: int = 0) -> list[Share]:
    """As many accounts on one object in one second."""
    return [Share(begin, account, begin + account, kind, thing) for account in range(size)]


@pytest.mark.slow
def test_given_crowds_of_two_sizes_when_paired_then_co_shares_are_counted_where_they_belong() -> None:
    engine = SynchronyStage(small_config(cap=100, strata=(2, 3, 5)), parts=1)
    shares = [*crowd(2, URL, 1 << 40), *crowd(4, TEXT, 2 << 40, begin=100)]
    pairs, _ = push(engine, shares, FOREVER)
    made = engine.made
    assert made.sum() == len(pairs) == 1 + 6
    assert made[URL].tolist() == [1, 0, 0, 0]
    assert made[TEXT].tolist() == [0, 0, 6, 0]
    assert engine.left_out == {"cap": 0, "viral": 0}


def test_given_random_shares_when_counted_then_the_crowds_of_the_records_agree() -> None:
    random = np.random.default_rng(3)
    times = np.sort(random.integers(0, 3_000, 4_000))
    shares = [
        Share(int(time), int(random.integers(0, 60)), post, URL, int(random.integers(1, 40)) << 40)
        for post, time in enumerate(times)
    ]
    engine = SynchronyStage(DetectionConfig(co_share=CoShareConfig(cap=0)), parts=1)
    pairs, _ = push(engine, shares, FOREVER)
    strata = np.searchsorted(CoShareConfig().strata, pairs["crowd"])
    assert engine.made[URL].tolist() == np.bincount(strata, minlength=5).tolist()
    assert engine.made.sum() == engine.made[URL].sum() > 1_000


def test_given_more_than_the_cap_when_paired_then_those_cut_short_are_counted() -> None:
    engine = SynchronyStage(small_config(cap=3, strata=(2, 3, 50)), parts=1)
    push(engine, crowd(8, URL, 1 << 40), FOREVER)
    # the fifth to the eighth have more than three before them
    assert engine.left_out == {"cap": 4, "viral": 0}


def test_given_a_viral_object_when_settled_then_its_shares_are_counted_and_not_paired() -> None:
    engine = SynchronyStage(small_config(cap=3, strata=(2, 3, 5)), parts=1)
    pairs, _ = push(engine, crowd(8, URL, 1 << 40), FOREVER)
    assert engine.left_out["viral"] == 8
    assert not len(pairs)
