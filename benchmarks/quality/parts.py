"""The parts of the quality benchmark, one after the other; a failed run becomes a row that says so."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.quality.exact_pairs import NAMES, exact_pair_jobs
from benchmarks.quality.generated_worlds import NOISE, Worlds, networks, noise
from benchmarks.quality.progress import announced
from benchmarks.quality.real_data import SETS, RealData
from benchmarks.quality.result_rows import QualityRow
from benchmarks.runs.program import Program, ProgramError

REAL, COPIES, PLANTED_NOISE, NETWORKS = PARTS = ("real", "copies", "noise", "networks")
SET_NAMES = (*(one.name for one in SETS), *NAMES)
_Job = tuple[str, Callable[[], Iterable[QualityRow]]]


@dataclass(frozen=True, slots=True)
class QualityPlan:
    """What is measured."""

    worlds: Worlds
    data: Path | None = None
    """Folder with real data."""
    sets: Sequence[str] = SET_NAMES
    """The real sets; those that the folder lacks are left out."""
    parts: Sequence[str] = PARTS
    seeds: Sequence[int] = ()
    """Seeds of planted networks."""
    noise_seeds: int = 0
    """Seeds of each noise scenario."""


def measured(program: Program, plan: QualityPlan) -> Iterator[QualityRow]:
    """Run everything, one job after the other; a failed run is a row that says so."""
    for name, job in _jobs(program, plan):
        rows: list[QualityRow] = []
        try:
            with announced(name):
                rows += job()
        except (ProgramError, OSError, ValueError, KeyError) as error:
            rows.append(QualityRow(name, passed=False, note=f"{type(error).__name__}: {error}"))
        yield from rows


def _jobs(program: Program, plan: QualityPlan) -> Iterator[_Job]:
    if plan.data is not None and REAL in plan.parts:
        real = RealData(program, plan.data, plan.worlds.work)
        for one in SETS:
            if one.name in plan.sets:
                yield from _one_row(real.jobs(one, with_copies=COPIES in plan.parts))
        for name in NAMES:
            if name in plan.sets:
                yield from _one_row(exact_pair_jobs(program, plan.data, plan.worlds.work, name))
    if PLANTED_NOISE in plan.parts and plan.noise_seeds:
        seeds = range(1, plan.noise_seeds + 1)
        for scenario in NOISE:
            yield scenario, lambda scenario=scenario: [noise(program, plan.worlds, scenario, seeds)]
    if NETWORKS in plan.parts and plan.seeds:
        yield "networks", lambda: networks(program, plan.worlds, plan.seeds)


def _one_row(jobs: Iterable[tuple[str, Callable[[], QualityRow]]]) -> Iterator[_Job]:
    for name, job in jobs:
        yield name, lambda job=job: [job()]
