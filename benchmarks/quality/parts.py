"""The parts of the quality benchmark, one after the other; a failed run becomes a row that says so."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.quality.generated_worlds import NOISE, Worlds, networks, noise
from benchmarks.quality.real_data import jobs
from benchmarks.quality.result_rows import QualityRow
from benchmarks.runs.program import Program, ProgramError

PARTS = ("real", "noise", "networks")


def measured(
    program: Program,
    data: Path | None,
    worlds: Worlds,
    seeds: Sequence[int],
    noise_seeds: int,
    parts: Sequence[str] = PARTS,
) -> Iterator[QualityRow]:
    """Run everything, one row after the other; a failed run is a row that says so."""
    if data is not None and "real" in parts:
        for name, job in jobs(program, data, worlds.work):
            try:
                yield job()
            except (ProgramError, OSError, ValueError, KeyError) as error:
                yield _failed(name, error)
    if "noise" in parts and noise_seeds:
        for scenario in NOISE:
            try:
                yield noise(program, worlds, scenario, range(1, noise_seeds + 1))
            except (ProgramError, OSError, ValueError, KeyError) as error:
                yield _failed(scenario, error)
    if "networks" in parts and seeds:
        try:
            yield from networks(program, worlds, seeds)
        except (ProgramError, OSError, ValueError, KeyError) as error:
            yield _failed("networks", error)


def _failed(name: str, error: Exception) -> QualityRow:
    return QualityRow(name, passed=False, note=f"{type(error).__name__}: {error}")
