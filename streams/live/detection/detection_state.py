"""Detection as plain data, and back: everything that frames have brought about, at one offset of the log.

The walk of `detectors.state` saves the attributes of `Detection` and of its parts, so an attribute that is added is
saved without being named here, or refused when it is first saved.
"""

from collections.abc import Iterable
from typing import Any

import polars as pl

from detectors.config import DetectionConfig
from detectors.exchange.remote_synchrony import Shards
from detectors.state.capture import State, capture, reference_data_of, restore
from detectors.state.state_forms import StateError
from detectors.traces.carried_shares import fault_of
from schemas.alerts import Mode
from streams.live.detection.detection import HELD_FOLLOWS, HELD_POSTS, NO_WAITS, Detection, Waits
from streams.state.state_codec import decode

_PIPELINE = "pipeline"
"""Key of the state of the pipeline, beside what `capture` says of detection."""


def captured(detection: Detection) -> State:
    """All that detection remembers, as plain data that share nothing with it.

    Raises:
        StateError: a class has an attribute that cannot be saved: a mistake in the program.
    """
    pipeline = None if detection.pipeline is None else capture(detection.pipeline)
    return {**capture(detection), _PIPELINE: pipeline}


def restored(
    chunks: Iterable[bytes],
    config: DetectionConfig,
    mode: Mode,
    run_id: str,
    waits: Waits = NO_WAITS,
    shards: int = 1,
    remote: Shards | None = None,
) -> Detection:
    """Detection as it was when its state was captured and encoded (`streams.state.state_codec`).

    The other arguments are those of `Detection`; it may use more or fewer shards than it did.

    Raises:
        StateError: the chunks are damaged, or of another version or other settings.
    """
    state = decode(chunks)
    detection = Detection(config, mode, run_id, waits, shards, remote)
    try:
        _fill(detection, state)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise StateError(f"the saved state is incomplete: {type(error).__name__}: {error}") from error
    return detection


def _fill(detection: Detection, state: Any) -> None:
    restore(detection, state)
    for held, columns in ((detection.held_posts, HELD_POSTS), (detection.held_follows, HELD_FOLLOWS)):
        if any(frame.schema != pl.Schema(columns) for frame in held.frames):
            raise StateError("the saved state is of another version: rows that wait have other columns")
        if not held.consistent:
            raise StateError("the saved state is damaged: another count of rows waits")
    detection.read_again()
    if any(fault_of(frame, detection.reader) for frame in detection.held_posts.frames):
        raise StateError("the saved state is damaged: posts that wait have shares that are none")
    if not detection.settled.points:
        raise StateError("the saved state is damaged: event time has no value")
    detection.references.restored()
    if state[_PIPELINE] is not None:
        detection.pipeline = detection.new_pipeline(reference_data_of(state[_PIPELINE]))
        restore(detection.pipeline, state[_PIPELINE])
