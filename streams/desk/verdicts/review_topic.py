"""Verdicts on the topic `reviews.v1`: what the brokers have confirmed, and the board has read back, is recorded."""

import asyncio
from collections.abc import Mapping, Sequence

import msgspec

from schemas.reviews import ReviewEvent
from schemas.service.topics import REVIEWS
from streams.desk.cases.board import Board
from streams.desk.verdicts.crossing import unseen
from streams.desk.verdicts.verdict import VerdictError
from streams.live.broker.broker_check import FAULTS, reason_of
from streams.live.broker.connection import Connection
from streams.live.exchange.lasting_producer import LastingProducer

_PATIENCE_S = 10.0
"""Seconds that a person waits for the brokers. Chosen, not measured: it takes a few milliseconds."""


class ReviewTopic:
    """Writes verdicts for one desk. All replicas in sync have an event before it counts as recorded.

    Args:
        connection: to the brokers.
        producer: started.
        board: follows the topic.
    """

    def __init__(self, connection: Connection, producer: LastingProducer, board: Board) -> None:
        self._connection = connection
        self._producer = producer
        self._board = board
        self._topic = REVIEWS.full_name(connection.settings.topic_prefix)
        self._one_by_one = asyncio.Lock()

    async def record(
        self, events: Sequence[ReviewEvent], seen: Mapping[str, str | None] | None
    ) -> list[ReviewEvent]:
        """As `streams.desk.verdicts.crossing.VerdictLog`.

        Another desk may write in the same moment. Then both verdicts are in the log, and it shows that they crossed.
        """
        async with self._one_by_one:
            fresh = [event for event in events if self._board.event(event.event_id) is None]
            if seen is not None:
                reviews = {event.network_id: self._board.review(event.network_id) for event in fresh}
                if crossed := unseen(reviews, fresh, seen):
                    return crossed
            try:
                async with asyncio.timeout(_PATIENCE_S):
                    await self._producer.insist(lambda: self._send(fresh))
            except (*FAULTS, TimeoutError) as error:
                raise VerdictError(
                    f"The brokers have not confirmed this verdict: {', '.join(self._connection.settings.servers)} "
                    f"{reason_of(error, self._connection)} Send it again when they are back; it counts once."
                ) from error
            try:
                async with asyncio.timeout(_PATIENCE_S):
                    await self._board.until_known([event.event_id for event in fresh])
            except TimeoutError as error:
                raise VerdictError(
                    "The brokers have this verdict, but it could not be read back yet. It counts; look at the log of "
                    "the network before you decide again."
                ) from error
        return []

    async def _send(self, events: Sequence[ReviewEvent]) -> None:
        sent = [
            await self._producer.send(
                self._topic, msgspec.json.encode(event), key=event.network_id.encode("utf-8", "replace")
            )
            for event in events
        ]
        await asyncio.gather(*sent)
