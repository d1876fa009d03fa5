"""Child processes are measured, and failures are told apart from results."""

import sys
from pathlib import Path

import pytest

from benchmarks.replay.timing import Timing, growth
from benchmarks.runs.generated import GENERATORS, digest
from benchmarks.runs.measure import ROOT, Usage, measure, typical
from benchmarks.runs.program import ProgramError, checked


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def test_when_a_child_works_then_its_time_output_and_status_are_given() -> None:
    usage = measure(python("print(sum(range(200_000))); raise SystemExit(3)"))
    assert usage.status == 3
    assert usage.stdout.strip() == "19999900000"
    assert usage.wall_s > 0
    assert usage.cpu_s > 0
    assert 1e6 < usage.peak_rss_bytes < 1e11


@pytest.mark.slow
def test_when_a_child_allocates_then_its_peak_shows_it() -> None:
    usage = measure(python("held = bytearray(600_000_000)"))
    assert usage.peak_rss_bytes > 590_000_000


def test_when_a_child_does_not_end_then_the_timeout_kills_it() -> None:
    assert measure(python("while True: pass"), timeout_s=0.2).status == -9


def test_given_much_output_when_measured_then_the_end_of_it_is_kept() -> None:
    usage = measure(python("print('x' * 100_000 + 'end')"))
    assert usage.stdout.strip().endswith("xend")
    assert len(usage.stdout) < 50_000


def test_when_a_child_fails_then_its_last_words_are_in_the_error() -> None:
    with pytest.raises(ProgramError, match="no such colour"):
        checked(python("raise SystemExit('no such colour')"))
    with pytest.raises(ProgramError, match="does not start"):
        checked(["/nowhere/program"])


def test_typical_takes_the_median_of_each_figure() -> None:
    runs = [Usage(wall, cpu, peak, 0, "", "") for wall, cpu, peak in ((1, 9, 5), (3, 7, 4), (2, 8, 6))]
    usage = typical(runs)
    assert (usage.wall_s, usage.cpu_s, usage.peak_rss_bytes) == (2, 8, 5)


def test_growth_is_the_exponent_with_and_without_the_start_up() -> None:
    timings = [Timing("replay", posts, wall, wall, 1, 1) for posts, wall in ((1000, 2.0), (10_000, 11.0))]
    (found,) = growth("replay", timings, start_up_s=1.0)
    assert found.raw == pytest.approx(0.740, abs=0.001)
    assert found.without_start_up == pytest.approx(1.0)


@pytest.mark.parametrize("generator", GENERATORS)
def test_given_a_generator_then_the_source_it_depends_on_is_there(generator: str) -> None:
    assert all((ROOT / name).exists() for name in GENERATORS[generator])


def test_given_a_changed_source_file_when_the_digest_is_taken_again_then_it_differs(tmp_path: Path) -> None:
    source = tmp_path / "world.py"
    source.write_text("people = 1\n")
    before = digest([tmp_path])
    source.write_text("people = 2\n")
    assert digest([tmp_path]) != before
