"""Detection as bytes, and back: all that frames have brought about, at one offset of the log."""

from collections.abc import Iterable, Mapping
from typing import Any

from detectors.config import DetectionConfig
from detectors.pipeline import Pipeline
from detectors.state.capture import State, capture, reference_data_of, restore
from detectors.state.state_forms import StateError
from schemas.alerts import Mode
from streams.live.detection.detection import HELD_FOLLOWS, HELD_POSTS, Detection
from streams.live.detection.merge import Source
from streams.live.state.state_codec import decode
from streams.version import VERSION


def captured(detection: Detection) -> State:
    """All that detection remembers, as plain data that share nothing with it."""
    references = detection.references
    return {
        "positions": _by_name(detection.positions.next),
        "latest": _by_name(detection.watermark.latest),
        "most": detection.watermark.most,
        "duplicates": capture(detection.duplicates),
        "held_posts": list(detection.held_posts.frames),
        "held_follows": list(detection.held_follows.frames),
        "entities": dict(references.entities),
        "entities_used": dict(references.entities_used),
        "rules": dict(references.rules),
        "profiles": references.profiles,
        "entities_changed": references.entities_changed,
        "profiles_changed": references.profiles_changed,
        "profiled_until": detection.profiled_until,
        "late": detection.late,
        "left": detection.left,
        "pipeline": None if detection.pipeline is None else capture(detection.pipeline),
    }


def restored(chunks: Iterable[bytes], config: DetectionConfig, mode: Mode, run_id: str) -> Detection:
    """Detection as it was when its state was captured and encoded (`streams.live.state.state_codec`).

    Raises:
        StateError: the chunks are damaged, or of another version or other settings.
    """
    state = decode(chunks)
    detection = Detection(config, mode, run_id)
    try:
        _fill(detection, state, config)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise StateError(f"the saved state is not whole: {type(error).__name__}: {error}") from error
    return detection


def _fill(detection: Detection, state: Mapping[str, Any], config: DetectionConfig) -> None:
    detection.positions.next = _by_source(state["positions"], int)
    detection.watermark.latest = _by_source(state["latest"], float)
    detection.watermark.most = float(state["most"])
    restore(detection.duplicates, state["duplicates"])
    for held, columns, frames in (
        (detection.held_posts, HELD_POSTS, state["held_posts"]),
        (detection.held_follows, HELD_FOLLOWS, state["held_follows"]),
    ):
        for frame in frames:
            if dict(frame.schema) != dict(columns):
                raise StateError("the saved state is of another version: rows that wait have other columns")
            held.add(frame.select(columns.keys()))
    references = detection.references
    references.restore(state["entities"], state["entities_used"], state["rules"], state["profiles"])
    references.entities_changed = bool(state["entities_changed"])
    references.profiles_changed = bool(state["profiles_changed"])
    detection.profiled_until = int(state["profiled_until"])
    detection.late = int(state["late"])
    detection.left = int(state["left"])
    if state["pipeline"] is not None:
        reference_data = reference_data_of(state["pipeline"])
        detection.pipeline = Pipeline(
            config, VERSION, detection.mode, detection.run_id, detection.timer, reference_data
        )
        restore(detection.pipeline, state["pipeline"])


def _by_name(table: Mapping[Source, Any]) -> dict[str, Any]:
    return {f"{topic}/{partition}": value for (topic, partition), value in table.items()}


def _by_source(table: Mapping[str, Any], of: type) -> dict[Source, Any]:
    found = {}
    for name, value in table.items():
        topic, _, partition = name.rpartition("/")
        found[topic, int(partition)] = of(value)
    return found
