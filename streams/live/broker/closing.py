"""Closes clients of aiokafka within a time, whatever state they and the brokers are in.

Their own `stop` waits for brokers: a consumer for its group, a producer for confirmations. A client that is only
forgotten goes on in the background, and as a member of its group it keeps partitions that nobody reads.
"""

import asyncio
from contextlib import suppress
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.errors import ProducerClosed

CLOSING_S = 2.0
"""Seconds for closing a client in order. Chosen, not measured: it takes a few milliseconds when brokers answer."""


async def stop_consumer(consumer: AIOKafkaConsumer, seconds: float = CLOSING_S) -> bool:
    """Close a consumer and leave its group; past `seconds`, cut it off. Its faults no longer matter.

    Returns:
        Whether it has left in order.
    """
    if await _ended(consumer.stop(), seconds):
        return True
    coordinator = consumer._coordinator
    tasks = [
        getattr(coordinator, name, None)
        for name in ("_coordination_task", "_heartbeat_task", "_commit_refresh_task", "_reset_committed_task")
    ]
    tasks.append(getattr(consumer._fetcher, "_fetch_task", None))
    await _cut_off(consumer._client, tasks)
    return False


async def stop_producer(producer: AIOKafkaProducer, seconds: float = CLOSING_S) -> None:
    """Close a producer once it has sent everything; past `seconds`, cut it off, and what it still holds is lost."""
    if await _ended(producer.stop(), seconds):
        return
    # who waits for a confirmation must not wait without end
    producer._message_accumulator.fail_all(ProducerClosed())
    await _cut_off(producer.client, [producer._sender.sender_task])


async def _ended(stopping: Any, seconds: float) -> bool:
    """Whether a client stops within a time. It is cancelled if it does not."""
    task = asyncio.ensure_future(stopping)
    try:
        done, _ = await asyncio.wait({task}, timeout=seconds)
    finally:
        task.cancel()
    return bool(done) and not task.cancelled() and task.exception() is None


async def _cut_off(client: Any, tasks: "list[asyncio.Task[None] | None]") -> None:
    for task in tasks:
        if task is not None:
            task.cancel()
    closing = asyncio.ensure_future(client.close())
    running = [task for task in tasks if task is not None and not task.done()]
    done, late = await asyncio.wait({closing, *running}, timeout=1.0)
    for task in done:
        with suppress(asyncio.CancelledError):
            task.exception()
    for task in late:
        task.cancel()
