"""Detection on the log: frames in, alerts out, by the same pipeline as a replay.

Everything here is a function of the frames in the order of the log, so a worker that takes over needs only what was
saved at some offset and the frames since.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

import msgspec
import polars as pl

from detectors.config import DetectionConfig
from detectors.event_time import ORDER, DuplicateFilter
from detectors.followers.follow_edges import FollowEvents
from detectors.pipeline import Pipeline
from detectors.post_columns import POSTS
from schemas.alerts import Alert, Mode
from schemas.dead_letters import RAW_LIMIT, DeadLetter, Reason
from streams.live.detection.merge import Gap, HeldRows, Positions, Watermark
from streams.live.detection.reference_data import LiveReferenceData
from streams.live.exchange.frames import FOLLOWS, KEYED_POSTS, Frame, OffsetSpan
from streams.metrics.stage_times import StageTimes
from streams.version import VERSION

HELD_POSTS: Mapping[str, pl.DataType] = {
    **{name: dtype for name, dtype in KEYED_POSTS.items() if name != "source"},
    "topic": pl.String(),
    "partition": pl.Int32(),
}
"""Posts that wait, with the place that each is from."""
HELD_FOLLOWS: Mapping[str, pl.DataType] = {
    name: dtype for name, dtype in FOLLOWS.items() if name not in ("source", "offset")
}
"""Follow events that wait."""
_PROFILES_EVERY_S = 3_600
"""Event time between two looks at changed profiles: what is known of accounts changes slowly."""
_POST_ORDER = (*ORDER, "partition", "offset")
"""Of several records of one post the same counts, whatever came first."""
_FOLLOW_ORDER = ("at", "follower", "followee", "action")


@dataclass(slots=True)
class DetectionResult:
    """What a frame brought about."""

    alerts: list[Alert] = field(default_factory=list)
    dead_letters: list[DeadLetter] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    """What an operator should know: offsets that are missing, a registry that contradicts itself."""
    posts: int = 0
    """Posts applied."""


class Detection:
    """The state of detection.

    Args:
        config: every setting that bears on detection.
        mode: live, or replay on topics of its own.
        run_id: for the alerts.
    """

    def __init__(self, config: DetectionConfig, mode: Mode, run_id: str) -> None:
        self._config = config
        self.mode: Mode = mode
        self.run_id = run_id
        self.positions = Positions()
        self.watermark = Watermark(config.time.lateness_s)
        self.references = LiveReferenceData()
        self.duplicates = DuplicateFilter(config.time.duplicate_memory_s, config.time.max_post_ids)
        self.held_posts = HeldRows(_POST_ORDER)
        self.held_follows = HeldRows(_FOLLOW_ORDER)
        self.pipeline: Pipeline | None = None
        self.late = 0
        """Posts that came too late."""
        self.profiled_until = 0
        """Event time at which profiles are next looked at."""
        self.left = 0
        """Rows that still had to wait when rows were last released."""
        self.timer = StageTimes()
        """Seconds by stage; told of each."""

    def apply(self, frame: Frame) -> DetectionResult:
        """Apply the next frame of the log."""
        found = DetectionResult()
        header = frame.header
        self.watermark.open(header.sources)
        rows, spans, gaps = self.positions.fresh(frame.rows, header.spans)
        found.faults.extend(_gap_fault(gap) for gap in gaps)
        if header.kind == "posts":
            self._hold_posts(rows, spans, found)
        elif header.kind == "follows":
            self.watermark.see(rows["at"].to_numpy(), rows["source"].to_numpy(), spans)
            # an edge is what its latest event says, so that events may come late
            self.held_follows.add(rows.select(HELD_FOLLOWS.keys()))
        elif header.kind != "marks" and len(rows):
            if fault := self.references.take(Frame(header, rows)):
                found.faults.append(fault)
        self.watermark.mark(header.marks, self.positions)
        # to look through all that waits for each frame would be quadratic in frames
        waiting = len(self.held_posts) + len(self.held_follows)
        if header.kind == "marks" or waiting >= 2 * self.left or self.watermark.ended:
            self._advance(found)
            self.left = len(self.held_posts) + len(self.held_follows)
        return found

    @property
    def event_time(self) -> int | None:
        """Event time that everything has been applied up to, seconds; None before the first post."""
        return None if self.pipeline is None else self.pipeline.now

    def _hold_posts(self, rows: pl.DataFrame, spans: list[OffsetSpan], found: DetectionResult) -> None:
        times = rows["created_at"].to_numpy()
        late = self.watermark.see(times, rows["source"].to_numpy(), spans)
        self.watermark.reach(times)
        rows = rows.with_columns(
            topic=pl.Series([span.topic for span in spans], dtype=pl.String).gather(rows["source"]),
            partition=pl.Series([span.partition for span in spans], dtype=pl.Int32).gather(rows["source"]),
        ).select(HELD_POSTS.keys())
        if late.any():
            mask = pl.Series(late)
            detail = (
                f"more than {self._config.time.lateness_s} s older than a post before it in its partition"
            )
            found.dead_letters.extend(_letters(rows.filter(mask), Reason.LATE, detail))
            self.late += int(late.sum())
            rows = rows.filter(~mask)
        self.held_posts.add(rows)

    def _advance(self, found: DetectionResult) -> None:
        """Apply what all partitions have passed."""
        ended = self.watermark.ended
        passed = self.watermark.passed
        if passed == float("-inf"):
            return
        with self.timer("order"):
            follows = self.held_follows.release(passed)
            posts = self.held_posts.release(passed)
            if posts is not None:
                posts = self._once(posts, found)
        self._refer(passed)
        if follows is not None:
            self._the_pipeline().add_follow_events(_events(follows))
        if posts is not None and len(posts):
            found.posts += len(posts)
            last = int(posts["created_at"][-1])
            self._tell(self._the_pipeline().process(posts, last + 1 if ended else int(passed)), found)
        elif self.pipeline is not None and not ended:
            self._tell(self.pipeline.process(None, int(passed)), found)
        if ended:
            if self.pipeline is not None:
                self._tell(self.pipeline.end(), found)
            self.watermark.restart((self.event_time or 0) + self._config.time.lateness_s)

    def _once(self, posts: pl.DataFrame, found: DetectionResult) -> pl.DataFrame:
        fresh = self.duplicates.fresh(posts["created_at"].to_numpy(), posts["row_key"].to_numpy())
        if fresh.all():
            return posts
        mask = pl.Series(fresh)
        detail = "a post of this id was counted before"
        found.dead_letters.extend(_letters(posts.filter(~mask), Reason.DUPLICATE, detail))
        return posts.filter(mask)

    def _refer(self, passed: float) -> None:
        """Let the pipeline go on under reference data that have changed."""
        known = self.references
        due = known.profiles_changed and passed >= self.profiled_until
        if self.pipeline is not None and (known.entities_changed or due):
            with self.timer("references"):
                self.pipeline.set_reference_data(known.current())
            self.profiled_until = int(passed) + _PROFILES_EVERY_S if passed < float("inf") else 0

    def _the_pipeline(self) -> Pipeline:
        if self.pipeline is None:
            self.pipeline = Pipeline(
                self._config, VERSION, self.mode, self.run_id, self.timer, self.references.current()
            )
        return self.pipeline

    def _tell(self, alerts: Iterator[Alert], found: DetectionResult) -> None:
        for alert in alerts:
            found.alerts.append(
                msgspec.structs.replace(
                    alert,
                    emitted_at=datetime.now(UTC),
                    provenance=msgspec.structs.replace(alert.provenance, late=self.late),
                )
            )


def _events(rows: pl.DataFrame) -> FollowEvents:
    return FollowEvents(*(rows[name].to_numpy() for name in ("follower", "followee", "action", "at")))


def _letters(rows: pl.DataFrame, reason: Reason, detail: str) -> Iterable[DeadLetter]:
    """Dead letters for posts that were read well."""
    names = [name for name in POSTS if name in rows.columns]
    for row in rows.select(*names, "topic", "partition", "offset").iter_rows(named=True):
        source = f"{row.pop('topic')}/{row.pop('partition')}"
        offset = row.pop("offset")
        raw = msgspec.json.encode({name: value for name, value in row.items() if value is not None})
        yield DeadLetter(
            source=source,
            position=offset,
            reason=reason,
            detail=detail,
            raw=raw.decode()[:RAW_LIMIT],
            raw_bytes=len(raw),
        )


def _gap_fault(gap: Gap) -> str:
    topic, partition = gap.source
    return (
        f"{topic}/{partition}: offsets {gap.begin:,} to {gap.end - 1:,} are missing; the topic's retention may be "
        "too short for how far the workers were behind"
    )
