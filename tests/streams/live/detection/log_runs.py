"""Frames made by hand, and runs over frames that are cut and go on from a saved state."""

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from detectors.config import DetectionConfig
from detectors.exchange.remote_synchrony import Shards
from schemas.alerts import Alert
from schemas.dead_letters import DeadLetter
from streams.live.detection.detection import Detection
from streams.live.detection.detection_state import captured, restored
from streams.live.exchange import frames
from streams.live.exchange.frames import Frame, Header, Mark
from streams.settings.settings import Settings
from streams.state.state_codec import encode
from tests.streams.live.detection.log_worlds import AlertTexts, comparable, when
from tests.streams.live.partitions import Message, Topics, decoded, marks, post_value
from tests.streams.small_world import START


@dataclass
class Run:
    """What frames brought about, and detection after them."""

    detection: Detection
    alerts: list[Alert] = field(default_factory=list)
    letters: list[DeadLetter] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    posts: int = 0

    @property
    def real_faults(self) -> list[str]:
        """Faults, without those of a registry that has been read in part."""
        return [fault for fault in self.faults if "is not in the registry" not in fault]

    @property
    def alert_texts(self) -> AlertTexts:
        return comparable(self.alerts)


def applied(
    log: Sequence[Frame],
    cuts: Iterable[int] = (),
    config: DetectionConfig | None = None,
    *,
    shards: int = 1,
    remote: Shards | None = None,
) -> Run:
    """Apply frames; before those of `cuts` another worker takes over, which uses `shards` threads."""
    config = config if config is not None else Settings().detection
    run = Run(Detection(config, "live", "worker", shards=shards, remote=remote))
    taken_over = set(cuts)
    for number, frame in enumerate(log):
        if number in taken_over:
            chunks = list(encode(captured(run.detection)))
            before = run.detection
            run.detection = restored(chunks, config, "live", f"worker-{number}", shards=shards, remote=remote)
            assert plain_state(run.detection) == plain_state(before)
            assert list(encode(captured(run.detection))) == chunks
        result = run.detection.apply(frame)
        run.alerts += result.alerts
        run.letters += result.dead_letters
        run.faults += [*result.faults, *result.registry_faults]
        run.posts += result.posts
    return run


def plain_state(detection: Detection) -> tuple[Any, ...]:
    times = detection.times
    return (
        detection.positions.next, times.sources, times.read, times.clock, detection.settled.points, detection.passed,
        detection.latest_post, detection.late,
        detection.profiled_until, len(detection.held_posts), len(detection.held_follows), detection.event_time,
    )  # fmt: skip


def cuts_of(log: Sequence[Frame], seed: int, count: int = 4) -> list[int]:
    return random.Random(seed).sample(range(len(log)), min(count, len(log)))  # noqa: S311 - repeatable


def posts(number: int, begin: int, *rows: tuple[str, int], **more: Any) -> Frame:
    """A frame of posts (id, seconds after the start) in one partition, each of an account of its own."""
    values = [
        post_value(name, account_id=f"by-{name}", created_at=when(second), **more) for name, second in rows
    ]
    messages = [Message(begin + row, 2**41, b"k", value) for row, value in enumerate(values)]
    frame, letters = decoded("posts.v1", (number, begin, messages))
    assert not letters
    return frame


def opened(*numbers: int) -> Frame:
    return Frame(Header(kind="marks", sources=[("posts.v1", number) for number in numbers]), pl.DataFrame())


def marked(number: int, following: int, upto: int) -> Frame:
    return frames.decode(*marks([Mark("posts.v1", number, following, START + upto)]))


def marked_all(upto: int) -> Frame:
    """Follow events hold up nothing."""
    all_marks = [Mark("follows.v1", number, 2**40, START + upto) for number in range(12)]
    return frames.decode(*marks(all_marks))


def ended(number: int, begin: int) -> Frame:
    topics = Topics(1)
    topics.end()
    frame, _ = decoded(
        "posts.v1", (number, begin, [Message(begin, 0, None, None, topics.logs["posts.v1", 0][0].headers)])
    )
    return frame
