"""Dumps to one sequence of posts in event order, each post once, for replays and for publishing.

It always reads the source that is furthest behind in event time, and holds rows until all sources have passed them.
"""

import math
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import polars as pl

from detectors.event_time.duplicates import DuplicateFilter
from detectors.event_time.held_rows import HeldRows, ReleasePace
from detectors.event_time.rejected_rows import deletions_in_time, without_duplicates, without_late
from detectors.event_time.watermark import Watermark
from detectors.post_columns import is_deletion
from detectors.state.capture import State
from detectors.traces.traces import keyed
from schemas.dead_letters import Reason
from schemas.errors import InputError
from streams.metrics.stage_times import StageTimes
from streams.ordering.external_sort import RunSorter
from streams.ordering.input_checks import InputChecks
from streams.ordering.order_state import OrderState, captured, restored
from streams.ordering.ordered_batch import OrderedBatch
from streams.ordering.repost_chains import RepostChains
from streams.ordering.source_feeds import Abandoned, SourceFeeds
from streams.outputs.dead_letter_log import PASSED, DeadLetterLog
from streams.privacy.records import pseudonym_records
from streams.settings.settings import Settings
from streams.sources import Source, SourceBatch, open_source
from streams.sources.short_links import read_short_links

_OPEN_BYTES = 64 << 20
_BLOCK_BYTES = 8 << 20
"""Decompressed bytes of a batch. Traces took a quarter less time than with 2 MiB, and decoding no more (measured)."""
_PASSED = (
    f"{PASSED}, so they cannot be counted any more: a run over all inputs with an empty --state folder would"
)
"""What is said of rows that come too late for a run that goes on from a state."""


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
    due: Callable[[], bool] | None = None
    """Asked between batches whether to yield the state; None: it is never yielded, not at the end either."""
    erased: frozenset[str] = frozenset()
    """Accounts whose posts are left out, as `platform:account_id`."""
    abandoned: Callable[[], bool] = lambda: False
    """Asked while inputs are only read ahead: whether the run is to end."""

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
        self._feeds = SourceFeeds(
            self.settings,
            self.dead_letters,
            self.timer,
            self._checks,
            self._show,
            self.abandoned,
            self.unordered,
            pseudonym_records(self.settings.privacy),
            read_short_links(self.settings.input.short_links),
        )
        self._erased = pl.Series(sorted(self.erased), dtype=pl.String).implode()
        self._released = -math.inf
        """Event time before which everything was released."""
        self._resumed_at = -math.inf
        """Event time that the state had reached, seconds; minus infinity: the run began without one."""
        self._grown: frozenset[str] = frozenset()
        """Inputs that have more rows than when the state was kept."""

    @property
    def others(self) -> Counter[str]:
        """What the inputs hold that is no post, such as likes: how many of each."""
        return self._feeds.others

    @property
    def faults(self) -> list[InputError]:
        """Faults of inputs that ended early; the rows before the fault were used."""
        return self._feeds.faults

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
                if self._is_read("standard input" if path == "-" else path)
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
        for step in self.steps():
            if isinstance(step, OrderedBatch):
                yield step

    def steps(self) -> Iterator[OrderedBatch | OrderState]:
        """Like `batches`, with the state of reading wherever `due` asks for it, and before the last posts are released.

        A run that goes on from that last state may have further inputs. So its last posts are released anew.
        """
        if not self._sources:
            self.open()
        sorter = RunSorter(self.settings.input.sort_rows)
        try:
            yield from self._merged(self._sources, sorter)
        except Abandoned:
            return
        finally:
            sorter.close()

    def go_on(self, state: State, grown: frozenset[str]) -> None:
        """Go on behind a state; call it before `open`.

        Args:
            state: of another `OrderedPosts` with the same settings.
            grown: inputs that have more rows now.

        Raises:
            StateError: the state is damaged.
        """
        self._grown = grown
        self._released = restored(state, self._parts(), self._feeds, self.dead_letters)
        self._resumed_at = self._released
        for name, place in self._feeds.places.items():
            if place.fault is not None and not self._is_read(name):
                self.faults.append(InputError(place.fault))

    def _is_read(self, name: str) -> bool:
        place = self._feeds.places.get(name)
        return place is None or not place.ended or name in self._grown

    def _parts(self) -> dict[str, object]:
        """What remembers the posts so far."""
        return {
            "watermark": self._watermark,
            "held": self._held,
            "pace": self._pace,
            "duplicates": self._duplicates,
            "checks": self._checks,
            "chains": self._chains,
        }

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

    def _show(self, name: str, batch: SourceBatch) -> None:
        """Bring the progress up to date."""
        self._bytes_of[name] = max(batch.bytes_read, self._bytes_of.get(name, 0))
        self.progress.bytes_read = sum(self._bytes_of.values())
        self.on_progress(self.progress)

    def _merged(self, sources: Sequence[Source], sorter: RunSorter) -> Iterator[OrderedBatch | OrderState]:
        """Posts of all sources in event order; the source that is furthest behind is read first."""
        open_feeds = self._open_feeds(sources, sorter)
        while open_feeds:
            name = min(open_feeds, key=lambda feed: (self._watermark.latest[feed], feed))
            frame = next(open_feeds[name], None)
            if frame is None:
                del open_feeds[name]
                self._end(name, open_feeds)
                if not open_feeds:
                    break
                self._watermark.close(name)
            else:
                self._hold(name, frame)
            if len(open_feeds) <= 1 or self._pace.due(len(self._held)):
                yield from self._advance()
                self._pace.looked(len(self._held))
            if self.due is not None and self.due():
                yield self._state(last=False)
        if self.due is not None:
            yield self._state(last=True)
        for name in self._watermark.latest:
            self._watermark.close(name)
        yield from self._advance()

    def _open_feeds(self, sources: Sequence[Source], sorter: RunSorter) -> dict[str, Iterator[pl.DataFrame]]:
        """Feeds that have rows left."""
        limit = self.settings.input.look_ahead_rows // max(len(sources), 1)
        feeds: dict[str, Iterator[pl.DataFrame]] = {}
        for name, feed in self._feeds.of(sources, sorter, limit):
            if name in self._grown and self._watermark.latest.get(name) == math.inf:
                self._watermark.latest[name] = self._feeds.places[name].latest
            if self._watermark.latest.get(name) != math.inf:
                feeds[name] = feed
        for name in self._watermark.latest.keys() - feeds.keys():
            self._watermark.close(name)
        # what is new holds up the others until it has shown a time
        self._watermark.open(feeds, -math.inf)
        return feeds

    def _end(self, name: str, open_feeds: Mapping[str, object]) -> None:
        """Note that a feed has no further rows."""
        source = self._feeds.source_of[name]
        place = self._feeds.places[source]
        place.latest = self._watermark.latest[name]
        place.ended = all(self._feeds.source_of[other] != source for other in open_feeds)
        place.fault = self._feeds.fault_of.get(source)

    def _state(self, *, last: bool) -> OrderState:
        return OrderState(captured(self._parts(), self._feeds, self.dead_letters, self._released), last)

    def _hold(self, name: str, posts: pl.DataFrame) -> None:
        """Let posts of one feed wait for their time; those that come too late are dead letters."""
        detail = (
            f"more than {self.settings.detection.time.lateness_s} s older than the row before it; "
            "give --unordered to sort the dump"
        )
        rejected = []
        with self.timer("order"):
            posts = self._of_others(keyed(posts))
            late = self._watermark.see(name, posts["created_at"].to_numpy())
            late &= ~is_deletion(posts).to_numpy()
            posts = deletions_in_time(posts, max(self._released, self._resumed_at))
            times = posts["created_at"].to_numpy()
            # only rows of an input that is new or has grown since a state was kept
            passed = times < self._resumed_at
            posts, too_late = without_late(posts, passed, _PASSED)
            rejected.append(too_late)
            posts, too_late = without_late(posts, (late | (times < self._released))[~passed], detail)
            rejected.append(too_late)
            self._held.add(posts)
        for rows in rejected:
            if rows is not None:
                self.dead_letters.set_aside(self._feeds.source_of[name], *rows)
        self.dead_letters.count_rows(0)

    def _of_others(self, posts: pl.DataFrame) -> pl.DataFrame:
        """The posts of accounts that are not erased."""
        if not self.erased:
            return posts
        kept = posts.filter(~pl.col("account").is_in(self._erased))
        if len(kept) < len(posts):
            self.others["posts of erased accounts"] += len(posts) - len(kept)
        return kept

    def _advance(self) -> Iterator[OrderedBatch]:
        """What all sources have passed."""
        watermark = self._watermark.passed
        self._released = max(self._released, watermark)
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
