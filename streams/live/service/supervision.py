"""Long-lived tasks of a worker: one that ends unasked, however it ends, ends the process.

Other workers take over a share only when its worker is gone. One that goes on without a part of itself would hold its
partitions and read none.
"""

import asyncio
import os
import traceback
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from streams.live.telemetry.health import Health

FAILED = 1
"""Exit status of a worker of which a part has failed."""
_MOST_PLACES = 4


class Supervisor:
    """Watches the tasks of one worker.

    Args:
        health: of the worker.
        log: of the worker.
        end: ends the process at once with a status, even if clients hang.
    """

    def __init__(self, health: Health, log: Any, end: Callable[[int], Any] = os._exit) -> None:
        self._health = health
        self._log = log
        self._end = end
        self._tasks: list[asyncio.Task[None]] = []
        self.stopping = False
        """Whether the worker is ending, so that tasks may end."""

    def start(self, name: str, work: Coroutine[Any, Any, None]) -> "asyncio.Task[None]":
        """Start a task that lasts as long as the worker."""
        task = asyncio.create_task(self._watched(name, work), name=name)
        self._tasks.append(task)
        return task

    def fail(self, name: str, error: BaseException, **more: Any) -> None:
        """Say that a part has failed, and end the process."""
        self._health.failed = f"{name} failed"
        said = f"{type(error).__name__}: {error}".removesuffix(": ")
        self._log.error(f"{name} failed", **more, error=said, places=_places(error))
        self._end(FAILED)

    async def _watched(self, name: str, work: Coroutine[Any, Any, None]) -> None:
        # a client that cancels the task it runs in would end it without a word
        try:
            await work
        except BaseException as error:
            if not self.stopping:
                self.fail(name, error)
            if not isinstance(error, Exception):
                raise
        else:
            if not self.stopping:
                self.fail(name, RuntimeError("it ended unasked"))


def _places(error: BaseException) -> list[str]:
    """The innermost places in the program where an error came from, for whoever mends it."""
    frames = traceback.extract_tb(error.__traceback__)[-_MOST_PLACES:]
    return [f"{'/'.join(Path(frame.filename).parts[-3:])}:{frame.lineno}" for frame in frames]
