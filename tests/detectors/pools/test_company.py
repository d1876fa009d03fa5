"""Company and meetings are those of a slow and plain count, whenever the posts are judged."""

from collections import defaultdict
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.pools.company import EXPECTED, MOST_COMPANY, OCCASION_S, PARTNERS, PROMPT_S, Judged, judge
from detectors.pools.waiting_shares import SPAN_S, WaitingShares
from tests.detectors.post_worlds import DAY, START

Posts = list[tuple[int, int, list[int]]]
"""Time, account and objects of each post."""


class Seen(NamedTuple):
    """What is known of one post by a plain count."""

    time: int
    account: int
    company: int
    near: frozenset[int]


def made_up(seed: int, posts: int, accounts: int, things: int, days: int) -> Posts:
    draw = np.random.default_rng(seed)
    times = np.sort(START + draw.integers(0, days * DAY, posts) // 40 * 40).tolist()
    return [
        (
            time,
            int(draw.integers(0, accounts)),
            draw.choice(things, int(draw.integers(0, 3)), replace=False).tolist(),
        )
        for time in times
    ]


def waiting(posts: Posts, limit: int = 1 << 20) -> WaitingShares:
    held = WaitingShares(limit)
    add(held, posts)
    return held


def add(held: WaitingShares, posts: Posts) -> None:
    shares = [(number, thing) for number, (_, _, things) in enumerate(posts) for thing in things]
    held.add(
        np.array([time for time, _, _ in posts], np.int64),
        np.array([account for _, account, _ in posts], np.int32),
        np.array([number for number, _ in shares], np.int32),
        np.zeros(len(shares), np.uint8),
        np.array([thing + 1 for _, thing in shares], np.uint64),
    )


def counted(posts: Posts) -> list[Seen]:
    """For each post with company the share with the least of it, as `judge` chooses it, from a count of all pairs."""
    of_thing: dict[int, list[tuple[int, int, int]]] = defaultdict(list)
    for number, (time, account, things) in enumerate(posts):
        for thing in things:
            of_thing[thing].append((time, account, number))
    best: dict[int, tuple[int, int, frozenset[int]]] = {}
    place = {
        (number, thing): at for number, (_, _, things) in enumerate(posts) for at, thing in enumerate(things)
    }
    for thing, shares in of_thing.items():
        fresh = [
            share
            for at, share in enumerate(shares)
            if not any(other[1] == share[1] and share[0] - other[0] <= SPAN_S for other in shares[:at])
        ]
        for share in fresh:
            others = [other for other in fresh if other != share and abs(other[0] - share[0]) <= SPAN_S]
            near = frozenset(other[1] for other in others if abs(other[0] - share[0]) <= PROMPT_S)
            found = (len(others), place[share[2], thing], near)
            if 0 < len(others) <= MOST_COMPANY and found[:2] < best.get(share[2], (1 << 30, 0))[:2]:
                best[share[2]] = found
    return [Seen(posts[n][0], posts[n][1], company, near) for n, (company, _, near) in sorted(best.items())]


def meetings_of(judged: Judged) -> list[tuple[int, int, frozenset[int]]]:
    meetings = judged.meetings
    rows = zip(meetings.time.tolist(), meetings.account.tolist(), meetings.partners.tolist(), strict=True)
    return sorted(
        (
            (time, account, frozenset(each for each in partners if each >= 0))
            for time, account, partners in rows
        ),
        key=str,
    )


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10**6), accounts=st.integers(2, 7), things=st.integers(2, 6))
def test_given_posts_then_meetings_and_trials_are_those_of_a_plain_count(
    seed: int, accounts: int, things: int
) -> None:
    posts = made_up(seed, 60, accounts, things, 4)

    judged, _ = judge(waiting(posts).due(START + 10 * DAY))

    seen = counted(posts)
    met = sorted(((each.time, each.account, each.near) for each in seen if each.near), key=str)
    assert meetings_of(judged) == met
    occasions: dict[tuple[int, int], int] = {}
    for each in seen:
        key = each.account, each.time // OCCASION_S
        occasions[key] = min(occasions.get(key, 1 << 30), each.company)
    assert len(judged.trials.account) == len(occasions)
    bins = np.searchsorted([1, 2, 3, 4, 6, 11, 21, 51], sorted(occasions.values()), side="right") - 1
    assert sorted(judged.trials.expected.tolist()) == pytest.approx(sorted(EXPECTED[bins].tolist()))
    assert judged.account.tolist() == [account for _, account, _ in posts]


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10**6), step=st.sampled_from([3_600, DAY // 2, DAY, 2 * DAY]))
def test_given_posts_that_are_judged_step_by_step_then_the_same_meetings_are_found(
    seed: int, step: int
) -> None:
    posts = made_up(seed, 120, 6, 8, 6)
    at_once, _ = judge(waiting(posts).due(START + 30 * DAY))
    held, found, posts_seen = WaitingShares(1 << 20), [], 0

    for now in range(START + step, START + 9 * DAY, step):
        add(held, [post for post in posts if now - step <= post[0] < now])
        judged, fresh = judge(held.due(now - SPAN_S))
        held.settle(fresh, now - SPAN_S)
        found += meetings_of(judged)
        posts_seen += len(judged.account)

    assert sorted(found, key=str) == meetings_of(at_once)
    assert posts_seen == len(posts)
    assert len(held) == 0


def test_given_a_large_burst_then_only_the_nearest_partners_are_remembered() -> None:
    posts: Posts = [(START + 2 * account, account, [0]) for account in range(20)]

    judged, _ = judge(waiting(posts).due(START + DAY))

    assert judged.meetings.partners.shape == (20, PARTNERS)
    assert sorted(judged.meetings.partners[10].tolist()) == [6, 7, 8, 9, 11, 12, 13, 14]


def test_given_an_object_that_very_many_shared_then_nobody_meets_on_it() -> None:
    posts: Posts = [(START + account, account, [0]) for account in range(MOST_COMPANY + 2)]

    judged, _ = judge(waiting(posts).due(START + DAY))

    assert len(judged.meetings.account) == len(judged.trials.account) == 0
    assert len(judged.account) == len(posts)


def test_given_more_rows_than_there_is_room_for_then_the_oldest_leave_and_are_counted() -> None:
    posts = made_up(1, 300, 6, 8, 6)
    rows = len(waiting(posts))

    held = waiting(posts, 100)

    assert len(held) == 100
    assert held.left_early == rows - 100
    assert int(held.due(START + 30 * DAY).rows["time"][-1]) == posts[-1][0]
