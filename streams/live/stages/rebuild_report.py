"""Says how far a rebuild of the state is: in metrics at once, in the log every few seconds."""

import asyncio
import time
from typing import Any

from streams.live.telemetry.progress_lines import ALWAYS
from streams.live.telemetry.telemetry import Telemetry

_SAY_EVERY_S = 4.0
"""Seconds between two lines. An operator should not wait for 5 s without a word."""


class RebuildReport:
    """Reports one rebuild while it is entered.

    Args:
        log: of the worker.
        telemetry: of the worker.
        upto: offset of the frame before which the rebuild ends.
    """

    def __init__(self, log: Any, telemetry: Telemetry, upto: int) -> None:
        self._log = log
        self._telemetry = telemetry
        self._upto = upto
        self._begun = time.monotonic()
        self._next_frame: int | None = None

    def __enter__(self) -> "RebuildReport":
        self._telemetry.set_rebuild_left(self._upto)
        self._log.info("rebuilding the state", offset=self._upto)
        self._saying = asyncio.create_task(self._say())
        return self

    def __exit__(self, *_: object) -> None:
        self._saying.cancel()

    def show(self, next_frame: int) -> None:
        """The frames before this offset have been applied; before the first call, a snapshot is being looked for."""
        self._next_frame = next_frame
        self._telemetry.set_rebuild_left(max(0, self._upto - next_frame))

    async def _say(self) -> None:
        while True:
            await asyncio.sleep(_SAY_EVERY_S)
            seconds = round(time.monotonic() - self._begun, 1)
            if self._next_frame is None:
                self._log.info("rebuilding: reading the snapshot", seconds=seconds, **ALWAYS)
            else:
                left = self._upto - self._next_frame
                self._log.info(
                    "rebuilding: applying frames",
                    offset=self._next_frame,
                    left=left,
                    seconds=seconds,
                    **ALWAYS,
                )
