"""The one thread that changes the state of detection."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")


class Ending(Exception):
    """The worker is ending. What is left to do is for another one."""


class DetectionThread:
    """Runs work one after another, beside the event loop."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(1, thread_name_prefix="detection")
        self._ended = False

    async def run(self, work: Callable[[], T]) -> T:
        """Run work in the thread. Cancelling the caller does not stop it: no frame is half applied.

        Raises:
            Ending: the thread takes no more work.
        """
        if self._ended:
            raise Ending
        doing = asyncio.get_running_loop().run_in_executor(self._threads, work)
        try:
            return await asyncio.shield(doing)
        except asyncio.CancelledError:
            await asyncio.wait([doing])
            raise

    def refuse(self) -> None:
        """Take no more work."""
        self._ended = True

    def close(self) -> None:
        """End the thread once its work is done, without waiting for it."""
        self._threads.shutdown(wait=False)
