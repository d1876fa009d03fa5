"""The consumer of frames, which is Faust's: what Faust does not watch or do itself.

It runs in a thread with an event loop of its own. Faust asks it for messages in a way that never shows the faults of
its group, and a consumer of aiokafka with such a fault stands still until somebody asks.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

import faust
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.conn import CloseReason
from aiokafka.errors import KafkaError

from streams.live.broker.membership import leave_for_good, still_member
from streams.live.broker.outages import BrokerWatch, passes
from streams.live.stages.detection_agent import DetectionAgent
from streams.live.telemetry.telemetry import Telemetry

_LOOK_EVERY_S = 0.5
"""Seconds between two looks at the consumer. Chosen, not measured."""
_ANSWER_S = 5.0
"""Seconds that the group has to answer. Chosen, not measured."""
_IDLE_S = 15.0
"""Seconds for which frames may wait, and detection with them, before the consumer connects anew. Chosen, not measured:
a frame comes within a second."""
_STUCK_S = 90.0
"""Seconds after which a consumer that brings no frames, although frames wait, has failed. Chosen, not measured."""
_OUTSIDE_S = 120.0
"""Seconds without a share, although the brokers answer, after which the consumer has failed. Chosen, not measured: the
group waits for up to 60 s for its other members."""


class FrameConsumer:
    """Watches the consumer of a Faust app.

    Args:
        app: started later.
        frames: the partition of frames.
        watch: knows whether the brokers can be reached.
        telemetry: of the worker.
        detection: of the worker.
        log: of the worker.
    """

    def __init__(
        self,
        app: faust.App,
        frames: TopicPartition,
        watch: BrokerWatch,
        telemetry: Telemetry,
        detection: DetectionAgent,
        log: Any,
    ) -> None:
        self._app = app
        self._frames = frames
        self._watch = watch
        self._telemetry = telemetry
        self._detection = detection
        self._log = log
        self._wanted = -1
        """Offset of the frame that detection was to apply next at the last look."""
        self._connected_anew = False
        self.being_assigned = True
        """Whether partitions are being assigned anew."""

    async def run(self) -> None:
        """Work until cancelled.

        Raises:
            Exception: Faust or its consumer has failed.
        """
        known_at = asyncio.get_running_loop().time()
        while True:
            await asyncio.sleep(_LOOK_EVERY_S)
            if self._app.crashed:
                raise self._app.crash_reason or RuntimeError("Faust ended")
            if not self._watch.reachable:
                known_at = asyncio.get_running_loop().time()
                self._telemetry.note_frames_wait(False)
                continue
            await self._in_its_thread(_consume_fault)
            if self._telemetry.health.frames_known:
                known_at = asyncio.get_running_loop().time()
            elif await self._is_member():
                self._telemetry.confirm_detection()
            elif asyncio.get_running_loop().time() - known_at > _OUTSIDE_S:
                raise TimeoutError(f"the group has given it no share for {_OUTSIDE_S:.0f} s")
            await self._look_at_frames()

    async def _look_at_frames(self) -> None:
        """See whether frames wait while detection, which is here, takes none, and whether the consumer is to blame."""
        health, wanted = self._telemetry.health, self._detection.next_frame
        here = health.detection_here and health.frames_known and health.state_built
        if not here or wanted != self._wanted:
            self._wanted, self._connected_anew = wanted, False
            self._telemetry.note_frames_wait(False)
            return
        wait = await self._wait(wanted)
        if wait is not None:
            self._telemetry.note_frames_wait(wait)
        waited = health.clock() - health.frames_wait_since
        if not self._detection.idle:
            return
        if waited > _STUCK_S:
            raise TimeoutError(f"frames have waited for {waited:.0f} s, and the consumer brings none")
        if waited > _IDLE_S and not self._connected_anew:
            self._connected_anew = True
            self._log.warning("frames wait, and none comes: connecting anew", frame=wanted)
            await self._in_its_thread(_reconnect)

    async def _wait(self, wanted: int) -> bool | None:
        """Whether the log has a frame with the offset `wanted` or a later one; None: it is not known now."""

        async def look(consumer: AIOKafkaConsumer) -> bool:
            end = (await consumer.end_offsets([self._frames]))[self._frames]
            if end <= wanted:
                return False
            # all of them may be gone by their age
            return bool(end > (await consumer.beginning_offsets([self._frames]))[self._frames])

        try:
            async with asyncio.timeout(_ANSWER_S):
                found: bool | None = await self._in_its_thread(look)
                return found
        except (TimeoutError, KafkaError):
            return None

    async def committed(self) -> int:
        """Offset of the first frame whose results may not be on the topics; 0: none has been applied."""
        while True:
            try:
                found = await self._in_its_thread(lambda consumer: consumer.committed(self._frames))
                return int(found or 0)
            except KafkaError as error:
                await self._watch.outlast(error)

    async def leave(self, upto: int) -> None:
        """Commit the offset `upto`, if it is above 0, and leave the group: another worker then takes over at once.

        The consumer stays open, because Faust would take a closed one for a fault. The process should end now.
        """

        async def leave(consumer: AIOKafkaConsumer) -> None:
            if upto and self._frames in consumer.assignment():
                with suppress(KafkaError):  # then the next owner applies some frames again
                    await consumer.commit({self._frames: upto})
            await leave_for_good(consumer)

        await self._in_its_thread(leave)

    async def _is_member(self) -> bool:
        try:
            async with asyncio.timeout(_ANSWER_S):
                # while partitions are assigned anew, the next assignment says it
                return bool(await self._in_its_thread(still_member)) and not self.being_assigned
        except TimeoutError:
            await self._in_its_thread(_reconnect)
            return False

    async def _in_its_thread(self, work: Callable[[AIOKafkaConsumer], Awaitable[Any]]) -> Any:
        thread: Any = self._app.consumer._thread  # type: ignore[attr-defined] # of the driver that is in use
        consumer = thread._consumer
        if consumer is None:
            return None
        doing = asyncio.run_coroutine_threadsafe(_await(work, consumer), thread.thread_loop)
        return await asyncio.wrap_future(doing)


async def _await(work: Callable[[AIOKafkaConsumer], Awaitable[Any]], consumer: AIOKafkaConsumer) -> Any:
    return await work(consumer)


async def _reconnect(consumer: AIOKafkaConsumer) -> None:
    """Close the connections, which may lead nowhere since an outage: the consumer opens new ones at once."""
    for connection in list(consumer._client._conns.values()):
        connection.close(reason=CloseReason.CONNECTION_BROKEN)


async def _consume_fault(consumer: AIOKafkaConsumer) -> None:
    """Let a consumer go on that stands still because of a fault in its group. Raise a fault that does not pass."""
    coordinator = consumer._coordinator
    if coordinator._coordination_task.done():
        coordinator._coordination_task.result()
        raise RuntimeError("the consumer of frames has ended")
    if consumer._fetcher._fetch_task.done():
        consumer._fetcher._fetch_task.result()
        raise RuntimeError("fetching frames has ended")
    try:
        coordinator.check_errors()
    except KafkaError as error:
        if not passes(error):
            raise
