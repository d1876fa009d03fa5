"""Dumps to one sequence of posts in event order, each post once, for replays and for publishing.

It always reads the source that is furthest behind in event time, and holds rows until all sources have passed them.
"""

import itertools
from collections import Counter, deque
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
from streams.ordering.input_checks import InputChecks
from streams.ordering.repost_chains import RepostChains
from streams.outputs.dead_letter_log import DeadLetterLog
from streams.settings.settings import Settings
from streams.sources import Source, SourceBatch, open_source

_OPEN_BYTES = 64 << 20
_BLOCK_BYTES = 8 << 20
"""Decompressed bytes of a batch. Traces took a quarter less time than with 2 MiB, and decoding no more (measured)."""
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
        self._checks = InputChecks()
        self._chains = RepostChains()
        self._sources: list[Source] = []

    @property
    def notices(self) -> list[str]:
        """What the posts read so far say about the inputs themselves, in sentences."""
        return list(self._checks.notices())

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
                open_source(
                    path,
                    format=self.format,
                    mapping=self.settings.mapping,
                    encoding=self.settings.input.encoding,
                    block_size=block,
                )
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

    def check_used(self, posts: int) -> None:
        """Fail if no row could be used, or too few of them.

        Args:
            posts: count of posts that were used.

        Raises:
            InputError: no row was used.
            TooManyBadRows: too many rows were rejected.
        """
        if not posts:
            raise InputError(f"{', '.join(self.inputs)}: {self.dead_letters.without_posts()}")
        self.dead_letters.check_shares()

    def _feeds(
        self, sources: Sequence[Source], sorter: RunSorter
    ) -> Iterator[tuple[str, Iterator[pl.DataFrame]]]:
        """Each source as one feed, or as several if it has to be sorted."""
        limit = self.settings.input.look_ahead_rows // max(len(sources), 1)
        for source in sources:
            batches = self._batches(source)
            ordered = source.time_ordered and not self.unordered
            head: deque[SourceBatch] = deque()
            if ordered:
                ordered = self._in_order(source, batches, head, limit)
            feed = self._noted(source.name, itertools.chain(_taken(head), batches))
            if ordered:
                yield source.name, feed
            else:
                for run, sorted_feed in enumerate(sorter.feeds(feed)):
                    yield f"{source.name}#{run}", sorted_feed

    def _in_order(
        self, source: Source, batches: Iterator[SourceBatch], head: deque[SourceBatch], limit: int
    ) -> bool:
        """Whether the rows at the beginning of a source are in order of time; `head` receives their batches.

        A file that is read to its end has to be in order; it costs nothing more to sort it. Else hardly any row may
        come too late. Of a pipe, one batch is read: it may have no end.
        """
        watermark = Watermark(self.settings.detection.time.lateness_s)
        late = rows = 0
        for batch in batches:
            head.append(batch)
            rows += len(batch.posts)
            late += int(watermark.see("head", batch.posts["created_at"].to_numpy()).sum())
            self._show(source.name, batch)
            if source.size is None or rows >= limit:
                return late <= _SNIFFED_LATE_SHARE * rows
        return late == 0

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
        self._checks.open(name)
        for batch in batches:
            for letter in batch.dead_letters:
                self.dead_letters.add(letter)
            self.dead_letters.count_rows(len(batch.posts))
            self.others.update(batch.others)
            self._checks.see(name, batch.posts)
            self._checks.drop(name, batch.rounded_references)
            self._show(name, batch)
            yield batch.posts

    def _show(self, name: str, batch: SourceBatch) -> None:
        """Bring the progress up to date."""
        self._bytes_of[name] = max(batch.bytes_read, self._bytes_of.get(name, 0))
        self.progress.bytes_read = sum(self._bytes_of.values())
        self.on_progress(self.progress)

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
            posts = self._chains.follow(posts)
        if rejected:
            name = self.inputs[0] if len(self.inputs) == 1 else "all inputs"
            for rows in rejected:
                self.dead_letters.set_aside(name, *rows)
            self.dead_letters.count_rows(0)
            if not len(posts):
                return
        last = int(posts["created_at"][-1])
        until = int(watermark) if watermark < float("inf") else last + 1
        late = self.dead_letters.counts[Reason.LATE]
        yield OrderedBatch(posts, max(until, last + 1), late)


def _taken(head: deque[SourceBatch]) -> Iterator[SourceBatch]:
    """The batches, each released from memory once it is used."""
    while head:
        yield head.popleft()
