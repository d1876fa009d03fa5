"""What reading and ordering remember, as plain data: how far each input was read, and the posts that still wait."""

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
import polars as pl

from detectors.event_time.held_rows import HeldRows
from detectors.post_columns import POSTS
from detectors.state.capture import State, capture, restore
from detectors.state.state_forms import StateError
from streams.ordering.source_feeds import SourceFeeds
from streams.ordering.source_places import SourcePlace
from streams.outputs.dead_letter_log import CountedLetters, DeadLetterLog

_COLUMNS = pl.Schema(
    dict(POSTS)
    | {"account": pl.String(), "account_key": pl.UInt64(), "post_key": pl.UInt64(), "row_key": pl.UInt64()}
)
"""Columns of posts that wait, as `detectors.traces.traces.keyed` gives them."""


@dataclass(frozen=True, slots=True)
class OrderState:
    """Where reading is, between two batches. Everything before was yielded; the run goes on once it is kept."""

    state: State
    last: bool
    """Whether all inputs were read, and only the last posts wait for more to come."""


def captured(
    parts: Mapping[str, Any], feeds: SourceFeeds, dead_letters: DeadLetterLog, released: float
) -> State:
    """The state of reading.

    Args:
        parts: objects with `not_state`, by name.
        feeds: knows how far each input was read.
        dead_letters: of the run.
        released: event time before which everything was released, seconds.
    """
    return {
        "parts": {name: capture(part) for name, part in parts.items()},
        "places": msgspec.msgpack.encode(feeds.places),
        "others": dict(feeds.others),
        "letters": msgspec.msgpack.encode(dead_letters.counted),
        "released": released,
    }


def restored(
    state: State, parts: Mapping[str, Any], feeds: SourceFeeds, dead_letters: DeadLetterLog
) -> float:
    """Bring everything to where the state was captured; arguments as for `captured`.

    Returns:
        Event time before which everything was released, seconds.

    Raises:
        StateError: the state is damaged, or of other settings.
    """
    try:
        saved = state["parts"]
        if type(saved) is not dict or saved.keys() != parts.keys():
            raise StateError("the saved state is damaged: it has other parts")
        for name, part in parts.items():
            restore(part, saved[name])
            if isinstance(part, HeldRows):
                _check(part)
        feeds.places = msgspec.msgpack.decode(state["places"], type=dict[str, SourcePlace])
        feeds.others = Counter(msgspec.convert(state["others"], dict[str, int]))
        dead_letters.counted = msgspec.msgpack.decode(state["letters"], type=CountedLetters)
        released = state["released"]
    except (KeyError, TypeError, ValueError, msgspec.MsgspecError) as error:
        raise StateError(f"the saved state is incomplete: {type(error).__name__}: {error}") from error
    if type(released) is not float or math.isnan(released):
        raise StateError("the saved state is damaged: it has no event time")
    return released


def _check(held: HeldRows) -> None:
    if not held.consistent or any(frame.schema != _COLUMNS for frame in held.frames):
        raise StateError("the saved state is damaged: the posts that wait have other columns")
