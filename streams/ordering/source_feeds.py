"""Inputs as feeds in order of time: one that is in order is a feed, any other is sorted into one or several."""

import itertools
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

import polars as pl

from detectors.event_time.watermark import Watermark
from schemas.errors import InputError
from streams.metrics.stage_times import StageTimes
from streams.ordering.external_sort import RunSorter
from streams.ordering.input_checks import InputChecks
from streams.ordering.source_places import RowStream, SourcePlace, Unread
from streams.outputs.dead_letter_log import DeadLetterLog
from streams.privacy.records import PseudonymRecords, without_content
from streams.settings.settings import Settings
from streams.sources import Source, SourceBatch
from streams.sources.short_links import ShortLinks

_SNIFFED_LATE_SHARE = 0.01
"""With a greater share of late rows among them, the source is sorted. Chosen, not measured."""


class Abandoned(Exception):
    """A run is to end while its inputs are only being read ahead: there is nothing new to finish."""


@dataclass
class SourceFeeds:
    """Reads inputs, and notes how far.

    Args:
        settings: how to read.
        dead_letters: where rejected rows go.
        timer: gets the seconds of decoding.
        checks: looks at the first posts.
        on_batch: called with the name of an input and each batch of it that was decoded.
        abandoned: asked while posts are read ahead: whether the run is to end.
    """

    settings: Settings
    dead_letters: DeadLetterLog
    timer: StageTimes
    checks: InputChecks
    on_batch: Callable[[str, SourceBatch], None]
    abandoned: Callable[[], bool]
    unordered: bool = False
    names: PseudonymRecords | None = None
    """Puts pseudonyms into posts; None: names stay."""
    links: ShortLinks | None = None
    """Knows where shortened links lead; None: they stay."""
    places: dict[str, SourcePlace] = field(default_factory=dict)
    """How far each input was read, by its name."""
    others: Counter[str] = field(default_factory=Counter)
    """What the inputs hold that is no post, such as likes: how many of each."""
    faults: list[InputError] = field(default_factory=list)
    """Faults of inputs that ended early; the rows before the fault were used."""

    def __post_init__(self) -> None:
        self.source_of: dict[str, str] = {}
        """The input of each feed."""
        self.fault_of: dict[str, str] = {}
        """Why an input ended early, by its name."""

    def of(
        self, sources: Iterable[Source], sorter: RunSorter, limit: int
    ) -> Iterator[tuple[str, Iterator[pl.DataFrame]]]:
        """Each source as one feed, or as several if it has to be sorted.

        Args:
            sources: to read. What `places` has of them is left out.
            sorter: sorts.
            limit: rows at the beginning of a source that are looked at.

        Raises:
            Abandoned: the run is to end, and no feed has been read.
            OutputError: temporary files cannot be written.
        """
        for source in sources:
            batches = self._batches(source)
            head: deque[SourceBatch] = deque()
            place = self.places.get(source.name)
            if place is None:
                ordered = source.time_ordered and not self.unordered
                if ordered:
                    ordered = self._in_order(source, batches, head, limit)
                place = self.places[source.name] = SourcePlace(ordered=ordered)
            frames = self._noted(source.name, itertools.chain(_taken(head), batches), place)
            if place.ordered:
                self.source_of[source.name] = source.name
                yield source.name, frames
            else:
                yield from self._sorted(source.name, frames, place, sorter)
            place.ended = False

    def _sorted(
        self, name: str, frames: Iterator[pl.DataFrame], place: SourcePlace, sorter: RunSorter
    ) -> Iterator[tuple[str, Iterator[pl.DataFrame]]]:
        rows = RowStream(frames)
        number = 0
        if place.ended:  # what it held was all taken; it has grown since
            for _ in rows.take(place.parts[-1]):
                pass
            parts: list[int | None] = [None]
            number = len(place.feeds)
        else:
            before = [0, *place.parts[:-1]]
            parts = [end - begin for begin, end in zip(before, place.parts, strict=False)] + [None]
        for part in parts:
            for feed in sorter.feeds(rows.take(part)):
                feed_name = f"{name}#{number}"
                number += 1
                self.source_of[feed_name] = name
                yield feed_name, _counted(feed, feed_name, place)
        if place.posts > (place.parts[-1] if place.parts else 0):
            place.parts.append(place.posts)

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
            self.on_batch(source.name, batch)
            self._look()
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
                    self.fault_of[source.name] = str(fault)
                    return
            yield batch

    def _noted(self, name: str, batches: Iterable[SourceBatch], place: SourcePlace) -> Iterator[pl.DataFrame]:
        """The posts of a source. Its dead letters and the progress are recorded meanwhile.

        Of a source in its own order, posts before its place are left out. One that is sorted gives them again.
        """
        self.checks.open(name)
        unread = Unread(place)
        for batch in batches:
            new = unread.of(batch)
            for letter in new.dead_letters:
                self.dead_letters.add(letter if self.names is None else without_content(letter))
            self.dead_letters.count_rows(len(new.posts))
            self.others.update(new.others)
            self.checks.see(name, new.posts)
            self.checks.drop(name, new.rounded_references)
            place.posts += len(new.posts)
            place.letters += len(new.dead_letters)
            place.rounded += new.rounded_references
            place.others = dict(Counter(place.others) + Counter(new.others))
            self.on_batch(name, batch)
            if not (place.ordered and unread.reached):
                self._look()
            posts = new.posts if place.ordered else batch.posts
            if self.links is not None:
                posts = self.links.posts(posts)
            if self.names is not None:
                with self.timer("pseudonyms"):
                    posts = self.names.posts(posts)
            yield posts

    def _look(self) -> None:
        if self.abandoned():
            raise Abandoned


def _counted(feed: Iterator[pl.DataFrame], name: str, place: SourcePlace) -> Iterator[pl.DataFrame]:
    """A sorted feed behind its place; the place goes along."""
    skipped = place.feeds.setdefault(name, 0)
    for frame in feed:
        rows = frame[min(skipped, len(frame)) :]
        skipped -= len(frame) - len(rows)
        place.feeds[name] += len(rows)
        yield rows


def _taken(head: deque[SourceBatch]) -> Iterator[SourceBatch]:
    """The batches, each released from memory once it is used."""
    while head:
        yield head.popleft()
