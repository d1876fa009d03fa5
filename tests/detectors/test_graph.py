"""The graph names every stage of a run, and nothing is read that nobody emits."""

from detectors.graph import INPUTS, STAGES, stage_of
from detectors.pipeline import Pipeline
from streams.metrics.stage_times import StageTimes
from tests.detectors.test_pipeline_determinism import CONFIG, posts


def test_what_a_stage_reads_comes_from_outside_or_from_a_stage_before_it() -> None:
    there = set(INPUTS)
    for stage in STAGES:
        assert set(stage.reads) <= there, stage.name
        there |= set(stage.emits)


def test_what_is_emitted_is_read_by_one_or_is_the_result() -> None:
    read = {name for stage in STAGES for name in stage.reads}
    assert {name for stage in STAGES for name in stage.emits} - read == {"alerts", "signals"}


def test_work_is_measured_under_the_name_of_one_stage() -> None:
    names = [name for stage in STAGES for name in stage.timed]
    assert len(set(names)) == len(names)


def test_given_a_run_then_all_its_work_belongs_to_stages() -> None:
    timer = StageTimes()
    pipeline = Pipeline(CONFIG, timer=timer)
    frame = posts()
    list(pipeline.process(frame, int(frame["created_at"][-1]) + 1))
    list(pipeline.end())
    assert timer.seconds
    assert {stage_of(name).name for name in timer.seconds} <= {stage.name for stage in STAGES}
