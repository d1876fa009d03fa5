"""When an empty partition holds up the others no longer, by a clock that is moved by hand."""

from datetime import UTC, datetime

from aiokafka import TopicPartition

from schemas.service.progress import Progress
from streams.live.exchange.frames import Mark
from streams.live.ingest.idle_partitions import IdlePartitions

A, B, C = (TopicPartition("lockstep.posts.v1", number) for number in range(3))
IDLE_AFTER_S = 30.0
LATENESS = 60


class Clock:
    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


def idle(clock: Clock) -> IdlePartitions:
    return IdlePartitions(IDLE_AFTER_S, LATENESS, clock)


def reached(seconds: int | None) -> Progress:
    latest = None if seconds is None else datetime.fromtimestamp(seconds, UTC)
    return Progress(
        worker_id="w", frame_offset=1, latest=latest, held_rows=0, at=datetime.fromtimestamp(0, UTC)
    )


def topic_of(partition: TopicPartition) -> str:
    return str(partition.topic).removeprefix("lockstep.")


def test_given_partitions_that_are_new_then_each_has_its_full_time() -> None:
    clock = Clock()
    partitions = idle(clock)

    assert partitions.idle([A, B]) == []
    clock.now += IDLE_AFTER_S - 0.1
    assert partitions.idle([A, B, C]) == []
    clock.now += 0.1
    assert partitions.idle([A, B, C]) == [A, B]


def test_given_a_message_then_the_partition_has_its_full_time_again() -> None:
    clock = Clock()
    partitions = idle(clock)
    partitions.idle([A, B])
    clock.now += 20
    partitions.note_busy([A])
    clock.now += 10

    assert partitions.idle([A, B]) == [B]
    partitions.note_busy([])
    clock.now += 20
    assert partitions.idle([B, A]) == [B, A]


def test_given_that_partitions_are_shared_out_anew_then_all_begin_anew() -> None:
    clock = Clock()
    partitions = idle(clock)
    partitions.idle([A])
    clock.now += IDLE_AFTER_S
    assert partitions.idle([A]) == [A]
    assert partitions.marks({A: (7, 500)}, topic_of, again=False) == [Mark("posts.v1", 0, 7, 500)]
    assert partitions.marks({A: (7, 500)}, topic_of, again=False) == []

    partitions.forget()

    assert partitions.idle([A]) == []
    # another may have had the partition in between: what was marked is unknown
    assert partitions.marks({A: (7, 500)}, topic_of, again=False) == [Mark("posts.v1", 0, 7, 500)]


def test_given_no_post_yet_then_there_is_no_time_to_mark_with() -> None:
    partitions = idle(Clock())

    assert partitions.mark_time(None) is None
    assert partitions.mark_time(reached(None)) is None


def test_given_others_that_go_on_then_it_is_what_they_have_reached() -> None:
    clock = Clock()
    partitions = idle(clock)
    for seconds in (500, 510, 511):
        assert partitions.mark_time(reached(seconds)) == seconds
        clock.now += IDLE_AFTER_S - 0.1
        assert partitions.mark_time(reached(seconds)) == seconds


def test_given_that_nothing_moves_for_long_then_what_waits_is_let_pass() -> None:
    clock = Clock()
    partitions = idle(clock)
    assert partitions.mark_time(reached(500)) == 500
    clock.now += IDLE_AFTER_S

    # the last posts are below the bound: they are at 500, and event time has passed what is before upto - lateness
    assert partitions.mark_time(reached(500)) == 500 + LATENESS + 1
    # a later post: quiet begins anew
    assert partitions.mark_time(reached(501)) == 501
    clock.now += IDLE_AFTER_S
    assert partitions.mark_time(reached(501)) == 501 + LATENESS + 1
    # a worker that takes over reports earlier times while it catches up
    assert partitions.mark_time(reached(300)) == 300


def test_given_a_fraction_of_a_second_then_it_is_cut_off() -> None:
    partitions = idle(Clock())
    progress = Progress(
        worker_id="w",
        frame_offset=1,
        latest=datetime.fromtimestamp(500.9, UTC),
        held_rows=0,
        at=datetime.fromtimestamp(0, UTC),
    )

    assert partitions.mark_time(progress) == 500


def test_given_empty_partitions_then_a_mark_is_made_when_it_says_something_new() -> None:
    partitions = idle(Clock())

    assert partitions.marks({A: (7, 500), B: (0, 500)}, topic_of, again=False) == [
        Mark("posts.v1", 0, 7, 500),
        Mark("posts.v1", 1, 0, 500),
    ]
    assert partitions.marks({A: (7, 500), B: (0, 500), C: (3, 500)}, topic_of, again=False) == [
        Mark("posts.v1", 2, 3, 500)
    ]
    assert partitions.marks({B: (0, 510)}, topic_of, again=False) == [Mark("posts.v1", 1, 0, 510)]
    assert partitions.marks({A: (7, 510), B: (0, 510)}, topic_of, again=False) == [
        Mark("posts.v1", 0, 7, 510)
    ]
    assert partitions.marks({}, topic_of, again=False) == []


def test_given_a_tick_then_all_marks_are_made_again() -> None:
    partitions = idle(Clock())
    first = partitions.marks({A: (7, 500), B: (0, 0)}, topic_of, again=True)
    assert first == [Mark("posts.v1", 0, 7, 500), Mark("posts.v1", 1, 0, 0)]
    assert partitions.marks({A: (7, 500), B: (0, 0)}, topic_of, again=True) == first
    assert partitions.marks({A: (7, 500), B: (0, 0)}, topic_of, again=False) == []


def test_given_a_message_after_a_mark_then_the_same_time_is_marked_again() -> None:
    clock = Clock()
    partitions = idle(clock)
    partitions.marks({A: (7, 500)}, topic_of, again=False)

    partitions.note_busy([A])

    # its message may be of a time before, and then it is waited for again
    assert partitions.marks({A: (8, 500)}, topic_of, again=False) == [Mark("posts.v1", 0, 8, 500)]
