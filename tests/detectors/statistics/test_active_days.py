"""Shares by account and day, and what they say of how often two accounts meet."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.arrays.compiled import compiled
from detectors.arrays.dtypes import Int
from detectors.config import DetectionConfig
from detectors.pipeline import Pipeline
from detectors.statistics.active_days import PRIOR_SHARES, ActiveDays, DayStore, same_days
from tests.detectors.post_worlds import DAY, START, URL, Post, frame_of

Entry = tuple[int, int]
"""An account and shares of it."""


@compiled
def _same_days(days: ActiveDays, a: Int, b: Int) -> float:
    return same_days(days, a, b)


def _add(store: DayStore, entries: list[Entry]) -> None:
    accounts, amounts = zip(*entries, strict=True) if entries else ((), ())
    store.add(np.array(accounts, np.int32), np.array(amounts, np.int64), 2_001)


def _expected(days: list[Counter[int]], a: int, b: int) -> float:
    """The definition, over the days of the horizon: both accounts with some shares that follow everybody's days."""
    of_all = [sum(day.values()) for day in days]
    whole = sum(of_all)
    together = sum(
        day[a] * day[b] / max(everybody - min(day[a], day[b]), 1)
        for day, everybody in zip(days, of_all, strict=True)
        if day[a] and day[b]
    )
    of_a, of_b = (sum(day[account] for day in days) for account in (a, b))
    raised = whole * together + PRIOR_SHARES * (of_a + of_b + PRIOR_SHARES)
    return max(1.0, raised / ((of_a + PRIOR_SHARES) * (of_b + PRIOR_SHARES)))


@settings(max_examples=60, deadline=None)
@given(
    days=st.lists(
        st.lists(st.tuples(st.sampled_from([0, 1, 2, 2_000]), st.integers(1, 400)), max_size=6), max_size=7
    ),
    keep=st.sampled_from([0, 1, 3]),
    parts=st.integers(1, 3),
)
def test_given_days_then_those_of_the_horizon_count(days: list[list[Entry]], keep: int, parts: int) -> None:
    store = DayStore(keep)
    counts: list[Counter[int]] = []
    for entries in days:
        for part in range(parts):
            _add(store, entries[part::parts])
        counts.append(Counter())
        for account, amount in entries:
            counts[-1][account] += amount
        inside = counts[-keep - 1 :] if keep else counts
        assert len(store) == sum(map(len, inside))
        for a, b in ((0, 1), (1, 2_000), (2, 0)):
            assert _same_days(store.days, a, b) == pytest.approx(_expected(inside, a, b))
        store.close_day()


def test_given_most_shares_on_one_day_of_ten_then_two_accounts_meet_ten_times_as_often() -> None:
    store = DayStore(0)
    for day in range(10):
        _add(store, [(3, 100_000), *([(0, 5_000), (1, 5_000)] if day == 4 else [])])
        store.close_day()
    assert _same_days(store.days, 0, 1) == pytest.approx(10, rel=0.1)
    assert _same_days(store.days, 0, 3) == pytest.approx(1, rel=0.15)  # the other shares every day
    assert _same_days(store.days, 0, 2) == 1.0  # it never shared


def test_given_few_shares_then_their_days_say_little() -> None:
    store = DayStore(0)
    for day in range(30):
        _add(store, [(3, 1_000), *([(0, 3), (1, 3)] if day == 4 else [])])
        store.close_day()
    assert _same_days(store.days, 0, 1) < 1.3


def _bursts(draw: np.random.Generator) -> list[Post]:
    """Objects that three posts share within minutes; three accounts make most posts of two days, and few others.

    Whose post it is, is drawn anew among all posts of a day: there is no coordination.
    """
    posts = []
    for day in range(10):
        objects = 500 if day in {5, 6} else 120
        who = draw.integers(3, 200, objects * 3)
        if day in {5, 6}:
            busy = draw.random(len(who)) < 0.75
            who[busy] = draw.integers(0, 3, int(busy.sum()))
        who[:3] = 0, 1, 2
        draw.shuffle(who)
        for thing in range(objects):
            begin = START + day * DAY + int(draw.integers(0, DAY - 600))
            posts += [
                Post(begin + int(draw.integers(0, 60)), int(account), ((URL, day * 1_000 + thing),))
                for account in who[thing * 3 : thing * 3 + 3]
            ]
    return posts


@pytest.mark.slow
def test_given_accounts_that_make_most_posts_of_two_days_then_chance_explains_that_they_meet() -> None:
    pipeline = Pipeline(DetectionConfig())
    posts = frame_of(_bursts(np.random.default_rng(4)))
    alerts = [*pipeline.process(posts, START + 11 * DAY), *pipeline.end()]
    assert [alert.member_count for alert in alerts] == []
    assert pipeline.pairs.table.objects.max() > 100
