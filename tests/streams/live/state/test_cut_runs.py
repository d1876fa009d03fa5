"""Runs that are cut and go on from saved chunks raise the same alerts: the full form of this test."""

import random

import msgspec
import pytest

from detectors.pipeline import Pipeline
from detectors.state.capture import State, capture, reference_data_of, restore
from streams.state.state_codec import decode, encode
from tests.detectors.state.state_graphs import Run, differences
from tests.long_runs import LONG
from tests.streams.live.state.cut_worlds import shipped, simulated
from tests.streams.state.saved_states import (
    same,
)


def through_chunks(state: State) -> State:
    return decode(encode(state, 50_000))


RUNS = {
    "german": lambda: shipped("coortweet_german", 3_000, 80_000),
    "press": lambda: simulated("diaspora-press", 500, 6 if LONG else 4),
    "trolls": lambda: simulated("troll-farm", 500),
    "no room": lambda: simulated("troll-farm", 900, 9 if LONG else 6, tight=True),
}
LONG_CASES = [("german", 1), ("trolls", 1), ("trolls", 2), ("no room", 1), ("no room", 2)]
_uncut: dict[str, list[bytes]] = {}


def uncut(name: str) -> list[bytes]:
    """The alerts of the run that is not cut."""
    if name not in _uncut:
        _uncut[name] = RUNS[name]().alerts()
    return _uncut[name]


def cuts_of(run: Run, seed: int) -> list[int]:
    """Batches before which to cut: the first two of some day, and three anywhere."""
    days = [until // 86_400 for _, until in run.batches]
    turns = [batch for batch in range(1, len(days)) if days[batch] != days[batch - 1]]
    rng = random.Random(seed)  # noqa: S311 - repeatable, not secret
    turn = rng.choice(turns)
    return sorted({turn, min(turn + 1, len(days) - 1), *rng.sample(range(len(days)), 3)})


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "seed"),
    [("press", 1), *(pytest.param(*case, marks=pytest.mark.long) for case in LONG_CASES)],
)
def test_given_a_run_that_is_cut_when_another_pipeline_goes_on_from_the_chunks_then_the_alerts_are_the_same(
    name: str, seed: int
) -> None:
    run = RUNS[name]()

    assert len(uncut(name)) > 2
    assert run.alerts(cuts_of(run, seed), through_chunks) == uncut(name)


@pytest.mark.slow
def test_given_simulated_worlds_then_the_runs_that_are_cut_have_covert_networks() -> None:
    alerts = [msgspec.json.decode(alert) for alert in uncut("press")]
    assert any((alert["covertness"] or 0) >= 0.5 for alert in alerts)


@pytest.mark.slow
@pytest.mark.parametrize("name", [pytest.param("press", marks=pytest.mark.long), "no room"])
def test_given_chunks_then_the_restored_pipeline_is_the_same_in_every_attribute(name: str) -> None:
    run = RUNS[name]()
    pipeline = run.begun()
    baselines = 0
    for number, (posts, until) in enumerate(run.batches):
        list(pipeline.process(posts, until))
        if number % 7 == 3:
            state = through_chunks(capture(pipeline))
            other = Pipeline(run.config, reference_data=reference_data_of(state))
            restore(other, state)
            assert differences(pipeline, other) == []
            assert same(capture(other), state)
            baselines += pipeline.observations._baseline is not None
    assert baselines
