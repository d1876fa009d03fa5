"""Dumps to one sequence of posts in event order, each post once, for replays and for publishing.

It always reads the source that is furthest behind in event time, and holds rows until all sources have passed them.
"""

import itertools
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import polars as pl

from detectors.event_time.duplicates import DuplicateFilter
from detectors.event_time.held_rows import HeldRows, ReleasePace
from detectors.event_time.rejected_rows import without_duplicates, without_late
from detectors.event_time.watermark import Watermark
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
"""Decompressed bytes of a batch. Traces took a quarter less time than with 2 MiB, and decoding no more (measured)."""
_SNIFFED_BATCHES = 1
"""Batches at the beginning of a source that show whether it is in order."""
_SNIFFED_LATE_SHARE = 0.01
"""With a greater share of late rows among them, the source is sorted. Chosen, not measured."""


@dataclass
class ReadProgress:
    """How far a run is, for a progress bar."""

    bytes_total: int | None = None
    bytes_read: int = 0
    posts: int = 0
    alerts: int = 0
    event_time: datetime | None = None
    """Event time before which everything has been applied."""
    tick: datetime | None = None
    """Event time at which the latest alert was raised; `Alert.emitted_at` is the wall clock."""


@dataclass(frozen=True, slots=True)
class OrderedBatch:
    """Posts that all sources have passed."""

    posts: pl.DataFrame
    """Columns of `detectors.post_columns.POSTS` and the keys of `detectors.traces.traces.keyed`, in event order."""
    until: int
    """Event time before which no more posts will come, seconds."""
    late: int
    """Count of late rows so far."""


@dataclass
class OrderedPosts:
    """The posts of several inputs, in one order.

    Args:
        inputs: paths, as `streams.sources.expand_inputs` gives them.
        settings: how to read.
        dead_letters: where rejected rows go.
        format: of all inputs; None: recognise it from their content.
        unordered: sort every input, whatever its format.
        on_progress: called after each batch.
    """

    inputs: Sequence[str]
    settings: Settings
    dead_letters: DeadLetterLog
    format: str | None = None
    unordered: bool = False
    on_progress: Callable[[ReadProgress], None] = lambda progress: None
    sources: Sequence[Source] | None = None
    """What to read in place of `inputs`."""
    progress: ReadProgress = field(default_factory=ReadProgress)
    timer: StageTimes = field(default_factory=StageTimes)
    """Seconds by stage."""
    others: Counter[str] = field(default_factory=Counter)
    """What the inputs hold that is no post, such as likes: how many of each."""
    faults: list[InputError] = field(default_factory=list)
    """Faults of inputs that ended early; the rows before the fault were used."""

    def __post_init__(self) -> None:
        event_time = self.settings.detection.time
        self._watermark = Watermark(event_time.lateness_s)
        self._held = HeldRows()
        self._pace = ReleasePace()
        self._duplicates = DuplicateFilter(event_time.duplicate_memory_s, event_time.max_post_ids)
        self._bytes_of: dict[str, int] = {}
        self._sources: list[Source] = []

    @property
    def forgotten_early(self) -> int:
        """Count of generations of post ids that were forgotten early, because the limit of ids was reached."""
        return self._duplicates.forgotten_early

    def open(self) -> None:
        """Recognise the format of all inputs. `batches` does it if this was not called.

        Raises:
            InputError: an input cannot be read, or is in no known format.
        """
        block = max(1 << 16, min(_BLOCK_BYTES, _OPEN_BYTES // max(len(self.inputs), 1)))
        self._sources = (
            [
                open_source(path, format=self.format, mapping=self.settings.mapping, block_size=block)
                for path in self.inputs
            ]
            if self.sources is None
            else list(self.sources)
        )
        sizes = [source.size for source in self._sources]
        self.progress.bytes_total = sum(s for s in sizes if s is not None) if None not in sizes else None

    def batches(self) -> Iterator[OrderedBatch]:
        """Read all inputs once, from the beginning.

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
        """Fail if no row could be used.

        Raises:
            InputError: there were rows, and all of them were rejected.
        """
        if self.dead_letters.total:
            raise InputError(
                f"{', '.join(self.inputs)}: none of {self.dead_letters.rows:,} rows can be used."
            )

    def _feeds(
        self, sources: Sequence[Source], sorter: RunSorter
    ) -> Iterator[tuple[str, Iterator[pl.DataFrame]]]:
        """Each source as one feed, or as several if it has to be sorted."""
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
        """Whether hardly any row at the beginning of a source comes too late."""
        watermark = Watermark(self.settings.detection.time.lateness_s)
        late = sum(int(watermark.see("head", batch.posts["created_at"].to_numpy()).sum()) for batch in head)
        return late <= _SNIFFED_LATE_SHARE * sum(len(batch.posts) for batch in head)

    def _batches(self, source: Source) -> Iterator[SourceBatch]:
        """The batches of a source. A fault in the middle ends it, and is kept for the end of the run."""
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
        """The posts of a source. Its dead letters and the progress are recorded meanwhile."""
        for batch in batches:
            for letter in batch.dead_letters:
                self.dead_letters.add(letter)
            self.dead_letters.count_rows(len(batch.posts))
            self.others.update(batch.others)
            self._bytes_of[name] = max(batch.bytes_read, self._bytes_of.get(name, 0))
            self.progress.bytes_read = sum(self._bytes_of.values())
            self.on_progress(self.progress)
            yield batch.posts

    def _merged(self, sources: Sequence[Source], sorter: RunSorter) -> Iterator[OrderedBatch]:
        """Posts of all sources in event order; the source that is furthest behind is read first."""
        open_feeds = dict(self._feeds(sources, sorter))
        self._watermark.open(open_feeds)
        while open_feeds:
            name = min(open_feeds, key=lambda feed: (self._watermark.latest[feed], feed))
            frame = next(open_feeds[name], None)
            if frame is None:
                del open_feeds[name]
                self._watermark.close(name)
            else:
                self._hold(name, frame)
            if len(open_feeds) <= 1 or self._pace.due(len(self._held)):
                yield from self._advance()
                self._pace.looked(len(self._held))

    def _hold(self, name: str, posts: pl.DataFrame) -> None:
        """Let posts of one feed wait for their time; those that come too late are dead letters."""
        detail = (
            f"more than {self.settings.detection.time.lateness_s} s older than the row before it; "
            "give --unordered to sort the dump"
        )
        with self.timer("order"):
            late = self._watermark.see(name, posts["created_at"].to_numpy())
            posts, rejected = without_late(keyed(posts), late, detail)
            self._held.add(posts)
        if rejected is not None:
            self.dead_letters.set_aside(name, *rejected)
        self.dead_letters.count_rows(0)

    def _advance(self) -> Iterator[OrderedBatch]:
        """What all sources have passed."""
        watermark = self._watermark.passed
        with self.timer("order"):
            posts = self._held.release(watermark)
            if posts is None:
                return
            posts, rejected = without_duplicates(posts, self._duplicates)
        if rejected is not None:
            name = self.inputs[0] if len(self.inputs) == 1 else "all inputs"
            self.dead_letters.set_aside(name, *rejected)
            if not len(posts):
                return
        last = int(posts["created_at"][-1])
        until = int(watermark) if watermark < float("inf") else last + 1
        late = self.dead_letters.counts[Reason.LATE]
        yield OrderedBatch(posts, max(until, last + 1), late)
