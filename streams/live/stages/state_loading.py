"""Detection as the latest snapshot has it, for a worker that takes over."""

import time
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

from detectors.exchange.remote_synchrony import Shards
from detectors.state.state_forms import StateError
from schemas.alerts import Mode
from streams.live.detection.detection import Detection, Waits
from streams.live.detection.detection_state import restored
from streams.live.state.snapshots import Manifest, Snapshots
from streams.settings.settings import Settings
from streams.shard_threads import shards_of_machine


class LoadedState(NamedTuple):
    """Detection, and where it is."""

    detection: Detection
    next_frame: int
    """Offset of the frame to apply next."""
    manifest: Manifest | None
    """Of the snapshot; None: there was none, and detection is empty."""
    seconds: float
    """How long it took."""


async def load_state(
    snapshots: Snapshots | None,
    upto: int,
    settings: Settings,
    mode: Mode,
    worker_id: str,
    remote: Shards | None,
    in_thread: Callable[[Callable[[], Detection]], Awaitable[Detection]],
    log: Any,
) -> LoadedState:
    """Load the newest snapshot before a frame; without one that can be used, begin empty.

    Args:
        snapshots: where they are; None: begin empty.
        upto: offset of the frame.
        settings: of detection and of the worker.
        mode: of the service.
        worker_id: for alerts.
        remote: where co-sharing runs in agents of its own; None: it runs inside detection.
        in_thread: runs work in the thread of detection.
        log: of the worker.
    """
    begun = time.monotonic()
    worker = settings.worker
    waits = Waits(worker.settle_s, worker.collector_wait_s)
    arguments = (
        settings.detection, mode, worker_id, waits, worker.shards or shards_of_machine(), remote,
    )  # fmt: skip
    snapshot = await snapshots.newest(upto) if snapshots is not None else None
    if snapshot is not None:
        offset = snapshot.manifest.frame_offset
        if snapshot.manifest.settings != settings.detection.digest:
            log.warning("the snapshot was made under other settings and is not used", offset=offset)
        else:
            chunks = snapshot.chunks
            try:
                detection = await in_thread(lambda: restored(chunks, *arguments))
                return LoadedState(detection, offset + 1, snapshot.manifest, time.monotonic() - begun)
            except StateError as error:
                log.warning("the snapshot cannot be used", offset=offset, error=str(error))
    detection = await in_thread(lambda: Detection(*arguments))
    return LoadedState(detection, 0, None, time.monotonic() - begun)
