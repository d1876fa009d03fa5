"""A part of a worker that ends unasked ends the process, however it ends."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from streams.live.service.supervision import Supervisor
from streams.live.telemetry.health import Health

pytestmark = pytest.mark.asyncio


class Lines:
    """A log in memory."""

    def __init__(self) -> None:
        self.said: list[tuple[str, dict[str, Any]]] = []

    def error(self, event: str, **more: Any) -> None:
        self.said.append((event, more))


async def fails() -> None:
    raise ValueError("out of order")


async def is_cancelled_from_inside() -> None:
    task = asyncio.current_task()
    assert task is not None
    task.cancel()
    await asyncio.sleep(0)


async def raises_cancelled() -> None:
    raise asyncio.CancelledError


async def ends() -> None: ...


@pytest.mark.parametrize(
    ("work", "error"),
    [
        (fails, "ValueError: out of order"),
        (is_cancelled_from_inside, "CancelledError"),
        (raises_cancelled, "CancelledError"),
        (ends, "RuntimeError: it ended unasked"),
    ],
)
async def test_given_a_task_that_ends_unasked_then_one_line_says_so_and_the_process_ends(
    work: Callable[[], Awaitable[None]], error: str
) -> None:
    health, log, statuses = Health(), Lines(), []
    supervisor = Supervisor(health, log, statuses.append)
    await asyncio.wait([supervisor.start("ingest", work())])  # type: ignore[arg-type]
    assert statuses == [1]
    ((line, more),) = log.said
    places = more.pop("places")
    assert (line, more) == ("ingest failed", {"error": error})
    assert any("service/test_supervision.py:" in place for place in places) is (work is not ends)
    assert len(places) <= 4
    assert not health.alive


@pytest.mark.parametrize("work", [ends, raises_cancelled])
async def test_given_a_worker_that_is_stopped_then_its_tasks_may_end(
    work: Callable[[], Awaitable[None]],
) -> None:
    log, statuses = Lines(), []
    supervisor = Supervisor(Health(), log, statuses.append)
    supervisor.stopping = True
    await asyncio.wait([supervisor.start("ingest", work())])  # type: ignore[arg-type]
    assert (statuses, log.said) == ([], [])
