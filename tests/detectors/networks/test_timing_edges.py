"""Communities need support by timing, and the more of them are looked at, the more of it."""

import msgspec
import numpy as np

from detectors.config import DetectionConfig
from detectors.evidence.pairs import PairStore
from detectors.networks.edges import Ground, edges_of
from detectors.networks.timing_edges import TimingEdges
from detectors.statistics.active_days import DayStore
from detectors.synchrony.co_share_kernels import Shares
from detectors.synchrony.synchrony_stage import SynchronyStage
from tests.detectors.post_worlds import DAY, START, URL

MEMBERS, FANS, OBJECTS = 5, 20, 4
TOGETHER_S = 60
ACCOUNTS = 1_600
CONFIG = msgspec.structs.replace(
    DetectionConfig(), evidence=msgspec.structs.replace(DetectionConfig().evidence, keep_days=2)
)


def _shares() -> Shares:
    """Five members share each object within a minute, twelve of twenty fans during the hour after it appears."""
    draw = np.random.default_rng(8)
    rows = []
    for thing in range(OBJECTS):
        begin = START + thing * 7_200
        fans = MEMBERS + draw.choice(FANS, 12, replace=False)
        rows += [(begin + int(draw.integers(0, 3_600)), int(fan), thing) for fan in fans]
        together = begin + int(draw.integers(0, 3_500))
        rows += [(together + int(draw.integers(0, TOGETHER_S)), member, thing) for member in range(MEMBERS)]
    time, account, thing = np.array(sorted(rows), np.int64).T
    return Shares(
        np.ascontiguousarray(time),
        account.astype(np.int32),
        np.arange(len(rows), dtype=np.int64),
        np.full(len(rows), URL, np.uint8),
        thing.astype(np.uint64) + np.uint64(1),
    )


def test_given_many_looks_within_the_horizon_then_a_community_needs_more_support() -> None:
    shares = _shares()
    synchrony, pairs = SynchronyStage(CONFIG), PairStore(CONFIG)
    pairs.add(synchrony.push(shares, int(shares.time[-1]) + DAY)[0])
    timing = TimingEdges(CONFIG, synchrony, pairs)
    group = np.arange(MEMBERS, dtype=np.int32)
    keys = np.array([a << 32 | b for a in range(MEMBERS) for b in range(a + 1, MEMBERS)], np.uint64)
    edges = edges_of(keys, np.full(len(keys), 20.0), Ground.ALONE)

    def stands() -> bool:
        return len(timing.supported([group], edges, ACCOUNTS)) == 1

    assert stands()
    others = np.arange(100, ACCOUNTS, dtype=np.int32).reshape(-1, 3)
    assert timing.supported(list(others), edges, ACCOUNTS) == []
    assert not stands()
    assert np.isin(group, timing.unsupported).all()
    for _ in range(CONFIG.evidence.keep_days):  # looks leave with the evidence
        timing.daily(np.ones(ACCOUNTS), DayStore(0).days, MEMBERS + FANS)
    assert stands()
