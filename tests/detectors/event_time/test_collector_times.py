"""Each collector moves its own event time, one wrong date moves nothing, and nobody is waited for without end."""

import math

import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st

from detectors.event_time.collector_times import (
    JUMP_S,
    MOST_COLLECTORS,
    SAME_ACCOUNT_POSTS,
    CollectorTimes,
    SourceTime,
)

A, B = "posts.v1/0", "posts.v1/1"
FOLLOWS = "follows.v1/0"


def times_of(*partitions: str, start: float = 0.0, wait_s: float = 600.0) -> CollectorTimes:
    times = CollectorTimes(wait_s, "posts.v1")
    times.announce(partitions, start)
    return times


def see(
    times: CollectorTimes, partition: str, collector: str, *rows: int, at: float = 0.0, start: float = 0.0
) -> None:
    """Rows of one collector, each of an account of its own."""
    source = times.source(partition, collector, at, start)
    times.see(source, np.array(rows, np.int64), np.arange(1, len(rows) + 1).astype(np.uint64))


def seen(*rows: tuple[int, int], start: float = 0.0) -> SourceTime:
    """A source after rows of (time, account)."""
    source = SourceTime(start, 0.0)
    for time, account in rows:
        source.see(float(time), account)
    return source


def test_given_a_row_far_ahead_then_it_counts_when_another_account_is_as_far() -> None:
    far = JUMP_S * 100
    assert seen((10, 1), (far, 1)).latest == 10
    assert seen((10, 1), (far, 1), (20, 2)).latest == 20
    assert seen((10, 1), (far, 1), (far + 7, 2)).latest == far + 7
    # the one that is less far is confirmed, and the other is within reach of it
    assert seen((10, 1), (far, 1), (far - 60, 2)).latest == far
    # two wrong dates are confirmed as far as the lesser
    assert seen((10, 1), (far * 2, 1), (far, 2), (far + 1, 3)).latest == far + 1
    # up to the bound nothing is far
    assert seen((JUMP_S, 1)).latest == JUMP_S


def test_given_one_account_alone_then_its_rows_confirm_each_other_in_the_end() -> None:
    far = JUMP_S * 100
    rows = [(far + number, 1) for number in range(SAME_ACCOUNT_POSTS)]
    assert seen(*rows[:-1]).latest == 0
    assert seen(*rows).latest == far + SAME_ACCOUNT_POSTS - 1


@settings(max_examples=200, deadline=None)
@given(rows=st.lists(st.tuples(st.integers(0, 40), st.integers(1, 3)), max_size=12), cut=st.integers(0, 12))
@example(rows=[(3, 1), (1, 1)], cut=1)  # the second row makes the jump of the first one short enough
def test_given_any_rows_then_batches_do_not_matter_and_time_is_one_that_was_seen(
    rows: list[tuple[int, int]], cut: int
) -> None:
    scaled = [(time * JUMP_S // 2, account) for time, account in rows]
    whole, parted = times_of(A), times_of(A)
    for times, parts in ((whole, [scaled]), (parted, [scaled[:cut], scaled[cut:]])):
        for part in parts:
            columns = (
                np.array([time for time, _ in part], np.int64),
                np.array([who for _, who in part], np.uint64),
            )
            times.see(times.source(A, "a", 0.0, 0.0), *columns)

    assert whole.sources == parted.sources
    latest = whole.sources[A]["a"].latest
    assert latest in {0, *(time for time, _ in scaled)}
    # at most one account is further ahead than what counts
    assert len({account for time, account in scaled if time > latest + JUMP_S}) <= 1


def test_given_two_collectors_then_event_time_is_that_of_the_one_behind() -> None:
    times = times_of(A, B)
    see(times, A, "fast", 1_000, 1_100)
    see(times, A, "slow", 10, 20)
    see(times, B, "fast", 1_100)
    assert (times.least, times.holding) == (20, [A])

    times.close(A, "slow")
    assert times.least == 1_100


def test_given_a_collector_with_few_rows_in_a_partition_then_it_is_no_further_behind_than_elsewhere() -> None:
    times = times_of(A, B, FOLLOWS)
    see(times, A, "few", 10)
    see(times, B, "few", 500)
    see(times, B, "other", 2_000)
    see(times, FOLLOWS, "few", 5)
    for partition in (A, FOLLOWS):
        times.mark_read(partition)

    assert times.sources[A]["few"].latest == times.sources[FOLLOWS]["few"].latest == 500
    # follow events of a later time say nothing of the posts to come
    see(times, FOLLOWS, "few", 3_000)
    times.mark_read(A)
    assert times.sources[A]["few"].latest == 500


def test_given_a_silent_collector_then_it_is_waited_for_so_long_and_no_longer() -> None:
    times = times_of(A, B)
    see(times, A, "polls", 100, at=1_000)
    see(times, A, "goes on", 3_000, at=1_000)
    see(times, B, "goes on", 3_000, at=1_000)
    for clock in (1_300.0, 1_599.0):
        times.note_read(A, clock)
        times.note_read(B, clock)
        times.advance()
        assert times.least == 100
    # a partition that is not read may hold records of it
    times.note_read(B, 5_000.0)
    times.advance()
    assert times.least == 100
    see(times, A, "goes on", 3_100, at=1_600)
    times.note_read(A, 1_600.0)
    times.advance()
    assert times.least == 3_000
    # it comes again, and starts where event time has been applied up to
    see(times, A, "polls", 2_950, at=1_700, start=2_900)
    assert times.least == 2_950


def test_given_nobody_left_in_a_partition_then_it_stays_where_it_was_until_it_is_marked() -> None:
    times = times_of(A)
    see(times, A, "a", 100)
    times.leave(A, "a")
    assert times.least == 100
    times.mark_empty(A, 300)
    assert times.least == 300


def test_given_more_collectors_than_are_waited_for_apart_then_the_others_count_as_unnamed() -> None:
    times = times_of(A)
    for number in range(MOST_COLLECTORS + 10):
        see(times, A, f"c{number}", 100 + number)
    assert len(times.sources[A]) == MOST_COLLECTORS + 1
    assert times.least == 100
    assert times.sources[A][""].latest == 100 + MOST_COLLECTORS + 9


def test_given_the_end_of_all_then_later_rows_go_on_from_a_time() -> None:
    times = times_of(A, B)
    see(times, A, "a", 100)
    times.close(A, "a")
    times.close(B, "a")
    assert times.least == math.inf

    times.restart(500)
    assert times.least == 500
    see(times, A, "b", 510, start=500)
    assert times.holding == [B]
