"""Dumps to one sequence of posts in event order, each post once: what replays are made of, and publishing.

It reads whichever source is furthest behind in event time, and holds rows until all sources have passed them.
"""

import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import polars as pl

from detectors.event_time import DuplicateFilter, EventTimeBuffer
from detectors.traces.traces import keyed
from schemas.dead_letters import Reason
from schemas.errors import InputError
from streams.metrics.stage_times import StageTimes
from streams.ordering.external_sort import RunSorter
from streams.outputs.dead_letter_log import DeadLetterLog
from streams.settings.settings import Settings
from streams.sources import Source, SourceBatch, open_source

_OPEN_BYTES = 64 << 20
_BLOCK_BYTES = 8 << 20
"""Decompressed bytes of a batch: tracing took a quarter less than with 2 MiB, decoding no more (measured)."""
_SNIFFED_BATCHES = 1
_SNIFFED_LATE_SHARE = 0.01


@dataclass
class ReadProgress:
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
class OrderedBatch:
    """Posts that all sources have passed."""

    posts: pl.DataFrame
    """Columns of `detectors.post_columns.POSTS` and the keys of `detectors.traces.traces.keyed`, in event order."""
    until: int
    """Event time before which no more posts will come, seconds."""
    late: int
    """Count of late rows by then."""


@dataclass
class OrderedPosts:
    """The posts of some inputs.

    Args:
        inputs: paths, as `streams.sources.expand_inputs` gives them.
        settings: how to read.
        dead_letters: where rejected rows go.
        format: of all inputs, instead of what their content says.
        unordered: sort every input, whatever its format.
        on_progress: called as the reading goes on.
    """

    inputs: Sequence[str]
    settings: Settings
    dead_letters: DeadLetterLog
    format: str | None = None
    unordered: bool = False
    on_progress: Callable[[ReadProgress], None] = lambda progress: None
    progress: ReadProgress = field(default_factory=ReadProgress)
    timer: StageTimes = field(default_factory=StageTimes)
    """Seconds by stage."""
    faults: list[InputError] = field(default_factory=list)
    """Inputs that ended early; what they held before was used."""

    def __post_init__(self) -> None:
        event_time = self.settings.detection.time
        self._buffer = EventTimeBuffer(event_time.lateness_s)
        self._duplicates = DuplicateFilter(event_time.duplicate_memory_s, event_time.max_post_ids)
        self._bytes_of: dict[str, int] = {}
        self._sources: list[Source] = []

    @property
    def forgotten_early(self) -> int:
        """Generations of post ids that were forgotten early for want of room."""
        return self._duplicates.forgotten_early

    def open(self) -> None:
        """Recognise all inputs; `batches` does it otherwise.

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

    def batches(self) -> Iterator[OrderedBatch]:
        """Read once, from the beginning.

        Raises:
            InputError: an input cannot be read, or most of its rows cannot be used.
        """
        if not self._sources:
            self.open()
        sorter = RunSorter(self.settings.input.sort_rows)
        try:
            yield from self._merged(self._sources, sorter)
        finally:
            sorter.close()

    def check_used(self) -> None:
        """Fail when nothing could be used.

        Raises:
            InputError: there were rows, and all of them are dead letters.
        """
        if self.dead_letters.total:
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
            with self.timer("decode"):
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

    def _merged(self, sources: Sequence[Source], sorter: RunSorter) -> Iterator[OrderedBatch]:
        """Posts of all sources in event order."""
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
                with self.timer("order"):
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

    def _advance(self) -> Iterator[OrderedBatch]:
        """What all sources have passed."""
        with self.timer("order"):
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
        yield OrderedBatch(posts, max(until, last + 1), late)
