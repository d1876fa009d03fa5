"""The shape of rates where there are few events: drawn towards a wide one."""

import numpy as np
import pytest

from detectors.statistics.rates import rate_sums

TRIALS = np.full(2_000, 10, np.int64)


@pytest.mark.parametrize(
    ("events", "shape"),
    [
        (0, 0.5),  # nothing to estimate from: the assumed shape
        (20, (0.05 * 0.5) ** 0.5),  # the estimate and the assumed shape weigh the same
    ],
)
def test_given_few_events_of_one_account_then_the_shape_is_drawn_to_the_assumed_one(
    events: int, shape: float
) -> None:
    counts = np.zeros(len(TRIALS), np.int64)
    counts[0] = events

    assert rate_sums(counts, TRIALS).rate().shape == pytest.approx(shape)
