"""The state of a pipeline: saved and restored exactly, so that a run that was interrupted continues unchanged.

`detectors.state.state_forms` turns objects into plain data, and `detectors.state.state_filling` fills them again. A
state fits pipelines with the same settings and the same reference data. It contains the reference data it was saved
with, since the state refers to entities by number.
"""

from typing import Any, TypeAlias

import msgspec
import polars as pl

from detectors.pipeline import Pipeline
from detectors.reference.reference_data import PROFILES, ReferenceData
from detectors.reference.registry import Registry, RegistryError
from detectors.state.state_filling import fill
from detectors.state.state_forms import Form, StateError, form_of
from schemas.registry import RegistryEntity
from schemas.reviews import SuppressionRule

FORMAT = 3
"""One more whenever the same attributes come to mean something else. Attributes that come, go or change their type are
noticed by themselves."""

State: TypeAlias = dict[str, Any]
"""Nested dict and list of None, bool, int, float, str, bytes, numpy arrays and polars frames."""


def capture(live: Any) -> State:
    """Copy everything that a pipeline, or another object with `not_state`, remembers.

    The copy shares nothing that the pipeline changes later, so another thread may write it. Do not call this while a
    batch is between `Pipeline.trace` and the end of `Pipeline.apply`.

    Args:
        live: a `Pipeline`, or an object of `detectors.event_time`, for example.

    Returns:
        The state, for `restore`.

    Raises:
        StateError: a class has an attribute that cannot be saved. This is a mistake in the program.
    """
    state = {"format": FORMAT, "of": type(live).__name__, "remembered": form_of(live)}
    if isinstance(live, Pipeline):
        state["config"] = live.config.digest
        state["reference_data"] = _reference_form(live.observations.reference_data)
    return state


def reference_data_of(state: State) -> ReferenceData:
    """The reference data of the captured pipeline. Another pipeline needs the same to be restored exactly.

    Raises:
        StateError: the state is not that of a pipeline, or it is damaged.
    """
    form = state.get("reference_data")
    if type(form) is not dict or form.keys() != {"entities", "profiles", "rules"}:
        raise StateError("the saved state has no reference data: it is not the state of a pipeline")
    profiles = form["profiles"]
    if not isinstance(profiles, pl.DataFrame) or profiles.schema != pl.Schema(PROFILES):
        raise StateError("the saved profiles do not have the columns of profiles")
    try:
        entities = msgspec.msgpack.decode(form["entities"], type=list[RegistryEntity])
        rules = msgspec.msgpack.decode(form["rules"], type=list[SuppressionRule])
        return ReferenceData(Registry.of(entities), profiles, rules)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, TypeError, RegistryError) as error:
        raise StateError(f"the saved reference data are damaged: {error}") from error


def restore(live: Any, state: State) -> None:
    """Let a new pipeline continue where another was captured.

    Args:
        live: built as the other was: with the same settings and, if it is a `Pipeline`, with
            `reference_data_of(state)`. To change the reference data, call `Pipeline.set_reference_data` afterwards. If
            an error is raised, `live` is unchanged.
        state: from an object of the same class. It is copied, and can be used again.

    Raises:
        StateError: the state has another format, class, configuration or reference data, or it is damaged.
    """
    if state.get("format") != FORMAT:
        raise StateError(f"the saved state is of format {state.get('format')}, where {FORMAT} can be read")
    if state.get("of") != type(live).__name__:
        raise StateError(f"the saved state is of a {state.get('of')}, not of a {type(live).__name__}")
    if isinstance(live, Pipeline):
        if state.get("config") != live.config.digest:
            raise StateError(
                "the state was saved under another configuration of detection: go back to that one, or start without "
                "the state"
            )
        if not _same(state.get("reference_data"), _reference_form(live.observations.reference_data)):
            raise StateError(
                "the state was saved under other reference data: build the pipeline with reference_data_of"
            )
    fill(live, state.get("remembered"))


def _reference_form(reference_data: ReferenceData) -> dict[str, Form]:
    return {
        "entities": msgspec.msgpack.encode(reference_data.registry.entities),
        "profiles": reference_data.profiles,
        "rules": msgspec.msgpack.encode(reference_data.rules),
    }


def _same(one: Form, other: dict[str, Form]) -> bool:
    if type(one) is not dict or one.keys() != other.keys() or not isinstance(one["profiles"], pl.DataFrame):
        return False
    return (
        one["entities"] == other["entities"]
        and one["rules"] == other["rules"]
        and one["profiles"].equals(other["profiles"])
    )
