"""`lockstep desk --live`: the desk over the topics of the live service. Verdicts go to `reviews.v1`."""

import asyncio
from collections.abc import Callable
from pathlib import Path

from schemas.service.topic import Role
from streams.desk.cases.board import Board
from streams.desk.cases.saved_filters import SavedFilters
from streams.desk.topic_follower import TopicFollower
from streams.desk.verdicts.review_topic import ReviewTopic
from streams.desk.web.access import Access, access_of
from streams.desk.web.desk import ReviewDesk
from streams.desk.web.server import application
from streams.desk.web.serving import listen, serve
from streams.live.broker.broker_check import FAULTS, broker_error
from streams.live.broker.connection import Connection, connection
from streams.live.broker.outages import BrokerWatch
from streams.live.broker.topic_admin import require_topics
from streams.live.exchange.lasting_producer import LastingProducer
from streams.outputs.permalinks import Permalinks
from streams.settings.settings import Settings

_FILTERS = "lockstep-desk-filters.json"


def run_live_desk(settings: Settings, name: str, say: Callable[[str], None]) -> None:
    """Serve the desk until it is asked to end.

    Args:
        settings: of the program, with what the options replace.
        name: of the reviewer who starts it.
        say: called with what the user should know.

    Raises:
        BrokerError: no broker can be reached, or topics are absent.
        UsageError: the address cannot be used, or would let in everybody.
    """
    server = listen(settings.desk.host, settings.desk.port)
    try:
        access = access_of(settings.desk, name, server.getsockname()[1])
        filters = SavedFilters(Path(settings.desk.filters_file or _FILTERS))
        broker = connection(settings.kafka)

        async def run() -> None:
            await require_topics(broker, settings.kafka.topic_prefix, Role.CURATOR)
            try:
                async with LiveDesk(broker, access, filters, settings, say) as desk:
                    await serve(
                        application(desk.desk),
                        server,
                        lambda: say(f"The desk is at {access.address}. Ctrl-C ends it."),
                    )
            except FAULTS as error:
                raise broker_error(error, broker, "the desk") from error

        asyncio.run(run())
    finally:
        server.close()


class LiveDesk:
    """A desk with what follows the topics for it; a context manager."""

    def __init__(
        self,
        broker: Connection,
        access: Access,
        filters: SavedFilters,
        settings: Settings,
        say: Callable[[str], None],
    ) -> None:
        notes = _Notes(say)
        self._servers = ", ".join(settings.kafka.servers)
        self._board = Board()
        self._watch = BrokerWatch(broker, notes)
        self._producer = LastingProducer(broker, "desk", self._watch, notes)
        self._follower = TopicFollower(broker, self._board, self._watch, say)
        self.desk = ReviewDesk(
            self._board,
            ReviewTopic(broker, self._producer, self._board),
            filters,
            access,
            Permalinks(settings.permalinks),
            f"the topics {settings.kafka.topic_prefix}* of {self._servers}; verdicts go to reviews.v1",
            self._notice,
        )
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> "LiveDesk":
        self._tasks = [asyncio.create_task(self._watch.run()), asyncio.create_task(self._follower.run())]
        await self._producer.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._producer.stop()
        self._board.close()

    def _notice(self) -> str | None:
        if any(task.done() for task in self._tasks):
            return "The desk no longer follows the topics because of a fault. Start it again."
        if not self._watch.reachable:
            return f"Kafka ({self._servers}) cannot be reached. What you see may be old, and no verdict is recorded."
        if not self._follower.caught_up.is_set():
            return f"Alerts are being read: {len(self._board.rows):,} networks so far."
        if self._follower.unreadable:
            return f"{self._follower.unreadable:,} records on the topics could not be read and are left out."
        return None


class _Notes:
    """Takes the place of a worker's log."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say

    def warning(self, event: str, **more: object) -> None:
        reason = f": {more['reason']}" if "reason" in more else "."
        self._say(f"Kafka: {event}{reason}")

    def info(self, event: str, **more: object) -> None:
        self._say(f"Kafka: {event}.")
