"""How right the alerts are, on real data and on planted worlds, in one table.

    python -m benchmarks.quality [DATA_DIR] [--seeds 101,102] [--noise-seeds 20] [--json OUT]

DATA_DIR may hold `mixed_2016_spring`, `ira_2016_10`, `higgs_2012_07` and the CooRTweet sets with their
pairs; what is missing is left out. The exit status is 1 if a run failed, noise raised an alert, or exact
pairs differ from the oracle's.
"""

import argparse
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.program import Program, ProgramError
from benchmarks.quality_planted import NOISE, Worlds, networks, noise
from benchmarks.quality_real import jobs
from benchmarks.quality_rows import Row, table, write_json

PARTS = ("real", "noise", "networks")


def measured(
    program: Program,
    data: Path | None,
    worlds: Worlds,
    seeds: Sequence[int],
    noise_seeds: int,
    parts: Sequence[str] = PARTS,
) -> Iterator[Row]:
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


def _failed(name: str, error: Exception) -> Row:
    return Row(name, passed=False, note=f"{type(error).__name__}: {error}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.quality", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument("data", type=Path, nargs="?", help="folder with real data")
    parser.add_argument("--seeds", default="101,102", help="seeds of planted networks")
    parser.add_argument("--noise-seeds", type=int, default=20, help="seeds of each noise scenario")
    parser.add_argument("--accounts", type=int, default=20_000, help="accounts of a planted world")
    parser.add_argument("--days", type=float, default=7, help="days of a planted world")
    parser.add_argument("--only", default=",".join(PARTS), help=f"some of {','.join(PARTS)}")
    parser.add_argument("--work", type=Path, help="keep generated worlds here (default: a temporary folder)")
    parser.add_argument("--json", type=Path, help="write the rows here")
    parser.add_argument("--lockstep", type=Path, help="the program (default: the one of this environment)")
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit status."""
    parser = _parser()
    args = parser.parse_args(argv)
    parts = args.only.split(",")
    if unknown := set(parts) - set(PARTS):
        parser.error(f"--only: no part {', '.join(sorted(unknown))}")
    if args.data is not None and not args.data.is_dir():
        parser.error(f"{args.data}: no such folder")
    program = Program(args.lockstep.absolute()) if args.lockstep else Program.beside_python()
    seeds = [int(seed) for seed in args.seeds.split(",") if seed]
    with tempfile.TemporaryDirectory() as temporary:
        work = (args.work or Path(temporary)).absolute()
        work.mkdir(parents=True, exist_ok=True)
        worlds = Worlds(work, args.accounts, args.days)
        data = args.data.absolute() if args.data else None
        rows = []
        for row in measured(program, data, worlds, seeds, args.noise_seeds, parts):
            rows.append(row)
            print(
                f"{row.data}: done" if row.passed is not False else f"{row.data}: {row.note}", file=sys.stderr
            )
    print(table(rows))
    if args.json:
        write_json(rows, args.json)
    return int(any(row.passed is False for row in rows))


if __name__ == "__main__":
    raise SystemExit(main())
