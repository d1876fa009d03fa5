"""Counts against accounts whose own rates differ: calibrated where a plain Poisson test is not."""

import math

import numpy as np
import pytest
from scipy import stats

from detectors.statistics.rates import Rate, pooled_tail, rate_sums, tail

ORDINARY = Rate(mean=1e-3, shape=0.5, events=500, accounts=1000)


def test_given_like_rates_when_tailed_then_it_is_the_poisson_tail() -> None:
    assert tail(3, 0.9, 1e7) == pytest.approx(stats.poisson.sf(2, 0.9), rel=1e-4)


def test_given_differing_rates_when_tailed_then_it_is_the_negative_binomial() -> None:
    assert tail(4, 0.7, 0.3) == pytest.approx(stats.nbinom.sf(3, 0.3, 0.3 / (0.3 + 0.7)), rel=1e-9)
    assert tail(4, 0.7, 0.3) > stats.poisson.sf(3, 0.7)


def test_given_nothing_seen_when_tailed_then_it_is_certain() -> None:
    assert tail(0, 0.5, 1.0) == 1.0
    assert pooled_tail(0, np.array([10, 20]), ORDINARY)[1] == 1.0
    assert pooled_tail(3, np.zeros(2, np.int64), ORDINARY) == (0.0, 1.0)


def test_given_accounts_pooled_when_tailed_then_many_are_surer_than_one() -> None:
    one = pooled_tail(6, np.array([600]), ORDINARY)
    many = pooled_tail(6, np.full(60, 10), ORDINARY)
    assert one[0] == pytest.approx(many[0])
    assert many[1] < one[1] / 10


@pytest.mark.parametrize("seed", [811, 812, 813])
def test_given_wild_rates_when_estimated_then_chances_are_chances(seed: int) -> None:
    rng = np.random.default_rng(seed)
    trials = np.clip(rng.lognormal(3, 1.2, 20_000), 1, 5_000).astype(np.int64)
    events = rng.poisson(trials * 2e-3 * rng.gamma(0.2, 1 / 0.2, len(trials)))
    rate = rate_sums(events, trials).rate()
    assert rate.mean == pytest.approx(2e-3, rel=0.3)
    assert 0.1 < rate.shape < 0.4
    p = np.array(
        [
            tail(float(k), rate.mean * n, rate.shape)
            for k, n in zip(events.tolist(), trials.tolist(), strict=True)
        ]
    )
    assert (p < 1e-2).mean() < 2e-2
    assert (p < 1e-3).mean() < 3e-3
    poisson = stats.poisson.sf(events - 1, rate.mean * trials)
    assert (poisson < 1e-3).mean() > 2.5 * max((p < 1e-3).mean(), 1e-3)  # what the spread of the rates is for


def test_given_nothing_seen_when_estimated_then_it_is_rare_and_not_impossible() -> None:
    rate = rate_sums(np.zeros(1000, np.int64), np.full(1000, 10)).rate()
    assert 0 < rate.mean < 1e-3
    assert math.isfinite(tail(5, rate.mean * 30, rate.shape))
    assert rate_sums(np.zeros(0, np.int64), np.zeros(0, np.int64)).rate().accounts == 0
