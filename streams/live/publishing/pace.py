"""The speed of publishing."""

import asyncio
import time


class Pace:
    """Waits so that event time passes at a given speed.

    Args:
        first_ms: event time at which it begins, milliseconds.
        speed: seconds of event time per second.
    """

    def __init__(self, first_ms: int, speed: float) -> None:
        self._first_ms = first_ms
        self._speed = speed
        self._begun = time.monotonic()

    async def wait(self, now_ms: int) -> None:
        """Wait until it is time for an event time, milliseconds."""
        wanted = self._begun + (now_ms - self._first_ms) / 1_000 / self._speed
        await asyncio.sleep(max(0.0, wanted - time.monotonic()))
