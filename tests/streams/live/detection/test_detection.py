"""Detection on the log: late and repeated posts, gaps, empty partitions, and the end of all."""

import json
import math

import pytest

from detectors.config import TimeConfig
from schemas.dead_letters import Reason
from streams.live.detection.detection import Detection
from streams.settings.settings import Settings
from tests.streams.live.detection.log_runs import Run, applied, ended, marked, marked_all, opened, posts
from tests.streams.live.detection.log_worlds import small, topics_of, when
from tests.streams.live.partitions import Message, decoded, ingested
from tests.streams.small_world import START

LATENESS = TimeConfig().lateness_s


def test_given_posts_of_a_time_that_was_applied_then_each_is_late_with_its_place_and_no_other_is() -> None:
    log = [
        opened(0, 1),
        posts(0, 10, ("a", 100), ("b", 1_000), ("c", 1_000), ("d", 999 - LATENESS), ("e", 1_001)),
        posts(1, 0, ("f", 500), ("f2", 500)),
        # event time is at 440: nothing before it counts any more, and all else does, however far behind its partition
        posts(0, 15, ("g", 499 - LATENESS), ("h", 500 - LATENESS)),
        opened(),
    ]

    run = applied(log, cuts=[2, 3])

    assert [(letter.source, letter.position, letter.reason) for letter in run.letters] == [
        ("posts.v1/0", 15, Reason.LATE)
    ]
    assert [json.loads(letter.raw)["post_id"] for letter in run.letters] == ["g"]
    assert run.letters[0].detail == "its event time had been applied when it came"
    assert run.detection.late == 1
    # one partition is at 500, so that only what is before 500 - lateness has been applied
    assert run.posts == 1
    assert run.detection.event_time == START + 500 - LATENESS


@pytest.mark.parametrize("cuts", [(), (2, 3, 4)])
@pytest.mark.parametrize(("text", "reason"), [("first", Reason.DUPLICATE), ("second", Reason.COLLISION)])
def test_given_posts_that_were_published_twice_then_one_counts_whatever_came_first(
    text: str, reason: Reason, cuts: tuple[int, ...]
) -> None:
    one = posts(0, 4, ("a", 10), ("b", 20), text="first")
    other = posts(1, 7, ("b", 20), ("a", 10), ("c", 30), text=text)

    for log in ([opened(0, 1), one, other], [opened(0, 1), other, one]):
        run = applied([*log, ended(0, 6), ended(1, 10)], cuts)
        letters = [
            (letter.source, letter.position, letter.reason, json.loads(letter.raw)["text"])
            for letter in run.letters
        ]
        assert letters == [
            ("posts.v1/1", 8, reason, text),
            ("posts.v1/1", 7, reason, text),
        ]
        assert run.posts == 3


def test_given_a_post_that_comes_again_then_it_is_a_duplicate_and_at_another_time_the_id_of_another() -> None:
    log = [
        opened(0),
        posts(0, 0, ("a", 10), ("b", 200)),
        posts(0, 2, ("b", 200), ("c", 400)),
        posts(0, 4, ("b", 400), ("d", 600)),
    ]

    run = applied(log, cuts=[1, 2, 3])

    assert [(letter.position, letter.reason) for letter in run.letters] == [
        (2, Reason.DUPLICATE),
        (4, Reason.COLLISION),
    ]
    assert "another post has this id" in run.letters[1].detail
    assert run.posts == 3


def test_given_offsets_that_are_missing_then_it_is_reported_once() -> None:
    log = [
        opened(0),
        posts(0, 3, ("a", 10)),
        posts(0, 9, ("b", 20)),
        posts(0, 3, ("a", 10)),
        posts(0, 10, ("c", 30)),
    ]

    run = applied(log, cuts=[2])

    (fault,) = run.faults
    assert fault.startswith("posts.v1/0: offsets 4 to 8 are missing")
    assert run.letters == []


