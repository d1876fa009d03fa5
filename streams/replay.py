"""The local driver: dumps in, alerts out, in one process and without Kafka.

It reads whichever source is furthest behind in event time, holds rows until all sources have passed them, and
lets the pipeline work through them. Reading, ordering and tracing run ahead in a thread of their own, detection in the
calling one. Everything that decides anything is in `detectors`.
"""

import itertools
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import uuid4

import msgspec
import polars as pl

from detectors.event_time import DuplicateFilter, EventTimeBuffer
from detectors.pipeline import Pipeline, Traced
from detectors.traces import keyed
from schemas.alerts import Alert
from schemas.dead_letters import Reason
from schemas.errors import InputError
from schemas.networks import Lifecycle
from streams.ahead import Ahead
from streams.dead_letter_log import DeadLetterLog
from streams.ordering import RunSorter
from streams.references import References
from streams.settings import Settings
from streams.sources import Source, SourceBatch, open_source
from streams.version import VERSION

_OPEN_BYTES = 64 << 20
_BLOCK_BYTES = 8 << 20
"""Decompressed bytes of a batch: tracing took a quarter less than with 2 MiB, decoding no more (measured)."""
_AHEAD = 2
"""Batches that are read and traced while detection works on an earlier one."""
_SNIFFED_BATCHES = 1
_SNIFFED_LATE_SHARE = 0.01


@dataclass
class Progress:
    """How far a run is, for whoever shows it."""

    bytes_total: int | None = None
    bytes_read: int = 0
    posts: int = 0
    alerts: int = 0
    event_time: datetime | None = None
    """Everything before this has been applied."""
    tick: datetime | None = None
    """Event time at which the latest alert was raised. `Alert.emitted_at` is the wall clock."""


@dataclass(frozen=True, slots=True)
class _Step:
    """Posts that all sources have passed."""

    posts: pl.DataFrame
    traced: Traced
    until: int
    """Event time before which no more posts will come, seconds."""
    late: int
    """Count of late rows by then."""


