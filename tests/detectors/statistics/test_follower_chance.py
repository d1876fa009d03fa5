"""The tail of registry followers and its sums, against known figures and a slow count."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from detectors.statistics.follower_chance import (
    LEAST_P,
    Sums,
    pair_dispersion,
    share_and_dispersion,
    single_sums,
    strata_of,
    sums_by_stratum,
    upper_tail,
)


@pytest.mark.parametrize(("share", "p"), [(1e-6, 1.2e-16), (1e-3, 1.2e-7), (1.5e-2, 3.7e-4)])
def test_given_nine_followers_with_three_of_the_registry_then_the_share_decides(
    share: float, p: float
) -> None:
    found = upper_tail(np.array([3]), np.array([9 * share]), np.zeros(1))
    assert found[0] == pytest.approx(p, rel=0.02)


@pytest.mark.slow
@settings(max_examples=300, deadline=None)
@given(
    observed=st.integers(0, 300),
    expected=st.floats(0, 1e4),
    dispersion=st.floats(0, 1e6),
)
def test_given_a_count_then_its_tail_is_no_less_than_poisson_and_negative_binomial(
    observed: int, expected: float, dispersion: float
) -> None:
    found = float(upper_tail(np.array([observed]), np.array([expected]), np.array([dispersion]))[0])
    assert LEAST_P <= found <= 1
    assert found >= 0.999 * float(stats.poisson.sf(observed - 1, expected))
    if dispersion > 1e-6 and expected > 0:
        # a narrower distribution may have the heavier tail
        for part in (1, 4, 16, 64):
            shape = part / dispersion
            assert found >= 0.999 * float(stats.nbinom.sf(observed - 1, shape, shape / (shape + expected)))
    more = float(upper_tail(np.array([observed + 1]), np.array([expected]), np.array([dispersion]))[0])
    assert more <= found * (1 + 1e-9)


@given(rows=st.lists(st.tuples(st.integers(0, 5_000), st.integers(0, 40)), max_size=30))
def test_given_accounts_then_sums_are_those_of_their_power_of_two(rows: list[tuple[int, int]]) -> None:
    rows = [(followers, min(followers, registry)) for followers, registry in rows]
    columns = np.array(rows, np.int64).reshape(-1, 2).T
    sums = Sums(*sums_by_stratum(columns[0], columns[1]))
    for stratum in range(13):
        inside = [(n, x) for n, x in rows if max(n, 1).bit_length() - 1 == stratum]
        assert [int(values[stratum]) for values in sums] == [
            sum(n > 0 for n, _ in inside),
            sum(n for n, _ in inside),
            sum(n * n for n, _ in inside),
            sum(x for _, x in inside),
            sum(x > 0 for _, x in inside),
            sum(x * (x - 1) for _, x in inside),
            sum(x > 1 for _, x in inside),
        ]
    assert strata_of(columns[0]).tolist() == [max(n, 1).bit_length() - 1 for n, _ in rows]


def sums_over(followers: list[int], registry: list[int]) -> Sums:
    return single_sums(np.array(followers, np.int64), np.array(registry, np.int64)).total()


def test_given_a_stratum_above_the_others_then_its_share_is_the_lower_bound_of_what_it_shows() -> None:
    others = sums_over([1_000] * 1_000, [1] * 99 + [0] * 901)
    stratum = sums_over([500] * 30, [2] * 25 + [0] * 5)

    share, _ = share_and_dispersion(stratum, others)

    # exact lower bound of the 90% interval of a Poisson count of 25, the accounts that were seen with a follower
    lower = stats.chi2.ppf(0.05, 2 * 25) / 2 / 25
    assert lower == pytest.approx(0.695, abs=0.001)
    assert float(share) == pytest.approx(lower * 50 / 15_000, rel=0.001)


def test_given_no_registry_followers_then_the_dispersion_is_three() -> None:
    nothing = sums_over([], [])
    _, dispersion = share_and_dispersion(nothing, nothing)

    assert float(dispersion) == pytest.approx(3.0)
    assert pair_dispersion(np.zeros(0, np.int64), 0.0) == pytest.approx(3.0)