def test_given_an_empty_partition_then_all_wait_until_it_is_marked() -> None:
    log = [opened(0, 1), posts(0, 0, ("a", 10), ("b", 500), ("c", 2_000), ("c2", 2_000))]
    assert applied(log).posts == 0

    run = applied([*log, marked(1, 0, 500)])
    assert run.posts == 1
    assert run.detection.event_time == START + 500 - LATENESS
    # past the bound: nothing waits for ever
    run = applied([*log, marked(1, 0, 2_001 + LATENESS), marked(0, 4, 2_001 + LATENESS)], cuts=[1, 2, 3])
    assert run.posts == 4
    assert run.detection.passed == START + 2_001
    # a mark made before the latest row does not count
    assert applied([*log, marked(1, 0, 500), marked(0, 2, 9_000), marked(1, 0, 9_000)]).posts == 2
    assert applied([*log, marked(1, 0, 500), marked(0, 4, 9_000), marked(1, 0, 9_000)]).posts == 4


@pytest.mark.slow
def test_given_the_end_of_all_partitions_then_evidence_is_settled_and_later_posts_go_on() -> None:
    topics = topics_of(small(), 2, 3)
    log = list(ingested(topics, 3, 500))
    run = applied(log)
    assert run.alert_texts == small().replayed

    settled = run.detection.event_time
    assert settled is not None
    assert settled % 86_400 == 0
    assert run.detection.passed == settled
    later = settled - START + 50
    due = [run.detection.positions.next[f"posts.v1/{number}"] for number in (0, 1)]
    read_again = [frame for frame in log if any(span.ended for span in frame.header.spans)]
    more = [
        *read_again,
        posts(0, due[0], ("old", later - 51), ("new0", later), ("new1", later + 500)),
        posts(1, due[1], ("new2", later + 1), ("new3", later + 500)),
        marked_all(later + 500),
    ]
    followed = Run(run.detection)
    for frame in more:
        result = followed.detection.apply(frame)
        followed.posts += result.posts
        followed.letters += result.dead_letters
    assert followed.posts == 2
    assert [(letter.position, letter.reason) for letter in followed.letters] == [(due[0], Reason.LATE)]


@pytest.mark.slow
def test_given_posts_after_the_end_of_some_partitions_then_none_is_lost() -> None:
    # a second dump follows the first at once, and a worker reads partitions in turn
    log = [
        opened(0, 1),
        posts(0, 0, ("a", 100)),
        ended(0, 1),
        posts(1, 0, ("b", 90)),
        posts(0, 2, ("c", 5_000)),
        ended(1, 1),
        posts(1, 2, ("d", 5_001)),
        ended(0, 3),
        ended(1, 3),
    ]

    run = applied(log, cuts=range(1, 9))

    assert run.posts == 4
    assert run.letters == []


def test_given_follow_events_far_ahead_then_empty_partitions_are_not_marked_by_their_time() -> None:
    event = {"platform": "x", "follower_id": "1", "followee_id": "2", "action": "follow", "at": when(86_400)}
    frame, _ = decoded("follows.v1", (0, 0, [Message(0, 2**41, b"k", json.dumps(event).encode())]))

    run = applied([opened(0), frame])
    assert run.detection.latest_post == -math.inf
    run = applied([opened(0), frame, posts(0, 0, ("a", 10), ("b", 10))])
    assert run.detection.latest_post == START + 10
    assert len(run.detection.held_follows) == 1


@pytest.mark.slow
def test_given_frames_then_what_waits_is_bounded_by_what_has_not_passed() -> None:
    log = list(ingested(topics_of(small(), 3, 9, ends=False), 9, 100))
    detection = Detection(Settings().detection, "live", "w")
    for frame in log:
        detection.apply(frame)
        held = detection.held_posts
        assert len(held) == sum(map(len, held.frames))
        # what all sources have passed does not wait
        assert all(rows["created_at"].min() >= detection.passed for rows in held.frames)


def test_given_stages_then_their_seconds_are_reported() -> None:
    reported: dict[str, float] = {}
    detection = Detection(Settings().detection, "live", "w")

    def add(stage: str, seconds: float) -> None:
        reported[stage] = reported.get(stage, 0.0) + seconds

    detection.timer.on_stage = add
    for frame in [opened(0), posts(0, 0, ("a", 10), ("b", 500)), ended(0, 2)]:
        detection.apply(frame)

    assert {"order", "traces", "engagement"} <= set(reported)
    assert reported == pytest.approx(detection.timer.seconds)
