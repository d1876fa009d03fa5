"""Saves the state of detection while detection goes on, and when its worker ends if that saves time.

Whoever takes over loads the latest snapshot and applies the frames since then. So a last snapshot is worth its time
only if it takes less than those frames do.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

from detectors.state.capture import State
from streams.live.broker.broker_check import FAULTS
from streams.live.broker.outages import passes
from streams.live.state.snapshots import Manifest, Snapshots, manifest
from streams.live.telemetry.telemetry import Telemetry
from streams.settings.settings import Settings
from streams.state.state_codec import encode
from streams.version import VERSION

_UNSAVED_S = 5.0
"""Seconds of frames that a new owner may have to apply, unless snapshots take long. Chosen, not measured."""
_TIMES = 20.0
"""The frames between two such snapshots take this many times as long as a snapshot, which costs 5% at most. Chosen, not
measured."""

Capture = Callable[[], Awaitable[tuple[State, int] | None]]
"""Gives a copy of the state and the offset of the last frame in it; None: there is no state."""


class StateSaving:
    """Saves the state of one worker.

    Args:
        snapshots: where it is written.
        settings: of detection, and how often its state is saved.
        capture: called when a snapshot is taken.
        log: of the worker.
        telemetry: of the worker.
    """

    def __init__(
        self, snapshots: Snapshots, settings: Settings, capture: Capture, log: Any, telemetry: Telemetry
    ) -> None:
        self._snapshots = snapshots
        self._settings = settings
        self._capture = capture
        self._log = log
        self._telemetry = telemetry
        self._writing: asyncio.Task[None] | None = None
        """Writes the latest snapshot."""
        self._saved_at = time.monotonic()
        """Clock time at which the latest snapshot was written, seconds."""
        self._applied_s = 0.0
        """Seconds that all frames took which were applied here."""
        self._applied_before_s = 0.0
        """The same for those that the latest snapshot includes."""
        self._begun_s = 0.0
        """The same for those that the latest attempt at a snapshot includes."""
        self._took_s = 0.0
        """Seconds that the latest snapshot took; 0: none has been written or loaded here."""
        self.next_frame = 0
        """Offset of the first frame that the latest snapshot does not include."""

    def count(self, seconds: float) -> None:
        """Note that a frame was applied, in so many seconds."""
        self._applied_s += seconds

    def count_loaded(self, saved: Manifest, seconds: float) -> None:
        """Note that a snapshot was loaded, in so many seconds. To write one takes about as long."""
        self.next_frame = saved.frame_offset + 1
        self._applied_before_s = self._begun_s = self._applied_s
        self._took_s = seconds

    async def save_if_due(self) -> None:
        """Begin a snapshot if it is time for one, or if a new owner would have much to apply."""
        if self._writing is not None and self._writing.done():
            await self.finish()
        due = time.monotonic() - self._saved_at >= self._settings.worker.snapshot_every_s
        much = self._applied_s - self._begun_s > max(_UNSAVED_S, _TIMES * self._took_s)
        if (due or much) and self._writing is None:
            await self._begin()

    async def save(self) -> None:
        """Write a snapshot of the current state. On return the broker has it."""
        await self.finish()
        await self._begin()
        await self.finish()

    async def save_last(self, next_frame: int) -> None:
        """Write a snapshot for the next owner, unless it could apply the frames since the latest one sooner.

        Args:
            next_frame: offset of the frame that would be applied next.
        """
        await self.finish()
        seconds = self._applied_s - self._applied_before_s
        if seconds > self._took_s:
            await self.save()
        elif frames := next_frame - self.next_frame:
            self._log.info(
                "no snapshot for the next owner: it applies the frames since the last one sooner",
                frames=frames,
                seconds=round(seconds, 2),
            )

    async def finish(self) -> None:
        """Wait until the snapshot in progress is written. If it cannot be, the next one is due as usual."""
        writing, self._writing = self._writing, None
        if writing is None:
            return
        try:
            await writing
        except FAULTS as error:
            if not passes(error):
                raise
            self._saved_at = time.monotonic()
            self._log.warning("the snapshot could not be written", error=type(error).__name__)

    async def settled(self) -> None:
        """Wait until the snapshot in progress is written, or could not be."""
        if self._writing is not None:
            await asyncio.wait([self._writing])

    async def _begin(self) -> None:
        """Take a snapshot. It is written while detection goes on."""
        begun = time.monotonic()
        applied_s = self._begun_s = self._applied_s
        captured = await self._capture()
        if captured is not None:
            self._writing = asyncio.create_task(self._write(*captured, begun, applied_s))

    async def _write(self, state: State, offset: int, begun: float, applied_s: float) -> None:
        """Encode and write a state that was captured from `begun` until now, while detection waited."""
        written_from = time.monotonic()
        waited = written_from - begun
        chunks = await asyncio.to_thread(list, encode(state))
        del state  # it is as large as everything that detection holds
        digest = self._settings.detection.digest
        saved = manifest(offset, chunks, digest, VERSION, datetime.now(UTC).isoformat())
        await self._snapshots.write(saved, chunks)
        self.next_frame = saved.frame_offset + 1
        self._saved_at = time.monotonic()
        self._applied_before_s, self._took_s = applied_s, self._saved_at - begun
        self._telemetry.show_snapshot(saved, waited)
        self._log.info(
            "snapshot written",
            offset=saved.frame_offset,
            bytes=saved.bytes,
            seconds=round(waited, 2),
            writing_seconds=round(self._saved_at - written_from, 2),
        )
