"""All accounts at one moment: what is usual among them, and the figures of each."""

from typing import NamedTuple

import numpy as np

from detectors.arrays.dtypes import F64, I64, Bools
from detectors.attribution.facts import Fact
from detectors.engagement.engagement import EngagementTable
from detectors.engagement.obscurity import Peers
from detectors.followers.follower_overlap import FollowNullModel
from detectors.statistics.rates import RateSums


class Baseline(NamedTuple):
    """All accounts at one tick, by number."""

    ordinary: Bools
    """Whether it is in no network and not of the registry. These accounts show what is usual."""
    engagement: EngagementTable
    followers: I64
    """By posts, else by profiles; -1 unknown."""
    peers: Peers
    """Of the ordinary accounts, for obscurity."""
    sums: dict[Fact, RateSums]
    """Rate of each fact among their posts. Of reposted copies, only those beyond their author's followers count."""
    many_followers: float
    """Three in four ordinary accounts have fewer followers; NaN: unknown."""
    many_reactions: float
    """Three in four ordinary accounts get fewer reactions a post; NaN: unknown."""
    follow_null: FollowNullModel | None
    """None where no follow event has been seen."""


def upper_quartile(values: F64 | I64) -> float:
    """The upper quartile; NaN if there are none."""
    return float(np.quantile(values, 0.75)) if len(values) else float("nan")
