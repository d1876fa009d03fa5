"""Event time settles: it is the lowest value of the last seconds."""

import math

from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.event_time.settled_time import SettledTime

SETTLE_S = 64.0


def test_given_a_value_then_it_counts_once_it_has_held_for_so_long() -> None:
    settled = SettledTime(10.0)
    settled.observe(100.0, 7.0)
    settled.observe(105.0, 9.0)
    settled.observe(109.9, 9.0)
    assert settled.value == -math.inf
    settled.observe(110.0, 9.0)
    assert settled.value == 7.0
    # a source that is found meanwhile holds what has not been applied
    settled.observe(111.0, 8.0)
    settled.observe(120.0, 30.0)
    assert settled.value == 8.0
    settled.observe(129.0, 30.0)
    assert settled.value == 8.0
    settled.observe(131.0, math.inf)
    assert settled.value == 30.0
    settled.restart(40.0)
    assert settled.value == 40.0


def test_given_no_time_to_settle_or_no_clock_then_it_counts_at_once_or_not_at_all() -> None:
    at_once, never = SettledTime(0.0), SettledTime(10.0)
    for settled in (at_once, never):
        settled.observe(-math.inf, 7.0)
    assert (at_once.value, never.value) == (7.0, -math.inf)


@settings(max_examples=200, deadline=None)
@given(steps=st.lists(st.tuples(st.integers(0, 40), st.integers(0, 9)), min_size=1, max_size=60))
def test_given_any_values_then_it_is_the_lowest_of_the_window(steps: list[tuple[int, int]]) -> None:
    settled = SettledTime(SETTLE_S)
    clock = 1_000.0
    seen: list[tuple[float, float]] = [(-math.inf, -math.inf)]
    for passed, wanted in steps:
        clock += passed
        # event time is never behind what has been applied
        seen.append((clock, max(wanted, settled.value)))
        settled.observe(*seen[-1])

        # no more than 64 parts of the window are kept apart
        assert lowest(seen, clock - SETTLE_S - 1) <= settled.value <= lowest(seen, clock - SETTLE_S)
        assert len(settled.points) <= 70


def lowest(seen: list[tuple[float, float]], begin: float) -> float:
    """The lowest value that held from `begin` on."""
    held = [value for time, value in seen if time <= begin][-1:]
    return min([*held, *(value for time, value in seen if time > begin)])