@dataclass
class Replay:
    """One run over some inputs.

    Args:
        inputs: paths, as `streams.sources.expand_inputs` gives them.
        settings: how to read and detect.
        dead_letters: where rejected rows go.
        format: of all inputs, instead of what their content says.
        unordered: sort every input, whatever its format.
        on_progress: called as the run goes on.
        on_posts: called with each frame of posts as it is applied, duplicates and late ones left out.
    """

    inputs: Sequence[str]
    settings: Settings
    dead_letters: DeadLetterLog
    format: str | None = None
    unordered: bool = False
    on_progress: Callable[[Progress], None] = lambda progress: None
    on_posts: Callable[[pl.DataFrame], None] = lambda posts: None
    run_id: str = field(default_factory=lambda: uuid4().hex)
    timings: dict[str, float] = field(default_factory=dict)
    """Seconds by stage."""
    progress: Progress = field(default_factory=Progress)
    faults: list[InputError] = field(default_factory=list)
    """Inputs that ended early; what they held before was used."""

    def __post_init__(self) -> None:
        detection = self.settings.detection
        self._pipeline: Pipeline | None = None
        self._buffer = EventTimeBuffer(detection.time.lateness_s)
        self._duplicates = DuplicateFilter(detection.time.duplicate_memory_s, detection.time.max_post_ids)
        self._bytes_of: dict[str, int] = {}
        self._first_time: int | None = None
        self._sources: list[Source] = []

    @property
    def pipeline(self) -> Pipeline:
        """What decides; without reference data if `refer` was not called before the first use."""
        if self._pipeline is None:
            self._pipeline = self._built(References())
        return self._pipeline

    def refer(self, references: References) -> None:
        """Take reference data and follow events; before `run`."""
        self._pipeline = self._built(references)

    def _built(self, references: References) -> Pipeline:
        pipeline = Pipeline(
            self.settings.detection, VERSION, "replay", self.run_id, self._watch, references.context
        )
        if references.follows is not None:
            pipeline.follow(references.follows)
        return pipeline

    @property
    def first_time(self) -> int | None:
        """Event time of the first post applied, seconds."""
        return self._first_time

    @property
    def evicted_early(self) -> dict[str, int]:
        """What was forgotten early for want of room, by store; stores that had room are left out."""
        counts = {**self.pipeline.evicted_early, "post_ids": self._duplicates.forgotten_early}
        return {store: count for store, count in counts.items() if count}

    def merged_away(self, alert: Alert) -> bool:
        """Whether an alert just yielded says that its network went into another one.

        `merged` is also the lifecycle of the network that took the other in; that one is alive.
        """
        alive = self.pipeline.stage.networks.alive.values()
        return alert.lifecycle is Lifecycle.MERGED and all(
            network.network_id != alert.network_id for network in alive
        )

    def unnamed_members(self, alert: Alert) -> list[str]:
        """Members that an alert just yielded has no room to name, as `platform:account_id`."""
        if alert.member_count <= len(alert.members):
            return []
        named = {member.account_id for member in alert.members}
        names = self.pipeline.accounts.names
        return [
            names[number]
            for network in self.pipeline.stage.networks.alive.values()
            if network.network_id == alert.network_id
            for number in network.members
            if names[number] not in named
        ]

    def open(self) -> None:
        """Recognise all inputs; `run` does it otherwise.

        Raises:
            InputError: an input cannot be read, or is in no known format.
        """
        block = max(1 << 16, min(_BLOCK_BYTES, _OPEN_BYTES // max(len(self.inputs), 1)))
        self._sources = [
            open_source(path, format=self.format, mapping=self.settings.mapping, block_size=block)
            for path in self.inputs
        ]
        sizes = [source.size for source in self._sources]
        self.progress.bytes_total = sum(s for s in sizes if s is not None) if None not in sizes else None

    def run(self) -> Iterator[Alert]:
        """Yield alerts as they are raised.

        Raises:
            InputError: an input cannot be read, most of its rows cannot be used, or no row can.
        """
        if not self._sources:
            self.open()
        sorter = RunSorter(self.settings.input.sort_rows)
        try:
            with Ahead(self._steps(self._sources, sorter), _AHEAD) as steps:
                for step in steps:
                    yield from self._apply(step)
                yield from self._stamped(self.pipeline.end(), self.dead_letters.counts[Reason.LATE])
        finally:
            sorter.close()
        if not self.progress.posts and self.dead_letters.total:
            raise InputError(
                f"{', '.join(self.inputs)}: none of {self.dead_letters.rows:,} rows can be used."
            )

    def _feeds(
        self, sources: Sequence[Source], sorter: RunSorter
    ) -> Iterator[tuple[str, Iterator[pl.DataFrame]]]:
        """Each source as one feed, or as several when it had to be sorted."""
        for source in sources:
            batches = self._batches(source)
            ordered = source.time_ordered and not self.unordered
            head: list[SourceBatch] = []
            if ordered:
                head = list(itertools.islice(batches, _SNIFFED_BATCHES))
                ordered = self._in_order(head)
            feed = self._noted(source.name, itertools.chain(head, batches))
            if ordered:
                yield source.name, feed
            else:
                for run, sorted_feed in enumerate(sorter.feeds(feed)):
                    yield f"{source.name}#{run}", sorted_feed

    def _in_order(self, head: Sequence[SourceBatch]) -> bool:
        """Whether the beginning of a source is in order, but for the lateness bound."""
        buffer = EventTimeBuffer(self.settings.detection.time.lateness_s)
        buffer.open("head")
        late = sum(len(buffer.add("head", batch.posts)) for batch in head)
        return late <= _SNIFFED_LATE_SHARE * sum(len(batch.posts) for batch in head)

    def _batches(self, source: Source) -> Iterator[SourceBatch]:
        """The batches of a source; a fault in the middle ends it, and is kept for the end of the run."""
        batches = source.batches()
        while True:
            with self._watch("decode"):
                try:
                    batch = next(batches)
                except StopIteration:
                    return
                except InputError as fault:
                    self.faults.append(fault)
                    return
            yield batch

    def _noted(self, name: str, batches: Iterable[SourceBatch]) -> Iterator[pl.DataFrame]:
        """The posts of a source; its dead letters and the progress are taken down as they pass."""
        for batch in batches:
            for letter in batch.dead_letters:
                self.dead_letters.add(letter)
            self.dead_letters.saw(len(batch.posts))
            self._bytes_of[name] = max(batch.bytes_read, self._bytes_of.get(name, 0))
            self.progress.bytes_read = sum(self._bytes_of.values())
            self.on_progress(self.progress)
            yield batch.posts

    def _steps(self, sources: Sequence[Source], sorter: RunSorter) -> Iterator[_Step]:
        """Posts of all sources in event order, traced."""
        buffer = self._buffer
        open_feeds = dict(self._feeds(sources, sorter))
        for name in open_feeds:
            buffer.open(name)
        left = 0  # rows that still had to wait when rows were last released
        while open_feeds:
            name = min(open_feeds, key=lambda feed: (buffer.watermark(feed), feed))
            frame = next(open_feeds[name], None)
            if frame is None:
                del open_feeds[name]
                buffer.close(name)
            else:
                with self._watch("order"):
                    late = buffer.add(name, keyed(frame))
                lateness = self.settings.detection.time.lateness_s
                self.dead_letters.set_aside(
                    name,
                    late,
                    Reason.LATE,
                    f"more than {lateness} s older than the row before it; give --unordered to sort the dump",
                )
                self.dead_letters.saw(0)
            # to look through all that waits for each frame of one of many feeds would be quadratic in them
            if len(open_feeds) <= 1 or buffer.held >= 2 * left:
                yield from self._advance()
                left = buffer.held

    def _advance(self) -> Iterator[_Step]:
        """What all sources have passed."""
        with self._watch("order"):
            posts = self._buffer.release()
            if posts is None:
                return
            fresh = self._duplicates.fresh(posts["created_at"].to_numpy(), posts["row_key"].to_numpy())
        if not fresh.all():
            mask = pl.Series(fresh)
            again = posts.filter(~mask)
            self.dead_letters.set_aside(
                self.inputs[0] if len(self.inputs) == 1 else "all inputs",
                again,
                Reason.DUPLICATE,
                "a post of this id was counted before",
            )
            posts = posts.filter(mask)
            if not len(posts):
                return
        watermark = self._buffer.watermark()
        last = int(posts["created_at"][-1])
        until = int(watermark) if watermark < float("inf") else last + 1
        late = self.dead_letters.counts[Reason.LATE]
        yield _Step(posts, self.pipeline.trace(posts), max(until, last + 1), late)

    def _apply(self, step: _Step) -> Iterator[Alert]:
        if self._first_time is None:
            self._first_time = int(step.posts["created_at"][0])
        self.on_posts(step.posts)
        yield from self._stamped(self.pipeline.apply(step.traced, step.until), step.late)
        self.progress.posts += len(step.posts)
        self.progress.event_time = datetime.fromtimestamp(int(step.posts["created_at"][-1]), UTC)
        self.on_progress(self.progress)

    def _stamped(self, alerts: Iterator[Alert], late: int) -> Iterator[Alert]:
        for alert in alerts:
            self.progress.alerts += 1
            self.progress.tick = alert.emitted_at
            yield msgspec.structs.replace(
                alert,
                emitted_at=datetime.now(UTC),
                provenance=msgspec.structs.replace(alert.provenance, late=late),
            )

    @contextmanager
    def _watch(self, stage: str) -> Iterator[None]:
        start = time.perf_counter()
        try:
            yield
        finally:
            self.timings[stage] = self.timings.get(stage, 0.0) + time.perf_counter() - start
