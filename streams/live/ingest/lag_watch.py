"""Watches what no stage sees: lag, the age of the registry, readiness, and whether the event loop keeps up.

The brokers are asked for the lag, because a paused partition fetches nothing and would show none.
"""

import asyncio
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import ConsumerStoppedError, IllegalStateError

from schemas.service.topics import FRAMES, REGISTRY
from streams.live.broker.closing import stop_consumer
from streams.live.broker.connection import Connection, consumer_arguments
from streams.live.broker.outages import BrokerWatch, passes
from streams.live.ingest.ingest import Ingest
from streams.live.telemetry.telemetry import Telemetry

_TURN_S = 0.25
"""Seconds between two measurements of the delay of the event loop. Chosen, not measured."""
_ASK_EVERY_S = 5.0
"""Seconds between two questions to the brokers. Chosen, not measured."""
_PATIENCE_S = 10.0
"""Seconds that the brokers have for their answers. Chosen, not measured."""


class LagWatch:
    """Watches one worker.

    Args:
        connection: to the brokers.
        ingest: of the worker.
        telemetry: of the worker.
        log: of the worker.
        watch: knows whether the brokers can be reached.
    """

    def __init__(
        self, connection: Connection, ingest: Ingest, telemetry: Telemetry, log: Any, watch: BrokerWatch
    ) -> None:
        self._connection = connection
        self._watch = watch
        self._ingest = ingest
        self._telemetry = telemetry
        self._log = log
        prefix = connection.settings.topic_prefix
        self._frames = TopicPartition(FRAMES.full_name(prefix), 0)
        self._registry = TopicPartition(REGISTRY.full_name(prefix), 0)
        self._registry_end = 0
        self._waits: list[str] | None = None

    async def run(self) -> None:
        """Work until cancelled. Faults are logged unless the brokers are away; the next round tries again."""
        loop = asyncio.get_running_loop()
        asked_at, longest = float("-inf"), 0.0
        while True:
            if loop.time() - asked_at >= _ASK_EVERY_S:
                self._telemetry.set_loop_delay(longest)
                asked_at, longest = loop.time(), 0.0
                if self._ingest.joined.is_set() and self._watch.reachable:
                    await self._try_to_ask()
            self._say_readiness()
            due = loop.time() + _TURN_S
            await asyncio.sleep(_TURN_S)
            longest = max(longest, loop.time() - due)

    def _say_readiness(self) -> None:
        """Log what the worker waits for when that has changed, so that its log says why it was not ready.

        Not in an outage, which is logged by itself.
        """
        if not self._telemetry.health.broker_answers:
            return
        waits = self._telemetry.health.waits_for
        kinds = [wait.partition(", ")[0] for wait in waits]  # without counts, which change all the time
        if kinds != self._waits:
            self._waits = kinds
            if waits:
                self._log.info("not ready", waits_for="; ".join(waits))
            else:
                self._log.info("ready")

    async def _try_to_ask(self) -> None:
        outages = self._watch.outages
        asking = asyncio.ensure_future(self._ask())
        done, _ = await asyncio.wait({asking}, timeout=_PATIENCE_S)
        if not done:
            asking.cancel()
            await asyncio.wait({asking})
        error = TimeoutError() if asking.cancelled() else asking.exception()
        if error is None:
            return
        # a session of ingest may end in the middle of a question
        if not passes(error) and not isinstance(error, (IllegalStateError, ConsumerStoppedError)):
            raise error
        if outages == self._watch.outages and self._ingest.joined.is_set():
            self._log.warning("lag unknown", error=type(error).__name__)

    async def _ask(self) -> None:
        lags, ends = await self._ingest.lag([self._frames, self._registry])
        progress = self._ingest.progress
        applied = progress.frame_offset if progress is not None else -1
        self._telemetry.set_lags(lags, max(0, ends[self._frames] - 1 - applied))
        if ends[self._registry] != self._registry_end:
            seconds = await self._latest(self._registry, ends[self._registry])
            self._registry_end = ends[self._registry]
            if seconds is not None:
                self._telemetry.set_registry_time(seconds)

    async def _latest(self, partition: TopicPartition, end: int) -> float | None:
        """When the latest record of a partition reached the broker, seconds; None if there is none."""
        consumer = AIOKafkaConsumer(**consumer_arguments(self._connection, "registry-age"))
        try:
            await consumer.start()
            consumer.assign([partition])
            consumer.seek(partition, max(0, end - 1))
            while await consumer.position(partition) < end:
                for records in (await consumer.getmany(timeout_ms=500)).values():
                    if records:
                        return float(records[-1].timestamp) / 1_000
            return None
        finally:
            await stop_consumer(consumer)
