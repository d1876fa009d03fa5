"""Runs one collector: reads a source again and again, writes what it brings, and keeps how far that is.

A message is forgotten by the source's side (the cursor) only when the broker has what it says, so a crash repeats some
messages and loses none. Repeats within a run are left out here, others count once in detection.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from contextlib import aclosing, suppress
from functools import partial

import polars as pl

from detectors.post_columns import POSTS as POST_COLUMNS
from schemas.dead_letters import RAW_LIMIT, DeadLetter, Reason
from schemas.errors import InputError
from streams.collect.backoff import Backoff
from streams.collect.cursor_file import CursorFile
from streams.collect.event_writer import EventWriter
from streams.collect.figures import CollectorFigures
from streams.collect.inbox import Inbox
from streams.collect.recent_rows import RecentRows
from streams.collect.source import OPENED, Events, LiveSource, Message, Position, SourceFault
from streams.live.broker.connection import Connection
from streams.live.broker.outages import BrokerWatch
from streams.live.exchange.lasting_producer import LastingProducer
from streams.live.publishing.notices import Notices
from streams.privacy.records import PseudonymRecords

_BATCH = 4_000
"""Messages that are decoded together. Chosen, not measured."""
_REPORT_EVERY_S = 1.0
"""Seconds between two reports of the event time that is reached, and between two saves of the cursor. Chosen, not
measured: a report is a record in every partition, a save waits for the disk."""
_QUIET_S = 45.0
"""Seconds without a message after which others no longer wait for this collector. Chosen, not measured."""
_PROGRESS_S = 5.0
_STEADY_S = 10.0
"""Seconds after which a connection counts as one that works. Chosen, not measured."""
_END_S = 10.0
"""Seconds that the end waits for what has come to be written. What is not written comes again at the next start."""


class Collector:
    """One collector.

    Args:
        source: what it reads.
        connection: to the brokers.
        name: under which it writes.
        cursor: where it goes on.
        inbox: for what comes.
        figures: of this collector.
        say: called with what the user should know.
        progress: whether to say every few seconds how far it is.
        pseudonyms: puts pseudonyms into what is written; None: names stay.
    """

    def __init__(
        self,
        source: LiveSource,
        connection: Connection,
        name: str,
        cursor: CursorFile,
        inbox: Inbox,
        figures: CollectorFigures,
        say: Callable[[str], None],
        *,
        progress: bool = True,
        pseudonyms: PseudonymRecords | None = None,
    ) -> None:
        self._source = source
        self._cursor = cursor
        self._position = cursor.position
        self._saved_at = self._reported_at = 0.0
        self._unsaved = False
        self._resumed_at: Position | None = None
        self._inbox = inbox
        self.figures = figures
        self._say = say
        self._progress = progress
        self._recent = RecentRows()
        self._number = 1
        notices = Notices(say, "Collecting")
        self._watch = BrokerWatch(connection, notices, on_change=self._broker_changed)
        self._producer = LastingProducer(
            connection, "ingest", self._watch, notices, linger_ms=5, max_batch_size=256 << 10
        )
        self._writer = EventWriter(self._producer, connection.settings.topic_prefix, name, pseudonyms)

    async def run(self, stop: asyncio.Event) -> None:
        """Collect until `stop` is set.

        Raises:
            InputError: the source refuses this request.
            OutputError: the cursor cannot be kept.
            aiokafka.errors.KafkaError: a broker refuses what is written.
        """
        watching = asyncio.create_task(self._watch.run())
        reading: asyncio.Task[None] | None = None
        writing: asyncio.Task[None] | None = None
        try:
            await self._producer.start()
            self.figures.health.broker_reachable = self._watch.reachable
            reading, writing = asyncio.create_task(self._read()), asyncio.create_task(self._write())
            showing = asyncio.create_task(self._show())
            parts = [reading, writing, showing]
            stopping = asyncio.ensure_future(stop.wait())
            await asyncio.wait([*parts, stopping], return_when=asyncio.FIRST_COMPLETED)
            self.figures.health.stopping = True
            stopping.cancel()
            showing.cancel()
            reading.cancel()
            for task in parts:
                if task.done() and not task.cancelled():
                    task.result()
            await self._end(writing)
        finally:
            for running in (watching, reading, writing):
                if running is not None:
                    running.cancel()
            await self._producer.stop()
            self.figures.health.connected = False

    async def _end(self, writing: "asyncio.Task[None]") -> None:
        """Write what has come, keep how far that is, and report that nothing comes for a while."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_END_S):
                drained = asyncio.create_task(self._inbox.drained())
                await asyncio.wait([drained, writing], return_when=asyncio.FIRST_COMPLETED)
                drained.cancel()
                if writing.done():
                    writing.result()
                await self._writer.report_leaving()
        self._save()

    def _broker_changed(self, reachable: bool) -> None:
        self.figures.health.broker_reachable = reachable

    async def _read(self) -> None:
        """Connect again and again, each time from what the broker has."""
        backoff = Backoff()
        ever = False
        while True:
            await self._inbox.drained()
            self._resumed_at = self._position
            fault = SourceFault("closed the connection")
            opened_at: float | None = None
            came = 0
            try:
                async with aclosing(self._source.messages(self._position)) as messages:
                    async for message in messages:
                        if message is OPENED:
                            opened_at = time.monotonic()
                            ever = self.figures.health.connected = True
                            self._say(f"{self._source.name}: connected.")
                        else:
                            came += 1
                            await self._inbox.put(message)
            except SourceFault as found:
                fault = found
            except Exception as error:
                # whatever a source sends, the next connection may be better
                fault = SourceFault(f"sent what cannot be read: {type(error).__name__}")
            self.figures.health.connected = False
            self.figures.fault()
            self.figures.note_gaps(self._source.gaps)
            if fault.refused and not ever:
                raise InputError(f"{self._source.name}: {fault}.") from fault
            if opened_at is not None and time.monotonic() - opened_at > _STEADY_S:
                backoff.reset()
            elif came:
                backoff.ease()
            wait_s = backoff.next_s(fault.wait_s)
            self._say(f"{self._source.name}: {fault}. The next attempt follows in {wait_s:.1f} s.")
            await asyncio.sleep(wait_s)

    async def _write(self) -> None:
        """Write what comes."""
        left = False
        while True:
            try:
                messages = await asyncio.wait_for(self._inbox.take(_BATCH), None if left else _QUIET_S)
            except TimeoutError:
                left = self.figures.health.connected
                if left:
                    await self._producer.insist(self._writer.report_leaving)
                continue
            left = False
            for events in await asyncio.to_thread(self._decoded, messages, self._number):
                await self._write_events(events)
            self._number += len(messages)
            self._inbox.done()

    async def _write_events(self, events: Events) -> None:
        came = len(events.posts) + (0 if events.follows is None else len(events.follows))
        events.posts = self._recent.fresh(events.posts, "platform", "post_id", "part")
        if events.follows is not None:
            names = ("platform", "follower_id", "followee_id", "action", "at")
            events.follows = self._recent.fresh(events.follows, *names)
        if events.deletions is not None:
            named = events.deletions.with_columns(what=pl.lit("deleted"))
            events.deletions = self._recent.fresh(named, "platform", "post_id", "what").drop("what")
        fresh = len(events.posts) + (0 if events.follows is None else len(events.follows))
        if self._resumed_at is not None and events.first is not None:
            self._source.resumed(self._resumed_at, events.first)
            self._resumed_at = None
        await self._producer.insist(partial(self._writer.write, events))
        self._watch.confirm()
        self.figures.wrote(events, came - fresh)
        self.figures.note_gaps(self._source.gaps)
        if events.position is not None:
            self._position, self._unsaved = events.position, True
        now = time.monotonic()
        if events.reached and now - self._reported_at >= _REPORT_EVERY_S:
            self._reported_at = now
            await self._producer.insist(partial(self._writer.report_reached, events.reached))
        if now - self._saved_at >= _REPORT_EVERY_S:
            self._saved_at = now
            await asyncio.to_thread(self._save)

    def _save(self) -> None:
        """Keep how far the broker has what came."""
        if self._unsaved and self._position is not None:
            self._unsaved = False
            self._cursor.save(self._position)

    def _decoded(self, messages: Sequence[Message], number: int) -> list[Events]:
        """Decode messages. One that no decoder can take becomes a dead letter, and stops nothing."""
        try:
            return [self._source.decode(messages, number)]
        except Exception as error:
            if len(messages) == 1:
                return [_undecodable(messages[0], number, self._source.name, error)]
        half = len(messages) // 2
        return [*self._decoded(messages[:half], number), *self._decoded(messages[half:], number + half)]

    async def _show(self) -> None:
        """Say every few seconds how far the collector is."""
        while True:
            await asyncio.sleep(_PROGRESS_S)
            if self._progress:
                self._say(self.figures.line())


def _undecodable(message: Message, number: int, source: str, error: Exception) -> Events:
    raw = message.data.decode("utf-8", "backslashreplace")
    letter = DeadLetter(
        source=source,
        position=number,
        reason=Reason.MALFORMED,
        detail=f"cannot be decoded: {type(error).__name__}",
        raw=raw[:RAW_LIMIT],
        raw_bytes=len(message.data),
    )
    return Events(pl.DataFrame(schema=POST_COLUMNS), dead_letters=[letter])
