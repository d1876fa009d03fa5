"""Which follow events are acts in time, and which only say that someone follows."""

import numpy as np
import polars as pl

from detectors.followers.follow_acts import LISTED, LOADED, FollowActs
from detectors.followers.follow_edges import FOLLOW, SNAPSHOT, UNFOLLOW, FollowEvents

DAY = 86_400
Event = tuple[int, int, int, int]
"""Time (seconds), follower, followee and action."""


def events(rows: list[Event]) -> FollowEvents:
    at, follower, followee, action = (np.array(column) for column in zip(*sorted(rows), strict=True))
    keys = np.unique(np.append(follower, followee))
    names = pl.DataFrame({"key": keys.astype(np.uint64), "name": [f"x:{key}" for key in keys.tolist()]})
    return FollowEvents(
        follower.astype(np.uint64),
        followee.astype(np.uint64),
        action.astype(np.uint8),
        at.astype(np.int64),
        names,
    )


def held(rows: list[Event], max_acts: int = 1_000) -> FollowActs:
    acts, given = FollowActs(14 * DAY, max_acts), events(rows)
    acts.add(given, 0, len(given))
    return acts


def test_given_snapshots_and_unfollows_then_they_are_no_acts() -> None:
    acts = held([(10, 1, 2, SNAPSHOT), (11, 1, 3, UNFOLLOW), (12, 1, 4, FOLLOW)])

    assert acts.held["followee"].to_list() == [4]


def test_given_a_list_of_follows_with_one_time_for_all_of_an_account_then_they_are_no_acts() -> None:
    acts = held([(10, 1, 100 + number, FOLLOW) for number in range(LISTED)] + [(10, 2, 100, FOLLOW)])

    assert acts.held["follower"].to_list() == [2]
    assert acts.undated == LISTED


def test_given_a_load_of_many_accounts_in_one_second_then_they_are_no_acts() -> None:
    load = [(7_200, 1 + number, 1_000, FOLLOW) for number in range(LOADED)]

    assert len(held(load)) == 0
    busy = [(7_200 + second, 5_000 + second, 9_000, FOLLOW) for second in range(2, 2 * LOADED + 4)]
    assert len(held([*load, *busy])) == len(load) + len(busy)


def test_given_acts_that_come_after_later_ones_then_they_are_left_out() -> None:
    acts = held([(10 * DAY, 1, 2, FOLLOW)])
    late = events([(9 * DAY, 3, 2, FOLLOW), (11 * DAY, 4, 2, FOLLOW)])
    acts.add(late, 0, len(late))

    assert acts.held["follower"].to_list() == [1, 4]


def test_given_old_and_too_many_acts_then_they_leave_with_their_names() -> None:
    acts = held([(day * DAY, 1 + day, 500 + day, FOLLOW) for day in range(20)], max_acts=5)
    acts.forget(20 * DAY)

    assert acts.held["follower"].to_list() == [16, 17, 18, 19, 20]
    assert acts.evicted_early == 9
    assert acts.names["key"].to_list() == [16, 17, 18, 19, 20, *range(515, 520)]
    assert acts.names_of(np.array([16, 1], np.uint64)) == ["x:16", f"unknown:{1:016x}"]
