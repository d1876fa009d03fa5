"""How well known members are: medians where at least half of them are known."""

import numpy as np
import pytest

from detectors.covertness.openness import Typical, typical


@pytest.mark.parametrize(
    ("known", "members", "expected"),
    [([4, 9], 4, Typical(6.5, 5.0)), ([4], 4, None), ([], 2, None), ([7], 1, Typical(7.0, 5.0))],
)
def test_given_few_known_members_then_nothing_is_typical(
    known: list[int], members: int, expected: Typical | None
) -> None:
    assert typical(np.array(known, np.int64), 5.0, members) == expected


def test_given_nothing_known_of_ordinary_accounts_then_nothing_is_typical() -> None:
    assert typical(np.array([3, 4]), float("nan"), 2) is None
