"""The rank of an alert: it follows synchrony, reach, novelty and context, and suspects come first."""

import math

import pytest

from detectors.alerts.scores.priority import novelty_of, priority, reach_of, synchrony_of
from schemas.alerts import Reach
from schemas.evidence import ScoreTerm

DAY = 86_400


def terms(gap_s: float = 60.0, objects: float = 5.0) -> list[ScoreTerm]:
    values = {"synchrony": 1 / (1 + gap_s / 600), "repetition": 1 - 1 / objects}
    return [ScoreTerm(name=name, value=value, weight=0.5, summary="-") for name, value in values.items()]


def reach(accounts: int = 5, followers: int | None = None, engagements: int | None = None) -> Reach:
    return Reach(
        posts=40, accounts=accounts, followers_sum=followers, engagements=engagements, growth_per_h=0.0
    )


def rank(
    gap_s: float = 60.0,
    objects: float = 5.0,
    accounts: int = 5,
    followers: int | None = None,
    covertness: float | None = None,
    novelty: float = 0.5,
    *,
    suspected: bool = False,
) -> int:
    return priority(
        terms(gap_s, objects), reach(accounts, followers), covertness, novelty, suspected=suspected
    )


@pytest.mark.parametrize("suspected", [False, True])
def test_more_of_each_part_is_a_higher_rank(suspected: bool) -> None:
    plain = rank(covertness=0.5, suspected=suspected)
    for changed in (
        {"gap_s": 5.0},
        {"objects": 50.0},
        {"accounts": 60},
        {"followers": 1_000_000},
        {"covertness": 0.9},
        {"novelty": 1.0},
    ):
        assert rank(**({"covertness": 0.5} | changed), suspected=suspected) > plain  # type: ignore[arg-type]


def test_networks_as_different_as_real_ones_are_spread_over_the_scale() -> None:
    ranks = [
        rank(gap_s, objects, accounts, novelty=0.05)
        for gap_s, objects, accounts in ((900, 2, 3), (300, 3, 6), (60, 5, 12), (20, 12, 20), (5, 40, 60))
    ]
    assert ranks == sorted(ranks)
    assert ranks[0] < 8
    assert ranks[-1] > 40


def test_every_suspect_comes_before_everything_else() -> None:
    least = rank(gap_s=86_400, objects=1, accounts=2, covertness=0.5, novelty=0.0, suspected=True)
    most = rank(gap_s=0, objects=1_000, accounts=5_000, followers=10**9, covertness=1.0, novelty=1.0)
    assert 50 <= least
    assert most <= 49
    assert rank(gap_s=0, objects=1_000, accounts=5_000, covertness=1.0, novelty=1.0, suspected=True) <= 100


def test_synchrony_falls_with_the_logarithm_of_the_median_gap() -> None:
    assert synchrony_of(terms(600.0, 1.0)) == pytest.approx((1 - math.log(601) / math.log(3_601)) / 2)


def test_parts_lie_between_none_and_all() -> None:
    assert synchrony_of(terms(0.0, 100.0)) == pytest.approx(1.0)
    assert synchrony_of(terms(3_600.0, 1.0)) == pytest.approx(0.0)
    assert synchrony_of([]) == 0.0
    assert reach_of(reach(2)) == 0.0
    assert reach_of(reach(300, 10_000_000)) == 1.0
    assert reach_of(reach(300, 50, 10_000_000)) == 1.0
    assert novelty_of(0, 0, 5) == 1.0
    assert novelty_of(7 * DAY, 0, 5) == 0.5
    assert novelty_of(70 * DAY, 4, 5) == 0.8
