"""How much slow co-shares say of interest in the data at hand: the inputs of `shared_interest`, from the stores."""

from detectors.arrays.dtypes import Bools
from detectors.config import DetectionConfig
from detectors.evidence.null_model import NullModel
from detectors.evidence.pairs import PairStore
from detectors.evidence.shared_interest import (
    MOST_SPREAD_OF_MEMBERS,
    MOST_SPREAD_OF_PAIRS,
    PRIOR_SPREAD,
    SLOW_WINDOW,
    spread_of,
)
from detectors.synchrony.cells import window_table
from detectors.synchrony.exposure import ExposureStore


def slow_ratio(config: DetectionConfig, ledger: ExposureStore, pairs: PairStore) -> float:
    """Independent slow co-shares of all pairs together, over the count that exposure alone would give.

    A pair of posts is one piece of evidence, but it adds to the exposure of every kind it has. So this is below 1.
    """
    slow_gap = int(window_table(config)[:, SLOW_WINDOW].max())
    outside = 1.0 - slow_gap / max(config.co_share.reference_s, 1)
    # each meeting is in the exposure of both accounts
    expected = 0.5 * ledger.slow_exposure_ever * outside
    return pairs.slow_co_shares / expected if expected > 0 else 1.0


def learnt_spread(null: NullModel, pairs: PairStore, explained: Bools) -> tuple[float, float]:
    """The spread of shared interest for the test of pairs, and for that of peripheral members.

    Args:
        null: the null model.
        pairs: the evidence.
        explained: bool, one for each pair; the spread is learnt from the others.
    """
    interest = null.interest
    scale = interest.scale * (1.0 - interest.bands[SLOW_WINDOW] / max(interest.reference_s, 1.0))
    learnt = spread_of(pairs.slow_pairs(null, explained), interest.exposure, interest.activity, scale)
    if learnt is None:
        return PRIOR_SPREAD, PRIOR_SPREAD
    return min(learnt, MOST_SPREAD_OF_PAIRS), min(learnt, MOST_SPREAD_OF_MEMBERS)
