"""Curves from verdicts: against slow oracles, where verdicts part, and with intervals that hold what they say."""

import numpy as np
import pytest
import scipy.optimize
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.statistics.calibration import isotonic_curve, logistic_curve, share_interval


def world(
    count: int, seed: int, intercept: float = -3.0, slope: float = 6.0
) -> tuple[np.ndarray, np.ndarray]:
    draw = np.random.default_rng(seed)
    scores = draw.random(count)
    chance = 1 / (1 + np.exp(-(intercept + slope * scores)))
    return scores, draw.random(count) < chance


def test_the_logistic_curve_finds_what_made_the_verdicts() -> None:
    scores, confirmed = world(20_000, 1)
    curve = logistic_curve(scores, confirmed)
    assert curve.intercept == pytest.approx(-3.0, abs=0.15)
    assert curve.slope == pytest.approx(6.0, abs=0.3)


def test_the_logistic_curve_is_the_maximum_of_the_penalised_likelihood() -> None:
    scores, confirmed = world(40, 2)
    design = np.column_stack([np.ones(40), scores])

    def loss(beta: np.ndarray) -> float:
        odds = design @ beta
        p = 1 / (1 + np.exp(-odds))
        information = design.T @ (design * (p * (1 - p))[:, None])
        likelihood = np.sum(np.where(confirmed, np.log(p), np.log(1 - p)))
        return -float(likelihood + 0.5 * np.log(np.linalg.det(information)))

    oracle = scipy.optimize.minimize(
        loss, np.zeros(2), method="Nelder-Mead", options={"xatol": 1e-8, "fatol": 1e-12}
    )
    curve = logistic_curve(scores, confirmed)
    assert [curve.intercept, curve.slope] == pytest.approx(oracle.x, abs=1e-3)


@pytest.mark.parametrize("scale", [1.0, 1e-3, 1e-6])
def test_given_verdicts_that_part_completely_then_the_curve_stays_finite(scale: float) -> None:
    scores = 0.5 + scale * np.linspace(-0.5, 0.5, 12)
    curve = logistic_curve(scores, scores > 0.5)
    low, high = curve.intervals(np.array([0.0, 0.5, 1.0]))
    assert np.isfinite([curve.intercept, curve.slope, *low, *high]).all()
    assert curve.slope > 0 and curve.at(scores)[0] < 0.5 < curve.at(scores)[-1]


def test_the_interval_of_the_curve_holds_the_truth_as_often_as_it_says() -> None:
    truth = 1 / (1 + np.exp(-(-3.0 + 6.0 * 0.6)))
    held = 0
    for seed in range(300):
        low, high = logistic_curve(*world(60, seed)).intervals(np.array([0.6]))
        held += low[0] <= truth <= high[0]
    assert 0.91 <= held / 300 <= 0.99


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 8), st.booleans()), min_size=1, max_size=30))
def test_the_isotonic_curve_is_the_nearest_rising_one(rows: list[tuple[int, bool]]) -> None:
    scores = np.array([score / 8 for score, _ in rows])
    confirmed = np.array([yes for _, yes in rows])
    curve = isotonic_curve(scores, confirmed)
    levels = np.unique(scores)
    fitted = curve.at(levels)
    assert (np.diff(fitted) >= 0).all()
    # the least squares solution under the same order, by the min-max formula
    means = {
        (a, b): confirmed[(scores >= levels[a]) & (scores <= levels[b])].mean()
        for a in range(len(levels))
        for b in range(a, len(levels))
    }
    oracle = [
        max(min(means[a, b] for b in range(k, len(levels))) for a in range(k + 1)) for k in range(len(levels))
    ]
    assert fitted == pytest.approx(oracle)


@pytest.mark.parametrize(
    ("right", "count", "low", "high"),
    [
        (0, 0, 0.0, 1.0),
        (0, 10, 0.0, 0.3085),
        (10, 10, 0.6915, 1.0),
        (5, 10, 0.1871, 0.8129),
        (1, 30, 0.0008, 0.1722),
    ],
)
def test_the_interval_of_a_share_is_that_of_the_tables(
    right: int, count: int, low: float, high: float
) -> None:
    assert share_interval(right, count) == pytest.approx((low, high), abs=2e-4)
