"""What networks share weighs by how few others are on it: strangers on popular objects are no case."""

import numpy as np
import pytest

from detectors.arrays.dtypes import I32, U64, StructArray
from detectors.arrays.pair_keys import pair_keys
from detectors.cases.shared_objects import SharedObjects, shared_objects
from detectors.evidence.pair_table import ROWS

ONE, TWO = (0, 1, 2), (3, 4, 5)
"""Members of networks 0 and 1; all accounts from 6 on are strangers."""

Share = tuple[int, tuple[int, ...], int]
"""An object, the accounts on it, and whether its co-shares are independent (1 or 0)."""


def evidence(*shares: Share) -> tuple[StructArray, U64]:
    """A row for each pair of accounts on each object, and the keys of the pairs."""
    number: dict[tuple[int, int], int] = {}
    rows = []
    for thing, accounts, independent in shares:
        for first in accounts:
            for second in accounts:
                if first < second:
                    rows.append((thing, number.setdefault((first, second), len(number)), independent))
    made = np.zeros(len(rows), ROWS)
    for name, column in zip(("object", "pair", "independent"), zip(*rows, strict=True), strict=True):
        made[name] = column
    a, b = (np.array(side, np.int32) for side in zip(*number, strict=True))
    return made, pair_keys(a, b)


def compared(*shares: Share, accounts: int = 200) -> list[SharedObjects]:
    network_of: I32 = np.full(accounts, -1, np.int32)
    network_of[list(ONE)], network_of[list(TWO)] = 0, 1
    return list(shared_objects(*evidence(*shares), network_of))


def test_given_objects_that_nobody_else_has_then_each_weighs_one() -> None:
    both = tuple((thing, (*ONE, *TWO), 1) for thing in range(4))
    (found,) = compared(*both, (9, ONE, 1), (10, TWO, 1), (11, TWO, 1))

    assert (found.first, found.second, found.common) == (0, 1, 4)
    assert (found.shared, found.least, found.either) == pytest.approx((4.0, 5.0, 7.0))


def test_given_popular_objects_then_a_hundred_of_them_weigh_little() -> None:
    crowd = (*ONE, *TWO, *range(6, 120))
    (found,) = compared(*((thing, crowd, 1) for thing in range(30)), *((90 + n, ONE, 1) for n in range(3)))

    assert found.common == 30
    assert found.shared == pytest.approx(30 * 6 / 120)


def test_given_one_joint_post_with_link_text_and_tags_then_it_counts_once() -> None:
    post = tuple((thing, (*ONE, *TWO), int(thing == 0)) for thing in range(3))
    (found,) = compared(*post)

    assert (found.common, found.shared) == (3, pytest.approx(1.0))


def test_given_two_objects_in_common_then_networks_are_not_compared() -> None:
    assert compared((0, (*ONE, *TWO), 1), (1, (*ONE, *TWO), 1), (2, ONE, 1), (3, TWO, 1)) == []


def test_given_one_member_of_each_network_on_an_object_then_it_is_an_object_of_neither() -> None:
    assert compared(*((thing, (0, 3, 6), 1) for thing in range(9))) == []
